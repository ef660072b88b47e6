/**
 * Events of the service, by fetch, since an EventSource can send no token. A tab has one stream, whichever page is shown; it is
 * closed while the tab is hidden, and taken up where it ended.
 */
import { effect, signal } from "@preact/signals";
import { contact, pause, Refused, refusal, retryAfterMs, send } from "./client.ts";
import { EventParser, type ServerEvent } from "./eventParser.ts";
import { gate } from "./session.ts";

export type StreamState = "connecting" | "live" | "paused" | "away" | "ended" | "full" | "refused";
export const streamState = signal<StreamState>("connecting");
/** When something came last, be it only a heartbeat. */
export const lastHeard = signal(Date.now());

export const everything = "/api/events";
const longestPauseMs = 15_000;
/** Heartbeats come every 15 seconds. */
const silenceMs = 40_000;

type Listener = (event: ServerEvent) => void;

const listeners = new Set<Listener>();
const followed = signal<string | undefined>(undefined);
const isVisible = signal(!document.hidden);
document.addEventListener("visibilitychange", () => {
  isVisible.value = !document.hidden;
});

/** Takes the place of what was followed before. */
export function follow(path: string): void {
  followed.value = path;
}

/** Tells of each event of whatever is followed; call what it gives when nobody wants to know any more. */
export function observe(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** By path: what was followed before is taken up where it was left. */
const lastEventIds = new Map<string, string>();
/** How often a stream has begun with what happens from then on: what happened before, only a list can tell. */
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
      // Not all tabs at the same moment.
      await pauseUnlessBack(longest / 2 + (Math.random() * longest) / 2, stopped);
    }
  }
}

/** Shorter where the service answers again meanwhile. */
async function pauseUnlessBack(ms: number, stopped: AbortSignal): Promise<void> {
  const back = new AbortController();
  const wasThere = contact.peek().isThere;
  const stop = contact.subscribe(({ isThere }) => isThere && !wasThere && back.abort());
  await pause(ms, AbortSignal.any([stopped, back.signal])).catch(() => undefined);
  stop();
}

/** Until the stream ends: how long to wait before the next, or that there is nothing more to come. */
async function readOnce(path: string, stopped: AbortSignal): Promise<number | "ended"> {
  const silent = new AbortController();
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
  let watch = 0;
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
    // Leaves the place of this stream to others.
    silent.abort();
  }
}
