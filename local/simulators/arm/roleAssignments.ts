/**
 * Microsoft.Authorization/roleAssignments at any scope (learn.microsoft.com "List Azure role assignments using the REST API",
 * "Role Assignments - Create", "Role Assignments - Delete", "Troubleshoot Azure RBAC"): without a filter, or by principal,
 * what is assigned at the scope, above it and below it.
 */
import { z } from "zod";
import type { RoleAssignment, World } from "../world.ts";
import { failures } from "./failures.ts";
import { isSame, type ResourcePath } from "./resourcePath.ts";
import { type ArmCall, notFound, page, parseBody, type ResourceType } from "./resources.ts";

const type = "Microsoft.Authorization/roleAssignments";
const AssignmentBody = z.object({
  properties: z.object({
    roleDefinitionId: z.string().min(1),
    principalId: z.guid(),
    description: z.string().nullish(),
  }),
});

export function roleAssignments(world: World): ResourceType {
  return {
    type,
    apiVersions: ["2015-07-01", "2018-09-01-preview", "2020-04-01-preview", "2020-10-01-preview", "2022-04-01"],

    list(call) {
      const filter = readFilter(call);
      const found = [...world.roleAssignments.values()].filter(
        (each) => isInReach(each, scopeOf(call.path), filter) && isMeant(world, each, filter),
      );
      return page(call, found.map(describe(world)), 50);
    },

    GET({ path }) {
      const found = world.roleAssignments.get(path.names[0] ?? "");
      if (!found || !isSame(found.scope, scopeOf(path))) throw notFound(path);
      return { status: 200, body: describe(world)(found) };
    },

    PUT({ path, body }) {
      const { roleDefinitionId, principalId, description } = parseBody(AssignmentBody, body).properties;
      const [name = ""] = path.names;
      const made = {
        name,
        role: roleDefinitionId.split("/").at(-1) ?? "",
        principalId,
        scope: scopeOf(path),
        description: description ?? undefined,
      };
      const all = [...world.roleAssignments.values()];
      if (all.some((each) => isSame(each.name, name) && !isSameGrant(each, made))) throw failures.assignmentFixed();
      if (all.some((each) => !isSame(each.name, name) && isSameGrant(each, made))) throw failures.assignmentExists();
      const status = world.roleAssignments.has(name) ? 200 : 201;
      world.roleAssignments.set(name, made);
      return { status, body: describe(world)(made) };
    },

    DELETE({ path }) {
      const [name = ""] = path.names;
      const found = world.roleAssignments.get(name);
      if (!found || !isSame(found.scope, scopeOf(path))) return { status: 204 };
      world.roleAssignments.delete(name);
      return { status: 200, body: describe(world)(found) };
    },
  };
}

function isSameGrant(one: RoleAssignment, other: RoleAssignment): boolean {
  return (["role", "principalId", "scope"] as const).every((field) => isSame(one[field], other[field]));
}

interface Filter {
  readonly isAtScope: boolean;
  readonly principalId?: string;
  readonly assignedTo?: string;
}

/** Supports only the filters that the documentation lists. */
function readFilter({ url }: ArmCall): Filter {
  const text = url.searchParams.get("$filter");
  if (text === null) return { isAtScope: false };
  const terms = text.split(/ and /i).map((term) => term.trim());
  let filter: Filter = { isAtScope: false };
  for (const term of terms) {
    const [, principalId] = /^principalId eq '([^']+)'$/i.exec(term) ?? [];
    const [, assignedTo] = /^assignedTo\('([^']+)'\)$/i.exec(term) ?? [];
    if (/^atScope\(\)$/i.test(term)) filter = { ...filter, isAtScope: true };
    else if (principalId) filter = { ...filter, principalId };
    else if (assignedTo) filter = { ...filter, assignedTo };
    else throw failures.badRequest(`The filter '${text}' is not supported.`);
  }
  return filter;
}

function isInReach({ scope }: RoleAssignment, asked: string, { isAtScope }: Filter): boolean {
  return isWithin(asked, scope) || (!isAtScope && isWithin(scope, asked));
}

function isWithin(inner: string, outer: string): boolean {
  return `${inner}/`.toLowerCase().startsWith(`${outer}/`.toLowerCase());
}

function isMeant({ groups }: World, { principalId }: RoleAssignment, filter: Filter): boolean {
  if (filter.principalId !== undefined && !isSame(filter.principalId, principalId)) return false;
  const { assignedTo } = filter;
  // Unlike principalId, assignedTo() includes the principal's groups.
  return (
    assignedTo === undefined || isSame(assignedTo, principalId) || (groups.get(principalId)?.has(assignedTo) ?? false)
  );
}

function scopeOf({ scope = "" }: ResourcePath): string {
  return scope;
}

function describe({ subscriptionId, groups }: World) {
  return ({ name, role, principalId, scope, description }: RoleAssignment) => ({
    id: `${scope}/providers/${type}/${name}`,
    name,
    type,
    properties: {
      roleDefinitionId: `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
      principalId,
      principalType: groups.has(principalId) ? "Group" : "ServicePrincipal",
      scope,
      condition: null,
      conditionVersion: null,
      createdOn: "2026-01-01T00:00:00.0000000Z",
      updatedOn: "2026-01-01T00:00:00.0000000Z",
      createdBy: null,
      updatedBy: null,
      delegatedManagedIdentityResourceId: null,
      description: description ?? null,
    },
  });
}

/** What the caller may do: every caller that gets this far has the one role. */
export function ownPermissions(actions: readonly string[]): ResourceType {
  return {
    type: "Microsoft.Authorization/permissions",
    apiVersions: ["2015-07-01", "2018-07-01", "2022-04-01"],
    list: (call) => page(call, [{ actions, notActions: [], dataActions: [], notDataActions: [] }]),
  };
}
