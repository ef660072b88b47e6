/** What an operation left: as it was, because the catalog has dropped its place, or to be tidied up after access was revoked. */
import { isCode } from "../../domain/errors.ts";
import type { StepRecord } from "../../domain/operation/records.ts";
import { stepText } from "../../domain/operation/stepName.ts";
import { isOutward, isStepName } from "../process/index.ts";

/** The steps whose things are there now, whoever made them first. */
export function madeBy(steps: readonly StepRecord[]): readonly StepRecord[] {
  return steps.filter(
    ({ name, status, action }) =>
      isStepName(name) && isOutward(name) && status === "Succeeded" && action !== undefined && action !== "delete",
  );
}

/** By the steps that should have changed it; a step that only looks ahead repeats what they say. */
export function findLeftInPlace(steps: readonly StepRecord[]): readonly string[] {
  return steps
    .filter(({ name }) => isStepName(name) && isOutward(name))
    .flatMap((step) =>
      (step.notices ?? []).map(({ code, message }) => ({ code, text: `${stepText(step)}: ${message}` })),
    )
    .filter(({ code }) => isCode(code, "LEFT_IN_PLACE") || isCode(code, "LEFT_TO_TIDY"))
    .map(({ text }) => text);
}
