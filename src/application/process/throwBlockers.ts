import { errorOf, isCode } from "../../domain/errors.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import type { Plan } from "../../domain/operation/plan.ts";
import { stepText } from "../../domain/operation/stepName.ts";

/**
 * If all blockers are transient, the runtime looks again; a permanent one stops the operation, with everything that was
 * found.
 */
export function throwBlockers({ steps }: Plan): void {
  const blockers = steps.flatMap((step) => step.blockers.map((blocker) => ({ step, blocker })));
  const message = blockers
    .map(({ step, blocker }) => `${stepText(step)}: ${blocker.message}${ownFix(blocker)}`)
    .join(" ");
  const [first] = blockers.toSorted((a, b) => urgency(a.blocker) - urgency(b.blocker));
  if (first) throw errorOf(first.blocker.code, message);
}

/** Among transient errors, the one with the longest wait comes first. */
function urgency({ code, retryable }: OperationError): number {
  if (!retryable) return 0;
  return isCode(code, "AUTHENTICATION_FAILED") ? 1 : 2;
}

/** The error itself carries its code's fix; a fix specific to this case must not be lost. */
function ownFix({ fix, fixParts }: OperationError): string {
  return fixParts === undefined ? "" : ` Run: ${fix}`;
}
