/**
 * Every step that an operation may have. The names stand in the registry, in status documents and in recorded histories: one
 * that was released is never given to something else.
 */
import type { TargetStepName } from "../targets/index.ts";

/** What an operation does besides making things and removing them. */
export type ProcessStepName =
  | "preflight"
  | "checkNamespace"
  | "checkDependants"
  | "takeInventory"
  | "checkPods"
  | "cutOver"
  | "undoCutOver"
  | "removeLeftovers"
  | "verify"
  | "verifySideBySide"
  | "verifyRemoval";

/** What is done to the things that Mooring makes; what it gives on targets is named by the kind of the target. */
export type ResourceStepName =
  | "ensureIdentity"
  | "removeIdentity"
  | "ensureSqlAdmin"
  | "unsetSqlAdmin"
  | "applyNamespace"
  | "removeNamespace"
  | "restoreNamespace"
  | "applyServiceAccount"
  | "removeServiceAccount"
  | "retireServiceAccount"
  | "returnServiceAccount"
  | "federateIdentity"
  | "unfederateIdentity"
  | "retireCredential"
  | "returnCredential"
  | "applyPodIdentity"
  | "removePodIdentity"
  | "restorePodIdentity"
  | "returnPodIdentity"
  | TargetStepName;

export type StepName = ProcessStepName | ResourceStepName;

/** A step of an operation: no other of its steps has the same name and target. */
export interface StepKey<Name extends StepName = StepName> {
  readonly name: Name;
  readonly target: string;
}

/** Also for what was read from the registry or a plan, where any string may stand. */
export function isSameStep(a: { name: string; target: string }, b: { name: string; target: string }): boolean {
  return a.name === b.name && a.target === b.target;
}

export function stepText({ name, target }: { readonly name: string; readonly target: string }): string {
  return `${name} ${target}`;
}

/** What the durable runtime is told of a try that failed; the record of the step has the reason. */
export function unfinished({ name, target }: { readonly name: string; readonly target: string }): string {
  return `Step ${name} of ${target} did not succeed.`;
}
