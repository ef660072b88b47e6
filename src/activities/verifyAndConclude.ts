import { z } from "zod";
import { concludeOperation, readForEnd } from "../application/operation/concludeOperation.ts";
import { verify } from "../application/process/verify.ts";
import { runStep } from "../application/steps/runStep.ts";
import { defined } from "../domain/defined.ts";
import { messageOf } from "../domain/messageOf.ts";
import { OperationKind } from "../domain/operation/operation.ts";
import { Outcome } from "../domain/operation/outcome.ts";
import { traceIdIn } from "../domain/watching/trace.ts";
import { logLine } from "../telemetry/logLine.ts";
import { beginWaiting } from "./beginWaiting.ts";
import { activity } from "./host.ts";

/**
 * Verifies and records the end in one activity: one message to the runtime instead of two. Once verified and committed, the
 * operation can no longer fail; if its end cannot be recorded here, the orchestration records it, with its own retries.
 */
export const verifyAndConclude = activity({
  name: "verifyAndConclude",
  input: z.intersection(verify.input, z.object({ kind: OperationKind, namespaceUid: z.string().optional() })),
  output: Outcome.pick({ clientId: true, namespaceUid: true, findings: true, things: true }).extend({
    isRecorded: z.boolean(),
  }),
  hasClient: true,
  async run(input, ports, invocation) {
    const record = await ports.registry.getOperation(input.operation);
    // The result of an earlier run was lost. Verifying again could only contradict what that run recorded.
    const isEnded = record?.status === "Succeeded";
    let known: ReturnType<typeof readForEnd> | undefined;
    const proving: typeof verify = {
      ...verify,
      async run(...call) {
        const proven = await verify.run(...call);
        // Reads in parallel with the write of the step's end.
        known = readForEnd(ports, input);
        known.catch(() => undefined);
        return proven;
      },
    };
    const seen = isEnded ? undefined : await runStep(proving, input, ports, invocation, { record });
    const { identity, namespaceUid, ...origin } = input;
    const reached = {
      clientId: identity.clientId,
      ...(seen ? { findings: seen.findings, things: seen.things } : {}),
      ...defined({ namespaceUid }),
    };
    try {
      const ending = { ...origin, status: "Succeeded", leftBehind: false, ...reached } as const;
      await concludeOperation(ports, ending, await known);
    } catch (error) {
      const reason = messageOf(error);
      invocation.warn(
        logLine("end not recorded yet", { operation: input.operation, reason, traceId: traceIdIn(input) }),
      );
      return { ...reached, isRecorded: false };
    }
    await beginWaiting(ports, invocation, input);
    return { ...reached, isRecorded: true };
  },
});
