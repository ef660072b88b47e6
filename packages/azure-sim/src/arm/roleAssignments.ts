/**
 * Microsoft.Authorization/roleAssignments at any scope (learn.microsoft.com "List Azure role assignments using the REST API",
 * "Role Assignments - Create", "Role Assignments - Delete", "Troubleshoot Azure RBAC"): without a filter, or by principal,
 * what is assigned at the scope, above it and below it.
 */
import { z } from "zod";
import type { RoleAssignment, World } from "../world.ts";
import { failures } from "./failures.ts";
import { expectUnlocked } from "./locks.ts";
import { isSame, isWithin, type ResourcePath } from "./resourcePath.ts";
import { type ArmCall, notFound, page, parseBody, type ResourceType } from "./resources.ts";
import { isGone } from "./targets.ts";

const type = "Microsoft.Authorization/roleAssignments";
const AssignmentBody = z.object({
  properties: z.object({
    roleDefinitionId: z.string().min(1),
    principalId: z.guid(),
    principalType: z.enum(["User", "Group", "ServicePrincipal", "ForeignGroup", "Device"]).nullish(),
    description: z.string().max(1_024).nullish(),
    condition: z.string().nullish(),
  }),
});

interface Assigning {
  /** GUIDs of the roles that a condition lets others than owners give to service principals, and take; by default, any. */
  readonly assignableRoles?: ReadonlySet<string> | undefined;
}

export function roleAssignments(world: World, { assignableRoles }: Assigning = {}): ResourceType {
  /** The two clauses of the condition (learn.microsoft.com "Delegate Azure access management to others"). */
  const expectAssignable = (
    { path, caller }: ArmCall,
    does: "write" | "delete",
    role: string,
    isAllowedType: boolean,
  ) => {
    if (caller.isOwner || !assignableRoles) return;
    const isListed = [...assignableRoles].some((each) => isSame(each, role));
    if (!isListed || !isAllowedType) throw failures.notAssignable(`${type}/${does}`, scopeOf(path));
  };
  return {
    type,
    apiVersions: ["2015-07-01", "2018-09-01-preview", "2020-04-01-preview", "2020-10-01-preview", "2022-04-01"],

    list(call) {
      const filter = readFilter(call);
      if (isGone(world, scopeOf(call.path))) throw notFound(call.path);
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

    PUT(call) {
      const { path, body } = call;
      const { roleDefinitionId, principalId, principalType, ...said } = parseBody(AssignmentBody, body).properties;
      const [name = ""] = path.names;
      const current = world.roleAssignments.get(name);
      const made: RoleAssignment = {
        name,
        role: roleDefinitionId.split("/").at(-1) ?? "",
        principalId,
        scope: scopeOf(path),
        description: said.description ?? undefined,
        condition: said.condition ?? undefined,
        createdTime: current ? current.createdTime : world.now(),
      };
      expectAssignable(call, "write", made.role, principalType === "ServicePrincipal");
      expectUnlocked(world, made.scope, "write");
      if (isGone(world, made.scope)) throw notFound(path);
      const all = [...world.roleAssignments.values()];
      if (all.some((each) => isSame(each.name, name) && !isSameGrant(each, made))) throw failures.assignmentFixed();
      // Without a type it is looked up, wherever it was replicated to by then; with one, it need not be known yet.
      if (!principalType && !isKnown(world, principalId)) throw failures.unknownPrincipal(principalId, world.tenantId);
      if (all.some((each) => !isSame(each.name, name) && isSameGrant(each, made))) throw failures.assignmentExists();
      if (!current && inSubscription(world, path).length >= world.roleAssignmentLimit) throw failures.assignmentLimit();
      world.roleAssignments.set(name, made);
      return { status: current ? 200 : 201, body: describe(world)(made) };
    },

    DELETE(call) {
      const { path } = call;
      const [name = ""] = path.names;
      const found = world.roleAssignments.get(name);
      if (!found || !isSame(found.scope, scopeOf(path))) return { status: 204 };
      expectAssignable(call, "delete", found.role, !world.groups.has(found.principalId));
      expectUnlocked(world, found.scope, "delete");
      world.roleAssignments.delete(name);
      return { status: 200, body: describe(world)(found) };
    },
  };
}

/** A metric of the subscription, and so a list without items (api-version 2019-08-01-preview). */
export function roleAssignmentUsage(world: World): ResourceType {
  return {
    type: "Microsoft.Authorization/roleAssignmentsUsageMetrics",
    apiVersions: ["2019-08-01-preview"],
    list({ path }) {
      const roleAssignmentsCurrentCount = inSubscription(world, path).length;
      const roleAssignmentsLimit = world.roleAssignmentLimit;
      const roleAssignmentsRemainingCount = roleAssignmentsLimit - roleAssignmentsCurrentCount;
      const { subscriptionId } = path;
      const body = { subscriptionId, roleAssignmentsLimit, roleAssignmentsCurrentCount, roleAssignmentsRemainingCount };
      return { status: 200, body };
    },
  };
}

function inSubscription({ roleAssignments: all }: World, { subscriptionId }: ResourcePath): readonly RoleAssignment[] {
  return [...all.values()].filter(({ scope }) => isWithin(scope, `/subscriptions/${subscriptionId}`));
}

export function isKnown(world: World, principalId: string): boolean {
  if (world.groups.has(principalId)) return true;
  const principals = [...world.servicePrincipals.values(), ...world.identities.values()];
  return principals.some((each) => isSame(each.principalId, principalId));
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
  return ({ name, role, principalId, scope, description, condition, createdTime }: RoleAssignment) => ({
    id: `${scope}/providers/${type}/${name}`,
    name,
    type,
    properties: {
      roleDefinitionId: `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
      principalId,
      principalType: groups.has(principalId) ? "Group" : "ServicePrincipal",
      scope,
      condition: condition ?? null,
      conditionVersion: condition === undefined ? null : "2.0",
      createdOn: createdTime?.toISOString() ?? "2026-01-01T00:00:00.0000000Z",
      updatedOn: createdTime?.toISOString() ?? "2026-01-01T00:00:00.0000000Z",
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
