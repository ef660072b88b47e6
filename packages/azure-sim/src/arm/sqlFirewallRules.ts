/** Microsoft.Sql/servers/firewallRules. They are kept and shown; the simulated servers listen on loopback alone. */
import { isIPv4 } from "node:net";
import { z } from "zod";
import type { FirewallRule, SqlServer } from "../world.ts";
import { failures } from "./failures.ts";
import { sqlApiVersions } from "./longRunning.ts";
import { type ResourcePath, resourceId } from "./resourcePath.ts";
import { notFound, page, parseBody, type ResourceType } from "./resources.ts";

const type = "Microsoft.Sql/servers/firewallRules";
const Body = z.object({ properties: z.object({ startIpAddress: z.string(), endIpAddress: z.string() }) });

/** What the setting "Allow Azure services and resources to access this server" creates. */
const azureServices: FirewallRule = {
  name: "AllowAllWindowsAzureIps",
  startIpAddress: "0.0.0.0",
  endIpAddress: "0.0.0.0",
};

export function sqlFirewallRules(requireServer: (path: ResourcePath, action: string) => SqlServer): ResourceType {
  const rulesOf = (server: SqlServer) => {
    server.firewallRules ??= new Map([[azureServices.name.toLowerCase(), azureServices]]);
    return server.firewallRules;
  };
  const describe = (path: ResourcePath, { name, ...properties }: FirewallRule) => {
    const id = `${resourceId(path, 1)}/firewallRules/${name}`;
    return { id, name, type, properties };
  };
  const keyOf = ({ names }: ResourcePath) => (names[1] ?? "").toLowerCase();
  return {
    type,
    apiVersions: sqlApiVersions,
    list(call) {
      const rules = rulesOf(requireServer(call.path, "read"));
      return page(
        call,
        [...rules.values()].map((rule) => describe(call.path, rule)),
      );
    },
    GET({ path }) {
      const rule = rulesOf(requireServer(path, "read")).get(keyOf(path));
      if (!rule) throw notFound(path);
      return { status: 200, body: describe(path, rule) };
    },
    PUT({ path, body }) {
      const rules = rulesOf(requireServer(path, "write"));
      const { startIpAddress, endIpAddress } = parseBody(Body, body).properties;
      for (const address of [startIpAddress, endIpAddress])
        if (!isIPv4(address)) throw failures.badRequest(`'${address}' is not an IPv4 address.`);
      const existing = rules.get(keyOf(path));
      const rule = { name: existing?.name ?? path.names[1] ?? "", startIpAddress, endIpAddress };
      rules.set(keyOf(path), rule);
      return { status: existing ? 200 : 201, body: describe(path, rule) };
    },
    DELETE: ({ path }) => ({ status: rulesOf(requireServer(path, "delete")).delete(keyOf(path)) ? 200 : 204 }),
  };
}
