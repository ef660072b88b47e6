/** Following events over connections that break, without the service. */
import { expect, it } from "vitest";
import { NotMooring, Refused, Unreachable } from "../../cli/failures.ts";
import type { Client } from "../../cli/service/client.ts";
import { follow, type Pace } from "../../cli/service/events.ts";
import { createHearing } from "../../cli/service/hearing.ts";

type Try = (lastEventId: string | undefined, signal: AbortSignal) => Response | Promise<Response>;

/** Each attempt to connect gets the next of these outcomes; the last one repeats. */
function clientOf(...tries: readonly Try[]) {
  const asked: (string | undefined)[] = [];
  const client: Pick<Client, "server" | "hearing" | "stream"> = {
    server: new URL("http://127.0.0.1:1"),
    hearing: createHearing(),
    async stream(_call, headers, signal) {
      const next = tries[Math.min(asked.length, tries.length - 1)];
      asked.push(headers["last-event-id"]);
      if (!next) throw new Error("nothing to try");
      return await next(headers["last-event-id"], signal);
    },
  };
  return { client: client as Client, asked };
}

const event = (id: string, name = "step") => `event: ${name}\nid: ${id}\ndata: {"n":"${id}"}\n\n`;
const stream = (text: string) => () => new Response(text);
const broken = (): Response => {
  throw new TypeError("fetch failed");
};
/** Sends something, and then nothing more. */
const silent =
  (text: string): Try =>
  (_id, signal) =>
    new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(text));
          signal.addEventListener("abort", () => controller.error(signal.reason));
        },
      }),
    );

async function collect(client: Client, pace: Partial<Pace> = {}) {
  const said: string[] = [];
  const ids: string[] = [];
  const options = {
    signal: new AbortController().signal,
    notify: (message: string) => void said.push(message),
    pace: { silenceMs: 1_000, patienceMs: 5_000, retryMs: 1, ...pace },
  };
  for await (const { id } of follow(client, { route: "GET /api/events" }, options)) ids.push(id);
  return { ids, said };
}

it("reconnects where it left off, says so once, and ends with the stream", async () => {
  const { client, asked } = clientOf(stream(event("1") + event("2")), broken, broken, stream(event("3", "end")));

  const { ids, said } = await collect(client);

  expect(ids).toEqual(["1", "2", "3"]);
  expect(asked).toEqual([undefined, "2", "2", "2"]);
  expect(said).toEqual([expect.stringContaining("coming back to it"), "Connected again."]);
});

it("treats a silent connection as broken", async () => {
  const { client, asked } = clientOf(silent(event("1")), stream(event("2", "end")));

  const { ids } = await collect(client, { silenceMs: 50 });

  expect(ids).toEqual(["1", "2"]);
  expect(asked).toEqual([undefined, "1"]);
});

it("keeps half an event until the rest arrives", async () => {
  const text = new TextEncoder().encode(event("1") + event("ü", "end"));
  const bytes = new ReadableStream({
    start(controller) {
      for (const byte of text) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });

  expect((await collect(clientOf(() => new Response(bytes)).client)).ids).toEqual(["1", "ü"]);
});

it("ends when the service says that there is nothing more", async () => {
  const { client } = clientOf(() => new Response(null, { status: 204 }));

  expect((await collect(client)).ids).toEqual([]);
});

it("gives up when the service is away for too long", async () => {
  const { client } = clientOf(stream(event("1")), broken);

  await expect(collect(client, { patienceMs: 30 })).rejects.toThrow(Unreachable);
});

it("does not retry a refusal, or the answer of another program", async () => {
  const problem = { status: 404, code: "NOT_FOUND", detail: "", fix: "", traceId: "" };
  const refused = clientOf(() => Promise.reject(new Refused(problem)));
  const other = clientOf(() => Promise.reject(new NotMooring("", { status: 403, next: [] })));

  await expect(collect(refused.client)).rejects.toThrow(Refused);
  await expect(collect(other.client)).rejects.toThrow(NotMooring);
  expect([refused.asked.length, other.asked.length]).toEqual([1, 1]);
});

it("waits when the service asks it to, or a gateway fails", async () => {
  const problem = { status: 429, code: "RATE_LIMITED", detail: "", fix: "", traceId: "" };
  const { client, asked } = clientOf(
    () => Promise.reject(new Refused(problem, { retryAfterSeconds: 0.01 })),
    () => Promise.reject(new NotMooring("", { status: 502, next: [] })),
    stream(event("1", "end")),
  );

  expect((await collect(client)).ids).toEqual(["1"]);
  expect(asked).toHaveLength(3);
});
