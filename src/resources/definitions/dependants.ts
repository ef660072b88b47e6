/**
 * Who else depends on what an offboarding removes. Checked before the first removal; the caller may proceed anyway, and the plan
 * then lists what is lost. The check runs once: what somebody adds while the offboarding runs is removed with the rest.
 */
import { defined, unlessEmpty } from "../../domain/defined.ts";
import { type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import { adoptedBy, readMetadata } from "../../domain/naming/ownership.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { type StepPlan, toNotice } from "../../domain/operation/plan.ts";
import type { KubernetesObject } from "../../ports/kubernetes.ts";
import { unlessForbidden } from "./unlessForbidden.ts";

export interface Dependants {
  readonly blockers: readonly OperationError[];
  /** What Mooring could not check. */
  readonly notices: readonly OperationError[];
}

/** The plan with its blockers; dependants that the caller chose to ignore become notices. */
export function withDependants(plan: StepPlan, found: readonly Dependants[], isIgnored: boolean): StepPlan {
  const dependants = found.flatMap(({ blockers }) => blockers);
  const unknown = found.flatMap(({ notices }) => notices);
  const blockers = [...plan.blockers, ...(isIgnored ? [] : dependants)];
  const notices = [...(plan.notices ?? []), ...unknown, ...(isIgnored ? dependants : [])];
  const action = blockers.length > plan.blockers.length ? "conflict" : plan.action;
  return { ...plan, action, blockers, ...defined({ notices: unlessEmpty(notices) }) };
}

/** Whether the object was made or adopted for the namespace, and so belongs to no one else. */
export function isMarked(metadata: KubernetesObject["metadata"], namespaceRef: NamespaceRef): boolean {
  const key = namespaceKey(namespaceRef);
  return readMetadata(metadata)?.berth === key || adoptedBy(metadata)?.berth === key;
}

/** A missing right to read gives a notice and not a blocker: waiting would not help. */
export async function readable(look: () => Promise<readonly OperationError[]>): Promise<Dependants> {
  return await unlessForbidden(
    async () => ({ blockers: await look(), notices: [] }),
    (message) => ({ blockers: [], notices: [toNotice("DEPENDANTS_UNKNOWN", message)] }),
  );
}

/** A message names this many and counts the rest. */
export const maxListed = 10;

export function list(names: readonly string[]): string {
  const more = names.length - maxListed;
  return names.slice(0, maxListed).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
