import { z } from "zod";
import { recordStart } from "../application/operation/recordStart.ts";
import { planOffboarding } from "../application/plan/planOffboarding.ts";
import { throwBlockers } from "../application/plan/throwBlockers.ts";
import { berthKey } from "../domain/naming/names.ts";
import type { Plan } from "../domain/operation/plan.ts";
import { OnboardingRequest } from "../domain/request/request.ts";
import { StepInput, StepResult } from "../resources/definitions/step.ts";
import { stepActivity } from "./host.ts";

/** The preflight of an offboarding: names every blocker before the first removal. Reads only. */
export const checkDependants = stepActivity({
  name: "checkDependants",
  input: StepInput.extend({
    request: OnboardingRequest,
    earlier: OnboardingRequest.optional(),
    ignoreDependants: z.boolean(),
  }),
  output: StepResult,
  target: berthKey,
  async run({ request, earlier, ignoreDependants, ...base }, ports, step) {
    const look = async () => {
      const migration = (await ports.registry.getOperation(base.operation))?.migration;
      const record = { request, ...(earlier ? { earlier } : {}), ...(migration ? { migration } : {}) };
      return await planOffboarding(ports, record, { ignoreDependants });
    };
    const [plan] = await Promise.all([look(), recordStart(ports, { ...base, kind: "offboard" })]);
    // A caller who ignores dependants should not have to wait for a cluster that is gone for good; the steps retry anyway.
    throwBlockers(ignoreDependants ? withoutPassing(plan) : plan);
    const news = plan.steps.flatMap(({ notices = [] }) => notices);
    if (news.length > 0) await step.notice(news);
    return { action: "none" };
  },
});

function withoutPassing({ steps, ...plan }: Plan): Plan {
  return {
    ...plan,
    steps: steps.map((step) => ({ ...step, blockers: step.blockers.filter(({ retryable }) => !retryable) })),
  };
}
