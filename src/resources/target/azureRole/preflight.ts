/** What has to be true of a target before a role is given there. */
import { PermanentError } from "../../../domain/errors.ts";
import { type Notice, toNotice, toOperationError } from "../../../domain/operation/plan.ts";
import { type AzureRolePlace, azureRoleKinds, scopeOf } from "../../../domain/targets/azureRoles.ts";
import type { Ports } from "../../../ports.ts";
import { checkPermissions } from "../../definitions/ownPermissions.ts";
import type { Obstacles } from "../../definitions/preflight.ts";

type Looking = Pick<Ports, "roleAssignments" | "azureResources">;

export function preflightAt(
  ports: Looking,
  place: AzureRolePlace,
  { target }: { readonly target: string },
): readonly (() => Promise<Obstacles>)[] {
  return [
    () => unlessForbidden(() => resourceIsThere(ports, place, target)),
    () => unlessForbidden(() => nothingIsLocked(ports, place, target)),
    () => unlessForbidden(() => thereIsRoom(ports, place)),
    () => mayAssign(ports, place, target),
  ];
}

async function resourceIsThere({ azureResources }: Looking, place: AzureRolePlace, target: string): Promise<Obstacles> {
  const { apiVersion, needs } = azureRoleKinds[place.kind];
  const resource = await azureResources.find(place.resourceId, apiVersion);
  if (!resource) {
    const message = `Azure has no resource ${place.resourceId} (target "${target}").`;
    return { blockers: [toOperationError("TARGET_MISSING", message)] };
  }
  if (needs === undefined || resource.properties[needs] === true) return {};
  const message = `Roles have no effect on target "${target}": ${needs} of ${place.resourceId} is not true.`;
  return { blockers: [toOperationError("TARGET_WITHOUT_ROLES", message)] };
}

async function nothingIsLocked({ azureResources }: Looking, place: AzureRolePlace, target: string): Promise<Obstacles> {
  const locks = await azureResources.locksAt(scopeOf(place));
  const lock = locks.find(({ level }) => level === "ReadOnly");
  if (!lock) return {};
  const message = `A read-only lock forbids role assignments on target "${target}": ${lock.id}.`;
  return { blockers: [toOperationError("ARM_LOCKED", message)] };
}

async function thereIsRoom({ roleAssignments }: Looking, { resourceId }: AzureRolePlace): Promise<Obstacles> {
  const subscriptionId = resourceId.split("/")[2] ?? "";
  const { made, limit } = await roleAssignments.usage(subscriptionId);
  if (made < limit) return {};
  const message = `Subscription ${subscriptionId} has ${made} role assignments, and Azure allows ${limit}.`;
  return { blockers: [toOperationError("ROLE_ASSIGNMENT_LIMIT", message)] };
}

/** Also for the undo. */
const needed = ["Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete"];

async function mayAssign(ports: Looking, place: AzureRolePlace, target: string): Promise<Obstacles> {
  const where = `where target "${target}" is`;
  const { conflict, notice } = await checkPermissions(ports, { needed, scope: place.resourceId, where });
  return {
    blockers: conflict ? [toOperationError("ARM_FORBIDDEN", conflict.message)] : [],
    notices: notice ? [asNotice(notice)] : [],
  };
}

/** A missing right to look is only told: the step may succeed without it. */
async function unlessForbidden(look: () => Promise<Obstacles>): Promise<Obstacles> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof PermanentError) || error.code !== "ARM_FORBIDDEN") throw error;
    return { notices: [toNotice("TARGET_UNSEEN", error.message)] };
  }
}

function asNotice({ code, message }: Notice) {
  return toNotice(code, message);
}
