import { z } from "zod";
import { defined } from "../../domain/defined.ts";
import { isCode } from "../../domain/errors.ts";
import { unusualMode } from "../../domain/operation/migration.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { changesAny, type Plan } from "../../domain/operation/plan.ts";
import { OnboardingRequest } from "../../domain/request/request.ts";
import { defineStep, StepResult } from "../../resources/definitions/step.ts";
import { resources } from "../../resources/index.ts";
import { hasLeftovers } from "./removeLeftovers.ts";
import { throwBlockers } from "./throwBlockers.ts";

/**
 * The preflight of an offboarding: names every blocker before the first removal. Reads only. Where access has ended, what is in the way
 * of one removal is reported, and keeps no other from going.
 */
export const checkDependants = defineStep({
  name: "checkDependants",
  stage: "look",
  target: "namespace",
  given: {
    request: OnboardingRequest,
    earlier: OnboardingRequest.optional(),
    ignoreDependants: z.boolean(),
    /** Since 0.2.0. */
    endsFirst: z.boolean().optional(),
  },
  /**
   * `isHeld`: something is in the way of removals that are not the first ones, so they need another look. `hasLeftovers`: there is
   * something that only `removeLeftovers` removes. Since 0.2.0.
   */
  output: StepResult.extend({ isHeld: z.boolean().exactOptional(), hasLeftovers: z.boolean().exactOptional() }),
  from: ({ request, earlier, ignoreDependants = false, endsFirst }) => ({
    ...{ request, earlier, ignoreDependants },
    ...defined({ endsFirst }),
  }),
  async run({ operation, request, earlier, ignoreDependants, endsFirst = false }, { registry }, step) {
    const migration = (await registry.getOperation(operation))?.migration;
    const migrating = { isMigrating: migration !== undefined, ...unusualMode(request, migration) };
    const plan = await step.plan({ kind: "offboard", request, earlier, ...migrating, ignoreDependants });
    const obstacles = plan.steps.flatMap(({ blockers }) => blockers);
    // A caller who ignores dependants should not have to wait for a cluster that is gone for good; the steps retry anyway.
    const isAtEnd = endsFirst && changesAny(plan, access) && !obstacles.some(isOfGuests);
    if (!isAtEnd) throwBlockers(ignoreDependants ? withoutPassing(plan) : plan);
    const news = plan.steps.flatMap(({ notices = [] }) => notices);
    const notices = isAtEnd ? [...obstacles, ...news] : news;
    if (notices.length > 0) await step.notice(notices);
    return {
      action: "none",
      ...(isAtEnd && obstacles.length > 0 ? { isHeld: true } : {}),
      ...(hasLeftovers(plan.steps) ? { hasLeftovers: true } : {}),
    };
  },
});

/** What lets somebody become the identity, and what that may do. */
const access: ReadonlySet<string> = new Set(
  Object.values(resources)
    .filter(({ leaving }) => leaving !== "identity" && leaving !== "namespace")
    .flatMap((resource) => Object.keys(resource.steps)),
);

/** Their access, which is a part of this namespace's, has not ended. */
function isOfGuests({ code }: OperationError): boolean {
  return isCode(code, "SHARED_IDENTITY_IN_USE");
}

function withoutPassing({ steps, ...plan }: Plan): Plan {
  return {
    ...plan,
    steps: steps.map((step) => ({ ...step, blockers: step.blockers.filter(({ retryable }) => !retryable) })),
  };
}
