import type { TimedStep } from "../../domain/operation/estimate.ts";
import type { StepAction } from "../../domain/operation/operation.ts";
import type { StepName } from "../../domain/operation/stepName.ts";
import { steps } from "./index.ts";

/** The step with all that an estimate needs to know about it. */
export function timedStep(name: StepName, action: StepAction): TimedStep {
  const { stage = name, duration, writesIdentity, waitsForJob } = steps[name];
  return { name, action, stage, duration, writesIdentity, waitsForJob };
}
