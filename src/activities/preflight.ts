import { z } from "zod";
import { errorOf } from "../domain/errors.ts";
import { berthKey } from "../domain/names.ts";
import type { Plan } from "../domain/plan.ts";
import { OnboardingRequest } from "../domain/request.ts";
import { requestApproval } from "./approval.ts";
import { recordStart } from "./outcome.ts";
import { planOffboarding } from "./planOffboarding.ts";
import { planOnboarding } from "./planOnboarding.ts";
import { planRepair } from "./planRepair.ts";
import { StepInput, StepResult, stepActivity } from "./step.ts";

/** Names every blocker before the first write of an onboarding or a change. Reads only. */
export const preflight = stepActivity({
  name: "preflight",
  input: StepInput.extend({ request: OnboardingRequest, earlier: OnboardingRequest.optional() }),
  output: StepResult.extend({ approval: z.object({ expiresTime: z.string() }).optional() }),
  target: berthKey,
  async run(input, ports) {
    const kind = input.earlier ? "change" : "onboard";
    const [plan] = await Promise.all([planOnboarding(ports, input), recordStart(ports, { ...input, kind })]);
    throwBlockers(plan);
    return { action: "none", approval: await requestApproval(ports, input) };
  },
});

/** Comes before the first write of a repair. */
export const checkNamespace = stepActivity({
  name: "checkNamespace",
  input: StepInput.extend({
    request: OnboardingRequest,
    // Absent in histories of before a repair looked at all that it would do.
    clientId: z.guid().optional(),
    isMigrating: z.boolean().default(false),
  }),
  output: StepResult,
  target: berthKey,
  async run({ clientId, isMigrating, ...input }, ports) {
    const [plan] = await Promise.all([
      planRepair(ports, { ...input, clientId, isMigrating }),
      recordStart(ports, { ...input, kind: "repair" }),
    ]);
    throwBlockers(plan);
    return { action: "none" };
  },
});

/**
 * Comes before the first removal of an offboarding. What may pass is left to the steps, which try again each for itself: a
 * cluster that is away for good must not keep the databases from being taken away.
 */
export const checkOffboarding = stepActivity({
  name: "checkOffboarding",
  input: StepInput.extend({
    request: OnboardingRequest,
    earlier: OnboardingRequest.optional(),
    isMigrating: z.boolean(),
  }),
  output: StepResult,
  target: berthKey,
  async run({ request, earlier, isMigrating, ...input }, ports) {
    const [{ steps, ...plan }] = await Promise.all([
      planOffboarding(ports, { request, earlier, isMigrating }),
      recordStart(ports, { ...input, kind: "offboard" }),
    ]);
    const lasting = steps.map((step) => ({ ...step, blockers: step.blockers.filter(({ retryable }) => !retryable) }));
    throwBlockers({ ...plan, steps: lasting });
    return { action: "none" };
  },
});

/** A passing fault alone makes the runtime look again; anything permanent stops the operation with all that was found. */
export function throwBlockers({ steps }: Plan): void {
  const blockers = steps.flatMap((step) => step.blockers.map((blocker) => ({ step, blocker })));
  if (blockers.length === 0) return;
  const message = blockers.map(({ step, blocker }) => `${step.name} ${step.target}: ${blocker.message}`).join(" ");
  const [first] = blockers.toSorted((a, b) => Number(a.blocker.retryable) - Number(b.blocker.retryable));
  throw errorOf(first?.blocker.code ?? "UNEXPECTED", message);
}
