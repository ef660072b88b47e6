import { z } from "zod";
import { beginBatch, concludeBatch } from "../activities/batch.ts";
import { itemsEndedEvent } from "../domain/operation/wakingEvents.ts";
import { StepFailed } from "../durable/activity.ts";
import { child, type Orchestration, orchestration } from "../durable/orchestration.ts";
import { RetryPolicy } from "../durable/retry.ts";
import { allSettled } from "../durable/step.ts";
import { pause, timeAfter, waitForEvent } from "../durable/waiting.ts";
import { batchLane } from "./batchLane.ts";
import { setPhase } from "./operation.ts";

const BatchInput = z.object({
  batch: z.string(),
  lanes: z.int().min(1),
  retry: RetryPolicy,
  /** Distinguishes the names of the lanes from those of an earlier run, which may still hold items. */
  run: z.string(),
  generation: z.int().default(0),
  /** Every item has begun; those that still run are not in a lane. */
  isWaiting: z.boolean().default(false),
});
type BatchInput = z.infer<typeof BatchInput>;

const pauseMs = 60_000;
const longestWaitMs = 24 * 60 * 60 * 1_000;

/**
 * A batch: lanes that each work on one namespace at a time, and then the end. Lanes skip items that wait for people or belong
 * to someone else's operation; the batch waits for these itself, with only an event and a timer.
 */
const batchOrchestration = <N extends string>(name: N): Orchestration<z.input<typeof BatchInput>, N> =>
  orchestration({
    name,
    input: BatchInput,
    *run(context, input) {
      const { batch, retry, run, generation, isWaiting } = input;
      const again = (changes: Partial<BatchInput>) =>
        context.df.continueAsNew({ ...input, generation: generation + 1, ...changes });
      setPhase(context, "provisioning");
      try {
        if (!isWaiting) {
          yield* beginBatch({ batch }, retry);
          const lanes = Array.from({ length: input.lanes }, (_, index) =>
            child(context, batchLane, { input: { batch, retry, lane: `${run}.${generation}.${index}` } }),
          );
          yield* allSettled(context, lanes);
        }
        const { notBegun, running } = yield* concludeBatch({ batch }, retry);
        if (notBegun > 0) {
          // A lane has failed: new lanes run what it had not begun.
          yield* pause(context, pauseMs);
          again({ isWaiting: false });
        } else if (running > 0) {
          yield* waitForEvent(context, itemsEndedEvent, timeAfter(context, longestWaitMs));
          again({ isWaiting: true });
        } else {
          setPhase(context, "done");
        }
      } catch (error) {
        if (!(error instanceof StepFailed)) throw error;
        yield* pause(context, pauseMs);
        again({});
      }
      return {};
    },
  });

/** Onboards or changes namespaces, each with its own request. */
export const onboardBatch = batchOrchestration("onboardBatch");

/**
 * Verifies, repairs, migrates or offboards namespaces. It is a separate orchestration, so that an older release, which knows only
 * onboarding, does not mistake it for that.
 */
export const namespaceBatch = batchOrchestration("namespaceBatch");
