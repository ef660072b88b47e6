/** Microsoft.Sql/servers/databases. A database that is created here exists at once, where its server is simulated. */
import { z } from "zod";
import type { SqlServer } from "../world.ts";
import { failures } from "./failures.ts";
import { sqlApiVersions } from "./longRunning.ts";
import { regionOf } from "./resourceGroups.ts";
import { isSame, type ResourcePath, resourceId } from "./resourcePath.ts";
import { notFound, page, parseBody, type ResourceType } from "./resources.ts";

const type = "Microsoft.Sql/servers/databases";

const Sku = z.looseObject({ name: z.string() });
const Tags = z.record(z.string(), z.string());
const Body = z.object({ location: z.string().optional(), sku: Sku.nullish(), tags: Tags.nullish() });

interface Settings {
  readonly sku: z.infer<typeof Sku>;
  readonly tags: Readonly<Record<string, string>>;
}

const usual: Settings = {
  sku: { name: "GP_S_Gen5", tier: "GeneralPurpose", family: "Gen5", capacity: 2 },
  tags: {},
};

export function sqlDatabases(requireServer: (path: ResourcePath, action: string) => SqlServer): ResourceType {
  /** By server, then by lower-cased name. */
  const changed = new WeakMap<SqlServer, Map<string, Settings>>();
  const settingsOf = (server: SqlServer, name: string) => changed.get(server)?.get(name.toLowerCase()) ?? usual;
  const find = (server: SqlServer, path: ResourcePath) =>
    databasesOf(server).find((name) => isSame(name, path.names[1] ?? ""));
  const describe = (server: SqlServer, path: ResourcePath, name: string) => {
    const { sku, tags } = settingsOf(server, name);
    return {
      id: `${resourceId(path, 1)}/databases/${name}`,
      name,
      type,
      kind: name === "master" ? "v12.0,system" : "v12.0,user,vcore",
      location: server.location,
      tags,
      sku: name === "master" ? { name: "System", tier: "System", capacity: 0 } : sku,
      properties: {
        status: "Online",
        collation: "SQL_Latin1_General_CP1_CI_AS",
        currentServiceObjectiveName: sku.name,
        requestedServiceObjectiveName: sku.name,
        currentSku: sku,
        zoneRedundant: false,
      },
    };
  };
  const write = (server: SqlServer, name: string, { sku, tags }: z.infer<typeof Body>) => {
    const before = settingsOf(server, name);
    const settings = changed.get(server) ?? new Map<string, Settings>();
    settings.set(name.toLowerCase(), { sku: sku ?? before.sku, tags: tags ?? before.tags });
    changed.set(server, settings);
  };

  return {
    type,
    apiVersions: sqlApiVersions,
    list(call) {
      const server = requireServer(call.path, "read");
      return page(
        call,
        databasesOf(server).map((name) => describe(server, call.path, name)),
      );
    },
    GET({ path }) {
      const server = requireServer(path, "read");
      const name = find(server, path);
      if (!name) throw notFound(path);
      return { status: 200, body: describe(server, path, name) };
    },
    PUT({ path, body }) {
      const server = requireServer(path, "write");
      const asked = parseBody(Body, body);
      const existing = find(server, path);
      const name = existing ?? path.names[1] ?? "";
      if (asked.location !== undefined && !isSame(regionOf(asked.location), server.location))
        throw failures.wrongLocation(name, server.location, asked.location);
      server.databases.add(name);
      write(server, name, asked);
      return { status: existing ? 200 : 201, body: describe(server, path, name) };
    },
    PATCH({ path, body }) {
      const server = requireServer(path, "write");
      const name = find(server, path);
      if (!name) throw notFound(path);
      write(server, name, parseBody(Body, body));
      return { status: 200, body: describe(server, path, name) };
    },
    DELETE({ path }) {
      const server = requireServer(path, "delete");
      const name = find(server, path);
      return { status: name && server.databases.delete(name) ? 200 : 204 };
    },
  };
}

export function databasesOf({ databases }: SqlServer): string[] {
  return [...new Set(["master", ...databases])];
}
