/**
 * Which undos an operation has, and before which steps each is registered. From here they are registered while an operation
 * runs, run again by name when they failed, and planned for whoever is about to cancel.
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
  /** Of a migration: a failure undoes the phase in which it comes, a cancellation all of them. */
  readonly phase?: MigrationPhase;
  /** The steps before whose first one the undos are registered: they begin together. */
  readonly steps: readonly StepName[];
  /** In the order in which they are registered; they run the other way round. */
  readonly undos: readonly UndoName[];
}

interface Change {
  /** The SQL servers whose administrator is set. */
  readonly admins?: readonly string[] | undefined;
  /** What the operation replaces. */
  readonly earlier?: OnboardingRequest | undefined;
  /** Of a migration: which way it goes. */
  readonly migration?: Pick<Migration, "to"> | undefined;
}

/** In the order in which they come. An operation that has none undoes nothing: what it did by then stays. */
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

/** First what lets a pod become the identity: nothing must log in with rights that are half taken. */
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
    // In the other order than made: a credential for an account that is not there is an open door for who makes it.
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

/** What a cancel would run now, in that order, by the operation's own steps that have begun. */
export function registeredUndos(
  kind: OperationKind,
  request: OnboardingRequest,
  { steps, ...change }: Change & { readonly steps: readonly Begun[] },
): readonly UndoName[] {
  const has = (stage: UndoStage, step: Begun) => stage.steps.some((name) => name === step.name);
  const begun = undoStages(kind, request, change).filter((stage) => steps.some((step) => has(stage, step)));
  const failed = steps.find(({ status, error }) => status === "Failed" && !isCode(error?.code, "OPERATION_CANCELED"));
  const isTooLate = kind === "migrate" && failed !== undefined;
  // A migration that has failed by itself undoes the phase in which it did; the earlier ones stay, whoever cancels then.
  const phase = begun.find((stage) => failed && has(stage, failed))?.phase;
  const concerned = isTooLate ? begun.filter((stage) => phase !== undefined && stage.phase === phase) : begun;
  return concerned.flatMap(({ undos }) => undos).toReversed();
}
