/** Sections of the protocol, a test for each row of protocol.ts, with the real SDK on the other side. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FunctionApp } from "../../src/app.ts";
import { loadApp } from "../../src/load.ts";
import { createStoreFolder, type DurableHost, startDurableHost } from "../durable/support/durableHost.ts";
import { createMemoryLog } from "../support/memoryLog.ts";
import { actions, events, outcomes, payloadFields } from "./protocol.ts";

interface Event {
  readonly EventType: number;
  readonly EventId: number;
  readonly IsPlayed: boolean;
  readonly Timestamp: string;
  readonly [property: string]: unknown;
}
interface Payload {
  readonly instanceId: string;
  readonly history: readonly Event[];
  readonly [field: string]: unknown;
}

let app: FunctionApp;
let host: DurableHost;
/** The payloads that the orchestrators were called with, turn by turn. */
const payloads: Payload[] = [];

function listenIn(heard: FunctionApp): FunctionApp {
  return {
    ...heard,
    async invoke(name, input) {
      if (heard.functions.get(name)?.trigger.type === "orchestrationTrigger") payloads.push(copyOf(input.raw));
      return await heard.invoke(name, input);
    },
  };
}

/** As it is now: the SDK changes what it gets. The history is not enumerable. */
function copyOf(raw: object | undefined): Payload {
  return JSON.parse(JSON.stringify({ ...raw, history: Reflect.get(raw ?? {}, "history") }));
}

beforeAll(async () => {
  app = await loadApp("packages/functions-host/test/conformance/apps/protocol", { log: createMemoryLog().log });
  host = await startDurableHost(listenIn(app), { settings: { maxOrchestrationActions: 20 } });
});

afterAll(async () => {
  await host.close();
});

const turnsOf = (id: string) => payloads.filter(({ instanceId }) => instanceId === id);

describe("what an orchestrator is called with", () => {
  beforeAll(async () => {
    await host.client.startNew("show", { instanceId: "payload", input: { a: 1 } });
    await host.finished("payload");
  });

  test.each(payloadFields)("$field ($source)", ({ field, value }) => {
    const [first] = turnsOf("payload");

    if (value === "array") expect(first?.[field]).toEqual(expect.any(Array));
    else expect(first?.[field]).toEqual(value);
  });

  test("the id of the parent in a child (extension: DurableOrchestrationContext.cs)", async () => {
    const { instanceId, output } = await host.run("CallSubOrchestrator");
    const execution = turnsOf(instanceId)[0]?.history[1]?.["OrchestrationInstance"];

    expect(output).toMatchObject({ parent: instanceId });
    // core: TaskOrchestrationContext.cs, CreateSubOrchestrationInstanceCore.
    expect(output).toMatchObject({ id: `${(execution as { ExecutionId: string }).ExecutionId}:0` });
  });

  test("turns: the past as played, then OrchestratorStarted and what is new (sdk: TaskOrchestrationExecutor.js)", () => {
    const [first, second, ...more] = turnsOf("payload").map(({ history }) =>
      history.map(({ EventType, IsPlayed }) => `${EventType}${IsPlayed ? " played" : ""}`),
    );

    expect(first).toEqual(["12", "0"]);
    // Without what the SDK passes over: TaskScheduled, OrchestratorCompleted.
    expect(second).toEqual(["12 played", "0 played", "12", "5"]);
    expect(more).toEqual([]);
  });

  test("simultaneous completions come in one turn, but one at a time while a retry is open (sdk: RetryableTask.js)", async () => {
    const { instanceId } = await host.run("CallActivityWithRetryInVain");

    for (const { history } of turnsOf(instanceId)) {
      const fresh = history.slice(history.findLastIndex(({ EventType }) => EventType === 12) + 1);
      expect(fresh).toHaveLength(1);
    }
  });
});

describe("stored histories", () => {
  const statuses = new Map<string, string>();
  const histories = new Map<string, Event[]>();

  /** The SDK is not shown all of a history: here is what the store has of each orchestration, when all have ended. */
  beforeAll(async () => {
    const directory = await createStoreFolder();
    const own = await startDurableHost(app, { directory });
    for (const { action } of actions) {
      const input = action === "ContinueAsNew" ? "once more" : undefined;
      await own.client.startNew(action, { instanceId: action, input });
      if (action === "WaitForExternalEvent") await own.client.raiseEvent(action, "go", 1);
      statuses.set(action, (await own.finished(action)).runtimeStatus);
    }
    await own.client.startNew("twoWaiters", { instanceId: "paused" });
    await own.until("paused", ({ runtimeStatus }) => runtimeStatus === "Running");
    await own.client.suspend("paused", "wait");
    await own.until("paused", ({ runtimeStatus }) => runtimeStatus === "Suspended");
    await own.client.resume("paused", "go on");
    await own.client.raiseEvent("paused", "go", 1);
    await own.client.raiseEvent("paused", "go", 2);
    await own.finished("paused");
    await own.run("tellsFailure", { kind: "activity", name: "boom" });
    await own.run("tellsFailure", { kind: "child", name: "sad" });
    await own.close();
    const database = new DatabaseSync(join(directory, "TestHubName.sqlite"));
    const rows = database
      .prepare("SELECT id, events FROM history JOIN instances ON key = instance ORDER BY key, position")
      .all();
    database.close();
    await rm(directory, { recursive: true });
    for (const { id, events: some } of rows) {
      histories.set(String(id), [...(histories.get(String(id)) ?? []), ...JSON.parse(String(some))]);
    }
  });

  test.each(actions)("$action takes the ids $scheduled ($source)", ({ action, scheduled }) => {
    expect(statuses.get(action)).toBe("Completed");
    expect((histories.get(action) ?? []).flatMap(describeScheduled)).toEqual(scheduled);
  });

  function describeScheduled({ EventType, EventId, Name }: Event): string[] {
    const kind = { 4: "task", 7: "child", 10: "timer" }[EventType];
    if (kind === undefined) return [];
    return [Name === undefined ? `${EventId} ${kind}` : `${EventId} ${kind} ${String(Name)}`];
  }

  test.each(events)("$type is $name with $properties ($source)", ({ type, properties, isNumbered }) => {
    const found = [...histories.values()].flat().filter(({ EventType }) => EventType === type);

    expect(found.length).toBeGreaterThan(0);
    for (const event of found) {
      // `Host` is this host's own, which the SDK does not read.
      const { EventType: _, EventId, Timestamp, Host: __, ...rest } = event;
      expect(Object.keys(rest).sort()).toEqual([...properties].sort());
      expect(new Date(Timestamp).toISOString()).toBe(Timestamp);
      if (isNumbered) expect(EventId).toBeGreaterThanOrEqual(0);
      else expect(EventId).toBe(-1);
    }
  });

  test.each(["Result", "Reason", "Details"])("%s is always text (sdk: TaskOrchestrationExecutor.js)", (property) => {
    const values = [...histories.values()].flat().flatMap((event) => (property in event ? [event[property]] : []));

    expect(values.length).toBeGreaterThan(0);
    for (const value of values) expect(typeof value).toBe("string");
  });
});

describe("outcomes of an orchestration", () => {
  test.each(outcomes)("$what ($source)", async ({ orchestration, input, events: raised = [], status, output }) => {
    // Without a body: the SDK's client would send the JSON of an empty string.
    const response = await fetch(`${host.url}/runtime/webhooks/durabletask/orchestrators/${orchestration}`, {
      method: "POST",
      ...(input === undefined ? {} : { body: JSON.stringify(input) }),
    });
    const { id } = (await response.json()) as { id: string };
    for (const [name, data] of raised) await host.client.raiseEvent(id, name, data);

    const ended = await host.finished(id);

    expect(ended.runtimeStatus).toBe(status ?? "Completed");
    if (output instanceof RegExp) expect(ended.output).toMatch(output);
    else expect(ended.output).toEqual(withPatterns(output));
  });

  function withPatterns(value: unknown): unknown {
    if (value instanceof RegExp) return expect.stringMatching(value);
    if (Array.isArray(value) || typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withPatterns(inner)]));
  }
});

describe("a new generation (extension: OutOfProcOrchestrationShim.cs; core: TaskOrchestrationDispatcher.cs)", () => {
  test("keeps the id and the custom status, gets unread events, and ignores the return value", async () => {
    const id = await host.client.startNew("again");
    await host.until(id, ({ customStatus }) => customStatus === "first round");
    const [{ history }] = turnsOf(id) as [Payload];
    await host.client.raiseEvent(id, "go", null);
    await expect.poll(() => turnsOf(id).at(-1)?.history[1]).not.toEqual(history[1]);
    const { customStatus, runtimeStatus } = await host.client.getStatus(id);
    await host.client.raiseEvent(id, "note", "kept");

    expect(["first round", null]).toContain(customStatus);
    expect(runtimeStatus).toBe("Running");
    expect((await host.finished(id)).output).toEqual({ round: 2, note: "kept" });
    const executions = new Set(turnsOf(id).map((turn) => JSON.stringify(turn.history[1]?.["OrchestrationInstance"])));
    expect(executions.size).toBe(2);
  });

  test("a falsy status counts as no status (sdk: orchestrations/OrchestratorState.js)", async () => {
    const id = await host.client.startNew("waitsWithoutStatus");
    await host.until(id, ({ customStatus }) => customStatus === "shown");
    await host.client.raiseEvent(id, "go", 1);

    await host.until(id, ({ customStatus }) => customStatus === null);
    await host.client.raiseEvent(id, "go", 2);
    expect((await host.finished(id)).runtimeStatus).toBe("Completed");
  });
});
