/**
 * Role assignments, permissions, locks and subscriptions by ARM's REST API (learn.microsoft.com "Role Assignments", "Permissions - List
 * For Resource Group", "Management Locks", "Subscriptions - List"). docs/adr/0026 says why without @azure/arm-authorization.
 */

import { z } from "zod";
import { defined } from "../../domain/defined.ts";
import { PermanentError } from "../../domain/errors.ts";
import { isSameId } from "../../domain/naming/resourceId.ts";
import type { AzureResources } from "../../ports/azureResources.ts";
import type { AssignmentRef, RoleAssignment, RoleAssignments } from "../../ports/roleAssignments.ts";
import { isNotFound } from "./errors.ts";
import { createRestApi, type RestOptions } from "./restApi.ts";

const apiVersion = "2022-04-01";
/** Of the only version that has it. */
const usageVersion = "2019-08-01-preview";
const subscriptionsVersion = "2022-12-01";
const locksVersion = "2020-05-01";

interface Question {
  readonly doing: string;
  readonly at: string;
  readonly what: string;
  readonly version?: string;
  readonly query?: Readonly<Record<string, string>>;
}

export function createRoleAssignments(options: RestOptions): {
  readonly roleAssignments: RoleAssignments;
  readonly azureResources: AzureResources;
} {
  const { endpoint } = options;
  const { send, ask, find, list: listPages } = createRestApi(options);

  const urlOf = ({ at, what, version = apiVersion, query = {} }: Omit<Question, "doing">): URL => {
    const url = new URL(`${at}/providers/Microsoft.Authorization/${what}`, endpoint);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    url.searchParams.set("api-version", version);
    return url;
  };

  const list = <T>({ doing, ...where }: Question, item: z.ZodType<T>) => listPages(doing, urlOf(where), item);

  const assignments = async (at: string, $filter?: string): Promise<readonly RoleAssignment[]> => {
    const doing = `List the role assignments at ${at}`;
    return (await list({ doing, at, what: "roleAssignments", query: defined({ $filter }) }, Assignment)).map(
      toAssignment,
    );
  };

  const applyingAt = (scope: string) => unlessGone(() => assignments(scope, "atScope()"));

  /** `doing` for a person, and the URL. */
  const place = (verb: string, { scope: at, name }: AssignmentRef) => ({
    doing: `${verb} the role assignment ${name} at ${at}`,
    url: urlOf({ at, what: `roleAssignments/${name}` }).href,
  });

  const roleAssignments: RoleAssignments = {
    heldAt: async (at, principalId) => assignments(at, `atScope() and assignedTo('${checkedGuid(principalId)}')`),
    ownPermissions: (at) =>
      list({ doing: `List Mooring's own permissions at ${at}`, at, what: "permissions" }, Permission),
    givenTo: async (principalId, { subscriptionId }) =>
      assignments(`/subscriptions/${subscriptionId}`, `principalId eq '${checkedGuid(principalId)}'`),
    givenIn: (subscriptionId) => assignments(`/subscriptions/${subscriptionId}`),
    async subscriptions() {
      const url = new URL("/subscriptions", endpoint);
      url.searchParams.set("api-version", subscriptionsVersion);
      const found = await listPages("List the subscriptions in which Mooring has a role", url, Subscription);
      return found.map(({ subscriptionId }) => subscriptionId);
    },
    applyingAt: async (scope) => (await applyingAt(scope)) ?? [],
    madeAt: async (scope) => (await applyingAt(scope))?.filter((each) => isSameId(each.scope, scope)),
    async get(ref) {
      const { doing, url } = place("Read", ref);
      const found = await find(doing, url, Assignment);
      return found && toAssignment(found);
    },
    async put(ref, { roleId, principalId, description }) {
      const { doing, url } = place("Make", ref);
      const [, subscriptions, subscriptionId] = ref.scope.split("/");
      const roleDefinitionId = `/${subscriptions}/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${roleId}`;
      // With the type, Azure does not look up a principal that is new and not known everywhere yet.
      const properties = { roleDefinitionId, principalId, principalType: "ServicePrincipal", description };
      await send(doing, { method: "PUT", url, body: { properties } });
    },
    async remove(ref) {
      const { doing, url } = place("Delete", ref);
      await send(doing, { method: "DELETE", url });
    },
    async usage(subscriptionId) {
      const at = `/subscriptions/${subscriptionId}`;
      const doing = `Count the role assignments in ${at}`;
      const { href } = urlOf({ at, what: "roleAssignmentsUsageMetrics", version: usageVersion });
      const usage = await ask(doing, href, Usage);
      return { made: usage.roleAssignmentsCurrentCount, limit: usage.roleAssignmentsLimit };
    },
  };

  const azureResources: AzureResources = {
    async find(resourceId, version) {
      const doing = `Read ${resourceId}`;
      const url = new URL(resourceId, endpoint);
      url.searchParams.set("api-version", version);
      return await find(doing, url.href, Resource);
    },
    async locksAt(scope) {
      const doing = `List the locks at ${scope}`;
      const question = { doing, at: scope, what: "locks", version: locksVersion, query: { $filter: "atScope()" } };
      const found = (await unlessGone(() => list(question, FoundLock))) ?? [];
      return found.map(({ id, properties: { level } }) => ({ id, level }));
    },
  };

  return { roleAssignments, azureResources };

  /** ARM lists nothing at a scope that is gone. */
  async function unlessGone<T>(look: () => Promise<readonly T[]>): Promise<readonly T[] | undefined> {
    try {
      return await look();
    } catch (error) {
      if (error instanceof PermanentError && isNotFound(error.cause)) return undefined;
      throw error;
    }
  }
}

const Assignment = z.object({
  id: z.string(),
  properties: z.object({
    roleDefinitionId: z.string(),
    principalId: z.string(),
    principalType: z.string().nullish(),
    scope: z.string(),
    description: z.string().nullish(),
    condition: z.string().nullish(),
    createdOn: z.string().nullish(),
  }),
});

function toAssignment({ id, properties }: z.infer<typeof Assignment>): RoleAssignment {
  const { principalType, description, condition, createdOn, ...rest } = properties;
  return defined({
    id,
    ...rest,
    principalType: principalType || undefined,
    description: description || undefined,
    condition: condition || undefined,
    createdTime: createdOn || undefined,
  });
}

const Usage = z.object({ roleAssignmentsCurrentCount: z.number(), roleAssignmentsLimit: z.number() });
const Resource = z.object({ properties: z.record(z.string(), z.unknown()).default({}) });
const Subscription = z.object({ subscriptionId: z.string() });
const FoundLock = z.object({ id: z.string(), properties: z.object({ level: z.string() }) });

const Permission = z.object({ actions: z.array(z.string()).default([]), notActions: z.array(z.string()).default([]) });

/** Checked because it becomes part of a filter's text. */
function checkedGuid(id: string): string {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return id;
  throw new PermanentError("ARM_REJECTED", `"${id}" is not an object id.`);
}
