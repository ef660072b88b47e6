/** SQL servers as ARM sees them, with @azure/arm-sql. */
import type { SqlManagementClient } from "@azure/arm-sql";
import { afterAcceptance, PermanentError } from "../../domain/errors.ts";
import type { SqlServerTarget } from "../../domain/targets/sqlDatabase.ts";
import type { SqlServers } from "../../ports/sqlServers.ts";
import type { Caller, CallOptions } from "./caller.ts";
import { untilOver } from "./progress.ts";

type Begin = (
  administrators: SqlManagementClient["serverAzureADAdministrators"],
  place: { readonly resourceGroup: string; readonly server: string },
  options: CallOptions & { readonly onResponse: (response: { status: number }) => void },
) => Promise<unknown>;

export function createSqlServers({
  clientFor,
  caller: { call, find },
}: {
  clientFor: (subscriptionId: string) => Promise<SqlManagementClient>;
  caller: Caller;
}): SqlServers {
  /** Polls the server itself: Azure's operation is addressed in the subscription, where Mooring has no rights. */
  async function changeAdmin(
    doing: string,
    { target, isDone, begin }: { target: SqlServerTarget; isDone: (admin: unknown) => boolean; begin: Begin },
  ): Promise<void> {
    const { subscriptionId, ...place } = parseServerId(target.alias, target.resourceId);
    const { serverAzureADAdministrators: administrators } = await clientFor(subscriptionId);
    await call(doing, async ({ abortSignal }) => {
      let isAccepted = false;
      const onResponse = ({ status }: { status: number }) => {
        isAccepted ||= status < 300;
      };
      try {
        await begin(administrators, place, { abortSignal, onResponse });
      } catch (error) {
        // Azure accepted the write and refused only the request for its progress.
        if (!isAccepted) throw error;
      }
    });
    await afterAcceptance(() =>
      untilOver(doing, async () => {
        const found = await call(doing, (options) =>
          collect(administrators.listByServer(place.resourceGroup, place.server, options)),
        );
        return isDone(found.find(({ login, sid }) => login && sid)?.sid);
      }),
    );
  }

  return {
    setEntraAdmin: (target, { login, objectId }) =>
      changeAdmin(`Set the Microsoft Entra administrator of SQL server "${target.alias}"`, {
        target,
        isDone: (sid) => sid === objectId,
        begin: (administrators, { resourceGroup, server }, options) =>
          administrators.beginCreateOrUpdate(
            resourceGroup,
            server,
            "ActiveDirectory",
            { administratorType: "ActiveDirectory", login, sid: objectId },
            options,
          ),
      }),
    removeEntraAdmin: (target) =>
      changeAdmin(`Remove the Microsoft Entra administrator of SQL server "${target.alias}"`, {
        target,
        isDone: (sid) => sid === undefined,
        begin: (administrators, { resourceGroup, server }, options) =>
          administrators.beginDelete(resourceGroup, server, "ActiveDirectory", options),
      }),
    async inspect({ alias, resourceId }) {
      const { subscriptionId, resourceGroup, server } = parseServerId(alias, resourceId);
      const { servers, databases, serverAzureADAdministrators } = await clientFor(subscriptionId);
      return find(`Inspect SQL server "${server}" in resource group "${resourceGroup}"`, async (options) => {
        const [found, administrators, names] = await Promise.all([
          servers.get(resourceGroup, server, options),
          collect(serverAzureADAdministrators.listByServer(resourceGroup, server, options)),
          collect(databases.listByServer(resourceGroup, server, options)),
        ]);
        const admin = administrators.find(({ login, sid }) => login && sid);
        return {
          location: found.location,
          fullyQualifiedDomainName: found.fullyQualifiedDomainName ?? "",
          entraAdmin: admin?.login && admin.sid ? { login: admin.login, objectId: admin.sid } : undefined,
          databases: names.flatMap(({ name }) => (name === undefined ? [] : [name])),
        };
      });
    },
  };
}

function parseServerId(alias: string, id: string) {
  const parts =
    /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/Microsoft\.Sql\/servers\/([^/]+)$/i.exec(id);
  const [, subscriptionId, resourceGroup, server] = parts ?? [];
  if (!subscriptionId || !resourceGroup || !server) {
    throw new PermanentError(
      "ARM_REJECTED",
      `The catalog's resourceId of SQL server "${alias}" is not a server id: ${id}`,
    );
  }
  return { subscriptionId, resourceGroup, server };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
