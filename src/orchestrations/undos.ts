/** The undos of src/domain/operation/undos.ts as steps: registered on the way up, and by name for a later second try. */
import { undoCutOver } from "../activities/migration/migration.ts";
import { revokeDatabase } from "../activities/resources/databaseRevocation.ts";
import { unfederateIdentity } from "../activities/resources/federatedCredential.ts";
import { removeIdentity } from "../activities/resources/identity.ts";
import { removeNamespace, restoreNamespace } from "../activities/resources/namespace.ts";
import {
  removePodIdentity,
  restorePodIdentity,
  returnPodIdentity,
  selectorOf,
} from "../activities/resources/podIdentity.ts";
import { removeServiceAccount } from "../activities/resources/serviceAccount.ts";
import type { Migration } from "../domain/operation/migration.ts";
import type { OperationKind } from "../domain/operation/operation.ts";
import { revocationOf, undoStages } from "../domain/operation/undos.ts";
import type { OnFailure } from "../durable/saga.ts";
import type { Step } from "../durable/step.ts";
import { type OperationInput, stepBase } from "./operation.ts";

export interface UndoInput extends OperationInput {
  /** Of a migration: what it is, and the client id of the identity. */
  readonly migrating?: { readonly clientId: string; readonly migration: Migration } | undefined;
}

/** For each stage of the operation that has undos: call it with a step of the stage, before the first of them runs. */
export function undoRegistrar(kind: OperationKind, input: UndoInput): (onFailure: OnFailure, step: string) => void {
  const undos = undosOf(input, input.operation);
  const stages = undoStages(kind, input.request, input);
  return (onFailure, step) => {
    for (const name of stages.find(({ steps }) => steps.includes(step))?.undos ?? []) {
      const undo = undos.get(name);
      if (!undo) throw new Error(`nothing undoes as ${name}`);
      onFailure(name, undo);
    }
  };
}

/**
 * Every undo that an operation may need, by the name under which a status reports it when it fails. Each takes away what
 * the given operation created, and nothing else; of what it wrote over or took away, the earlier state is put back.
 */
export function undosOf(input: UndoInput, createdBy: string): ReadonlyMap<string, () => Step<unknown>> {
  const { request, earlier, migrating, retry } = input;
  const { databases, adoptionPolicy } = request;
  const { serviceAccount } = migrating?.migration ?? request;
  const undo = { ...stepBase(input), createdBy };
  const undos = new Map<string, () => Step<unknown>>([
    ["removeNamespace", () => removeNamespace({ ...undo, deletePolicy: "Delete" }, retry)],
    ["removeIdentity", () => removeIdentity(undo, retry)],
    ["unfederateIdentity", () => unfederateIdentity({ ...undo, serviceAccount }, retry)],
    ["removeServiceAccount", () => removeServiceAccount({ ...undo, serviceAccount }, retry)],
    ["removePodIdentity", () => removePodIdentity(undo, retry)],
  ]);
  for (const database of databases) {
    const { server, database: name } = database;
    undos.set(revocationOf(server, name), () => revokeDatabase({ ...undo, database }, retry));
  }
  if (earlier) {
    const contents = { written: databases, before: earlier.databases };
    undos.set("restoreNamespace", () => restoreNamespace({ ...undo, ...contents }, retry));
    const selectors = { written: selectorOf(request), before: selectorOf(earlier) };
    undos.set("restorePodIdentity", () => restorePodIdentity({ ...undo, ...selectors }, retry));
  }
  if (migrating) {
    const { migration, clientId } = migrating;
    undos.set("undoCutOver", () => undoCutOver({ ...undo, request, migration }, retry));
    const { selector } = migration;
    const was = { selector, adoptionPolicy, identity: { clientId } };
    undos.set("returnPodIdentity", () => returnPodIdentity({ ...undo, ...was }, retry));
  }
  return undos;
}
