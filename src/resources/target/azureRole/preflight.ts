/** What has to be true of a target before a role is given there. */
import { toOperationError } from "../../../domain/operation/plan.ts";
import { type AzureRolePlace, azureRoleKinds, scopeOf } from "../../../domain/targets/azureRoles.ts";
import type { Ports } from "../../../ports/index.ts";
import { isAllowed, missing, nothingIsLocked } from "../../definitions/azureChecks.ts";
import type { Obstacles } from "../../definitions/preflight.ts";
import { noticeIfForbidden } from "../../definitions/unlessForbidden.ts";

type Looking = Pick<Ports, "roleAssignments" | "azureResources">;

/** Also for the undo. */
const needed = ["Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete"];

export function preflightAt(
  ports: Looking,
  place: AzureRolePlace,
  { target }: { readonly target: string },
): readonly (() => Promise<Obstacles>)[] {
  return [
    () => noticeIfForbidden("TARGET_UNSEEN", () => resourceIsThere(ports, place, target)),
    () => noticeIfForbidden("TARGET_UNSEEN", () => nothingIsLocked(ports, { target, scope: scopeOf(place) })),
    () => isAllowed(ports, { target, scope: place.resourceId, needed }),
  ];
}

async function resourceIsThere({ azureResources }: Looking, place: AzureRolePlace, target: string): Promise<Obstacles> {
  const { apiVersion, needs } = azureRoleKinds[place.kind];
  const resource = await azureResources.find(place.resourceId, apiVersion);
  if (!resource) return missing({ target, scope: place.resourceId });
  if (needs === undefined || resource.properties[needs] === true) return {};
  const message = `Roles have no effect on target "${target}": ${needs} of ${place.resourceId} is not true.`;
  return { blockers: [toOperationError("TARGET_WITHOUT_ROLES", message)] };
}
