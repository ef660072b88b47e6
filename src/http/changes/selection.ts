/** What a batch was planned for: the action, and the state of each namespace. If-Match names that. */
import type { ClaimContext } from "../../application/admission/claimContext.ts";
import { chooseNamespaces, selectionTag } from "../../application/batch/chooseNamespaces.ts";
import type { Chosen, NamespaceWork } from "../../domain/operation/namespaceBatch.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import { hashRequest } from "../../domain/request/requestHash.ts";
import type { Condition } from "../parameters/conditions.ts";

export interface Selection {
  readonly tag: string;
  readonly size: number;
}

export function selectionOf(work: NamespaceWork, chosen: readonly Chosen[]): Selection {
  return { tag: selectionTag(work, chosen), size: chosen.length };
}

/** For onboardings: the namespaces, as far as the caller sees them. */
export async function selectionOfRequests(
  { ports, by }: Pick<ClaimContext, "ports" | "by">,
  requests: readonly OnboardingRequest[],
): Promise<Selection> {
  const namespaces = requests.map(({ cluster, namespace }) => ({ cluster, namespace }));
  const chosen = await chooseNamespaces(ports, by, { namespaces });
  return { tag: selectionTag(requests.map(hashRequest), chosen), size: chosen.length };
}

export function expectSelection(condition: Condition, { tag, size }: Selection): void {
  const those = size === 1 ? "1 namespace" : `${size} namespaces`;
  condition.match({ tag, state: `The batch would cover ${those}, but something has changed.` });
}
