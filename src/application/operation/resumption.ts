/**
 * What an operation's records say when its orchestration has ended without recording an outcome: how far it got, and what is
 * left.
 */
import { defined, unlessEmpty } from "../../domain/defined.ts";
import { isCode, type PermanentCode } from "../../domain/errors.ts";
import { further, MigrationPhase } from "../../domain/operation/migration.ts";
import { isFinal } from "../../domain/operation/operation.ts";
import type { Outcome } from "../../domain/operation/outcome.ts";
import { toOperationError } from "../../domain/operation/plan.ts";
import type { OperationRecord, StepRecord } from "../../domain/operation/records.ts";
import type { Resumption } from "../../domain/operation/resumption.ts";
import { isSameStep, type StepKey } from "../../domain/operation/stepName.ts";
import { steps as definitions, isStepName } from "../process/index.ts";
import { stagesOf } from "../process/programs.ts";
import { replaced } from "../process/stages.ts";
import { type UndoStage, undoStages, undoStep } from "../process/undoStages.ts";
import { courseOf, knownIn, plannedOf } from "./plannedOf.ts";

/**
 * For the next run; undefined when no step has begun: the operation then begins as it would have. The run also undoes the stage
 * after the last that has begun: its activities may be queued, and come at any time.
 */
export function resumptionOf(operation: OperationRecord, steps: readonly StepRecord[]): Resumption | undefined {
  if (steps.length === 0) return undefined;
  const left = whatIsLeft(operation, steps);
  const forward = forwardOf(operation, steps);
  const stages = undoStages(courseOf(operation), knownIn(operation, steps));
  const next = stages[stages.findLastIndex((stage) => forward.some((step) => isOf(stage, step))) + 1];
  if (next === undefined) return left;
  // What returns the previous mode of a migration writes even if nothing was removed, so it waits for that phase to begin.
  const isTooSoon = next.phase === "retire" && !hasBegunToRetire(operation, forward);
  return isTooSoon ? left : { ...left, undos: [...left.undos, ...next.undos] };
}

/** What the steps that have begun show. */
function whatIsLeft(operation: OperationRecord, steps: readonly StepRecord[]): Resumption {
  const { kind, migration } = operation;
  const forward = forwardOf(operation, steps);
  const stages = undoStages(courseOf(operation), knownIn(operation, steps)).filter((stage) =>
    forward.some((step) => isOf(stage, step)),
  );
  const hasChanged = haveChanged(forward);
  const failure = findFailure(operation, { forward, isUndoing: isBeingUndone(operation, steps) });
  // Committed, and yet being undone: the answer to the commit was lost, and the step that sent it failed for good.
  const isCommitted = operation.committedTime !== undefined && failure === undefined;
  const common = { isCommitted, hasChanged, ...defined({ failure }) };
  if (kind !== "migrate") return { ...common, undos: stages.flatMap(({ undos }) => undos) };

  const own = before(firstUndone(operation, steps), lastComplete(operation, forward));
  const completed = own === undefined ? migration?.completed : further(migration?.completed, own);
  const isComplete = ({ phase }: UndoStage) => phase !== undefined && own !== undefined && further(own, phase) === own;
  const undosOf = (which: readonly UndoStage[]) => which.flatMap(({ undos }) => undos);
  return {
    ...common,
    undos: undosOf(stages.filter((stage) => !isComplete(stage))),
    migration: {
      ...defined({ completed }),
      undos: undosOf(stages.filter(isComplete)),
      // Once that phase has looked, its removals may be queued: they come before the next run, or while it looks.
      from: hasBegunToRetire(operation, forward) ? "retire" : "inventory",
    },
  };
}

function hasBegunToRetire(operation: OperationRecord, forward: readonly StepRecord[]): boolean {
  return stepsIn(operation, "retire").some((step) => forward.some((each) => isSameStep(each, step)));
}

function stepsIn(operation: OperationRecord, phase: MigrationPhase): readonly StepKey[] {
  return stagesOf(courseOf(operation)).flatMap(({ name, steps }) => (name === phase ? steps : []));
}

/** The steps that the operation is for and that have done something; a step that came when it was too late has not. */
function forwardOf(operation: OperationRecord, steps: readonly StepRecord[]): readonly StepRecord[] {
  const planned = plannedOf(operation, steps);
  return steps.filter((step) => step.status !== "Canceled" && planned.some((each) => isSameStep(each, step)));
}

/** Whether one of the steps may have changed something; one that came when it was too late has not. */
export function haveChanged(steps: readonly Pick<StepRecord, "name" | "status">[]): boolean {
  return steps.some(
    ({ name, status }) => status !== "Canceled" && (!isStepName(name) || definitions[name].stage !== "look"),
  );
}

/** Whether an undo has begun: from then on, no other step may change anything. */
export function isBeingUndone(operation: OperationRecord, steps: readonly StepRecord[]): boolean {
  const planned = plannedOf(operation, steps);
  return hasUndos(operation) && steps.some((step) => !planned.some((each) => isSameStep(each, step)));
}

function hasUndos({ kind }: OperationRecord): boolean {
  return kind === "onboard" || kind === "change" || kind === "migrate";
}

function isOf({ steps }: UndoStage, { name }: StepRecord): boolean {
  return steps.some((each) => each === name);
}

/** Why it was, or had to be, undone: a step had failed for good. */
function findFailure(
  operation: OperationRecord,
  { forward, isUndoing }: { readonly forward: readonly StepRecord[]; readonly isUndoing: boolean },
): Resumption["failure"] {
  const { cancel, committedTime } = operation;
  // The operation was proven and only failed to be recorded, or to remove the old state: try that again.
  if (!hasUndos(operation) || (committedTime !== undefined && !isUndoing)) return undefined;
  const failed = forward.filter(({ status }) => status === "Failed");
  const first = failed.find(({ error }) => !isCode(error?.code, "OPERATION_CANCELED")) ?? failed[0];
  if (first) {
    const { name, error } = first;
    return { step: name, code: error?.code ?? "UNEXPECTED", message: error?.message ?? `Step ${name} had failed.` };
  }
  if (!isUndoing) return undefined;
  if (cancel)
    return { step: "cancel", code: "OPERATION_CANCELED" satisfies PermanentCode, message: `Canceled by ${cancel.by}.` };
  const message = "It was being undone when its orchestration broke off; the reason is not recorded.";
  return { step: "orchestration", code: "ORCHESTRATION_FAILED" satisfies PermanentCode, message };
}

/** The first phase of a migration whose undo has begun: its last step may have come late, and succeeded, after that. */
function firstUndone(operation: OperationRecord, steps: readonly StepRecord[]): MigrationPhase | undefined {
  const isBegun = (undo: string) => {
    const key = undoStep(operation.request, undo);
    return key !== undefined && steps.some((step) => isSameStep(key, step));
  };
  return undoStages(courseOf(operation)).find(({ undos }) => undos.some(isBegun))?.phase;
}

/** The phase, or the one before `limit` if it is not earlier. */
function before(limit: MigrationPhase | undefined, phase: MigrationPhase | undefined): MigrationPhase | undefined {
  const all = MigrationPhase.options;
  if (limit === undefined || phase === undefined || all.indexOf(phase) < all.indexOf(limit)) return phase;
  return all[all.indexOf(limit) - 1];
}

/** The last phase of a migration that this operation has completed: a later one has begun, or all its steps are done. */
function lastComplete(operation: OperationRecord, forward: readonly StepRecord[]): MigrationPhase | undefined {
  const find = (phase: MigrationPhase) =>
    stepsIn(operation, phase).map((step) => forward.find((each) => isSameStep(each, step)));
  if (forward.some(({ name }) => name === "verify")) return "retire";
  const furthest = MigrationPhase.options.findLastIndex((phase) => find(phase).some((step) => step !== undefined));
  const last = MigrationPhase.options[furthest];
  const isDone = last !== undefined && find(last).every((step) => step?.status === "Succeeded");
  return isDone ? last : MigrationPhase.options[furthest - 1];
}

/** The end of an operation that is not resumed. The undos that it leaves are named, so that a compensation can run them. */
export function abandon(operation: OperationRecord, steps: readonly StepRecord[], why: string): Outcome {
  const { kind, migration, compensates } = operation;
  const left = steps.length === 0 ? undefined : whatIsLeft(operation, steps);
  const { hasChanged = false, failure } = left ?? {};
  const outcome = (leftBehind: boolean, undos: readonly string[] = []): Outcome => {
    const names = undos.toReversed();
    const text = names.length === 0 ? why : `${why} Left to be undone: ${names.join(", ")}.`;
    const error = toOperationError("ORCHESTRATION_FAILED", text);
    return { status: "Failed", error, leftBehind, ...defined({ leftUndone: unlessEmpty(names) }) };
  };
  switch (kind) {
    case "onboard":
    case "change": {
      const undos = left?.undos ?? [];
      return isInPlace(operation, left) ? outcome(true) : outcome(undos.length > 0, undos);
    }
    case "compensate":
      return outcome(true, compensates?.undos.toReversed());
    case "offboard":
      return { ...outcome(true), isUntouched: !hasChanged };
    case "repair":
      return outcome(false);
    case "migrate": {
      const isCanceled = isCode(failure?.code, "OPERATION_CANCELED");
      const undos = [...(isCanceled ? (left?.migration?.undos ?? []) : []), ...(left?.undos ?? [])];
      const completed = (isCanceled ? undefined : left?.migration?.completed) ?? migration?.completed;
      return {
        ...outcome(undos.length > 0, undos),
        migration: { ...defined({ completed }), podsToMove: [] },
      };
    }
  }
}

/** The new state of a change is in place, and what it replaces may be half gone: there is no way back. */
function isInPlace(operation: OperationRecord, left: Resumption | undefined): boolean {
  return operation.kind === "change" && left?.isCommitted === true && replaced(courseOf(operation)).length > 0;
}

/** The outcome of an operation whose end is recorded but whose namespace is not free yet. */
export function outcomeOf(operation: OperationRecord, steps: readonly StepRecord[]): Outcome | undefined {
  const { status, error, leftUndone, result } = operation;
  if (!isFinal(status)) return undefined;
  const progress = result?.migration ? { migration: result.migration } : {};
  const left = whatIsLeft(operation, steps);
  if (status === "Succeeded") return { status, leftBehind: false, ...progress };
  return {
    status: "Failed",
    ...defined({ error }),
    leftBehind: leftUndone !== undefined || isInPlace(operation, left),
    ...defined({ leftUndone: leftUndone && [...leftUndone] }),
    isUntouched: !left.hasChanged,
    ...progress,
  };
}
