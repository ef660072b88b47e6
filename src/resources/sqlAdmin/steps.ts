/** How the administrator of a SQL server is set, and removed again. */
import { z } from "zod";
import { type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import { requestsOf } from "../../domain/operation/lifecycle.ts";
import { type Conflict, type StepPlan, stays, throwConflict, toStepPlan } from "../../domain/operation/plan.ts";
import { findServer } from "../../domain/targets/sqlDatabase.ts";
import type { Ports } from "../../ports/index.ts";
import { namespacePages } from "../definitions/namespacePages.ts";
import { checkPermissions } from "../definitions/ownPermissions.ts";
import { defineStep } from "../definitions/step.ts";
import { inspectServer, inWords, isSame } from "./administrator.ts";

type Looking = Pick<Ports, "catalog" | "sqlServers">;

interface Decision {
  readonly plan: StepPlan;
  readonly conflict?: Conflict | undefined;
}

async function planAdmin(ports: Looking, alias: string): Promise<Decision> {
  const server = findServer(ports.catalog, alias);
  const step = { name: "ensureSqlAdmin", target: alias } as const;
  const { entraAdmin: wanted } = server;
  if (!wanted) return { plan: toStepPlan(step, { action: "none" }) };
  const { entraAdmin: current } = await inspectServer(ports, server);
  if (!current) {
    const differences = [{ field: "administrator", current: null, desired: inWords(wanted) }];
    return { plan: toStepPlan(step, { action: "create", differences }) };
  }
  if (isSame(current, wanted)) return { plan: toStepPlan(step, { action: "none" }) };
  const message = `SQL server "${alias}" has ${inWords(current)} as its Microsoft Entra administrator, the catalog gives ${inWords(wanted)}.`;
  const conflict = { code: "SQL_ADMIN_CONFLICT", message } as const;
  return { plan: toStepPlan(step, { action: "conflict", conflict }), conflict };
}

/**
 * Sets the administrator that the catalog gives, if the server has none. Azure offers no condition on this write: an administrator
 * set between the look and the write is overwritten. Two operations set the same one.
 */
export const ensureSqlAdmin = defineStep({
  name: "ensureSqlAdmin",
  duration: { least: 2, most: 60 },
  target: ({ server }) => server,
  undo: { by: "unsetSqlAdmin" },
  given: { server: z.string() },
  from: (_operation, server) => ({ server }),
  look: async (ports, { server }) => await planWithRights(ports, server),
  async run({ server: alias }, ports, step) {
    const { plan, conflict } = await planAdmin(ports, alias);
    throwConflict(conflict);
    const server = findServer(ports.catalog, alias);
    if (plan.action === "create" && server.entraAdmin) {
      await step.willDo("create", plan.differences);
      await ports.sqlServers.setEntraAdmin(server, server.entraAdmin);
    }
    return { action: plan.action };
  },
});

/**
 * Removes it again if that operation set it, it is unchanged, and no other namespace depends on it. It is set again if another
 * namespace has come to depend on it during the removal: that namespace's steps are retried meanwhile.
 *
 * If two operations share it and both fail, the one that did not set it leaves it, even if it is the last. An administrator carries
 * no mark and no ETag, so a record of ours could not distinguish it from the same one that people have come to rely on or have set
 * again since; and it is what the catalog wants.
 */
export const unsetSqlAdmin = defineStep({
  name: "unsetSqlAdmin",
  duration: { least: 2, most: 60 },
  target: ({ server }) => server,
  given: { server: z.string() },
  from: (_operation, server) => ({ server }),
  look: async (ports, { server, ...input }) => await planUnset(ports, input, server),
  async run({ server: alias, ...input }, ports, step) {
    const { action, differences } = await planUnset(ports, input, alias);
    if (action !== "delete") return { action };
    const server = findServer(ports.catalog, alias);
    await step.willDo(action, differences);
    await ports.sqlServers.removeEntraAdmin(server);
    if ((await dependants(ports, input, alias)).length > 0 && server.entraAdmin) {
      await ports.sqlServers.setEntraAdmin(server, server.entraAdmin);
    }
    return { action };
  },
});

async function planUnset(
  ports: Looking & Pick<Ports, "registry">,
  input: NamespaceRef & { readonly createdBy?: string | undefined },
  alias: string,
): Promise<StepPlan> {
  const step = { name: "unsetSqlAdmin", target: alias } as const;
  const server = findServer(ports.catalog, alias);
  const { entraAdmin: current } = await inspectServer(ports, server);
  const { entraAdmin: wanted } = server;
  if (!current || !wanted || !isSame(current, wanted)) return toStepPlan(step, { action: "none" });
  const keep = (why: string) => {
    const differences = [{ field: "administrator", current: `${inWords(current)}, ${why}`, desired: stays }];
    return toStepPlan(step, { action: "none", differences });
  };
  const { createdBy } = input;
  const steps = createdBy === undefined ? [] : await ports.registry.listSteps(createdBy);
  const isOurs = steps.some(
    ({ name, target, action }) => name === "ensureSqlAdmin" && target === alias && action === "create",
  );
  if (!isOurs) return keep("not set by this operation");
  const others = await dependants(ports, input, alias);
  if (others.length > 0) return keep(`which ${others.slice(0, 3).join(", ")} depends on`);
  const differences = [{ field: "administrator", current: inWords(current), desired: null }];
  return toStepPlan(step, { action: "delete", differences });
}

/** Namespaces that have databases on the server, are about to have them, or would have them again after an undo. */
async function dependants(
  ports: Pick<Ports, "registry">,
  own: NamespaceRef,
  alias: string,
): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { value, unreadable = [] } of namespacePages(ports)) {
    const uses = value.filter((record) =>
      requestsOf(record).some(({ databases }) => databases.some(({ server }) => server === alias)),
    );
    found.push(...uses.map(namespaceKey).filter((key) => key !== namespaceKey(own)));
    // Nobody knows what such a namespace has.
    found.push(...unreadable.map((row) => `perhaps the unreadable row ${row}`));
  }
  return found;
}

const provider = "Microsoft.Sql/servers/administrators";

/** The plan, with a check of Mooring's permission; the step itself needs none, since Azure refuses the write. */
async function planWithRights(ports: Looking & Pick<Ports, "roleAssignments">, alias: string): Promise<StepPlan> {
  const { plan } = await planAdmin(ports, alias);
  if (plan.action !== "create") return plan;
  const { conflict, notice } = await checkPermissions(ports, {
    needed: [`${provider}/write`, `${provider}/delete`],
    scope: findServer(ports.catalog, alias).resourceId,
    where: `to set the Microsoft Entra administrator that the catalog gives SQL server "${alias}"`,
  });
  const { name, target, action, differences } = plan;
  return toStepPlan({ name, target }, { action, differences, conflict, notices: notice ? [notice] : [] });
}
