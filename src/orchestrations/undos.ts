/** Undos as steps: registered before the steps that they undo, or found by name to run them again later. */
import { performStep, type Work } from "../activities/steps.ts";
import { undoStep, undosOf } from "../application/process/undoStages.ts";
import type { StepKey } from "../domain/operation/stepName.ts";
import { StepFailed } from "../durable/activity.ts";
import { isPersistent } from "../durable/retry.ts";
import type { OnFailure } from "../durable/saga.ts";
import type { Step } from "../durable/step.ts";
import type { Again, Undo } from "../durable/undo.ts";
import type { OperationInput } from "./operation.ts";

/** Registers the undos of steps that begin together: call it before the first of them runs. */
export function undoLater(onFailure: OnFailure, steps: readonly StepKey[], work: Work): void {
  for (const { name, undo } of undosNamed(undosOf(steps, work.operation), work)) onFailure(name, undo);
}

/** When an operation is resumed, a failure also undoes what an earlier run had begun. */
export function resume(onFailure: OnFailure, input: OperationInput, work: Work): void {
  for (const { name, undo } of undosNamed(input.resumed?.undos, work)) onFailure(name, undo);
  throwFailure(input);
}

/** `createdBy` is the operation whose work they undo. */
export function undosNamed(names: readonly string[] = [], work: Work, createdBy = work.base.operation): Undo[] {
  return names.map((name) => ({ name, undo: (again) => undoBy(name, work, { createdBy, again }) }));
}

/** Fails again if an earlier run had begun to undo: what was undone must not be created again. */
export function throwFailure({ resumed }: OperationInput): void {
  if (!resumed?.failure) return;
  const { step, code, message } = resumed.failure;
  throw new StepFailed(step, { code, message });
}

/**
 * The undo of that name. It removes only what the given operation created, and restores the earlier state of what that operation
 * overwrote or removed.
 */
function undoBy(
  name: string,
  { base, operation, restarts = 0 }: Work,
  { createdBy, again }: { readonly createdBy: string; readonly again: Again | undefined },
): Step<unknown> {
  const step = undoStep(operation.request, name);
  // An undo of another release: failing keeps what it left from counting as undone.
  if (!step) throw new Error(`nothing undoes as ${name}`);
  // One that goes on is tried once in each round: the rounds are its further attempts.
  const retrial = again ? { retry: { ...base.retry, attempts: 1 }, retrial: again } : {};
  const run = isPersistent(base.retry) ? { restarts } : {};
  return performStep(step, {
    base: { ...base, ...retrial, ...run, createdBy },
    operation: { ...operation, createdBy },
  });
}
