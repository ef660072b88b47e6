/** Targets in a Cosmos DB account of a world: what is there before, what Mooring and others gave, and what others do to it. */
import type { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { PrincipalId } from "../../../src/domain/naming/identityPair.ts";
import { identityName, type NamespaceRef } from "../../../src/domain/naming/names.ts";
import type { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { cosmosAssignmentName, isOwnAssignment } from "../../../src/domain/targets/cosmos.ts";
import type { CosmosAssignment } from "../../../src/ports/cosmosRoles.ts";
import type { ManagedIdentity } from "../../../src/ports/identities.ts";
import type { CosmosAccounts } from "../../support/models/cosmos.ts";
import type { Thing } from "./snapshot.ts";
import type { World } from "./world.ts";
import { installation } from "./worldCatalog.ts";

const resourceId = "/subscriptions/s/resourceGroups/data/providers/Microsoft.DocumentDB/databaseAccounts/cosmos";
const shop = { kind: "cosmosNoSql", resourceId, database: "shop" } as const;

export const cosmosTargets: Catalog["targets"] = {
  shop: { ...shop, access: ["read", "write"] },
  carts: { ...shop, container: "carts", access: ["read", "write"] },
};

/** What these mean in the account, from Azure's own documentation. */
const scopes: Readonly<Record<string, string>> = { shop: "/dbs/shop", carts: "/dbs/shop/colls/carts" };
const roles = {
  read: "00000000-0000-0000-0000-000000000001",
  write: "00000000-0000-0000-0000-000000000002",
};
const roleIds = Object.values(roles);

interface Known {
  readonly own: ManagedIdentity;
  /** Undefined for what somebody else gave. */
  readonly operation: string | undefined;
  readonly newGuid: () => string;
}

/** Roles that the identity, or one before it, has already. */
export function furnishCosmos({ azure, request, cosmosDice: dice }: World, { own, operation, newGuid }: Known): void {
  for (const { target, access } of request.targets ?? []) {
    const scope = scopes[target];
    if (!dice?.chance(0.5) || scope === undefined) continue;
    // An earlier operation of Mooring's gave nothing but what its request asked for.
    const roleId = operation ? roleFor(access) : dice.pick(roleIds);
    const principalId = PrincipalId.parse(dice.chance(0.7) ? own.principalId : newGuid());
    const grant = { roleId, principalId, scope };
    const name = operation ? cosmosAssignmentName(grant, { namespaceRef: request, operation }) : newGuid();
    put(azure.cosmosAccounts, { name, ...grant });
  }
}

function roleFor(access: readonly string[]): string {
  return access.includes("write") ? roles.write : roles.read;
}

function put(accounts: CosmosAccounts, assignment: CosmosAssignment): void {
  accounts.set(`${resourceId.toLowerCase()}/${assignment.name}`, assignment);
}

export function readCosmos(
  accounts: CosmosAccounts,
  { namespaceRef, living }: { readonly namespaceRef: NamespaceRef; readonly living: ReadonlySet<string> },
): readonly Thing[] {
  return [...accounts.values()].map((each) => {
    const { name, roleId, principalId, scope } = each;
    const isOurs = isOwnAssignment(each, namespaceRef, installation);
    return {
      key: `cosmos role ${scope} ${roleId} ${principalId} ${name}`,
      content: JSON.stringify([name, roleId, principalId, scope]),
      // Only a hash of the operation is there.
      madeBy: isOurs ? "unknown" : undefined,
      isLent: false,
      isDead: isOurs && !living.has(principalId),
      undo: `revokeTarget ${Object.keys(scopes).find((target) => scopes[target] === scope)}`,
    };
  });
}

/** What the request asks for and the identity has not. */
export function lackingInCosmos(
  accounts: CosmosAccounts,
  { targets = [] }: OnboardingRequest,
  principalId: string,
): readonly string[] {
  const held = [...accounts.values()].filter((each) => each.principalId === principalId);
  // A role that covers more does as well: of a home, its guest may have asked for less.
  const has = (scope: string, roleId: string) =>
    held.some((each) => each.scope === scope && [roleId, roles.write].includes(each.roleId));
  return targets.flatMap(({ target, access }) => {
    const scope = scopes[target];
    return scope === undefined || has(scope, roleFor(access)) ? [] : [`the identity lacks a role at ${scope}`];
  });
}

/** What Mooring gave and the request does not ask for, or for another identity. */
export function surplusInCosmos(
  accounts: CosmosAccounts,
  request: OnboardingRequest,
  principalId: string,
): readonly string[] {
  const asked = (request.targets ?? []).map(({ target, access }) => `${scopes[target]} ${roleFor(access)}`);
  return [...accounts.values()]
    .filter((each) => isOwnAssignment(each, request, installation))
    .filter((each) => !asked.includes(`${each.scope} ${each.roleId}`) || each.principalId !== principalId)
    .map(({ name }) => `Mooring gave a role in Cosmos DB that the request does not ask for: ${name}`);
}

type Deed = (world: World, request: OnboardingRequest) => "repairable" | "foreign" | undefined;

/** What somebody does to a role in the account. */
export const inCosmos: Readonly<Record<string, Deed>> = {
  "takes a role in Cosmos DB away"({ azure: { cosmosAccounts } }, request) {
    const [key] = [...cosmosAccounts].find(([, each]) => isOwnAssignment(each, request, installation)) ?? [];
    return key !== undefined && cosmosAccounts.delete(key) ? "repairable" : undefined;
  },
  "gives a role in Cosmos DB"({ azure: { cosmosAccounts, identities }, newGuid }, request) {
    const principalId = identities.get(identityName(request))?.principalId;
    const [asked] = (request.targets ?? []).flatMap(({ target, access }) => {
      const scope = scopes[target];
      return scope === undefined ? [] : [{ scope, roleId: roleFor(access) }];
    });
    if (!asked || principalId === undefined) return undefined;
    const roleId = asked.roleId === roles.read ? roles.write : roles.read;
    const isThere = [...cosmosAccounts.values()].some(
      (each) => each.scope === asked.scope && each.roleId === roleId && each.principalId === principalId,
    );
    if (isThere) return undefined;
    put(cosmosAccounts, { name: newGuid(), roleId, principalId, scope: asked.scope });
    return "foreign";
  },
};
