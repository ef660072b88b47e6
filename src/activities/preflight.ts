import { z } from "zod";
import { errorOf } from "../domain/errors.ts";
import { berthKey } from "../domain/names.ts";
import type { OperationError } from "../domain/operation.ts";
import { describeCode, type Plan } from "../domain/plan.ts";
import { OnboardingRequest } from "../domain/request.ts";
import { requestApproval } from "./approval.ts";
import { recordStart } from "./outcome.ts";
import { planOnboarding } from "./planOnboarding.ts";
import { StepInput, StepResult, stepActivity } from "./step.ts";

/** Names every blocker before the first write. Reads only. */
export const preflight = stepActivity({
  name: "preflight",
  input: StepInput.extend({ request: OnboardingRequest, earlier: OnboardingRequest.optional() }),
  output: StepResult.extend({ approval: z.object({ expiresTime: z.string() }).optional() }),
  target: berthKey,
  async run(input, ports, step) {
    const kind = input.earlier ? "change" : "onboard";
    const [plan] = await Promise.all([planOnboarding(ports, input), recordStart(ports, { ...input, kind })]);
    throwBlockers(plan);
    await step.notice(plan.steps.flatMap(({ notices = [] }) => notices));
    return { action: "none", approval: await requestApproval(ports, input) };
  },
});

/** A passing fault alone makes the runtime look again; anything permanent stops the operation with all that was found. */
export function throwBlockers({ steps }: Plan): void {
  const blockers = steps.flatMap((step) => step.blockers.map((blocker) => ({ step, blocker })));
  if (blockers.length === 0) return;
  const message = blockers
    .map(({ step, blocker }) => `${step.name} ${step.target}: ${blocker.message}${ownFix(blocker)}`)
    .join(" ");
  const [first] = blockers.toSorted((a, b) => Number(a.blocker.retryable) - Number(b.blocker.retryable));
  throw errorOf(first?.blocker.code ?? "UNEXPECTED", message);
}

/** An error has its code's fix; what is to be done in the very case must not get lost. */
function ownFix({ code, fix }: OperationError): string {
  return describeCode(code, "").fix === fix ? "" : ` Run: ${fix}`;
}
