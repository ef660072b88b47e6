/** What has to be true of anything in Azure before access is given there by Azure Resource Manager. */
import { toNotice, toOperationError } from "../../domain/operation/plan.ts";
import type { Ports } from "../../ports/index.ts";
import { checkPermissions } from "./ownPermissions.ts";
import type { Obstacles } from "./preflight.ts";
import type { UnmetCondition } from "./targetFamily.ts";

interface Checked {
  /** The alias. */
  readonly target: string;
  readonly scope: string;
}

/** Whether Mooring itself may do that there. */
export async function isAllowed(
  ports: Pick<Ports, "roleAssignments">,
  { target, scope, needed }: Checked & { readonly needed: readonly string[] },
): Promise<Obstacles> {
  const { conflict, notice } = await checkPermissions(ports, { needed, scope, where: `where target "${target}" is` });
  return {
    blockers: conflict ? [toOperationError("ARM_FORBIDDEN", conflict.message)] : [],
    notices: notice ? [toNotice(notice.code, notice.message)] : [],
  };
}

/**
 * Of resources, each in the one before it, the outermost that is not there. One read where all are: what is around the innermost is
 * there, too. A role may be given at a scope where nothing is yet, but to nobody's use.
 */
export async function findGone(
  { azureResources }: Pick<Ports, "azureResources">,
  resources: readonly string[],
  apiVersion: string,
): Promise<UnmetCondition | undefined> {
  let gone: UnmetCondition | undefined;
  for (const resource of resources.toReversed()) {
    if (await azureResources.find(resource, apiVersion)) break;
    gone = { is: "gone", resource };
  }
  return gone;
}
