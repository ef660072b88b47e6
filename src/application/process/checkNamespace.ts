import { z } from "zod";
import { ClientId } from "../../domain/naming/identityPair.ts";
import { toStepPlan } from "../../domain/operation/plan.ts";
import { OnboardingRequest } from "../../domain/request/request.ts";
import { defineStep, StepResult } from "../../resources/definitions/step.ts";
import { expectSameNamespace } from "../inspection/sameNamespace.ts";
import { Admins, adminsToSet } from "./admins.ts";
import { throwBlockers } from "./throwBlockers.ts";

/** Names every blocker before the first write of a repair. Reads only. */
export const checkNamespace = defineStep({
  name: "checkNamespace",
  stage: "look",
  target: "namespace",
  given: { request: OnboardingRequest, clientId: ClientId.optional(), isMigrating: z.boolean() },
  output: StepResult.extend({ admins: Admins }),
  from: ({ request, clientId, isMigrating = false }) => ({ request, clientId, isMigrating }),
  async look(ports, { request }, { step }) {
    await expectSameNamespace(ports, request);
    return toStepPlan(step, { action: "none" });
  },
  async run({ request, clientId, isMigrating }, _ports, step) {
    const plan = await step.plan({ kind: "repair", request, clientId, isMigrating });
    throwBlockers(plan);
    const admins = adminsToSet(plan);
    return { action: "none", ...(admins.length > 0 ? { admins } : {}) };
  },
});
