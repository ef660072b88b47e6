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

/** What people read in tables, sentences and pages; records and documents keep the names. */
const inWords: { readonly [Name in StepName]: string } = {
  preflight: "check prerequisites",
  checkNamespace: "check namespace",
  checkDependants: "check dependants",
  takeInventory: "read current state",
  checkPods: "check pods",
  cutOver: "cut over",
  undoCutOver: "reverse cut-over",
  removeLeftovers: "remove leftovers",
  verify: "verify access",
  verifySideBySide: "verify both modes",
  verifyRemoval: "verify removal",
  ensureIdentity: "set up identity",
  removeIdentity: "remove identity",
  ensureSqlAdmin: "set SQL administrator",
  unsetSqlAdmin: "unset SQL administrator",
  applyNamespace: "apply namespace",
  removeNamespace: "remove namespace",
  restoreNamespace: "restore namespace",
  applyProfile: "apply profile",
  removeProfile: "remove profile",
  retireProfile: "remove earlier profile",
  restoreProfile: "restore profile",
  openNetwork: "open network",
  recloseNetwork: "close network again",
  closeNetwork: "close network",
  reopenNetwork: "open network again",
  applyServiceAccount: "apply service account",
  removeServiceAccount: "remove service account",
  retireServiceAccount: "remove earlier account",
  returnServiceAccount: "restore service account",
  federateIdentity: "add federated credential",
  unfederateIdentity: "remove federated credential",
  retireCredential: "remove earlier credential",
  returnCredential: "restore credential",
  allowIdentityUse: "allow use of identity",
  withdrawIdentityUse: "revoke use of identity",
  retireIdentityUse: "revoke earlier use",
  returnIdentityUse: "restore use of identity",
  bindIdentity: "bind identity",
  unbindIdentity: "unbind identity",
  returnIdentityBinding: "restore identity binding",
  applyPodIdentity: "apply pod identity",
  removePodIdentity: "remove pod identity",
  restorePodIdentity: "restore pod identity",
  returnPodIdentity: "put pod identity back",
  grantDatabase: "grant database access",
  narrowDatabase: "reduce database access",
  retireDatabase: "revoke database access",
  revokeDatabase: "revoke database access",
  grantTarget: "grant target access",
  narrowTarget: "reduce target access",
  retireTarget: "revoke target access",
  revokeTarget: "revoke target access",
};

/** Of a step or an undo, with or without its target. Names of other releases stay as they are. */
export function stepInWords(text: string): string {
  const [name = "", ...target] = text.split(" ");
  return [Object.hasOwn(inWords, name) ? inWords[name as StepName] : name, ...target].join(" ");
}

export function stepText({ name, target }: { readonly name: string; readonly target: string }): string {
  return stepInWords(`${name} ${target}`);
}

/** The error message that the durable runtime gets for a failed attempt; the step's record has the reason. */
export function unfinished({ name, target }: { readonly name: string; readonly target: string }): string {
  return `Step ${name} of ${target} did not succeed.`;
}
