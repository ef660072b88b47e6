/** Whether Mooring's own role in Azure allows what an onboarding will have to do, or undo: a refusal half-way costs more. */
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { PermanentError } from "../../domain/errors.ts";
import { toNotice, toOperationError } from "../../domain/operation/plan.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { ManagedIdentity, Permission, Ports } from "../../ports.ts";
import type { RoleFindings } from "./kubeletRoles.ts";

const identities = "Microsoft.ManagedIdentity/userAssignedIdentities";

export async function checkOwnPermissions(
  { roleAssignments }: Pick<Ports, "roleAssignments">,
  { subscriptionId, identityResourceGroup, alias }: ClusterTarget,
  { request, identity }: { request: OnboardingRequest; identity: ManagedIdentity | undefined },
): Promise<RoleFindings> {
  const scope = `/subscriptions/${subscriptionId}/resourceGroups/${identityResourceGroup}`;
  const credentials = `${identities}/federatedIdentityCredentials`;
  const needed = [
    ...(identity ? [] : [`${identities}/write`, `${identities}/delete`]),
    ...(request.identityMode === "workloadIdentity" ? [`${credentials}/write`, `${credentials}/delete`] : []),
  ];
  try {
    const held = await roleAssignments.ownPermissions(scope);
    const missing = needed.filter((action) => !held.some((permission) => allows(permission, action)));
    if (missing.length === 0) return { blockers: [], notices: [] };
    const message = `Mooring's identity lacks ${missing.join(", ")} at ${scope}, where cluster "${alias}" has its identities.`;
    return { blockers: [toOperationError("ARM_FORBIDDEN", message)], notices: [] };
  } catch (error) {
    if (!(error instanceof PermanentError) || error.code !== "ARM_FORBIDDEN") throw error;
    return { blockers: [], notices: [toNotice("PERMISSIONS_UNKNOWN", error.message)] };
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
