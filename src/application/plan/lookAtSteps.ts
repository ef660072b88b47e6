/** How the looks of an operation's steps become its plan. */
import { PermanentError, TransientError } from "../../domain/errors.ts";
import { type StepPlan, toStepPlan } from "../../domain/operation/plan.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import type { Ports } from "../../ports/index.ts";
import { lookAt } from "../../resources/definitions/leftCatalog.ts";
import type { Planning } from "../../resources/definitions/step.ts";
import { steps as definitions } from "../process/index.ts";

/** What is planned, and what all of its looks know. */
export interface Planned extends Omit<Planning, "step" | "beside"> {
  readonly id: string;
}

/** The plans of the steps that have one, in order. `own`: what only the look of that step knows. */
export async function lookAtSteps(
  ports: Ports,
  steps: readonly StepKey[],
  planned: Planned,
  own: (step: StepKey) => Partial<Planned> = () => ({}),
): Promise<StepPlan[]> {
  const plans = steps.map((step) => lookAtStep(ports, step, { ...planned, ...own(step), beside: steps }));
  return (await Promise.all(plans)).filter((plan) => plan !== undefined);
}

/** Undefined when the step is not planned. A known error is a blocker of it; an unforeseen one is not for a plan to explain. */
async function lookAtStep(
  ports: Ports,
  step: StepKey,
  { id, ...operation }: Planned & Pick<Planning, "beside">,
): Promise<StepPlan | undefined> {
  try {
    return await lookAt(definitions[step.name], ports, id, { ...operation, step });
  } catch (error) {
    if (!(error instanceof PermanentError) && !(error instanceof TransientError)) throw error;
    const { code, message } = error;
    return toStepPlan(step, { action: "conflict", conflict: { code, message } });
  }
}
