/**
 * Every step that an operation may have. The names appear in the registry, in status documents and in recorded histories, so a
 * released name is never reused for something else.
 */
import type { TargetStepName } from "../targets/index.ts";

/** What an operation does apart from creating and removing things. */
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

/** Steps on the things that Mooring makes; a kind of target names the steps on its targets. */
export type ResourceStepName =
  | "ensureIdentity"
  | "removeIdentity"
  | "ensureSqlAdmin"
  | "unsetSqlAdmin"
  | "applyNamespace"
  | "removeNamespace"
  | "restoreNamespace"
  | "applyProfile"
  | "removeProfile"
  | "retireProfile"
  | "restoreProfile"
  | "openNetwork"
  | "recloseNetwork"
  | "closeNetwork"
  | "reopenNetwork"
  | "applyServiceAccount"
  | "removeServiceAccount"
  | "retireServiceAccount"
  | "returnServiceAccount"
  | "federateIdentity"
  | "unfederateIdentity"
  | "retireCredential"
  | "returnCredential"
  | "allowIdentityUse"
  | "withdrawIdentityUse"
  | "retireIdentityUse"
  | "returnIdentityUse"
  | "bindIdentity"
  | "unbindIdentity"
  | "returnIdentityBinding"
  | "applyPodIdentity"
  | "removePodIdentity"
  | "restorePodIdentity"
  | "returnPodIdentity"
  | TargetStepName;

export type StepName = ProcessStepName | ResourceStepName;

/** Identifies a step in its operation: no other step has the same name and target. */
export interface StepKey<Name extends StepName = StepName> {
  readonly name: Name;
  readonly target: string;
}

/** Takes any strings, because a name may come from the registry or a plan. */
export function isSameStep(a: { name: string; target: string }, b: { name: string; target: string }): boolean {
  return a.name === b.name && a.target === b.target;
}

export function stepText({ name, target }: { readonly name: string; readonly target: string }): string {
  return `${name} ${target}`;
}

/** The error message that the durable runtime gets for a failed attempt; the step's record has the reason. */
export function unfinished({ name, target }: { readonly name: string; readonly target: string }): string {
  return `Step ${name} of ${target} did not succeed.`;
}
