/**
 * Role assignments and permissions, each read by a GET of ARM's REST API (learn.microsoft.com "List Azure role assignments using the REST
 * API", "Permissions - List For Resource Group").
 */
import { z } from "zod";
import { PermanentError } from "../../domain/errors.ts";
import type { RoleAssignment, RoleAssignments } from "../../ports.ts";
import type { Caller } from "./caller.ts";
import { listAll, type Send, urlOf } from "./rest.ts";

const apiVersion = "2022-04-01";

export interface RoleAssignmentOptions {
  readonly endpoint: string;
  readonly caller: Caller;
  readonly pipeline: () => Promise<Send>;
}

export function createRoleAssignments({ endpoint, caller, pipeline }: RoleAssignmentOptions): RoleAssignments {
  async function list<T>(
    { doing, at, what }: { doing: string; at: string; what: "roleAssignments" | "permissions" },
    item: z.ZodType<T>,
    query: Readonly<Record<string, string>> = {},
  ): Promise<readonly T[]> {
    const send = await pipeline();
    const url = urlOf(endpoint, `${at}/providers/Microsoft.Authorization/${what}`, { ...query, apiVersion });
    return await listAll({ doing, url }, item, (page) => caller.call(doing, (options) => send({ url: page }, options)));
  }

  const assignments = async (at: string, $filter: string): Promise<readonly RoleAssignment[]> => {
    const where = { doing: `List the role assignments at ${at}`, at, what: "roleAssignments" } as const;
    return (await list(where, Assignment, { $filter })).map(({ id, properties }) => ({ id, ...properties }));
  };

  return {
    heldAt: async (at, principalId) => assignments(at, `atScope() and assignedTo('${checkedGuid(principalId)}')`),
    ownPermissions: (at) =>
      list({ doing: `List Mooring's own permissions at ${at}`, at, what: "permissions" }, Permission),
    givenTo: async (principalId, { subscriptionId }) =>
      assignments(`/subscriptions/${subscriptionId}`, `principalId eq '${checkedGuid(principalId)}'`),
  };
}

const Assignment = z.object({
  id: z.string(),
  properties: z.object({ roleDefinitionId: z.string(), principalId: z.string(), scope: z.string() }),
});
const Permission = z.object({ actions: z.array(z.string()).default([]), notActions: z.array(z.string()).default([]) });

/** Stands in a filter's text. */
function checkedGuid(id: string): string {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return id;
  throw new PermanentError("ARM_REJECTED", `"${id}" is not an object id.`);
}
