import { berthKey } from "../../domain/naming/names.ts";
import type { StepAction } from "../../domain/operation/operation.ts";
import type { Difference } from "../../domain/operation/plan.ts";
import { OnboardingRequest } from "../../domain/request/request.ts";
import { defineStep, type StepContext, StepInput, StepResult } from "../../resources/definitions/step.ts";
import { resourcesWithEffects } from "../../resources/effects.ts";
import { strongest } from "../../resources/kubernetesObject/ensureObjects.ts";
import { isWanted } from "../../resources/plannedSteps.ts";

/** Removes what Mooring made for the identity mode that the namespace does not have, and what no record asks for. */
export const removeLeftovers = defineStep({
  name: "removeLeftovers",
  input: StepInput.extend({ request: OnboardingRequest }),
  output: StepResult,
  target: berthKey,
  async run(input, ports, step) {
    const all = collecting(step);
    const actions: StepAction[] = [];
    for (const { resource, effects } of resourcesWithEffects) {
      const isLeftOver = !isWanted(resource, input.request);
      if (isLeftOver) actions.push((await effects.takeAway?.(ports, input, all)) ?? "none");
      actions.push((await effects.surplus?.takeAway(ports, input, all)) ?? "none");
    }
    return { action: strongest(actions) };
  },
});

/** Collects what a step announces in several parts, so that its record ends with all of them. */
function collecting(step: Pick<StepContext, "willDo">): Pick<StepContext, "willDo"> {
  const said: Difference[] = [];
  return {
    willDo(action, differences = []) {
      said.push(...differences);
      return step.willDo(action, said);
    },
  };
}
