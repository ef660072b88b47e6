/** A profile of a managed namespace is in two places: what Azure can hold is there, and the rest is objects of the cluster. */
import { strongest } from "../../domain/operation/actions.ts";
import type { StepAction } from "../../domain/operation/operation.ts";
import { type Difference, type StepPlan, throwConflict, toOperationError } from "../../domain/operation/plan.ts";
import type { Ports } from "../../ports/index.ts";
import type { StepContext } from "../definitions/step.ts";
import type { Managed, ManagedDecision } from "./managedNamespace.ts";

type WithStep = Pick<StepContext, "willDo">;

/** The plan of the objects, and what becomes of the managed namespace before them or after them. */
export function withManaged(
  plan: StepPlan,
  { action, differences, conflict }: ManagedDecision,
  when: "before" | "after",
): StepPlan {
  const blockers = conflict ? [toOperationError(conflict.code, conflict.message)] : [];
  const isBlocked = plan.blockers.length > 0 || blockers.length > 0;
  return {
    ...plan,
    action: isBlocked ? "conflict" : strongest([plan.action, action]),
    differences: when === "before" ? [...differences, ...plan.differences] : [...plan.differences, ...differences],
    blockers: [...plan.blockers, ...blockers],
  };
}

/**
 * Announces each write with what the same step has done before, since an announcement replaces the one before. `done` is what it has
 * done in the first place: an earlier try may have done that, and this one announced nothing.
 */
export function announcing(step: WithStep): WithStep & { and(done: StepAction): WithStep } {
  let actions: readonly StepAction[] = [];
  let said: readonly Difference[] = [];
  const announcer = (earlier: readonly StepAction[], earlierSaid: readonly Difference[]): WithStep => ({
    async willDo(action, differences = [], options) {
      actions = [...earlier, action];
      said = [...earlierSaid, ...differences];
      const isFirst = earlier.length === 0;
      await step.willDo(strongest(actions), said, isFirst ? options : undefined);
    },
  });
  return { ...announcer([], []), and: (done) => announcer(done === "none" ? actions : [...actions, done], said) };
}

/** Writes the managed namespace as decided, with the version that was seen. */
export async function writeManaged(
  { managedNamespaces }: Pick<Ports, "managedNamespaces">,
  { ref, eTag }: Pick<Managed, "ref" | "eTag">,
  { action, differences, conflict, document }: ManagedDecision,
  step: WithStep,
): Promise<StepAction> {
  throwConflict(conflict);
  if (!document) return action;
  await step.willDo(action, differences);
  await managedNamespaces.replace(ref, document, eTag);
  return action;
}
