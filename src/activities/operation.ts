/** What an orchestration records of its operation. */
import { z } from "zod";
import { recordWaitingUndos } from "../application/operation/announceUndos.ts";
import { concludeOperation } from "../application/operation/concludeOperation.ts";
import { handOverNamespace } from "../application/operation/handOver.ts";
import { recordStart } from "../application/operation/recordStart.ts";
import { OperationKind } from "../domain/operation/operation.ts";
import { Outcome } from "../domain/operation/outcome.ts";
import { OnboardingRequest } from "../domain/request/request.ts";
import { Failure } from "../durable/failure.ts";
import { StepInput } from "../resources/definitions/step.ts";
import { beginWaiting } from "./beginWaiting.ts";
import { type ActivityPorts, activity } from "./host.ts";

function recording<I extends object>(
  name: string,
  input: z.ZodType<I>,
  record: (ports: ActivityPorts, input: I) => Promise<void>,
) {
  return activity({
    name,
    input,
    output: z.object({}),
    async run(given, ports) {
      await record(ports, given);
      return {};
    },
  });
}

/** Records and announces that the operation runs. */
export const announceStart = recording("announceStart", StepInput.extend({ kind: OperationKind }), recordStart);

/** Shows what the operation still has to undo while its undos go on. */
export const announceUndos = recording(
  "announceUndos",
  StepInput.extend({
    kind: OperationKind,
    undos: z.array(z.object({ name: z.string(), failure: Failure.optional() })),
  }),
  recordWaitingUndos,
);

/** In a take-over: from here on, the namespace is the other team's. */
export const handOver = recording("handOver", StepInput, handOverNamespace);

export const recordOutcome = activity({
  name: "recordOutcome",
  input: StepInput.extend({
    kind: OperationKind,
    request: OnboardingRequest,
    /** Which run ended (OperationInput); absent for the first. */
    restarts: z.number().optional(),
    ...Outcome.shape,
  }),
  output: z.object({}),
  hasClient: true,
  async run(input, ports, invocation) {
    await concludeOperation(ports, { ...input, restarts: input.restarts ?? 0 });
    await beginWaiting(ports, invocation, input);
    return {};
  },
});
