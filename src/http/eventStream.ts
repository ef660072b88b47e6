/** Server-sent events (html.spec.whatwg.org, "Server-sent events") as an HTTP answer that is written as they happen. */

import type { ServerEvent, Subscription } from "../application/feeds/subscription.ts";
import { messageOf } from "../domain/messageOf.ts";
import type { Client } from "./clients.ts";
import type { Answer } from "./respond.ts";

export interface EventSourceOptions {
  /** The stream leaves it when it ends. */
  readonly subscription: Subscription;
  readonly isLast: (event: ServerEvent) => boolean;
  readonly pace?: Pace;
  /** Undefined where the host does not reveal it. */
  readonly client?: Client | undefined;
  /** When the caller has to prove again who it is, in milliseconds since 1970. */
  readonly validUntil?: number | undefined;
  /** Called for the first of consecutive failures. */
  readonly onFailure?: (reason: string) => void;
  /** Called once, when nothing more will be written. */
  readonly ended?: () => void;
}

export interface Pace {
  readonly heartbeatMs: number;
  /** When the stream ends and the client has to reconnect. */
  readonly limitMs: number;
  readonly retryMs: number;
}

export const defaultPace: Pace = {
  heartbeatMs: 15_000,
  limitMs: 120_000,
  retryMs: 1_000,
};

/**
 * How many bytes may be written that the client has not read. The SDK writes whatever it gets, and keeps it until the client
 * has read it; so a client that falls behind is cut off. It reconnects with the ID of the last event that it read, and gets
 * the state at that time.
 */
const mostUnread = 1024 * 1024;

export function answerEvents({ client, ...options }: EventSourceOptions): Answer {
  const canceled = new AbortController();
  const gone = AbortSignal.any([canceled.signal, ...(client ? [client.gone] : [])]);
  let isEnded = false;
  const end = () => {
    if (isEnded) return;
    isEnded = true;
    options.subscription.leave();
    options.ended?.();
  };
  if (gone.aborted) end();
  gone.addEventListener("abort", end, { once: true });
  const chunks = writeEvents({ ...options, gone, isBehind: () => (client?.unread() ?? 0) > mostUnread });
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await chunks.next();
      if (!done) return controller.enqueue(encoder.encode(value));
      end();
      if (value === "behind") client?.cutOff();
      controller.close();
    },
    // Not chunks.return(): that waits for the next event, which may be a heartbeat away.
    cancel: () => canceled.abort(),
  });
  return {
    status: 200,
    // No proxy along the way may collect or compress what has to arrive immediately.
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    },
    body,
  };
}

type Written = Omit<EventSourceOptions, "client" | "ended"> & {
  readonly gone?: AbortSignal;
  readonly isBehind?: () => boolean;
};

export async function* writeEvents({
  subscription,
  isLast,
  pace = defaultPace,
  gone,
  isBehind = () => false,
  onFailure,
  validUntil = Number.POSITIVE_INFINITY,
}: Written): AsyncGenerator<string, "behind" | undefined> {
  const end = endOf(pace, validUntil);
  let heartbeat = Date.now() + pace.heartbeatMs;
  let isFailing = false;
  yield `retry: ${pace.retryMs}\n\n`;
  while (Date.now() < end && !gone?.aborted) {
    let events: readonly ServerEvent[];
    try {
      events = await subscription.poll();
      isFailing = false;
    } catch (error) {
      // The next look finds what is new. A lasting fault goes to the log, but only once.
      if (!isFailing) onFailure?.(messageOf(error));
      isFailing = true;
      events = [];
    }
    for (const event of events) {
      if (isBehind() || subscription.isBehind()) return "behind";
      yield print(event);
    }
    if (events.some(isLast)) return undefined;
    if (events.length > 0) heartbeat = Date.now() + pace.heartbeatMs;
    else if (Date.now() >= heartbeat) {
      heartbeat = Date.now() + pace.heartbeatMs;
      yield ": heartbeat\n\n";
    }
    const again = isFailing ? pace.retryMs : pace.heartbeatMs;
    await subscription.changes.wait(Math.max(0, Math.min(again, heartbeat - Date.now(), end - Date.now())));
  }
  if (!gone?.aborted) yield ": the time of this stream is over; come back with Last-Event-ID\n\n";
  return undefined;
}

/** How long after its end a token is still accepted, because clocks differ (adapters/entra). */
const toleratedMs = 300_000;

function endOf({ limitMs }: Pick<Pace, "limitMs">, validUntil: number): number {
  const now = Date.now();
  return Math.min(now + limitMs, validUntil > now ? validUntil : validUntil + toleratedMs);
}

function print({ event, id, data }: ServerEvent): string {
  return `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
}
