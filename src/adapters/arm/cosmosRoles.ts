/**
 * Roles of Cosmos DB accounts by ARM's REST API (learn.microsoft.com "SQL Resources - Create Update Sql Role Assignment"): on the
 * pipeline of roleAssignments.ts, for the reasons of docs/adr/0026.
 */
import { z } from "zod";
import { afterAcceptance, PermanentError, TransientError } from "../../domain/errors.ts";
import { createSerial } from "../../domain/serial.ts";
import { cosmosApiVersion } from "../../domain/targets/cosmos.ts";
import type { CosmosAssignment, CosmosRoles } from "../../ports/cosmosRoles.ts";
import { isNotFound } from "./errors.ts";
import type { ArmRequest } from "./pipeline.ts";
import {
  describeFailure,
  followed,
  isFailed,
  type LongRunningOperation,
  lookAtProgress,
  untilOver,
} from "./progress.ts";
import { createRestApi, type RestOptions } from "./restApi.ts";

export function createCosmosRoles({ endpoint, ...options }: RestOptions): CosmosRoles {
  const { begin, find, list } = createRestApi(options);
  /** An account takes one change at a time, and refuses others meanwhile. */
  const accounts = createSerial();

  const urlOf = (accountId: string, name?: string): URL => {
    const url = new URL(`${accountId}/sqlRoleAssignments${name === undefined ? "" : `/${name}`}`, endpoint);
    url.searchParams.set("api-version", cosmosApiVersion);
    return url;
  };

  async function change(doing: string, request: ArmRequest): Promise<void> {
    const progress = await begin(doing, request);
    const failed = await afterAcceptance(() => untilDone(doing, request, progress));
    if (!failed) return;
    const message = describeFailure(doing, failed);
    // Everything else is refused at once: only the principal is looked up later, wherever it was replicated to by then.
    if (failed.error?.code === "BadRequest")
      throw new TransientError("PRINCIPAL_NOT_YET_VISIBLE", message, { isWithoutEffect: true });
    throw new TransientError("ARM_UNAVAILABLE", message);
  }

  /**
   * How it failed, if it has. The assignment itself shows when it is done: the operation is addressed in the subscription, where Mooring
   * may have no rights.
   */
  async function untilDone(
    doing: string,
    { method, url }: ArmRequest,
    progress: string | undefined,
  ): Promise<LongRunningOperation | undefined> {
    let watched = followed(doing, progress, endpoint);
    let failed: LongRunningOperation | undefined;
    await untilOver(`${doing} at ${new URL(url).pathname}`, async () => {
      const found = await find(doing, url, Assignment);
      if ((found === undefined) === (method === "DELETE")) return true;
      const progress = watched === undefined ? undefined : await lookAtProgress({ find }, doing, watched);
      if (!progress) watched = undefined;
      if (progress && isFailed(progress)) failed = progress;
      return failed !== undefined;
    });
    return failed;
  }

  return {
    async assignmentsIn(accountId) {
      const doing = `List the role assignments in ${accountId}`;
      try {
        return (await list(doing, urlOf(accountId), Assignment)).map((each) => toAssignment(accountId, each));
      } catch (error) {
        // An account that is gone has none.
        if (error instanceof PermanentError && isNotFound(error.cause)) return [];
        throw error;
      }
    },
    assign(accountId, { name, roleId, principalId, scope }) {
      const properties = {
        roleDefinitionId: `${accountId}/sqlRoleDefinitions/${roleId}`,
        scope: `${accountId}${scope}`,
        principalId,
      };
      const url = urlOf(accountId, name).href;
      return accounts.run(accountId.toLowerCase(), () =>
        change(`Make the role assignment ${name}`, { method: "PUT", url, body: { properties } }),
      );
    },
    remove(accountId, name) {
      const doing = `Delete the role assignment ${name}`;
      const url = urlOf(accountId, name).href;
      return accounts.run(accountId.toLowerCase(), () => change(doing, { method: "DELETE", url }));
    },
  };
}

const Assignment = z.object({
  name: z.string(),
  properties: z.object({ roleDefinitionId: z.string(), scope: z.string(), principalId: z.string() }),
});

/** Names of databases and containers keep their case; that of the account does not count. */
function toAssignment(accountId: string, { name, properties }: z.infer<typeof Assignment>): CosmosAssignment {
  const { roleDefinitionId, principalId, scope } = properties;
  const isBelow = `${scope}/`.toLowerCase().startsWith(`${accountId}/`.toLowerCase());
  return {
    name: name.toLowerCase(),
    roleId: (roleDefinitionId.split("/").at(-1) ?? "").toLowerCase(),
    principalId,
    scope: (isBelow ? scope.slice(accountId.length) : scope).replace(/\/$/, ""),
  };
}
