/** Server-sent events (html.spec.whatwg.org, "Server-sent events") as an HTTP answer that is written as it happens. */
import type { Changes } from "../../ports.ts";
import type { Answer } from "../http/respond.ts";

export interface ServerEvent {
  readonly event: string;
  /** What a client sends back as Last-Event-ID to go on from here. */
  readonly id: string;
  readonly data: unknown;
}

export interface EventSourceOptions {
  /** What is new since the last call. */
  readonly poll: () => Promise<readonly ServerEvent[]>;
  readonly isLast: (event: ServerEvent) => boolean;
  readonly changes: Changes;
  readonly pace: Pace;
  /** Aborted when the client has gone. */
  readonly gone?: AbortSignal;
  /** Told of the first look of a row that failed. */
  readonly warn?: (reason: string) => void;
}

export interface Pace {
  /** How long a change that another process made may go unseen. */
  readonly pollMs: number;
  /** Changes that follow one another this fast are looked at together. */
  readonly settleMs: number;
  readonly heartbeatMs: number;
  /** When the stream ends and the client has to come back. */
  readonly limitMs: number;
  readonly retryMs: number;
}

export const defaultPace: Pace = {
  pollMs: 1_000,
  settleMs: 25,
  heartbeatMs: 15_000,
  limitMs: 120_000,
  retryMs: 1_000,
};

export function answerEvents(options: EventSourceOptions): Answer {
  const canceled = new AbortController();
  const gone = AbortSignal.any([canceled.signal, ...(options.gone ? [options.gone] : [])]);
  const chunks = writeEvents({ ...options, gone });
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    // Not chunks.return(): that waits for the next event, which may be a heartbeat away.
    cancel: () => canceled.abort(),
  });
  return {
    status: 200,
    // No proxy on the way may collect or compress what has to arrive at once.
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    },
    body,
  };
}

export async function* writeEvents({
  poll,
  isLast,
  changes,
  pace,
  gone,
  warn,
}: EventSourceOptions): AsyncGenerator<string, void> {
  const end = Date.now() + pace.limitMs;
  let heartbeat = Date.now() + pace.heartbeatMs;
  let isFailing = false;
  yield `retry: ${pace.retryMs}\n\n`;
  while (Date.now() < end && !gone?.aborted) {
    let events: readonly ServerEvent[];
    try {
      events = await poll();
      isFailing = false;
    } catch (error) {
      // What is new is found at the next look; a fault that lasts is for the log, and once is enough there.
      if (!isFailing) warn?.(error instanceof Error ? error.message : String(error));
      isFailing = true;
      events = [];
    }
    for (const event of events) yield print(event);
    if (events.some(isLast)) return;
    if (events.length > 0) heartbeat = Date.now() + pace.heartbeatMs;
    else if (Date.now() >= heartbeat) {
      heartbeat = Date.now() + pace.heartbeatMs;
      yield ": heartbeat\n\n";
    }
    await changes.wait(Math.max(0, Math.min(pace.pollMs, heartbeat - Date.now(), end - Date.now())));
    await new Promise((resolve) => setTimeout(resolve, pace.settleMs));
  }
  if (gone?.aborted) return;
  yield ": the time of this stream is over; come back with Last-Event-ID\n\n";
}

function print({ event, id, data }: ServerEvent): string {
  return `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
}
