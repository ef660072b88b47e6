import type { OrchestrationContext } from "durable-functions";
import { handOver } from "../activities/handOver.ts";
import type { Durable } from "../durable/step.ts";
import { type OperationInput, stepBase } from "./operation.ts";
import { retireReplaced } from "./retireReplaced.ts";

/**
 * Runs before anything is given: takes away what only the first team may have, then makes the namespace the other team's. So
 * neither team ever has what the other one asked for, however the operation ends (docs/adr/0007-change-takes-away-last.md).
 */
export function* takeOver(context: OrchestrationContext, input: OperationInput): Durable<void> {
  if (input.earlier) yield* retireReplaced(context, input, input.earlier);
  yield* handOver(stepBase(input), input.retry);
}
