/** Whether Mooring's own role in Azure allows what an onboarding will have to do, or undo: a refusal half-way costs more. */
import { PermanentError } from "../../domain/errors.ts";
import { toNotice, toOperationError } from "../../domain/operation/plan.ts";
import type { Permission, Ports } from "../../ports.ts";
import type { Obstacles } from "../../resources/definitions/look.ts";
import type { PreflightInput } from "../../resources/definitions/roomEffects.ts";
import { furnished } from "../../resources/effects.ts";
import { isWanted } from "../../resources/plannedSteps.ts";

export async function checkOwnPermissions(
  { roleAssignments }: Pick<Ports, "roleAssignments">,
  { request, cluster, identity }: Pick<PreflightInput, "request" | "cluster" | "identity">,
): Promise<Obstacles> {
  const { subscriptionId, identityResourceGroup, alias } = cluster;
  const scope = `/subscriptions/${subscriptionId}/resourceGroups/${identityResourceGroup}`;
  const needed = furnished
    .filter(({ room }) => isWanted(room, request))
    .flatMap(({ effects }) => effects.armActions?.({ identity }) ?? []);
  try {
    const held = await roleAssignments.ownPermissions(scope);
    const missing = needed.filter((action) => !held.some((permission) => allows(permission, action)));
    if (missing.length === 0) return {};
    const message = `Mooring's identity lacks ${missing.join(", ")} at ${scope}, where cluster "${alias}" has its identities.`;
    return { blockers: [toOperationError("ARM_FORBIDDEN", message)] };
  } catch (error) {
    if (!(error instanceof PermanentError) || error.code !== "ARM_FORBIDDEN") throw error;
    return { notices: [toNotice("PERMISSIONS_UNKNOWN", error.message)] };
  }
}

function allows({ actions, notActions }: Permission, action: string): boolean {
  return actions.some((pattern) => matches(pattern, action)) && !notActions.some((pattern) => matches(pattern, action));
}

/** `*` stands for anything, and letters for both cases. */
function matches(pattern: string, action: string): boolean {
  const escaped = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`, "i").test(action);
}
