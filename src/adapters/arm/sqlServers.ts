/**
 * SQL servers as ARM sees them, by its REST API (learn.microsoft.com "Servers - Get", "Databases - List By Server" and "Server Azure AD
 * Administrators").
 */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { PermanentError, TransientError } from "../../domain/errors.ts";
import type { SqlServerTarget } from "../../domain/targets/sqlDatabase.ts";
import type { SqlServers } from "../../ports.ts";
import type { Caller, CallOptions } from "./caller.ts";
import { type ArmRequest, listAll, readBody, type Send, urlOf } from "./rest.ts";

const apiVersion = "2021-11-01";
/** Azure takes seconds; what takes longer is tried again by the durable runtime, and looks first. */
const settleMs = 60_000;
const pollMs = 500;

const Server = z.object({
  location: z.string(),
  properties: z.object({ fullyQualifiedDomainName: z.string().nullish() }).prefault({}),
});
const Administrator = z.object({
  properties: z.object({ login: z.string().nullish(), sid: z.string().nullish() }).prefault({}),
});
const Database = z.object({ name: z.string() });

export function createSqlServers({
  endpoint,
  pipeline,
  caller: { call, find },
}: {
  readonly endpoint: string;
  readonly pipeline: () => Promise<Send>;
  readonly caller: Caller;
}): SqlServers {
  const at = (path: string) => urlOf(endpoint, path, { apiVersion });

  async function findAdmin(send: Send, { doing, id }: { doing: string; id: string }, options: CallOptions) {
    const list = { doing, url: at(`${id}/administrators`) };
    const found = await listAll(list, Administrator, (url) => send({ url }, options));
    return found.map(({ properties }) => properties).find(({ login, sid }) => login && sid);
  }

  /** Until the server itself says so: the address of Azure's own operation lies in the subscription, where Mooring has no rights. */
  async function settle(
    doing: string,
    target: SqlServerTarget,
    { isDone, ...write }: Omit<ArmRequest, "url"> & { readonly isDone: (admin: unknown) => boolean },
  ): Promise<void> {
    const { id } = parseServerId(target.alias, target.resourceId);
    const send = await pipeline();
    await call(doing, (options) => send({ ...write, url: at(`${id}/administrators/ActiveDirectory`) }, options));
    for (const giveUpAt = performance.now() + settleMs; ; await sleep(pollMs)) {
      const admin = await call(doing, (options) => findAdmin(send, { doing, id }, options));
      if (isDone(admin?.sid)) return;
      if (performance.now() > giveUpAt) throw new TransientError("ARM_UNAVAILABLE", `${doing}: Azure is still at it.`);
    }
  }

  return {
    setEntraAdmin: (target, { login, objectId }) =>
      settle(`Set the Microsoft Entra administrator of SQL server "${target.alias}"`, target, {
        method: "PUT",
        body: { properties: { administratorType: "ActiveDirectory", login, sid: objectId } },
        isDone: (sid) => sid === objectId,
      }),
    removeEntraAdmin: (target) =>
      settle(`Remove the Microsoft Entra administrator of SQL server "${target.alias}"`, target, {
        method: "DELETE",
        isDone: (sid) => sid === undefined,
      }),
    async inspect({ alias, resourceId }) {
      const { id, resourceGroup, server } = parseServerId(alias, resourceId);
      const send = await pipeline();
      const doing = `Inspect SQL server "${server}" in resource group "${resourceGroup}"`;
      return find(doing, async (options) => {
        const [found, admin, databases] = await Promise.all([
          send({ url: at(id) }, options),
          findAdmin(send, { doing, id }, options),
          listAll({ doing, url: at(`${id}/databases`) }, Database, (url) => send({ url }, options)),
        ]);
        const { location, properties } = readBody(doing, Server, found);
        return {
          location,
          fullyQualifiedDomainName: properties.fullyQualifiedDomainName ?? "",
          entraAdmin: admin?.login && admin.sid ? { login: admin.login, objectId: admin.sid } : undefined,
          databases: databases.map(({ name }) => name),
        };
      });
    },
  };
}

function parseServerId(alias: string, id: string) {
  const parts = /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)\/providers\/Microsoft\.Sql\/servers\/([^/]+)$/i.exec(
    id,
  );
  const [, resourceGroup, server] = parts ?? [];
  if (!resourceGroup || !server) {
    throw new PermanentError(
      "ARM_REJECTED",
      `The catalog's resourceId of SQL server "${alias}" is no server id: ${id}`,
    );
  }
  return { id, resourceGroup, server };
}
