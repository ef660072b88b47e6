/**
 * Role assignments, permissions and locks by ARM's REST API (learn.microsoft.com "Role Assignments", "Permissions - List For
 * Resource Group", "Management Locks"). docs/adr/0026 says why without @azure/arm-authorization.
 */

import { z } from "zod";
import { PermanentError, TransientError } from "../../domain/errors.ts";
import type { AssignmentRef, AzureResources, RoleAssignment, RoleAssignments } from "../../ports.ts";
import type { Caller, CallOptions } from "./caller.ts";
import { isNotFound } from "./errors.ts";
import { readPages } from "./lists.ts";
import type { ArmRequest, openPipeline } from "./pipeline.ts";

const apiVersion = "2022-04-01";
/** Of the only version that has it. */
const usageVersion = "2019-08-01-preview";
const locksVersion = "2020-05-01";

export interface RoleAssignmentOptions {
  readonly endpoint: string;
  readonly caller: Caller;
  readonly pipeline: () => ReturnType<typeof openPipeline>;
}

interface Question {
  readonly doing: string;
  readonly at: string;
  readonly what: string;
  readonly version?: string;
  readonly query?: Readonly<Record<string, string>>;
}

export function createRoleAssignments({ endpoint, caller, pipeline }: RoleAssignmentOptions): {
  readonly roleAssignments: RoleAssignments;
  readonly azureResources: AzureResources;
} {
  const send = async (request: ArmRequest, options: CallOptions) => (await (await pipeline())(request, options)).body;
  const get = (url: string, options: CallOptions) => send({ method: "GET", url }, options);

  const urlOf = ({ at, what, version = apiVersion, query = {} }: Omit<Question, "doing">): URL => {
    const url = new URL(`${at}/providers/Microsoft.Authorization/${what}`, endpoint);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    url.searchParams.set("api-version", version);
    return url;
  };

  async function list<T>({ doing, ...where }: Question, item: z.ZodType<T>): Promise<readonly T[]> {
    const first = urlOf(where);
    return await readPages(doing, { first, item, get: (url) => caller.call(doing, (options) => get(url, options)) });
  }

  const assignments = async (at: string, $filter: string): Promise<readonly RoleAssignment[]> => {
    const doing = `List the role assignments at ${at}`;
    return (await list({ doing, at, what: "roleAssignments", query: { $filter } }, Assignment)).map(toAssignment);
  };

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
    async madeAt(scope) {
      const doing = `List the role assignments at ${scope}`;
      const question = { doing, at: scope, what: "roleAssignments", query: { $filter: "atScope()" } };
      const found = await unlessGone(() => list(question, Assignment));
      // The list has what was made above, too.
      return found.map(toAssignment).filter((each) => each.scope.toLowerCase() === scope.toLowerCase());
    },
    async get(ref) {
      const { doing, url } = place("Read", ref);
      const body = await caller.find(doing, (options) => get(url, options));
      return body === undefined ? undefined : toAssignment(read(doing, Assignment, body));
    },
    async put(ref, { roleId, principalId, description }) {
      const { doing, url } = place("Make", ref);
      const [, subscriptions, subscriptionId] = ref.scope.split("/");
      const roleDefinitionId = `/${subscriptions}/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${roleId}`;
      // With the type, Azure does not look up a principal that is new and not known everywhere yet.
      const properties = { roleDefinitionId, principalId, principalType: "ServicePrincipal", description };
      await caller.call(doing, (options) => send({ method: "PUT", url, body: { properties } }, options));
    },
    async remove(ref) {
      const { doing, url } = place("Delete", ref);
      await caller.find(doing, (options) => send({ method: "DELETE", url }, options));
    },
    async usage(subscriptionId) {
      const at = `/subscriptions/${subscriptionId}`;
      const doing = `Count the role assignments in ${at}`;
      const { href } = urlOf({ at, what: "roleAssignmentsUsageMetrics", version: usageVersion });
      const usage = read(doing, Usage, await caller.call(doing, (options) => get(href, options)));
      return { made: usage.roleAssignmentsCurrentCount, limit: usage.roleAssignmentsLimit };
    },
  };

  const azureResources: AzureResources = {
    async find(resourceId, version) {
      const doing = `Read ${resourceId}`;
      const url = new URL(resourceId, endpoint);
      url.searchParams.set("api-version", version);
      const body = await caller.find(doing, (options) => get(url.href, options));
      return body === undefined ? undefined : read(doing, Resource, body);
    },
    async locksAt(scope) {
      const doing = `List the locks at ${scope}`;
      const question = { doing, at: scope, what: "locks", version: locksVersion, query: { $filter: "atScope()" } };
      const found = await unlessGone(() => list(question, FoundLock));
      return found.map(({ id, properties: { level } }) => ({ id, level }));
    },
  };

  return { roleAssignments, azureResources };

  /** Nothing is at a scope that is gone. */
  async function unlessGone<T>(look: () => Promise<readonly T[]>): Promise<readonly T[]> {
    try {
      return await look();
    } catch (error) {
      if (error instanceof PermanentError && isNotFound(error.cause)) return [];
      throw error;
    }
  }
}

const Assignment = z.object({
  id: z.string(),
  properties: z.object({
    roleDefinitionId: z.string(),
    principalId: z.string(),
    scope: z.string(),
    description: z.string().nullish(),
    condition: z.string().nullish(),
    createdOn: z.string().nullish(),
  }),
});

function toAssignment({ id, properties }: z.infer<typeof Assignment>): RoleAssignment {
  const { description, condition, createdOn, ...rest } = properties;
  return {
    id,
    ...rest,
    ...(description ? { description } : {}),
    ...(condition ? { condition } : {}),
    ...(createdOn ? { createdTime: createdOn } : {}),
  };
}

const Usage = z.object({ roleAssignmentsCurrentCount: z.number(), roleAssignmentsLimit: z.number() });
const Resource = z.object({ properties: z.record(z.string(), z.unknown()).default({}) });
const FoundLock = z.object({ id: z.string(), properties: z.object({ level: z.string() }) });

function read<T>(doing: string, schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new TransientError("ARM_UNAVAILABLE", `${doing}: Azure's answer has another shape.`);
  return parsed.data;
}

const Permission = z.object({ actions: z.array(z.string()).default([]), notActions: z.array(z.string()).default([]) });

/** Checked because it becomes part of a filter's text. */
function checkedGuid(id: string): string {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return id;
  throw new PermanentError("ARM_REJECTED", `"${id}" is not an object id.`);
}
