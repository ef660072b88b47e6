/** The embedded host gives the answers that were recorded from the real one (recorded.ts). */
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Host, startHost } from "../../src/host.ts";
import { createStoreFolder } from "../durable/support/durableHost.ts";
import { createMemoryLog } from "../support/memoryLog.ts";
import {
  type Answer,
  barriers,
  departures,
  expectText,
  historyFields,
  payloads,
  reasons,
  requests,
} from "./recorded.ts";

let host: Host;
const { log, lines } = createMemoryLog();
const key = "code=system";
const hook = "/runtime/webhooks/durabletask";

beforeAll(async () => {
  host = await startHost({
    folder: resolve("packages/functions-host/test/conformance/apps/answers"),
    port: 0,
    dataDirectory: await createStoreFolder(),
    settings: { MOORING_SYSTEM_KEY: "system" },
    log,
  });
  await Promise.all([start("event", "running"), start("quick", "ended"), start("throwText", "failed")]);
  await Promise.all([finished("ended"), finished("failed")]);
});

afterAll(() => host.close({ graceMs: 200 }));

async function call(path: string, init: RequestInit = {}): Promise<Response> {
  return await fetch(`${host.url}${hook}/${path}${path.includes("?") ? "&" : "?"}${key}`, init);
}

async function start(name: string, id: string, input: unknown = null): Promise<void> {
  const { status } = await call(`orchestrators/${name}/${id}`, { method: "POST", body: JSON.stringify(input) });
  expect(status).toBe(202);
}

interface Status {
  readonly runtimeStatus: string;
  readonly output: unknown;
  readonly customStatus: unknown;
  readonly historyEvents: readonly Readonly<Record<string, unknown>>[];
}

async function statusOf(id: string): Promise<Status> {
  return (await (await call(`instances/${id}?showHistory=true`)).json()) as Status;
}

async function finished(id: string): Promise<Status> {
  return await vi.waitFor(
    async () => {
      const status = await statusOf(id);
      expect(status.runtimeStatus).toMatch(/^(Completed|Failed|Terminated)$/);
      return status;
    },
    { timeout: 10_000, interval: 10 },
  );
}

let ids = 0;

describe("payloads", () => {
  test.each(payloads)("$what", async ({ orchestration, input, output, status = "Completed" }) => {
    ids += 1;
    const id = `payload-${ids}`;

    await start(orchestration, id, input);

    const ended = await finished(id);
    expect(ended.runtimeStatus).toBe(status);
    if (output instanceof RegExp) expect(ended.output).toMatch(output);
    else expect(ended.output).toEqual(output);
  });
});

describe("requests", () => {
  test.each(requests)(
    "$what: $answer.status",
    async ({ method = "GET", path, headers = {}, contentType, requestBody, answer }) => {
      const url = path.startsWith("{hook}")
        ? `${hook}${path.slice("{hook}".length)}${path.includes("?") ? "&" : "?"}${key}`
        : path;

      const response = await fetch(`${host.url}${url}`, {
        method,
        headers: { ...headers, ...(contentType === undefined ? {} : { "content-type": contentType }) },
        ...(requestBody === undefined ? {} : { body: requestBody }),
      });

      await expectAnswer(response, answer);
    },
  );
});

async function expectAnswer(response: Response, { status, headers = {}, body, text: expected }: Answer): Promise<void> {
  expect(response.status).toBe(status);
  for (const [name, value] of Object.entries(headers)) {
    if (value === "something") expect(response.headers.get(name)).toBeTruthy();
    else expect(response.headers.get(name)).toBe(value);
  }
  const text = await response.text();
  if (expected !== undefined) expect(text).toBe(expected);
  if (body === undefined) return;
  if (body === "") expect(text).toBe("");
  else expect(JSON.parse(text)).toEqual(withMatchers(body));
}

function withMatchers(body: unknown): unknown {
  if (body === expectText) return expect.any(String);
  if (Array.isArray(body)) return body.map(withMatchers);
  if (typeof body !== "object" || body === null) return body;
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, withMatchers(value)]));
}

describe("histories", () => {
  test.each(historyFields)("$entry has its fields", async ({ entry, fields }) => {
    await start("caught", `history-${entry}`, "boom");
    await start("seen", `history-of-success-${entry}`, { value: 1 });
    const events = [
      ...(await finished(`history-${entry}`)).historyEvents,
      ...(await finished(`history-of-success-${entry}`)).historyEvents,
    ];

    expect(Object.keys(events.find(({ EventType }) => EventType === entry) ?? {}).sort()).toEqual(fields);
  });

  test.each(departures)("of what has left $open open, after $way", async ({ open, way, history }) => {
    const id = `leaving-${open}-${way}`;
    await start("leaving", id, { open, way });

    const { historyEvents, runtimeStatus } = await finished(id);

    expect(runtimeStatus).toBe(way === "throw" ? "Failed" : "Completed");
    const isFailureFirst = open === "retry" && historyEvents[1]?.["EventType"] === "TaskFailed";
    const types = historyEvents.map(({ EventType }) => String(EventType)).slice(1);
    expect(types).toEqual(isFailureFirst ? expect.arrayContaining([...history]) : history);
  });

  test("of what has left a timer open begins its next generation when that has fired", async () => {
    await start("leaving", "leaving-timer-continueAsNew", { open: "timer", way: "continueAsNew" });

    expect((await finished("leaving-timer-continueAsNew")).output).toBeGreaterThan(250);
  });

  test("of an instance that was terminated ends with both entries", async () => {
    await start("event", "terminated");
    await expect.poll(async () => (await statusOf("terminated")).runtimeStatus).toBe("Running");

    await call("instances/terminated/terminate?reason=enough", { method: "POST" });

    const { historyEvents, output } = await finished("terminated");
    expect(output).toBe("enough");
    expect(historyEvents.slice(-2).map(({ EventType }) => EventType)).toEqual([
      "ExecutionTerminated",
      "ExecutionCompleted",
    ]);
  });
});

describe("a Task.all of which one has failed", () => {
  test.each(barriers)("with $beside beside it: $next", async ({ beside, next, early, order }) => {
    ids += 1;
    const id = `barrier-${ids}`;
    await start("catches", id, { beside, next });
    await expect.poll(async () => await hasCaught(id)).toBe(true);
    if (early !== undefined) {
      await raise(id, early);
      await expect.poll(async () => (await statusOf(id)).customStatus).toBe("has come on");
    }
    const expected = order.filter((what) => what !== "event");
    const waits = order[0] === "event" || order[0] === "beside has ended";
    if (!waits) await expect.poll(async () => await toldOf(id)).toEqual(expected.slice(0, 1));
    const before = await toldOf(id);
    const { runtimeStatus } = await statusOf(id);

    if (beside === "an event") await raise(id, "go");
    else await raise(`${id}-child`, "go");

    const ended = await finished(id);
    await expect.poll(async () => (await toldOf(id)).toSorted()).toEqual(expected.toSorted());
    if (waits) expect({ before, runtimeStatus }).toEqual({ before: [], runtimeStatus: "Running" });
    expect((await toldOf(id))[0]).toBe(expected[0]);
    expect(ended.runtimeStatus).toBe(next === "throws" ? "Failed" : "Completed");
  });

  /** Its turn with the failure is over. */
  async function hasCaught(id: string): Promise<boolean> {
    const { historyEvents } = await statusOf(id);
    return historyEvents.some(({ EventType }) => EventType === "TaskFailed");
  }

  async function raise(id: string, name: string): Promise<void> {
    await call(`instances/${id}/raiseEvent/${encodeURIComponent(name)}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "1",
    });
  }

  async function toldOf(id: string): Promise<readonly string[]> {
    return (await (await fetch(`${host.url}/api/told/${id}`)).json()) as string[];
  }
});

test.each(reasons)("$operations: $status with the output $output", async ({ operations, status, output }) => {
  ids += 1;
  const id = `reasons-${ids}`;
  await start("event", id);
  await expect.poll(async () => (await statusOf(id)).runtimeStatus).toBe("Running");

  for (const operation of operations) {
    const before = (await statusOf(id)).runtimeStatus;
    await call(`instances/${id}/${operation}`, { method: "POST" });
    await expect.poll(async () => (await statusOf(id)).runtimeStatus).not.toBe(before);
  }

  expect(await statusOf(id)).toMatchObject({ runtimeStatus: status, output });
});

test("passes an event's $ref and $type through unchanged", async () => {
  await start("event", "event-with-ref");
  await call("instances/event-with-ref/raiseEvent/go", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"$ref":"1"}',
  });

  expect((await finished("event-with-ref")).output).toBe('object {"$ref":"1"}');
});

test("replaces half a surrogate pair in an event", async () => {
  await start("event", "event-with-half");
  await call("instances/event-with-half/raiseEvent/go", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: String.raw`{"text":"a\ud800b"}`,
  });

  expect((await finished("event-with-half")).output).toBe('object {"text":"a\ufffdb"}');
});

test("wakes an orchestration less than 1,200 ms after it asked for 1,200, by its own clock, and up to a second early", async () => {
  await start("timer", "early", 1_200);

  const { output } = await finished("early");

  // Whole seconds, of which the start of the turn took some milliseconds.
  expect(output).toBeLessThan(1_150);
  expect(output).toBeGreaterThan(900);
});

test("fails a call of an unregistered activity, for which the real host would wait forever", async () => {
  await start("missingActivity", "stranded");

  const { runtimeStatus, output } = await finished("stranded");

  expect(runtimeStatus).toBe("Failed");
  expect(output).toContain("In Azure this orchestration would not fail: it would wait forever.");
  expect(lines.some((line) => line.startsWith("ERR") && line.includes("in Azure it would wait forever"))).toBe(true);
});
