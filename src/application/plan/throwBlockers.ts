import { errorOf, isCode } from "../../domain/errors.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { describeCode, type Plan } from "../../domain/operation/plan.ts";

/** A passing fault alone makes the runtime look again; anything permanent stops the operation with all that was found. */
export function throwBlockers({ steps }: Plan): void {
  const blockers = steps.flatMap((step) => step.blockers.map((blocker) => ({ step, blocker })));
  const message = blockers
    .map(({ step, blocker }) => `${step.name} ${step.target}: ${blocker.message}${ownFix(blocker)}`)
    .join(" ");
  const [first] = blockers.toSorted((a, b) => urgency(a.blocker) - urgency(b.blocker));
  if (first) throw errorOf(first.blocker.code, message);
}

/** Among the passing faults, what is waited for longest. */
function urgency({ code, retryable }: OperationError): number {
  if (!retryable) return 0;
  return isCode(code, "AUTHENTICATION_FAILED") ? 1 : 2;
}

/** An error has its code's fix; what is to be done in the very case must not get lost. */
function ownFix({ code, fix }: OperationError): string {
  return describeCode(code, "").fix === fix ? "" : ` Run: ${fix}`;
}
