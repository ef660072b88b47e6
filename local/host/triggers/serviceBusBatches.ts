/**
 * Messages in batches (`cardinality: "many"`), one batch at a time, as in the extension: no lock is renewed, and all messages
 * are completed when the function succeeds and abandoned when it fails (azure-sdk-for-net,
 * Microsoft.Azure.WebJobs.Extensions.ServiceBus: ServiceBusListener.cs, RunBatchReceiveLoopAsync and
 * TriggerAndCompleteMessagesInternal).
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import { toBatchInput } from "./serviceBusMessage.ts";
import { freeSlotLater, type Settling, settle } from "./serviceBusSettling.ts";
import type { Listener } from "./trigger.ts";

export interface BatchSettings {
  readonly maxMessageBatchSize: number;
  readonly minMessageBatchSize: number;
  /** How long a batch that is smaller than `minMessageBatchSize` waits for more. */
  readonly maxBatchWaitTime: number;
}

export interface Batching extends Settling {
  readonly settings: BatchSettings;
  readonly dataType: unknown;
  readonly completes: boolean;
  invoke(input: ReturnType<typeof toBatchInput>): Promise<unknown>;
  onError(error: unknown): void;
  onReceived(): void;
}

/** The SDK's own default, which the extension uses. */
const idleMs = 60_000;
const retryMs = 1_000;

export function receiveBatches(batching: Batching): Listener {
  const ending = new AbortController();
  const { signal } = ending;

  async function loop(): Promise<void> {
    while (!signal.aborted) {
      try {
        const batch = await gather(batching, signal);
        if (batch.length > 0) await serve(batch, batching);
      } catch (error) {
        if (signal.aborted) return;
        batching.onError(error);
        await sleep(retryMs, undefined, { signal }).catch(() => {});
      }
    }
  }

  const running = loop();
  return {
    async close() {
      ending.abort();
      await running;
    },
  };
}

async function gather(
  { receiver, settings, onReceived }: Batching,
  signal: AbortSignal,
): Promise<ServiceBusReceivedMessage[]> {
  const { maxMessageBatchSize, minMessageBatchSize, maxBatchWaitTime } = settings;
  const receive = (most: number, maxWaitTimeInMs: number) =>
    receiver.receiveMessages(most, { maxWaitTimeInMs, abortSignal: signal });
  const batch = await receive(maxMessageBatchSize, idleMs);
  if (batch.length > 0) onReceived();
  const until = Date.now() + maxBatchWaitTime;
  while (batch.length > 0 && batch.length < minMessageBatchSize) {
    const leftMs = until - Date.now();
    if (leftMs <= 0) break;
    // What was received is served even when no more can be.
    const more = await receive(maxMessageBatchSize - batch.length, leftMs).catch(() => undefined);
    if (more === undefined) break;
    batch.push(...more);
  }
  return batch;
}

async function serve(batch: readonly ServiceBusReceivedMessage[], batching: Batching): Promise<void> {
  let how: "complete" | "abandon" | undefined = batching.completes ? "complete" : undefined;
  try {
    await batching.invoke(toBatchInput(batch, batching.dataType));
  } catch {
    // The reason is in the log with the invocation's id; the messages are delivered again.
    how = "abandon";
  }
  await Promise.all(
    batch.map(async (message) => {
      if (how === undefined) freeSlotLater(message, batching);
      else await settle(message, how, batching);
    }),
  );
}
