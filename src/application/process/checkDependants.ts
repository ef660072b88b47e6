import { z } from "zod";
import { besideOf } from "../../domain/operation/migration.ts";
import type { Plan } from "../../domain/operation/plan.ts";
import { OnboardingRequest } from "../../domain/request/request.ts";
import { defineStep, StepResult } from "../../resources/definitions/step.ts";
import { besideOffboarding, isHeld } from "./inTheWay.ts";
import { hasLeftovers } from "./removeLeftovers.ts";
import { throwBlockers } from "./throwBlockers.ts";

/**
 * The preflight of an offboarding: names every blocker before the first removal. Reads only. What is in the way of one removal is
 * reported, and keeps no other from going.
 */
export const checkDependants = defineStep({
  name: "checkDependants",
  stage: "look",
  target: "namespace",
  given: {
    request: OnboardingRequest,
    earlier: OnboardingRequest.optional(),
    ignoreDependants: z.boolean(),
    /** False for the look before the identity goes, which stops for everything. Since 0.2.0. */
    endsFirst: z.boolean().optional(),
  },
  /**
   * `isHeld`: something is in the way of removals that are not the first ones, so they need another look. `hasLeftovers`: there is
   * something that only `removeLeftovers` removes. Since 0.2.0.
   */
  output: StepResult.extend({ isHeld: z.boolean().exactOptional(), hasLeftovers: z.boolean().exactOptional() }),
  from: ({ request, earlier, ignoreDependants = false, program }) => ({
    ...{ request, earlier, ignoreDependants },
    ...(program === "endNamespace" ? { endsFirst: true } : {}),
  }),
  async run({ operation, request, earlier, ignoreDependants, endsFirst }, { registry }, step) {
    const migration = (await registry.getOperation(operation))?.migration;
    const modeBeside = besideOf(request, migration);
    const plan = await step.plan({ kind: "offboard", request, earlier, modeBeside, ignoreDependants });
    // A caller who ignores dependants should not have to wait for a cluster that is gone for good; the steps retry anyway.
    const known = endsFirst === false ? plan : besideOffboarding(plan, { endsFirst });
    throwBlockers(ignoreDependants ? withoutPassing(known) : known);
    const notices = known.steps.flatMap(({ notices = [] }) => notices);
    if (notices.length > 0) await step.notice(notices);
    return {
      action: "none",
      ...(isHeld(known) ? { isHeld: true } : {}),
      ...(hasLeftovers(plan.steps) ? { hasLeftovers: true } : {}),
    };
  },
});

function withoutPassing({ steps, ...plan }: Plan): Plan {
  return {
    ...plan,
    steps: steps.map((step) => ({ ...step, blockers: step.blockers.filter(({ retryable }) => !retryable) })),
  };
}
