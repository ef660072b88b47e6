import { PermanentError } from "../../domain/errors.ts";
import type { ExportedDatabase, ExportedPart } from "../../domain/export/exportScripts.ts";
import { identityName } from "../../domain/naming/names.ts";
import { sidFromClientId } from "../../domain/naming/sid.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { type StepPlan, toOperationError } from "../../domain/operation/plan.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { TargetStepName } from "../../domain/targets/index.ts";
import { grantsOf } from "../../domain/targets/roleBundles.ts";
import {
  type DatabaseRequest,
  type DatabaseTarget,
  findDatabase,
  findDatabaseOf,
  keyOf,
} from "../../domain/targets/sqlDatabase.ts";
import type { Ports } from "../../ports.ts";
import { withDependants } from "../definitions/dependants.ts";
import { leavingDropped, unlessDropped } from "../definitions/leftCatalog.ts";
import type { PreflightCheck } from "../definitions/look.ts";
import type { ExportInput, ResourceEffects } from "../definitions/resourceEffects.ts";
import { defineTargetSteps } from "../definitions/targetSteps.ts";
import { adminCommand } from "../sqlAdmin/command.ts";
import { inspectReach } from "./elsewhere.ts";
import { grantDatabase, planDatabase, planUnseen } from "./grant.ts";
import { inspectDatabase } from "./inspection.ts";
import {
  findOurs,
  narrowDatabase,
  planNarrowing,
  planRevocation,
  retireDatabase,
  revokeDatabase,
  type TakingDecision,
} from "./revocation.ts";

export const sqlUserSteps = defineTargetSteps({
  // Only a repair takes back at once. What it repairs was given before; any other operation has to give it, and fails.
  grant: leavingDropped(grantDatabase, ({ takesBack }) => takesBack === true),
  narrow: leavingDropped(narrowDatabase),
  retire: leavingDropped(retireDatabase),
  revoke: leavingDropped(revokeDatabase),
  targetIn: (request, key): { database: DatabaseRequest } => ({ database: findDatabaseOf(request, key) }),
});

export const sqlUserEffects: ResourceEffects<TargetStepName<"sqlDatabase">> = {
  looks: {
    async grantDatabase(ports, { kind, request, operation, identity, step }) {
      const database = findDatabaseOf(request, step.target);
      if (await waitsForAdmin(ports, database)) return planUnseen({ request, database });
      const takesBack = kind === "repair" ? { takesBack: true } : {};
      return (await planDatabase(ports, { ...request, operation, database, identity, ...takesBack })).plan;
    },
    async narrowDatabase(ports, { request, identity, step }) {
      const database = findDatabaseOf(request, step.target);
      const next = { sid: identity && sidFromClientId(identity.clientId) };
      return (await planNarrowing(ports, "narrowDatabase", { ...request, database, next })).plan;
    },
    async retireDatabase(ports, { kind, request, earlier = request, step, ignoreDependants = false }) {
      const { cluster, namespace } = request;
      const database = findDatabaseOf(earlier, step.target);
      const { plan, notices, adopted } = await planRevocation(ports, "retireDatabase", {
        cluster,
        namespace,
        database,
      });
      const kept = kind === "offboard" ? notices : [...notices, ...adopted];
      return withUsersOfOthers({ plan, notices: kept }, ignoreDependants);
    },
    async revokeDatabase(ports, { kind, request, createdBy, step, ignoreDependants = false }) {
      const { cluster, namespace } = request;
      const database = findDatabaseOf(request, step.target);
      const taking = await planRevocation(ports, "revokeDatabase", { cluster, namespace, createdBy, database });
      return kind === "offboard" ? withUsersOfOthers(taking, ignoreDependants) : taking.plan;
    },
  },

  preflightTargets: serverChecks,

  inspect: (ports, input) => [
    ...input.request.databases.map((database) => ({
      target: keyOf(database),
      read: () => inspectDatabase(ports, input, database),
    })),
    { target: "other databases", read: () => inspectReach(ports, input, input.clientId) },
  ],

  remains: (ports, request) => request.databases.map((database) => userIn(ports, request, database)),

  exported(catalog, { request, clientId }) {
    const parts = request.databases.map((wanted) =>
      unlessDropped(
        (): ExportedPart => {
          const target = findDatabase(catalog, { ...wanted, roles: [] });
          return { databases: [exportedUser(target, { request, clientId, wanted })] };
        },
        ({ message: why }): ExportedPart => ({ leftOut: [{ what: keyOf(wanted), why }] }),
      ),
    );
    return {
      databases: parts.flatMap(({ databases = [] }) => databases),
      leftOut: parts.flatMap(({ leftOut = [] }) => leftOut),
    };
  },
};

function exportedUser(
  { server, database }: DatabaseTarget,
  { request, clientId, wanted }: ExportInput & { readonly wanted: DatabaseRequest },
): ExportedDatabase {
  const grants = grantsOf(wanted.roles);
  return {
    server: `${server.host},${server.port}`,
    database,
    user: identityName(request),
    sid: sidFromClientId(clientId),
    roles: grants.filter(({ kind }) => kind === "role").map(({ name }) => name),
    permissions: grants.filter(({ kind }) => kind === "permission").map(({ name }) => name),
  };
}

/** What would keep access is said before anything is taken away; the steps themselves only report it. */
function withUsersOfOthers({ plan, notices }: Pick<TakingDecision, "plan" | "notices">, isIgnored: boolean): StepPlan {
  const blockers = notices.map(({ message }) => toOperationError("SQL_USER_OF_OTHERS", message));
  return withDependants(plan, [{ blockers, notices: [] }], isIgnored);
}

/** Nobody can log in without an administrator, so the database can only be read once the server has one. */
async function waitsForAdmin({ catalog, sqlServers }: Ports, wanted: DatabaseRequest): Promise<boolean> {
  const { server } = findDatabase(catalog, wanted);
  return server.entraAdmin !== undefined && (await sqlServers.inspect(server))?.entraAdmin === undefined;
}

async function userIn(
  ports: Pick<Ports, "catalog" | "databases" | "identities" | "registry" | "sqlServers">,
  request: OnboardingRequest,
  database: DatabaseRequest,
): Promise<readonly string[]> {
  const { cluster, namespace } = request;
  const { ours } = await findOurs(ports, { cluster, namespace, database });
  return (
    ours
      // An adopted user stays; if it still has a mark, something was not taken back.
      .filter(({ mark, user }) => mark.operation !== null || user.mark !== undefined)
      .map(({ user }) => `User ${user.name} is still in ${keyOf(database)}.`)
  );
}

/** One look at each server; a database that the catalog does not list is reported by its own step. */
function serverChecks({ catalog, sqlServers }: Ports, request: OnboardingRequest): readonly PreflightCheck["look"][] {
  const targets = request.databases.flatMap((database) => {
    try {
      return [findDatabase(catalog, database)];
    } catch (error) {
      if (error instanceof PermanentError) return [];
      throw error;
    }
  });
  const servers = [...new Map(targets.map(({ server }) => [server.alias, server])).values()];
  return servers.map((server) => async () => {
    const state = await sqlServers.inspect(server);
    if (!state) {
      throw new PermanentError(
        "SQL_SERVER_MISSING",
        `Azure has no SQL server ${server.resourceId} ("${server.alias}").`,
      );
    }
    const blockers: OperationError[] = [];
    // If the catalog gives one, its own step sets it.
    if (!state.entraAdmin && !server.entraAdmin) {
      const message = `SQL server "${server.alias}" has no Microsoft Entra administrator.`;
      blockers.push(toOperationError("SQL_ADMIN_MISSING", message, adminCommand(server).join(" ")));
    }
    const there = state.databases.map((name) => name.toLowerCase());
    for (const { database } of targets.filter((each) => each.server.alias === server.alias)) {
      if (there.includes(database.toLowerCase())) continue;
      const message = `SQL server "${server.alias}" has no database "${database}".`;
      blockers.push(toOperationError("UNKNOWN_DATABASE", message));
    }
    return { blockers };
  });
}
