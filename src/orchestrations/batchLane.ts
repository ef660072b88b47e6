import type { OrchestrationContext } from "durable-functions";
import { z } from "zod";
import { type ItemToLaunch, type ItemToRun, takeItem, verifyItem } from "../activities/batch.ts";
import { StepFailed } from "../durable/activity.ts";
import { child, type Orchestration, orchestration } from "../durable/orchestration.ts";
import { RetryPolicy } from "../durable/retry.ts";
import type { Durable, Step } from "../durable/step.ts";
import { pause } from "../durable/waiting.ts";
import { changeNamespace } from "./changeNamespace.ts";
import { migrateBack } from "./migrateBack.ts";
import { migrateNamespace } from "./migrateNamespace.ts";
import { offboardNamespace } from "./offboardNamespace.ts";
import { onboardNamespace } from "./onboardNamespace.ts";
import { repairNamespace } from "./repairNamespace.ts";

const LaneInput = z.object({
  batch: z.string(),
  /** Whose item is whose is kept by this name. */
  lane: z.string(),
  retry: RetryPolicy,
  /** The item that this lane had before. */
  done: z.int().optional(),
});

/** How long a lane waits when the registry did not answer for longer than the retries last. */
const pauseMs = 60_000;

/**
 * Works on one namespace of a batch after the other. Each generation is one item and forgets the ones before, so that no
 * turn is longer for the items that were done (docs/adr/0009-batch-lanes.md).
 */
export const batchLane = orchestration({
  name: "batchLane",
  input: LaneInput,
  *run(context, input) {
    const { batch, lane, retry, done } = input;
    try {
      const taken = yield* takeItem({ batch, lane, ...(done === undefined ? {} : { done }) }, retry);
      const { index, run, launch, verifies } = taken;
      if (index === undefined) return {};
      if (run) yield* runItem(context, run, retry);
      if (launch) yield* launchItem(context, launch);
      if (verifies) yield* verify(batch, index, retry);
      context.df.continueAsNew({ ...input, done: index });
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      yield* pause(context, pauseMs);
      context.df.continueAsNew(input);
    }
    return {};
  },
});

function* runItem(context: OrchestrationContext, { kind, ...item }: ItemToRun, retry: RetryPolicy): Durable<void> {
  const { operation: instanceId, earlier } = item;
  const input = { ...item, retry };
  if (kind === "change" && earlier) {
    yield* toItsEnd(child(context, changeNamespace, { instanceId, input: { ...input, earlier } }));
  } else {
    yield* toItsEnd(child(context, onboardNamespace, { instanceId, input }));
  }
}

/** How an operation ended is in its record; of one that broke off, the timer writes it there (startAccepted.ts). */
function* toItsEnd(item: Step<void>): Durable<void> {
  try {
    yield* item;
  } catch {
    // The next item is begun, whatever became of this one.
  }
}

/** Each reads its own input, as it does when a function has started it. */
const launched: Readonly<Record<ItemToLaunch["orchestration"], Orchestration<unknown>>> = {
  repairNamespace,
  migrateNamespace,
  migrateBack,
  offboardNamespace,
};

function* launchItem(
  context: OrchestrationContext,
  { orchestration: name, operation: instanceId, input }: ItemToLaunch,
): Durable<void> {
  yield* toItsEnd(child(context, launched[name], { instanceId, input }));
}

/** What cannot be looked at for as long as the retries last has failed, and the next one is looked at. */
function* verify(batch: string, index: number, retry: RetryPolicy): Durable<void> {
  try {
    yield* verifyItem({ batch, index }, retry);
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    const { code, message } = error;
    yield* verifyItem({ batch, index, failure: { code, message } }, retry);
  }
}
