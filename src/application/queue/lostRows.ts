/**
 * Finds deferred messages whose row in the registry is gone or cannot be read, because somebody restored or changed the table: nothing
 * else would ever receive them again. Each run looks at a limited part of the queue, and the next one goes on from there.
 */
import { queueCaller } from "../../domain/policy/queueCaller.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import type { Ports } from "../../ports/index.ts";
import type { DeferredMessage } from "../../ports/serviceBus.ts";
import { logLine } from "../../telemetry/logLine.ts";

import { receiveRequest } from "../requests/readRequest.ts";
import { arrivingOf } from "./arriving.ts";
import { traceOfMessage } from "./messageTrace.ts";
import { confirmsRemoval, readMessage } from "./readMessage.ts";

/** Of a hundred messages each. */
const pagesPerRun = 5;

export function createLostRows<W extends { readonly warn: (line: string) => void }>(
  { registry, queue, catalog }: Pick<Ports, "registry" | "queue" | "catalog">,
  noteRefused: (worker: W, message: { readonly traceparent: string }, error: Refusal) => Promise<void>,
): (worker: W) => Promise<void> {
  /** Where the next run begins. */
  let from = 1;

  async function restore(worker: W, message: DeferredMessage): Promise<void> {
    const { sequenceNumber, body } = message;
    const traceparent = traceOfMessage(body, message.properties);
    try {
      const received = receiveRequest({ catalog, by: queueCaller(catalog) }, readMessage(body));
      const { cluster, namespace } = received.request;
      if (!(await isLost(sequenceNumber))) return;
      worker.warn(logLine("waiting request restored", { cluster, namespace, sequenceNumber }));
      const since = message.sentTime.toISOString();
      const isRemovalConfirmed = confirmsRemoval(body, message.properties);
      const arriving = arrivingOf(received, { ...message, traceparent, isRemovalConfirmed });
      // One that cannot be read says nothing that its message does not.
      await registry.removeWaiting({ cluster, namespace, sequenceNumber });
      await registry.insertWaiting({ ...arriving, cluster, namespace, since });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      await noteRefused(worker, { traceparent }, error);
      await queue.deadLetterDeferred(sequenceNumber, { reason: error.code, description: error.message });
    }
  }

  /** A row is removed only after its message was settled: without a row, one that is still deferred has lost it. */
  async function isLost(sequenceNumber: number): Promise<boolean> {
    const { messages } = await queue.deferredFrom(sequenceNumber);
    return messages[0]?.sequenceNumber === sequenceNumber;
  }

  return async (worker) => {
    for (let page = 0; page < pagesPerRun; page += 1) {
      const { messages, next } = await queue.deferredFrom(from);
      // Rows are written before their messages are deferred, so they are read after them.
      const rows = messages.length === 0 ? [] : await registry.listWaiting();
      const known = new Set(rows.map(({ sequenceNumber }) => sequenceNumber));
      for (const message of messages) if (!known.has(message.sequenceNumber)) await restore(worker, message);
      from = next ?? 1;
      if (next === undefined) return;
    }
  };
}
