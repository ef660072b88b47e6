/** Every step that an operation may have: those on the things that Mooring makes, and those of the process itself. */
import type { ProcessStepName, StepName } from "../../domain/operation/stepName.ts";
import type { AnyStep } from "../../resources/definitions/step.ts";
import { resourceSteps } from "../../resources/index.ts";
import { checkDependants } from "./checkDependants.ts";
import { checkNamespace } from "./checkNamespace.ts";
import { checkPods } from "./checkPods.ts";
import { cutOver, undoCutOver } from "./cutOver.ts";
import { preflight } from "./preflight.ts";
import { removeLeftovers } from "./removeLeftovers.ts";
import { takeInventory } from "./takeInventory.ts";
import { verify, verifyRemoval } from "./verify.ts";
import { verifySideBySide } from "./verifySideBySide.ts";

const processSteps: { readonly [Name in ProcessStepName]: AnyStep<Name> } = {
  preflight,
  checkNamespace,
  checkDependants,
  takeInventory,
  checkPods,
  cutOver,
  undoCutOver,
  removeLeftovers,
  verify,
  verifySideBySide,
  verifyRemoval,
};

export const steps: { readonly [Name in StepName]: AnyStep<Name> } = { ...resourceSteps, ...processSteps };
export const everyStep: readonly AnyStep[] = Object.values(steps);

/** For names read from the registry, which may hold steps of another release. */
export function isStepName(name: string): name is StepName {
  return Object.hasOwn(steps, name);
}

/** Whether the step writes outside Mooring what access depends on. */
export function isOutward(name: StepName): boolean {
  return !Object.hasOwn(processSteps, name) || name === "removeLeftovers";
}
