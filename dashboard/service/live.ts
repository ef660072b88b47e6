/**
 * Live events over fetch, since EventSource cannot send a token. Each tab has one stream, whichever page it shows; the stream closes
 * while the tab is hidden and then resumes where it stopped.
 */
import { effect, signal } from "@preact/signals";
import { type CallOf, type FeedRoute, pathOf } from "../../clients/api.ts";
import { contact, pause, Refused, refusal, retryAfterMs, send } from "./client.ts";
import { EventParser, type ServerEvent } from "./eventParser.ts";
import { gate } from "./session.ts";

export type StreamState = "connecting" | "live" | "paused" | "away" | "ended" | "full" | "refused";
export const streamState = signal<StreamState>("connecting");
/** When the last event or heartbeat arrived. */
export const lastHeard = signal(Date.now());

const longestPauseMs = 15_000;
/** A stream that lasts less is not followed by the next without a pause. */
const shortestMs = 1_000;
/** Heartbeats come every 15 seconds. */
const silenceMs = 40_000;

type Listener = (event: ServerEvent) => void;

const listeners = new Set<Listener>();
const followed = signal<string | undefined>(undefined);
const isVisible = signal(!document.hidden);
document.addEventListener("visibilitychange", () => {
  isVisible.value = !document.hidden;
});

/** Switches the stream to another feed. */
export function follow(feed: CallOf<FeedRoute>): void {
  followed.value = pathOf(feed);
}

/** Calls the listener for each event of the stream. Returns a function that stops it. */
export function observe(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The last event id of each path, to resume its stream where it stopped. */
const lastEventIds = new Map<string, string>();
/** Counts streams that started without a position: earlier events are lost to them, so lists have to reload. */
export const freshStreams = signal(0);

effect(() => {
  const path = followed.value;
  if (gate.value !== "open" || path === undefined) return;
  if (!isVisible.value) {
    streamState.value = "paused";
    return;
  }
  const stopping = new AbortController();
  void run(path, stopping.signal);
  return () => stopping.abort();
});

async function run(path: string, stopped: AbortSignal): Promise<void> {
  for (let failures = 0; !stopped.aborted; ) {
    if (streamState.peek() !== "away") streamState.value = "connecting";
    const begun = Date.now();
    try {
      const wait = await readOnce(path, stopped);
      if (wait === "ended") {
        streamState.value = "ended";
        return;
      }
      failures = 0;
      if (wait > 0) {
        streamState.value = "full";
        await pause(wait, stopped);
      } else if (Date.now() - begun < shortestMs) {
        // Something on the way may end every stream at once.
        await pauseUnlessBack(shortestMs, stopped);
      }
    } catch (error) {
      if (stopped.aborted) return;
      if (error instanceof Refused && error.status < 500) {
        streamState.value = "refused";
        return;
      }
      failures += 1;
      streamState.value = contact.peek().isThere ? "connecting" : "away";
      const longest = Math.min(longestPauseMs, 500 * 2 ** Math.min(failures, 6));
      // With jitter, so that tabs do not retry together.
      await pauseUnlessBack(longest / 2 + (Math.random() * longest) / 2, stopped);
    }
  }
}

/** Ends early when the service is back. */
async function pauseUnlessBack(ms: number, stopped: AbortSignal): Promise<void> {
  const back = new AbortController();
  const wasThere = contact.peek().isThere;
  const stop = contact.subscribe(({ isThere }) => isThere && !wasThere && back.abort());
  await pause(ms, AbortSignal.any([stopped, back.signal])).catch(() => undefined);
  stop();
}

/** Reads a stream to its end. Returns how long to wait before the next one, or that no more events will come. */
async function readOnce(path: string, stopped: AbortSignal): Promise<number | "ended"> {
  const silent = new AbortController();
  // A browser that loses the network may leave an open stream waiting.
  addEventListener("offline", () => silent.abort(), { signal: silent.signal });
  const signal = AbortSignal.any([stopped, silent.signal]);
  const headers: Record<string, string> = { accept: "text/event-stream" };
  const lastEventId = lastEventIds.get(path);
  if (lastEventId !== undefined) headers["last-event-id"] = lastEventId;
  const response = await send(path, { headers, signal });
  if (response.status === 204) return "ended";
  if (response.status === 429 || response.status === 503) return retryAfterMs(response);
  if (!response.ok) throw await refusal(response);
  if (!response.body) throw new Error("answered nothing");
  streamState.value = "live";
  if (lastEventId === undefined) freshStreams.value += 1;
  const parser = new EventParser();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let watch: ReturnType<typeof setTimeout> | undefined;
  const heard = () => {
    lastHeard.value = Date.now();
    clearTimeout(watch);
    watch = setTimeout(() => silent.abort(), silenceMs);
  };
  try {
    for (;;) {
      heard();
      const { value, done } = await reader.read();
      if (done) return 0;
      for (const event of parser.take(value)) {
        if (stopped.aborted) return "ended";
        if (event.id !== undefined) lastEventIds.set(path, event.id);
        for (const listen of [...listeners]) listen(event);
        if (event.event === "end") return "ended";
      }
    }
  } finally {
    clearTimeout(watch);
    // Frees the connection.
    silent.abort();
  }
}
