/**
 * Everything that Mooring makes. Steps, undos, estimates, looks, exports and removals all iterate over this list, in this order.
 * effects.ts does the work.
 */
import type { ProcessStepName, StepName } from "../domain/operation/stepName.ts";
import type { Resource, StepFacts } from "./definitions/resource.ts";
import { targetResource } from "./definitions/targetResource.ts";
import { federatedCredential } from "./federatedCredential/federatedCredential.ts";
import { identity } from "./identity/identity.ts";
import { namespace } from "./namespace/namespace.ts";
import { podIdentity } from "./podIdentity/podIdentity.ts";
import { serviceAccount } from "./serviceAccount/serviceAccount.ts";
import { sqlAdmin } from "./sqlAdmin/sqlAdmin.ts";

export const resources = {
  sqlAdmin,
  identity,
  /** The identity as a user in each database, with what the role bundles give there. */
  sqlUser: targetResource("sqlDatabase"),
  namespace,
  serviceAccount,
  podIdentity,
  federatedCredential,
};
export type ResourceName = keyof typeof resources;
export const everyResource: readonly Resource[] = Object.values(resources);

const processSteps: Readonly<Record<ProcessStepName, StepFacts>> = {
  preflight: { of: "namespace", stage: "look", takes: { least: 0.3, most: 5 } },
  checkNamespace: { of: "namespace", stage: "look" },
  checkDependants: { of: "namespace", stage: "look" },
  takeInventory: { of: "namespace", stage: "look" },
  checkPods: { of: "namespace" },
  cutOver: { of: "namespace" },
  undoCutOver: { of: "namespace" },
  removeLeftovers: { of: "namespace" },
  verify: { of: "namespace", takes: { least: 0.5, most: 10 }, waitsForJob: true },
  verifySideBySide: { of: "namespace", takes: { least: 0.5, most: 10 }, waitsForJob: true },
  verifyRemoval: { of: "namespace", takes: { least: 0.5, most: 10 }, waitsForJob: true },
};

export const stepFacts: Readonly<Record<StepName, StepFacts>> = {
  ...processSteps,
  ...resources.sqlAdmin.steps,
  ...resources.identity.steps,
  ...resources.sqlUser.steps,
  ...resources.namespace.steps,
  ...resources.serviceAccount.steps,
  ...resources.podIdentity.steps,
  ...resources.federatedCredential.steps,
};

/** For names read from the registry, which may hold steps of another release. */
export function isStepName(name: string): name is StepName {
  return Object.hasOwn(stepFacts, name);
}

/** Whether the step writes outside Mooring what access depends on. */
export function isOutward(name: StepName): boolean {
  return !Object.hasOwn(processSteps, name) || name === "removeLeftovers";
}
