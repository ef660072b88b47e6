/** The resource types that are served. */
import type { World } from "../world.ts";
import { defaultActions, type Rights } from "./authorization.ts";
import { sqlRoleAssignments } from "./cosmos.ts";
import { federatedIdentityCredentials } from "./federatedCredentials.ts";
import { associatedResources, userAssignedIdentities } from "./identities.ts";
import { identityBindings } from "./identityBindings.ts";
import { locks } from "./locks.ts";
import type { LongRunning } from "./longRunning.ts";
import { managedClusters } from "./managedClusters.ts";
import { managedNamespaces } from "./managedNamespaces.ts";
import { resourceGroups } from "./resourceGroups.ts";
import type { ResourceType } from "./resources.ts";
import { ownPermissions, roleAssignments, roleAssignmentUsage } from "./roleAssignments.ts";
import { roleDefinitions } from "./roleDefinitions.ts";
import { sqlTypes } from "./sql.ts";
import { partTypes, targetPart, targetResources, targetTypes } from "./targets.ts";

interface Options extends Rights {
  readonly assignableRoles?: ReadonlySet<string>;
  readonly operationMs?: number;
}

export function resourceTypes(world: World, options: Options, longRunning: LongRunning): ResourceType[] {
  return [
    resourceGroups(world),
    userAssignedIdentities(world),
    federatedIdentityCredentials(world),
    roleAssignments(world, options),
    roleAssignmentUsage(world),
    locks(world),
    ownPermissions(options.actions ?? defaultActions),
    ...targetTypes.map((each) => targetResources(world, each)),
    ...partTypes.map((each) => targetPart(world, each)),
    roleDefinitions(world),
    managedClusters(world),
    identityBindings(world, options),
    managedNamespaces(world, longRunning),
    associatedResources(world),
    ...sqlTypes(world, longRunning),
    sqlRoleAssignments(world, longRunning),
    ...longRunning.types,
  ];
}
