/** Which undos an operation has: registered while it runs, run again by name, and shown by the plan of a cancel. */
import { defined } from "../../domain/defined.ts";
import { isCode } from "../../domain/errors.ts";
import { MigrationPhase } from "../../domain/operation/migration.ts";
import type { OperationStatus } from "../../domain/operation/operation.ts";
import type { StepKey, StepName } from "../../domain/operation/stepName.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { OperationFacts } from "../../resources/definitions/operationFacts.ts";
import type { Leaving } from "../../resources/definitions/resource.ts";
import type { AnyStep } from "../../resources/definitions/step.ts";
import { everyResource } from "../../resources/index.ts";
import { everyStep, steps } from "./index.ts";
import { type Known, stagesOf } from "./programs.ts";

export interface UndoStage {
  /** The phase of a migration: a failure undoes the phase in which it occurs, a cancellation undoes all of them. */
  readonly phase?: MigrationPhase;
  /** Steps that begin together; the undos are registered before the first of them. */
  readonly steps: readonly StepName[];
  /** Their names, in the order of registration; they run in reverse. */
  readonly undos: readonly string[];
}

/** In order. An operation without undo stages undoes nothing: what it has done stays. */
export function undoStages(operation: OperationFacts, known: Known = {}): readonly UndoStage[] {
  return stagesOf(operation, known)
    .filter(({ isUndone, steps: keys }) => isUndone && keys.length > 0)
    .flatMap(({ name, together, steps: keys }) => {
      const { data: phase } = MigrationPhase.safeParse(name);
      const begins = together ? [keys] : keys.map((key) => [key]);
      return begins.map((each) => ({
        ...defined({ phase }),
        steps: each.map((key) => key.name),
        undos: undosOf(each, operation),
      }));
    })
    .filter(({ phase, undos }) => phase === undefined || undos.length > 0);
}

/** First what lets a pod become the identity: no pod may log in while its rights are only partly removed. */
const undoOrder: Readonly<Record<Leaving, number>> = { access: 0, credential: 1, rights: 2, identity: 3, namespace: 4 };

/** The undos of steps that begin together. A change also restores what it overwrites. */
export function undosOf(keys: readonly StepKey[], { earlier }: Pick<OperationFacts, "earlier">): readonly string[] {
  return keys
    .toSorted((a, b) => rankOf(b) - rankOf(a))
    .flatMap((key) => {
      const { by, ofChange } = steps[key.name].undo ?? {};
      return [by, earlier && ofChange].flatMap((undo) => (undo === undefined ? [] : [undoName(undo, key)]));
    });
}

function rankOf({ name }: StepKey): number {
  const resource = everyResource.find((each) => Object.hasOwn(each.steps, name));
  return resource ? undoOrder[resource.leaving] : -1;
}

/** The name under which it is registered: with the target of the step that it undoes, if that step has one of its own. */
function undoName(undo: StepName, { target }: StepKey): string {
  return steps[undo].hasOwnTarget ? `${undo} ${target}` : undo;
}

/** The step of an undo; undefined for a name that this release does not have. */
export function undoStep(request: OnboardingRequest, undo: string): StepKey | undefined {
  const [name = "", target] = undo.split(" ");
  const step = undos.get(name);
  if (!step || step.hasOwnTarget !== (target !== undefined)) return undefined;
  return step.keyFor({ kind: "compensate", request }, target);
}

const undos: ReadonlyMap<string, AnyStep> = new Map(
  everyStep
    .flatMap(({ undo }) => [undo?.by, undo?.ofChange])
    .flatMap((name) => (name === undefined ? [] : [[name, steps[name]]])),
);

interface Begun {
  readonly name: string;
  readonly status: OperationStatus;
  readonly error?: { readonly code: string };
}

/** The undos that a cancel would run now, in that order, given the steps that have begun. */
export function registeredUndos(
  operation: OperationFacts,
  known: Known,
  begunSteps: readonly Begun[],
): readonly string[] {
  const has = (stage: UndoStage, step: Begun) => stage.steps.some((name) => name === step.name);
  const begun = undoStages(operation, known).filter((stage) => begunSteps.some((step) => has(stage, step)));
  const failed = begunSteps.find(
    ({ status, error }) => status === "Failed" && !isCode(error?.code, "OPERATION_CANCELED"),
  );
  const isTooLate = operation.kind === "migrate" && failed !== undefined;
  // A migration that fails on its own undoes only the phase in which it failed; a later cancel does not undo earlier phases.
  const phase = begun.find((stage) => failed && has(stage, failed))?.phase;
  const concerned = isTooLate ? begun.filter((stage) => phase !== undefined && stage.phase === phase) : begun;
  return concerned.flatMap(({ undos }) => undos).toReversed();
}
