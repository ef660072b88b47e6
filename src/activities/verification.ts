import { z } from "zod";
import { isCommitted } from "../application/decisions/cancellation.ts";
import { findRemains } from "../application/inspection/findRemains.ts";
import { lookTwice, proveNamespace, throwErrors } from "../application/inspection/proveNamespace.ts";
import { PermanentError } from "../domain/errors.ts";
import { Finding, isError, keep } from "../domain/finding.ts";
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
 * Fails on what breaks access; what is less is handed on, to be kept with the namespace's record. Once the operation is
 * committed, which only a second run of the step can find, what breaks access has happened since: it is drift like any other.
 */
export const proof = defineStep({
  name: "verify",
  input: VerifyInput,
  output: StepResult.extend({ findings: z.array(Finding), things: z.array(KnownThing).optional() }),
  target: berthKey,
  async run({ operation, request, identity: { clientId }, isMigrating = false }, ports, step) {
    const things = (await ports.registry.getNamespace(request))?.things;
    const inspection = { request, clientId, isMigrating, things };
    const { findings, ...seen } = await proveNamespace(ports, inspection, operation);
    if (findings.some(isError) && !(await isCommitted(ports.registry, operation))) throwErrors(findings);
    await step.commit();
    return { action: "none", findings: [...keep(findings)], things: [...seen.things] };
  },
});

/** With the operation's end still to come, such as what a change takes away after it. */
export const verify = stepActivity(proof);

/** Nothing that Mooring created for the namespace may be left. What it adopted stays, and does not count. */
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
      // Whether the namespace itself goes is for the request that counts, not for the one that it replaced.
      const requests = earlier ? [request, { ...earlier, deletePolicy: request.deletePolicy }] : [request];
      const found = await Promise.all(requests.map((each) => findRemains(ports, each, { isMigrating })));
      return [...new Set(found.flat())];
    });
    if (remains.length > 0) throw new PermanentError("VERIFICATION_FAILED", remains.join(" "));
    await step.commit();
    return { action: "none" };
  },
});
