import { expect, it } from "vitest";
import type { ServerEvent, Subscription } from "../../../src/application/feeds/subscription.ts";
import { TransientError } from "../../../src/domain/errors.ts";
import type { Client } from "../../../src/http/clients.ts";
import { answerEvents, defaultPace, writeEvents } from "../../../src/http/eventStream.ts";

const pace = { ...defaultPace, heartbeatMs: 10_000, limitMs: 10_000 };
/** Always has something new. */
const changes = { wait: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.min(ms, 5))) };
const isLast = ({ event }: ServerEvent) => event === "end";

function from(looks: (readonly ServerEvent[] | Error)[]) {
  return async () => {
    const next = looks.shift() ?? [];
    if (next instanceof Error) throw next;
    return next;
  };
}

function subscribe({ poll = from([]), ...own }: Partial<Subscription> = {}): Subscription {
  return { poll, changes, isBehind: () => false, leave: () => {}, ...own };
}

type Options = Partial<Subscription> & Partial<Omit<Parameters<typeof writeEvents>[0], "subscription">>;

async function collect(
  { onFailure, pace: own = pace, ...subscription }: Options,
  stopAfter = Number.POSITIVE_INFINITY,
) {
  const chunks: string[] = [];
  const options = { isLast, pace: own, ...(onFailure ? { onFailure } : {}) };
  for await (const chunk of writeEvents({ subscription: subscribe(subscription), ...options })) {
    if (chunks.push(chunk) >= stopAfter) break;
  }
  return chunks;
}

it("says when to reconnect, writes each event with its id, and ends with the last one", async () => {
  const poll = from([
    [{ event: "step", id: "1", data: { a: "line\nbreak" } }],
    [],
    [{ event: "end", id: "2", data: {} }],
  ]);

  expect(await collect({ poll })).toEqual([
    "retry: 1000\n\n",
    'event: step\nid: 1\ndata: {"a":"line\\nbreak"}\n\n',
    "event: end\nid: 2\ndata: {}\n\n",
  ]);
});

it("writes a comment when nothing happens for a heartbeat interval", async () => {
  const chunks = await collect({ pace: { ...pace, heartbeatMs: 20 } }, 3);

  expect(chunks.slice(1)).toEqual([": heartbeat\n\n", ": heartbeat\n\n"]);
});

it("ends when its time is over, however busy it is", async () => {
  const poll = async () => [{ event: "step", id: "1", data: {} }];

  const chunks = await collect({ poll, pace: { ...pace, limitMs: 50 } });

  expect(chunks.at(-1)).toMatch(/^: the time of this stream is over/);
});

it("ends with the token that let its caller in, even one that is past its end by the difference of clocks", async () => {
  const poll = async () => [{ event: "step", id: "1", data: {} }];
  const endedAfter = async (validUntil: number) => {
    const begun = Date.now();
    for await (const _chunk of writeEvents({ subscription: subscribe({ poll }), isLast, pace, validUntil }));
    return Date.now() - begun;
  };

  expect(await endedAfter(Date.now() + 100)).toBeLessThan(2_000);
  expect(await endedAfter(Date.now() - 300_000 + 100)).toBeLessThan(2_000);
});

it("continues after a failed look", async () => {
  const poll = from([
    new TransientError("REGISTRY_UNAVAILABLE", "the registry does not answer"),
    [{ event: "end", id: "2", data: {} }],
  ]);

  expect((await collect({ poll })).at(-1)).toContain("event: end");
});

it("looks as soon as something is written, and not only at its own pace", async () => {
  let tell = () => {};
  const written = {
    wait: () =>
      new Promise<void>((resolve) => {
        tell = resolve;
      }),
  };
  const looks: ServerEvent[][] = [[], [{ event: "end", id: "1", data: {} }]];

  const done = collect({ poll: from(looks), changes: written });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(looks).toHaveLength(1);
  tell();

  expect((await done).at(-1)).toContain("event: end");
});

it("reports failing looks once, and again when they start failing anew", async () => {
  const fault = new TransientError("REGISTRY_UNAVAILABLE", "the registry does not answer");
  const warnings: string[] = [];
  const onFailure = (reason: string) => void warnings.push(reason);
  const poll = from([fault, fault, [], new Error("other"), [{ event: "end", id: "1", data: {} }]]);

  await collect({ poll, onFailure });

  expect(warnings).toEqual(["the registry does not answer", "other"]);
});

it("stops looking once the reader has gone", async () => {
  let looks = 0;
  const poll = async () => {
    looks += 1;
    return [];
  };
  const { body } = answerEvents({ subscription: subscribe({ poll }), isLast, pace });
  if (!(body instanceof ReadableStream)) throw new Error("the answer is not a stream");
  const reader = body.getReader();
  await reader.read();
  await expect.poll(() => looks).toBeGreaterThan(2);

  await reader.cancel();

  await new Promise((resolve) => setTimeout(resolve, 30));
  const then = looks;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(looks).toBe(then);
});

/** A client that reads nothing: all that is written to it stays buffered. */
function sleepingClient(sent: readonly string[]): Client & { isCut: () => boolean } {
  const gone = new AbortController();
  return {
    gone: gone.signal,
    unread: () => sent.join("").length,
    cutOff: () => gone.abort(),
    isCut: () => gone.signal.aborted,
  };
}

it("cuts off a client that does not read before much is buffered, and releases what the stream held", async () => {
  const sent: string[] = [];
  const client = sleepingClient(sent);
  const ended: string[] = [];
  const poll = async () => [{ event: "step", id: "1", data: "x".repeat(100_000) }];
  const subscription = subscribe({ poll, leave: () => void ended.push("left") });
  const { body } = answerEvents({ subscription, isLast, pace, client, ended: () => void ended.push("ended") });
  if (!(body instanceof ReadableStream)) throw new Error("the answer is not a stream");

  // Like the SDK, which keeps writing whether or not anybody reads.
  for await (const chunk of body) sent.push(new TextDecoder().decode(chunk));

  expect(client.isCut()).toBe(true);
  expect(client.unread()).toBeLessThan(1.2 * 1024 * 1024);
  expect(ended).toEqual(["left", "ended"]);
});

it("cuts off a client with more pending events than may be kept", async () => {
  const client = sleepingClient([]);
  const poll = async () => [{ event: "step", id: "1", data: {} }];
  const { body } = answerEvents({ subscription: subscribe({ poll, isBehind: () => true }), isLast, pace, client });
  if (!(body instanceof ReadableStream)) throw new Error("the answer is not a stream");

  for await (const _ of body);

  expect(client.isCut()).toBe(true);
});

it("releases what a stream held as soon as its client has gone, even if nothing more is written", async () => {
  const gone = new AbortController();
  const ended: string[] = [];
  const subscription = subscribe({
    changes: { wait: () => new Promise(() => {}) },
    leave: () => void ended.push("left"),
  });
  const client = { ...sleepingClient([]), gone: gone.signal };
  const { body } = answerEvents({ subscription, isLast, pace, client, ended: () => void ended.push("ended") });
  if (!(body instanceof ReadableStream)) throw new Error("the answer is not a stream");
  await body.getReader().read();

  gone.abort();

  expect(ended).toEqual(["left", "ended"]);
});
