import { z } from "zod";
import { concludeOperation } from "../application/operation/concludeOperation.ts";
import { runStep } from "../application/steps/runStep.ts";
import { OperationKind } from "../domain/operation/operation.ts";
import { Outcome } from "../domain/operation/outcome.ts";
import { traceIdIn } from "../domain/watching/trace.ts";
import { logLine } from "../telemetry/logLine.ts";
import { admitWaiting } from "./admitWaiting.ts";
import { activity } from "./host.ts";
import { proof, VerifyInput } from "./verification.ts";

/**
 * The proof, and with it the end: one message to the runtime instead of two. What is proven and committed does not fail any
 * more; when its end cannot be recorded here, the orchestration records it with tries of its own.
 */
export const verifyAndConclude = activity({
  name: "verifyAndConclude",
  input: VerifyInput.extend({ kind: OperationKind, namespaceUid: z.string().optional() }),
  output: Outcome.pick({ clientId: true, namespaceUid: true, findings: true, things: true }).extend({
    isRecorded: z.boolean(),
  }),
  hasClient: true,
  async run(input, ports, invocation) {
    const record = await ports.registry.getOperation(input.operation);
    // The answer of a run before this one got lost: looking again could only spoil what that one has said.
    const isEnded = record?.status === "Succeeded";
    const seen = isEnded ? undefined : await runStep(proof, input, ports, invocation);
    const { identity, namespaceUid, ...origin } = input;
    const reached = {
      clientId: identity.clientId,
      ...(seen ? { findings: seen.findings, things: seen.things } : {}),
      ...(namespaceUid === undefined ? {} : { namespaceUid }),
    };
    try {
      await concludeOperation(ports, { ...origin, status: "Succeeded", leftBehind: false, ...reached });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      invocation.warn(
        logLine("end not recorded yet", { operation: input.operation, reason, traceId: traceIdIn(input) }),
      );
      return { ...reached, isRecorded: false };
    }
    await admitWaiting(invocation, input);
    return { ...reached, isRecorded: true };
  },
});
