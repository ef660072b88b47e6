/** Server-sent events (html.spec.whatwg.org, "Server-sent events"), resumed where the connection broke. */

import { type FeedRoute, pathOf } from "../../clients/api.ts";
import { defined } from "../../src/domain/defined.ts";
import { Failure, NotMooring, Refused, Unreachable } from "../failures.ts";
import { type Call, type Client, noAnswer, reasonOf } from "./client.ts";
import { pause } from "./pause.ts";

export interface ServerEvent {
  readonly event: string;
  readonly id: string;
  readonly data: unknown;
}

export interface FollowOptions {
  readonly signal: AbortSignal;
  readonly notify: (message: string) => void;
  readonly pace?: Pace;
}

export interface Pace {
  /** The service sends a heartbeat every 15 s; a connection that stays silent for this long is dead. */
  readonly silenceMs: number;
  /** How long to retry a service that does not answer. */
  readonly patienceMs: number;
  readonly retryMs: number;
}

const defaultPace: Pace = { silenceMs: 45_000, patienceMs: 120_000, retryMs: 1_000 };

/** Runs until an `end` event, or forever. Throws when the service refuses, or is unreachable for too long. */
export async function* follow(
  client: Client,
  call: Call<FeedRoute>,
  { signal, notify, pace = defaultPace }: FollowOptions,
): AsyncGenerator<ServerEvent, void> {
  let lastId: string | undefined;
  let retryMs = pace.retryMs;
  let lastHeard = Date.now();
  let isBroken = false;
  for (;;) {
    const silence = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const hear = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(new Error("nothing came for too long")), pace.silenceMs);
    };
    try {
      hear();
      const headers: Record<string, string> = lastId === undefined ? {} : { "last-event-id": lastId };
      const response = await client.stream(call, headers, AbortSignal.any([signal, silence.signal]));
      // No content: the end was already delivered.
      if (response.status === 204) return;
      if (isBroken) notify("Connected again.");
      isBroken = false;
      for await (const block of blocksOf(client, response.body, hear)) {
        lastHeard = Date.now();
        const { retry, event, id = "", data } = readBlock(block);
        if (retry !== undefined) retryMs = Math.min(retry, 10_000);
        if (event === undefined || data === undefined) continue;
        lastId = id;
        const document = readData(client, event, data);
        client.hearing.add({ from: `${pathOf(call)} the event ${event}`, expected: { event }, document });
        yield { event, id, data: document };
        if (event === "end") return;
      }
      // The service ends streams from time to time and expects the client to reconnect.
      lastHeard = Date.now();
      await pause(retryMs, signal);
    } catch (error) {
      signal.throwIfAborted();
      const seconds = error instanceof Refused ? error.retryAfterSeconds : undefined;
      if (isFinal(error)) throw error;
      if (Date.now() - lastHeard > pace.patienceMs) throw error instanceof Refused ? error : gone(client, error);
      if (!isBroken) notify(`The connection broke (${reasonOf(error)}); coming back to it.`);
      isBroken = true;
      await pause(seconds === undefined ? retryMs : seconds * 1_000, signal);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Whether a retry is pointless. A gateway's 502 passes, but another program will not become Mooring. */
function isFinal(error: unknown): boolean {
  if (error instanceof Refused) return error.retryAfterSeconds === undefined;
  if (error instanceof NotMooring) return error.status < 500;
  return error instanceof Failure && !(error instanceof Unreachable);
}

function readData({ server }: Client, event: string, data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    throw notEvents(server, `its event ${event} is not JSON`);
  }
}

function notEvents({ origin }: URL, why: string): NotMooring {
  return new NotMooring(`What ${origin} sends is no stream of Mooring's: ${why}.`, {
    status: 200,
    next: ["Look at --server or MOORING_SERVER."],
  });
}

function gone(client: Client, error: unknown): Unreachable {
  return error instanceof Unreachable ? error : noAnswer(client.server, error);
}

/** Of an event; the largest has an operation with all its steps. */
const mostLetters = 4 * 1024 * 1024;

async function* blocksOf(
  { server }: Client,
  body: ReadableStream<Uint8Array> | null,
  hear: () => void,
): AsyncGenerator<string, void> {
  let text = "";
  for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    hear();
    text += chunk.replaceAll("\r", "");
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    yield* blocks;
    if (text.length > mostLetters) throw notEvents(server, "an event has more than 4 MB");
  }
}

interface Block {
  readonly event?: string;
  readonly id?: string;
  readonly data?: string;
  readonly retry?: number;
}

export function readBlock(block: string): Block {
  const fields = new Map<string, string>();
  for (const line of block.split("\n")) {
    const [, name = "", value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    const before = fields.get(name);
    // Several lines of data form one text.
    fields.set(name, name === "data" && before !== undefined ? `${before}\n${value}` : value);
  }
  const [event, id, data, retry] = ["event", "id", "data", "retry"].map((name) => fields.get(name));
  return {
    ...defined({ event }),
    ...defined({ id }),
    ...defined({ data }),
    ...(retry !== undefined && /^\d+$/.test(retry) ? { retry: Number(retry) } : {}),
  };
}
