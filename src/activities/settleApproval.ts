import { z } from "zod";
import { takeDecision } from "../application/decisions/approval.ts";
import { planOnboarding } from "../application/plan/planOnboarding.ts";
import { throwBlockers } from "../application/plan/throwBlockers.ts";
import { OnboardingRequest } from "../domain/request/request.ts";
import { StepInput } from "../resources/definitions/step.ts";
import { activity } from "./host.ts";

/**
 * What was decided and, once it is approved, the preflight again: the request may have waited for days, and what came into
 * its way since then is named before the first write, too.
 */
export const settleApproval = activity({
  name: "settleApproval",
  input: StepInput.extend({
    request: OnboardingRequest,
    isTimeOver: z.boolean(),
    /** Of a change. */
    earlier: OnboardingRequest.optional(),
  }),
  /** Not decided: what woke the orchestration was no decision, and it waits on. */
  output: z.object({ isDecided: z.boolean() }),
  async run(input, ports) {
    const isDecided = await takeDecision(ports, input);
    if (isDecided) throwBlockers(await planOnboarding(ports, input));
    return { isDecided };
  },
});
