/** Whether Mooring's own roles in Azure allow what an operation will have to do or undo: a refusal partway costs more. */
import { PermanentError } from "../../domain/errors.ts";
import type { Conflict, Notice } from "../../domain/operation/plan.ts";
import type { Ports } from "../../ports/index.ts";
import type { Permission } from "../../ports/roleAssignments.ts";

/** A conflict, a notice, or neither. */
export interface PermissionCheck {
  readonly conflict?: Conflict;
  readonly notice?: Notice;
}

export async function checkPermissions(
  { roleAssignments }: Pick<Ports, "roleAssignments">,
  { needed, scope, where }: { needed: readonly string[]; scope: string; where: string },
): Promise<PermissionCheck> {
  try {
    const held = await roleAssignments.ownPermissions(scope);
    const missing = needed.filter((action) => !held.some((permission) => allows(permission, action)));
    if (missing.length === 0) return {};
    const message = `Mooring's identity lacks ${missing.join(", ")} at ${scope}, ${where}.`;
    return { conflict: { code: "ARM_FORBIDDEN", message } };
  } catch (error) {
    if (!(error instanceof PermanentError) || error.code !== "ARM_FORBIDDEN") throw error;
    return { notice: { code: "PERMISSIONS_UNKNOWN", message: error.message } };
  }
}

function allows({ actions, notActions }: Permission, action: string): boolean {
  return actions.some((pattern) => matches(pattern, action)) && !notActions.some((pattern) => matches(pattern, action));
}

/** `*` matches anything, and case is ignored. */
function matches(pattern: string, action: string): boolean {
  const escaped = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`, "i").test(action);
}
