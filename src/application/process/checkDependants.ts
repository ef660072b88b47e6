import { z } from "zod";
import { unusualMode } from "../../domain/operation/migration.ts";
import type { Plan } from "../../domain/operation/plan.ts";
import { OnboardingRequest } from "../../domain/request/request.ts";
import { defineStep } from "../../resources/definitions/step.ts";
import { throwBlockers } from "./throwBlockers.ts";

/** The preflight of an offboarding: names every blocker before the first removal. Reads only. */
export const checkDependants = defineStep({
  name: "checkDependants",
  stage: "look",
  target: "namespace",
  given: { request: OnboardingRequest, earlier: OnboardingRequest.optional(), ignoreDependants: z.boolean() },
  from: ({ request, earlier, ignoreDependants = false }) => ({ request, earlier, ignoreDependants }),
  async run({ operation, request, earlier, ignoreDependants }, { registry }, step) {
    const migration = (await registry.getOperation(operation))?.migration;
    const migrating = { isMigrating: migration !== undefined, ...unusualMode(request, migration) };
    const plan = await step.plan({ kind: "offboard", request, earlier, ...migrating, ignoreDependants });
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
