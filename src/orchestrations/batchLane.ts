import type { OrchestrationContext } from "durable-functions";
import { z } from "zod";
import { claimNextItem, type ItemToLaunch, type ItemToRun, verifyItem } from "../activities/batch.ts";
import { defined } from "../domain/defined.ts";
import { StepFailed } from "../durable/activity.ts";
import { child, type Orchestration, orchestration } from "../durable/orchestration.ts";
import { RetryPolicy } from "../durable/retry.ts";
import type { Durable, Step } from "../durable/step.ts";
import { pause } from "../durable/waiting.ts";
import { changeNamespace } from "./changeNamespace.ts";
import { migrateBack, migrateNamespace } from "./migration.ts";
import { offboardNamespace } from "./offboardNamespace.ts";
import { onboardNamespace } from "./onboardNamespace.ts";
import { repairNamespace } from "./repairNamespace.ts";

const LaneInput = z.object({
  batch: z.string(),
  /** The name under which the registry records which items are this lane's. */
  lane: z.string(),
  retry: RetryPolicy,
  /** The lane's previous item. */
  done: z.int().optional(),
});

/** How long a lane waits after the registry has not answered any of the retries. */
const pauseMs = 60_000;

/**
 * Works on the namespaces of a batch one after another. Each generation handles one item and has no history of the earlier
 * ones, so turns do not get longer as items are done (docs/adr/0009-batch-lanes.md).
 */
export const batchLane = orchestration({
  name: "batchLane",
  input: LaneInput,
  *run(context, input) {
    const { batch, lane, retry, done } = input;
    try {
      const next = yield* claimNextItem({ batch, lane, ...defined({ done }) }, retry);
      const { index, run, launch, verifies } = next;
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

/** An operation's outcome is in its record; if the operation broke off, the timer writes it there (startAccepted.ts). */
function* toItsEnd(item: Step<void>): Durable<void> {
  try {
    yield* item;
  } catch {
    // The lane continues with the next item in any case.
  }
}

/** Each parses its own input, as when a function starts it. */
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

/** A namespace that cannot be verified even with retries counts as failed, and the lane continues with the next. */
function* verify(batch: string, index: number, retry: RetryPolicy): Durable<void> {
  try {
    yield* verifyItem({ batch, index }, retry);
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    const { code, message } = error;
    yield* verifyItem({ batch, index, failure: { code, message } }, retry);
  }
}
