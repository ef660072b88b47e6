/**
 * Which undos an operation has, and before which steps each is registered. A running operation registers them from this list, a
 * compensation reruns failed ones by name, and the plan of a cancel shows them.
 */
import { isCode } from "../domain/errors.ts";
import { type Berth, berthKey, identityName } from "../domain/naming/names.ts";
import { type Migration, type MigrationPhase, otherMode, targetOf } from "../domain/operation/migration.ts";
import type { OperationKind, OperationStatus } from "../domain/operation/operation.ts";
import type { StepKey, StepName } from "../domain/operation/stepName.ts";
import { readUndo, type UndoName, type UndoStepName } from "../domain/operation/undoName.ts";
import type { OnboardingRequest } from "../domain/request/request.ts";
import { type Leaving, type MakingStage, makingStages, type Resource } from "./definitions/resource.ts";
import { everyResource, stepFacts } from "./index.ts";

export interface UndoStage {
  /** The stage of an onboarding or a change; a migration has a phase instead. */
  readonly making?: MakingStage;
  /** The phase of a migration: a failure undoes the phase in which it occurs, a cancellation undoes all of them. */
  readonly phase?: MigrationPhase;
  /** Steps that begin together; the undos are registered before the first of them. */
  readonly steps: readonly StepName[];
  /** In the order of registration; they run in reverse. */
  readonly undos: readonly UndoName[];
}

interface Change {
  /** The SQL servers whose administrator is set. */
  readonly admins?: readonly string[] | undefined;
  /** What the operation replaces. */
  readonly earlier?: OnboardingRequest | undefined;
  /** For a migration: its direction. */
  readonly migration?: Pick<Migration, "to"> | undefined;
}

/** In order. An operation without undo stages undoes nothing: what it has done stays. */
export function undoStages(
  kind: OperationKind,
  request: OnboardingRequest,
  { earlier, migration = {}, admins = [] }: Change = {},
): readonly UndoStage[] {
  switch (kind) {
    case "onboard":
    case "change":
      return [
        ...admins.map((server) => ({
          steps: ["ensureSqlAdmin"] as const,
          undos: [`unsetSqlAdmin ${server}`] as const,
        })),
        ...makingStages.map((making) => ({
          making,
          steps: inStage(making).flatMap(({ ensure }) => ensure(request).map(({ name }) => name)),
          undos: inOrderOfUndo(
            inStage(making).filter(({ mode = request.identityMode }) => mode === request.identityMode),
          )
            .toReversed()
            .flatMap((resource) => resource.undo(request, { isChange: earlier !== undefined })),
        })),
      ];
    case "migrate":
      return migrationStages(request, migration);
    case "offboard":
    case "repair":
    case "compensate":
      return [];
  }
}

function inStage(stage: MakingStage): readonly Resource[] {
  return everyResource.filter(({ making }) => making === stage);
}

/** First what lets a pod become the identity: no pod may log in while its rights are only partly removed. */
const undoOrder: readonly Leaving[] = ["access", "credential", "rights", "identity", "namespace"];

function inOrderOfUndo(undone: readonly Resource[]): readonly Resource[] {
  return undone.toSorted((a, b) => undoOrder.indexOf(a.leaving) - undoOrder.indexOf(b.leaving));
}

function migrationStages(request: OnboardingRequest, migration: Pick<Migration, "to">): readonly UndoStage[] {
  const mode = targetOf(migration);
  const wasCutOver = request.identityMode === mode;
  const ofMode = (wanted: Resource["mode"]) => everyResource.filter(({ mode }) => mode === wanted);
  return [
    ...ofMode(mode).map((resource) => ({
      phase: "sideBySide" as const,
      steps: resource.ensure(request).map(({ name }) => name),
      undos: resource.undo(request, { isChange: false }),
    })),
    ...(wasCutOver ? [] : [{ phase: "cutOver", steps: ["cutOver"], undos: ["undoCutOver"] } as const]),
    // In reverse order of creation: a credential for a missing account lets in anyone who creates that account.
    ...ofMode(otherMode(mode))
      .toReversed()
      .map((resource) => ({
        phase: "retire" as const,
        steps: resource.remove(request).map(({ name }) => name),
        undos: resource.returning === undefined ? [] : [resource.returning],
      })),
  ];
}

/** The step of an undo; undefined for a name that this release does not have. */
export function undoStep(berth: Berth, undo: string): (StepKey & { readonly name: UndoStepName }) | undefined {
  const known = readUndo(undo);
  if (!known) return undefined;
  const { name, target = stepFacts[name].of === "identity" ? identityName(berth) : berthKey(berth) } = known;
  return { name, target };
}

interface Begun {
  readonly name: string;
  readonly status: OperationStatus;
  readonly error?: { readonly code: string };
}

/** The undos that a cancel would run now, in that order, given the steps that have begun. */
export function registeredUndos(
  kind: OperationKind,
  request: OnboardingRequest,
  { steps, ...change }: Change & { readonly steps: readonly Begun[] },
): readonly UndoName[] {
  const has = (stage: UndoStage, step: Begun) => stage.steps.some((name) => name === step.name);
  const begun = undoStages(kind, request, change).filter((stage) => steps.some((step) => has(stage, step)));
  const failed = steps.find(({ status, error }) => status === "Failed" && !isCode(error?.code, "OPERATION_CANCELED"));
  const isTooLate = kind === "migrate" && failed !== undefined;
  // A migration that fails on its own undoes only the phase in which it failed; a later cancel does not undo earlier phases.
  const phase = begun.find((stage) => failed && has(stage, failed))?.phase;
  const concerned = isTooLate ? begun.filter((stage) => phase !== undefined && stage.phase === phase) : begun;
  return concerned.flatMap(({ undos }) => undos).toReversed();
}
