/**
 * Microsoft.DocumentDB/databaseAccounts: the roles that an account gives itself (learn.microsoft.com "SQL Resources - Create Update
 * Sql Role Assignment"). The data is in ../cosmos.
 */
import { z } from "zod";
import type { CosmosAssignment, World } from "../world.ts";
import { ArmFailure, failures } from "./failures.ts";
import { expectUnlocked } from "./locks.ts";
import { cosmosApiVersions, type LongRunning } from "./longRunning.ts";
import { isSame, type ResourcePath, resourceId } from "./resourcePath.ts";
import { type ArmCall, notFound, page, parentNotFound, parseBody, type ResourceType } from "./resources.ts";
import { isKnown } from "./roleAssignments.ts";

const apiVersions = cosmosApiVersions;
const account = "Microsoft.DocumentDB/databaseAccounts";
const builtInRoles = ["00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"];

const Body = z.object({
  properties: z.object({ roleDefinitionId: z.string().min(1), principalId: z.guid(), scope: z.string().min(1) }),
});

export function sqlRoleAssignments(world: World, { start }: Pick<LongRunning, "start">): ResourceType {
  const type = `${account}/sqlRoleAssignments`;
  /** Accounts that are changing: each takes one change at a time. */
  const busy = new Set<string>();
  const accountOf = ({ path }: ArmCall, action: string) => {
    const id = resourceId(path, 1);
    const found = world.targets.get(id.toLowerCase());
    if (!found) throw action === "read" ? notFound(path) : parentNotFound(path, action);
    return { id: found.id, key: id.toLowerCase(), location: found.location };
  };
  const inAccount = (key: string) => [...world.cosmosAssignments.values()].filter((each) => isSame(each.account, key));
  const named = ({ names }: ResourcePath, key: string) =>
    inAccount(key).find((each) => isSame(each.name, names[1] ?? ""));
  const describe = ({ account: id, name, roleId, createdTime: _told, ...properties }: CosmosAssignment) => ({
    id: `${id}/sqlRoleAssignments/${name}`,
    name,
    type,
    properties: { roleDefinitionId: `${id}/sqlRoleDefinitions/${roleId}`, ...properties },
  });

  /** The change that Azure accepts, and makes later. */
  const change = (call: ArmCall, { key, location }: ReturnType<typeof accountOf>, finish: () => void) => {
    if (busy.has(key)) throw failures.accountIsBusy(key.split("/").at(-1) ?? "");
    busy.add(key);
    return start(call, {
      provider: "Microsoft.DocumentDB",
      location,
      operation: call.path.type,
      finish() {
        busy.delete(key);
        finish();
      },
    });
  };

  return {
    type,
    apiVersions,
    list: (call) => page(call, inAccount(accountOf(call, "read").key).map(describe)),
    GET(call) {
      const found = named(call.path, accountOf(call, "read").key);
      if (!found) throw notFound(call.path);
      return { status: 200, body: describe(found) };
    },
    PUT(call) {
      const found = accountOf(call, "write");
      const { roleDefinitionId, principalId, scope } = parseBody(Body, call.body).properties;
      const name = z.guid().safeParse(call.path.names[1]).data;
      if (!name) throw failures.badRequest("the role assignment ID must be a GUID");
      expectUnlocked(world, found.id, "write");
      const roleId = roleDefinitionId.split("/").at(-1) ?? "";
      if (!builtInRoles.includes(roleId)) throw failures.badRequest(`the role definition ${roleId} does not exist`);
      if (!hasScope(world, found.id, scope)) throw failures.notFound(type, scope, call.path.resourceGroup ?? "");
      const made = { account: found.id, name, roleId, principalId, scope };
      const current = named(call.path, found.key);
      if (current && !isSameGrant(current, made)) throw failures.badRequest("a role assignment cannot be updated");
      const twin = inAccount(found.key).find((each) => !isSame(each.name, name) && isSameGrant(each, made));
      if (twin) throw failures.cosmosAssignmentExists(twin.name);
      return change(call, found, () => {
        // Only now is the principal looked up.
        if (!isKnown(world, principalId)) throw unknownPrincipal(principalId, world.tenantId);
        const createdTime = current?.createdTime ?? world.now();
        world.cosmosAssignments.set(`${found.key}/${name}`, { ...made, createdTime });
      });
    },
    DELETE(call) {
      const found = accountOf(call, "delete");
      const current = named(call.path, found.key);
      if (!current) return { status: 204 };
      expectUnlocked(world, found.id, "delete");
      return change(call, found, () => world.cosmosAssignments.delete(`${found.key}/${current.name}`));
    },
  };
}

function isSameGrant(one: CosmosAssignment, other: CosmosAssignment): boolean {
  return one.roleId === other.roleId && isSame(one.principalId, other.principalId) && one.scope === other.scope;
}

/** The account, or `/dbs/…` and `/colls/…` of what is in it. */
function hasScope({ targets }: World, accountId: string, scope: string): boolean {
  if (isSame(scope, accountId)) return true;
  const [, database, container] = /^\/dbs\/([^/]+)(?:\/colls\/([^/]+))?$/.exec(scope.slice(accountId.length)) ?? [];
  if (!database || !isSame(scope.slice(0, accountId.length), accountId)) return false;
  const inDatabase = `${accountId}/sqlDatabases/${database}`;
  return targets.has((container ? `${inDatabase}/containers/${container}` : inDatabase).toLowerCase());
}

function unknownPrincipal(principalId: string, tenantId: string): ArmFailure {
  const message = `The provided principal ID [${principalId}] was not found in the AAD tenant(s) [${tenantId}] which are associated with the customer's subscription.`;
  return new ArmFailure(400, "BadRequest", message);
}
