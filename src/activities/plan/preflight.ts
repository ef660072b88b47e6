import { z } from "zod";
import { requestApproval } from "../../application/decisions/approval.ts";
import { recordStart } from "../../application/operation/recordStart.ts";
import { errorOf, isCode } from "../../domain/errors.ts";
import { berthKey } from "../../domain/naming/names.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { describeCode, type Plan } from "../../domain/operation/plan.ts";
import { OnboardingRequest } from "../../domain/request/request.ts";
import { StepInput, StepResult, stepActivity } from "../operation/step.ts";
import { planOnboarding } from "./planOnboarding.ts";
import { planRepair } from "./planRepair.ts";

/** Names every blocker before the first write of an onboarding or a change. Reads only. */
export const preflight = stepActivity({
  name: "preflight",
  input: StepInput.extend({ request: OnboardingRequest, earlier: OnboardingRequest.optional() }),
  output: StepResult.extend({ approval: z.object({ expiresTime: z.string() }).optional() }),
  target: berthKey,
  async run(input, ports, step) {
    const kind = input.earlier ? "change" : "onboard";
    const [plan] = await Promise.all([planOnboarding(ports, input), recordStart(ports, { ...input, kind })]);
    throwBlockers(plan);
    await step.notice(plan.steps.flatMap(({ notices = [] }) => notices).filter(isNews));
    return { action: "none", approval: await requestApproval(ports, input) };
  },
});

/** That a new namespace is not there yet is for who plans; here it is made next. */
function isNews({ code }: OperationError): boolean {
  return !isCode(code, "NAMESPACE_NOT_THERE_YET");
}

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
