import { z } from "zod";
import { recordDecision } from "../application/decisions/approval.ts";
import { planOnboarding } from "../application/plan/planOnboarding.ts";
import { throwBlockers } from "../application/process/throwBlockers.ts";
import { OnboardingRequest } from "../domain/request/request.ts";
import { StepInput } from "../resources/definitions/step.ts";
import { activity } from "./host.ts";

/**
 * Records the decision and, after an approval, runs the preflight again: the request may have waited for days, and new blockers
 * must also be named before the first write.
 */
export const concludeApproval = activity({
  name: "settleApproval",
  input: StepInput.extend({
    request: OnboardingRequest,
    isTimeOver: z.boolean(),
    /** For a change: the request that it replaces. */
    earlier: OnboardingRequest.optional(),
  }),
  /** False if something other than a decision woke the orchestration; then it keeps waiting. */
  output: z.object({ isDecided: z.boolean() }),
  async run(input, ports) {
    const isDecided = await recordDecision(ports, input);
    if (isDecided) throwBlockers(await planOnboarding(ports, input));
    return { isDecided };
  },
});
