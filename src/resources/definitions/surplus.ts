/** What a repair removes, and an offboarding, by a look that knows how. */
import { type Difference, toStepPlan } from "../../domain/operation/plan.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import type { Surplus } from "./resource.ts";

interface Found {
  readonly differences: readonly Difference[];
  readonly takeAway: () => Promise<void>;
}

export function surplusOf(find: (ports: Ports, request: OnboardingRequest) => Promise<readonly Found[]>): Surplus {
  return {
    outlastsSteps: true,
    async look(ports, request, step) {
      const found = await find(ports, request);
      const differences = found.flatMap((each) => each.differences);
      return toStepPlan(step, { action: found.length > 0 ? "delete" : "none", differences });
    },
    async run(ports, { request }, step) {
      const found = await find(ports, request);
      if (found.length === 0) return "none";
      await step.willDo(
        "delete",
        found.flatMap((each) => each.differences),
      );
      for (const { takeAway } of found) await takeAway();
      return "delete";
    },
  };
}
