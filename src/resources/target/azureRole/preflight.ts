/** What has to be true of a target before a role is given there. */
import { type AzureRolePlace, azureResources, azureRoleKinds } from "../../../domain/targets/azureRoles.ts";
import type { Ports } from "../../../ports/index.ts";
import { findGone, isAllowed } from "../../definitions/azureChecks.ts";
import type { Obstacles } from "../../definitions/preflight.ts";
import type { UnmetCondition } from "../../definitions/targetFamily.ts";

type Looking = Pick<Ports, "roleAssignments" | "azureResources">;

/** Also for the undo. */
const needed = ["Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete"];

export function preflightAt(
  ports: Looking,
  place: AzureRolePlace,
  { target }: { readonly target: string },
): readonly (() => Promise<Obstacles>)[] {
  return [() => isAllowed(ports, { target, scope: place.resourceId, needed })];
}

export async function unmetAt(
  ports: Pick<Looking, "azureResources">,
  place: AzureRolePlace,
): Promise<UnmetCondition | undefined> {
  const { apiVersion, needs } = azureRoleKinds[place.kind];
  const resources = azureResources(place);
  if (needs === undefined) return await findGone(ports, resources, apiVersion);
  const { resourceId: resource } = place;
  const found = await ports.azureResources.find(resource, apiVersion);
  if (!found) return { is: "gone", resource };
  if (found.properties[needs] !== true)
    return { is: "withoutRoles", resource, property: needs, found: String(found.properties[needs]) };
  return await findGone(ports, resources.slice(1), apiVersion);
}
