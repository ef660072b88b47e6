/** The undos of src/resources/undoStages.ts as steps: registered before each stage, or found by name to run them again later. */
import { returnCredential, unfederateIdentity } from "../activities/federatedCredential.ts";
import { removeIdentity } from "../activities/identity.ts";
import { undoCutOver } from "../activities/migration.ts";
import { removeNamespace, restoreNamespace } from "../activities/namespace.ts";
import { removePodIdentity, restorePodIdentity, returnPodIdentity } from "../activities/podIdentity.ts";
import { removeServiceAccount, returnServiceAccount } from "../activities/serviceAccount.ts";
import { unsetSqlAdmin } from "../activities/sqlAdmin.ts";
import { revokeTarget } from "../activities/targets.ts";
import type { Migration } from "../domain/operation/migration.ts";
import type { OperationKind } from "../domain/operation/operation.ts";
import type { StepName } from "../domain/operation/stepName.ts";
import { readUndo, type UndoStepName } from "../domain/operation/undoName.ts";
import { selectorOf } from "../domain/request/request.ts";
import type { TargetUndoName } from "../domain/targets/index.ts";
import { StepFailed } from "../durable/activity.ts";
import type { OnFailure } from "../durable/saga.ts";
import type { Step } from "../durable/step.ts";
import type { Again, Undo } from "../durable/undo.ts";
import type { MakingStage } from "../resources/definitions/resource.ts";
import { undoStages } from "../resources/undoStages.ts";
import { type OperationInput, stepBase } from "./operation.ts";

export interface UndoInput extends OperationInput {
  /** For a migration: the migration, and the client ID of the identity. */
  readonly migrating?: { readonly clientId: string; readonly migration: Migration } | undefined;
}

/** Registers the undos of a stage: call it before the first step of the stage runs. */
export function undoRegistrar(
  kind: OperationKind,
  input: UndoInput,
): (onFailure: OnFailure, begins: { making: MakingStage } | { step: StepName }) => void {
  const { earlier, migrating } = input;
  const stages = undoStages(kind, input.request, { earlier, migration: migrating?.migration });
  return (onFailure, begins) => {
    const stage = stages.find(({ making, steps }) =>
      "making" in begins ? making === begins.making : steps.includes(begins.step),
    );
    for (const name of stage?.undos ?? []) onFailure(name, (again) => undoBy(input, input.operation, { name, again }));
  };
}

/** When an operation is resumed, a failure also undoes what an earlier run had begun. */
export function resume(onFailure: OnFailure, input: UndoInput): void {
  for (const { name, undo } of begunUndos(input, input.resumed?.undos)) onFailure(name, undo);
  throwFailure(input);
}

export function begunUndos(input: UndoInput, names: readonly string[] = []): Undo[] {
  return names.map((name) => ({ name, undo: (again) => undoBy(input, input.operation, { name, again }) }));
}

/** Fails again if an earlier run had begun to undo: what was undone must not be created again. */
export function throwFailure({ resumed }: UndoInput): void {
  if (resumed?.failure) throw new StepFailed(resumed.failure.step, resumed.failure);
}

/**
 * The undo of that name. It removes only what the given operation created, and restores the earlier state of what that operation
 * overwrote or removed.
 */
export function undoBy(
  given: UndoInput,
  createdBy: string,
  { name: undo, again }: { readonly name: string; readonly again?: Again | undefined },
): Step<unknown> {
  // One that goes on is tried once in each round: the rounds are its further attempts.
  const input = again ? { ...given, retry: { ...given.retry, attempts: 1 }, retrial: again } : given;
  const known = readUndo(undo);
  // An undo of another release: failing keeps what it left from counting as undone.
  if (!known) throw new Error(`nothing undoes as ${undo}`);
  const { name, target } = known;
  if (isPlain(name)) return plainUndos[name](input, createdBy);
  if (name === "unsetSqlAdmin") {
    return unsetSqlAdmin({ ...stepBase(input), createdBy, server: target ?? "" }, input.retry);
  }
  return revokeTarget(name, { ...stepBase(input), createdBy }, { request: input.request, key: target ?? "" });
}

type PlainUndo = Exclude<UndoStepName, TargetUndoName | "unsetSqlAdmin">;

function isPlain(name: UndoStepName): name is PlainUndo {
  return Object.hasOwn(plainUndos, name);
}

const plainUndos: Readonly<Record<PlainUndo, (input: UndoInput, createdBy: string) => Step<unknown>>> = {
  removeNamespace: (input, createdBy) =>
    removeNamespace({ ...stepBase(input), createdBy, deletePolicy: "Delete" }, input.retry),
  removeIdentity: (input, createdBy) => removeIdentity({ ...stepBase(input), createdBy }, input.retry),
  unfederateIdentity: (input, createdBy) =>
    unfederateIdentity({ ...stepBase(input), createdBy, serviceAccount: accountOf(input) }, input.retry),
  removeServiceAccount: (input, createdBy) =>
    removeServiceAccount({ ...stepBase(input), createdBy, serviceAccount: accountOf(input) }, input.retry),
  removePodIdentity: (input, createdBy) => removePodIdentity({ ...stepBase(input), createdBy }, input.retry),
  restoreNamespace(input, createdBy) {
    const { request, retry } = input;
    const contents = { written: request.databases, before: earlierOf(input).databases };
    return restoreNamespace({ ...stepBase(input), createdBy, ...contents }, retry);
  },
  restorePodIdentity(input, createdBy) {
    const { request, retry } = input;
    const selectors = { written: selectorOf(request), before: selectorOf(earlierOf(input)) };
    return restorePodIdentity({ ...stepBase(input), createdBy, ...selectors }, retry);
  },
  undoCutOver(input, createdBy) {
    const { request, retry } = input;
    const { migration } = migratingOf(input);
    return undoCutOver({ ...stepBase(input), createdBy, request, migration }, retry);
  },
  returnServiceAccount(input, createdBy) {
    const { clientId, migration } = migratingOf(input);
    const { serviceAccount } = migration;
    const was = { serviceAccount, adoptionPolicy: input.request.adoptionPolicy, identity: { clientId } };
    return returnServiceAccount({ ...stepBase(input), createdBy, ...was }, input.retry);
  },
  returnCredential: (input, createdBy) =>
    returnCredential({ ...stepBase(input), createdBy, serviceAccount: accountOf(input) }, input.retry),
  returnPodIdentity(input, createdBy) {
    const { clientId, migration } = migratingOf(input);
    const { adoptionPolicy } = input.request;
    const was = { selector: migration.selector, adoptionPolicy, identity: { clientId } };
    return returnPodIdentity({ ...stepBase(input), createdBy, ...was }, input.retry);
  },
};

function accountOf({ migrating, request }: UndoInput): string {
  return (migrating?.migration ?? request).serviceAccount;
}

function earlierOf({ earlier }: UndoInput): OperationInput["request"] {
  if (!earlier) throw new Error("the operation replaced nothing that could be restored");
  return earlier;
}

function migratingOf({ migrating }: UndoInput): NonNullable<UndoInput["migrating"]> {
  if (!migrating) throw new Error("the operation is not a migration");
  return migrating;
}
