/**
 * The names under which a status reports failed undos, and by which these are run again. For grants and for servers, the name
 * includes the target; any other undo has the same target as its step.
 */
import { type TargetUndoName, targetUndoNames } from "../targets/index.ts";
import type { StepName } from "./stepName.ts";

type PlainUndoName = Extract<
  StepName,
  | "removeIdentity"
  | "removeNamespace"
  | "restoreNamespace"
  | "removeServiceAccount"
  | "unfederateIdentity"
  | "removePodIdentity"
  | "restorePodIdentity"
  | "undoCutOver"
  | "returnPodIdentity"
  | "returnServiceAccount"
  | "returnCredential"
>;

type NamedUndoName = TargetUndoName | Extract<StepName, "unsetSqlAdmin">;

/** The step that runs as the undo. */
export type UndoStepName = PlainUndoName | NamedUndoName;
export type UndoName = PlainUndoName | `${NamedUndoName} ${string}`;

const namedUndos: readonly NamedUndoName[] = [...targetUndoNames, "unsetSqlAdmin"];

const plainUndos: Readonly<Record<PlainUndoName, true>> = {
  removeIdentity: true,
  removeNamespace: true,
  restoreNamespace: true,
  removeServiceAccount: true,
  unfederateIdentity: true,
  removePodIdentity: true,
  restorePodIdentity: true,
  undoCutOver: true,
  returnPodIdentity: true,
  returnServiceAccount: true,
  returnCredential: true,
};

/** Undefined for a name that this release does not have. */
export function readUndo(text: string): { readonly name: UndoStepName; readonly target?: string } | undefined {
  if (isPlain(text)) return { name: text };
  const [first = "", target] = text.split(" ");
  const name = namedUndos.find((each) => each === first);
  return name === undefined || target === undefined ? undefined : { name, target };
}

function isPlain(text: string): text is PlainUndoName {
  return Object.hasOwn(plainUndos, text);
}
