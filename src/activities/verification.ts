import { z } from "zod";
import { isCommitted } from "../application/decisions/cancellation.ts";
import { findRemains } from "../application/inspection/findRemains.ts";
import { lookTwice, proveNamespace, throwErrors } from "../application/inspection/proveNamespace.ts";
import { PermanentError } from "../domain/errors.ts";
import { breaksAccess, Finding, keep } from "../domain/finding.ts";
import { berthKey } from "../domain/naming/names.ts";
import { KnownThing } from "../domain/naming/ownership.ts";
import { OnboardingRequest } from "../domain/request/request.ts";
import { defineStep, RemovalInput, StepInput, StepResult } from "../resources/definitions/step.ts";
import { stepActivity } from "./host.ts";

export const VerifyInput = StepInput.extend({
  request: OnboardingRequest,
  identity: z.object({ clientId: z.guid() }),
  isMigrating: z.boolean().optional(),
});

/**
 * Fails on findings that break access; lesser ones are returned and kept with the namespace's record. If the operation is
 * already committed, which only a second run of the step can see, then access broke afterwards: that is ordinary drift.
 */
export const proof = defineStep({
  name: "verify",
  input: VerifyInput,
  output: StepResult.extend({ findings: z.array(Finding), things: z.array(KnownThing).optional() }),
  target: berthKey,
  async run({ operation, request, identity: { clientId }, isMigrating = false }, ports, step) {
    const { earlier, things } = (await ports.registry.getNamespace(request)) ?? {};
    const inspection = { request, earlier, clientId, isMigrating, things };
    const { findings, ...seen } = await proveNamespace(ports, inspection, operation);
    if (findings.some(breaksAccess) && !(await isCommitted(ports.registry, operation))) throwErrors(findings);
    await step.commit();
    return { action: "none", findings: [...keep(findings)], things: [...seen.things] };
  },
});

/** For operations that continue afterwards, such as a change that still has something to remove. */
export const verify = stepActivity(proof);

/** Nothing that Mooring created for the namespace may be left. Adopted things stay and do not count. */
export const verifyRemoval = stepActivity({
  name: "verifyRemoval",
  input: RemovalInput.extend({
    request: OnboardingRequest,
    earlier: OnboardingRequest.optional(),
    isMigrating: z.boolean().optional(),
  }),
  output: StepResult,
  target: berthKey,
  async run({ request, earlier, isMigrating = false }, ports, step) {
    const remains = await lookTwice(async () => {
      // The current request decides whether the namespace itself goes, not the one that it replaced.
      const requests = earlier ? [request, { ...earlier, deletePolicy: request.deletePolicy }] : [request];
      const found = await Promise.all(requests.map((each) => findRemains(ports, each, { isMigrating })));
      return [...new Set(found.flat())];
    });
    if (remains.length > 0) throw new PermanentError("VERIFICATION_FAILED", remains.join(" "));
    await step.commit();
    return { action: "none" };
  },
});
