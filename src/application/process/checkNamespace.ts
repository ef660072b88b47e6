import { z } from "zod";
import { toStepPlan } from "../../domain/operation/plan.ts";
import { IdentityMode, OnboardingRequest } from "../../domain/request/request.ts";
import { defineStep, StepResult } from "../../resources/definitions/step.ts";
import { expectSameNamespace } from "../inspection/sameNamespace.ts";
import { Admins, adminsToSet } from "./admins.ts";
import { throwBlockers } from "./throwBlockers.ts";

/** Names every blocker before the first write of a repair. Reads only. */
export const checkNamespace = defineStep({
  name: "checkNamespace",
  stage: "look",
  target: "namespace",
  given: {
    request: OnboardingRequest,
    clientId: z.guid().optional(),
    isMigrating: z.boolean(),
    /** Since 0.2.0. */
    otherMode: IdentityMode.optional(),
  },
  output: StepResult.extend({ admins: Admins }),
  from: ({ request, clientId, isMigrating = false, otherMode }) => ({ request, clientId, isMigrating, otherMode }),
  async look(ports, { request }, { step }) {
    await expectSameNamespace(ports, request);
    return toStepPlan(step, { action: "none" });
  },
  async run({ request, clientId, isMigrating, otherMode }, _ports, step) {
    const plan = await step.plan({ kind: "repair", request, clientId, isMigrating, otherMode });
    throwBlockers(plan);
    const admins = adminsToSet(plan);
    return { action: "none", ...(admins.length > 0 ? { admins } : {}) };
  },
});
