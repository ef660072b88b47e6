import { z } from "zod";
import { recordWaitingUndos } from "../application/operation/announceUndos.ts";
import { concludeOperation } from "../application/operation/concludeOperation.ts";
import { recordStart } from "../application/operation/recordStart.ts";
import { OperationKind } from "../domain/operation/operation.ts";
import { Outcome } from "../domain/operation/outcome.ts";
import { OnboardingRequest } from "../domain/request/request.ts";
import { Failure } from "../durable/failure.ts";
import { StepInput } from "../resources/definitions/step.ts";
import { beginWaiting } from "./beginWaiting.ts";
import { activity } from "./host.ts";

/** Records and announces that the operation runs. */
export const announceStart = activity({
  name: "announceStart",
  input: StepInput.extend({ kind: OperationKind }),
  output: z.object({}),
  async run(input, ports) {
    await recordStart(ports, input);
    return {};
  },
});

/** Shows what the operation still has to undo while its undos go on. */
export const announceUndos = activity({
  name: "announceUndos",
  input: StepInput.extend({
    kind: OperationKind,
    undos: z.array(z.object({ name: z.string(), failure: Failure.optional() })),
  }),
  output: z.object({}),
  async run(input, ports) {
    await recordWaitingUndos(ports, input);
    return {};
  },
});

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
