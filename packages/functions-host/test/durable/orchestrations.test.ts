import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FunctionApp } from "../../src/app.ts";
import type { Clock } from "../../src/durable/clock.ts";
import { type DurableHost, loadTestApp, startDurableHost } from "./support/durableHost.ts";

let app: FunctionApp;
let host: DurableHost;

beforeAll(async () => {
  app = await loadTestApp("basic");
  host = await startDurableHost(app);
});

afterAll(async () => {
  await host.close();
});

describe("activities", () => {
  test("runs an activity and completes with the orchestrator's result", async () => {
    const status = await host.run("greet", "Ada");

    expect(status).toMatchObject({ name: "greet", runtimeStatus: "Completed", input: "Ada", output: "Hello Ada" });
  });

  test("gives an activity a durable client when it has that input", async () => {
    expect((await host.run("startAnother", "Ada")).output).toBe("greeting-of-Ada");

    expect(await host.finished("greeting-of-Ada")).toMatchObject({ output: "Hello Ada" });
  });

  test("passes activities their input with its type, except bare booleans and null", async () => {
    const { output } = await host.run("types");

    expect(output).toEqual(["string", "number", "string", "object", "string", "undefined", "undefined"]);
  });

  test("gives null for an activity that returns nothing", async () => {
    expect((await host.run("voidActivity")).output).toBe("null");
  });

  test("finds functions regardless of case", async () => {
    expect((await host.run("GREET", "Ada")).output).toBe("Hello Ada");
  });

  test("runs no more activities at once than host.json allows", async () => {
    const capped = await startDurableHost(app, { settings: { maxConcurrentActivityFunctions: 3 } });
    capped.seen.mostRunning = 0;

    const { output } = await capped.run("fanOut", { width: 12, ms: 5, key: "capped" });

    expect(output).toBe(12);
    expect(capped.seen.mostRunning).toBe(3);
    await capped.close();
  });
});

describe("retries", () => {
  test("retries an activity until it succeeds", async () => {
    const { output } = await host.run("retry", { key: "third", failures: 2, attempts: 3 });

    expect(output).toBe("third at attempt 3");
  });

  test("raises the last failure in the orchestrator, which continues", async () => {
    const { output } = await host.run("retry", { key: "exhausted", failures: 9, attempts: 3 });

    expect(output).toEqual({
      caught: expect.stringContaining("Activity function 'flaky' failed: boom 3"),
      after: "Hello after",
    });
    expect(host.seen.runs.get("exhausted")).toBe(3);
  });

  test("lengthens the wait before each attempt by the back-off coefficient", async () => {
    const from = performance.now();

    await host.run("retry", { key: "backoff", failures: 2, attempts: 3, interval: 20, coefficient: 3 });

    expect(performance.now() - from).toBeGreaterThanOrEqual(80);
  });

  test("takes a back-off that has fractions of a millisecond", async () => {
    const input = { key: "fractions", failures: 2, attempts: 3, interval: 1, coefficient: 1.5 };

    expect((await host.run("retry", input)).output).toBe("fractions at attempt 3");
  });

  test("makes no attempt after the retry timeout, and still ends", async () => {
    const { output } = await host.run("retry", { key: "late", failures: 9, attempts: 6, interval: 600, timeout: 500 });

    expect(output).toMatchObject({ caught: expect.stringContaining("boom 2"), after: "Hello after" });
    expect(host.seen.runs.get("late")).toBe(2);
  });

  test("does not mix up results when several retried tasks and new tasks interleave", async () => {
    const { output } = await host.run("parallelRetries", "par");

    expect(output).toEqual([
      "Hello plain",
      ["par0 at attempt 2", "par1 at attempt 4", "par2 at attempt 1", "Hello late"],
    ]);
  });

  test("retries a sub-orchestration, each time as a new instance", async () => {
    const { output } = await host.run("retryChild", { key: "child", failures: 2, attempts: 3 });

    expect(output).toBe("child at attempt 3");
  });

  test("raises the last failure of a retried sub-orchestration", async () => {
    const { output } = await host.run("retryChild", { key: "childLost", failures: 9, attempts: 2 });

    expect(output).toEqual({ caught: expect.stringContaining("Orchestrator function 'flakyChild' failed: ") });
    expect(host.seen.runs.get("childLost")).toBe(2);
  });
});

describe("sub-orchestrations", () => {
  test("gives a child the id of its parent", async () => {
    const { output, instanceId } = await host.run("callChild", { name: "showStart", input: { a: 1 }, id: "the-child" });

    expect(output).toEqual({
      input: { a: 1 },
      instanceId: "the-child",
      parentInstanceId: instanceId,
      version: null,
    });
  });

  test("raises the failure of a child in its parent", async () => {
    const { output } = await host.run("callChild", { name: "fail", input: "sad" });

    expect(output).toEqual({ caught: expect.stringContaining("Orchestrator function 'fail' failed: sad") });
  });

  test("raises the reason of a terminated child in its parent", async () => {
    const parent = await host.client.startNew("callChild", { input: { name: "twoEvents", id: "to-be-ended" } });
    await host.until(parent, ({ runtimeStatus }) => runtimeStatus === "Running");

    await host.client.terminate("to-be-ended", "no longer needed");

    const { output } = await host.finished(parent);
    expect(output).toEqual({ caught: expect.stringContaining("no longer needed") });
  });

  test("refuses a child with the id of its parent", async () => {
    const id = await host.client.startNew("callChild", {
      instanceId: "narcissus",
      input: { name: "greet", id: "narcissus" },
    });

    expect(await host.finished(id)).toMatchObject({ runtimeStatus: "Failed" });
  });

  test("raises an error when the child's id belongs to a running instance", async () => {
    const running = await host.client.startNew("twoEvents");

    const { output } = await host.run("callChild", { name: "greet", id: running });

    expect(output).toEqual({ caught: expect.stringContaining("already exists") });
    await host.client.terminate(running, "done");
  });

  test("takes ids that differ only in half a surrogate pair for the same id", async () => {
    const { runtimeStatus, output } = await host.run("greetAll", ["half \ud800", "half \ud801"]);

    expect(runtimeStatus).toBe("Failed");
    expect(output).toContain("already exists");
    expect((await host.finished("half \ufffd")).output).toBe("Hello half \ufffd");
  });
});

describe("timers", () => {
  test("wakes a little before its time by the orchestration's own clock, as on the real host", async () => {
    let now = Date.now();
    const started = now;
    const clock: Clock = {
      now: () => now,
      after(ms, callback) {
        const timeout = setTimeout(() => {
          now += ms;
          callback();
        });
        return () => clearTimeout(timeout);
      },
    };
    const timed = await startDurableHost(app, { clock });

    const { output } = await timed.run("wait", 50);

    expect({ output, passed: now - started }).toEqual({ output: 45, passed: 50 });
    await timed.close();
  });

  test("lets a time-out win when the event does not come", async () => {
    expect((await host.run("eventOrTimeout", 10)).output).toBe("timeout");
  });

  test("lets an event win and forgets the cancelled timer, even a forty-day one", async () => {
    const id = await host.client.startNew("eventOrTimeout", { input: 40 * 24 * 60 * 60 * 1000 });
    await host.until(id, ({ runtimeStatus }) => runtimeStatus === "Running");

    await host.client.raiseEvent(id, "Approval", { by: "Ada" });

    expect((await host.finished(id)).output).toEqual([{ by: "Ada" }, "Hello after"]);
  });

  test("recognizes a timer that a loop yields again as the same timer", async () => {
    const id = await host.client.startNew("timerLoop");

    expect((await host.finished(id)).output).toEqual(["Hello 0", "Hello 1", "Hello 2", "Hello 3"]);
  });
});

describe("strict", () => {
  test("fails a task that is yielded a second time in a Task.any, which Azure would start again", async () => {
    const strict = await startDurableHost(app, { isStrict: true });

    const { runtimeStatus, output } = await strict.run("timerLoop");

    expect(runtimeStatus).toBe("Failed");
    expect(output).toContain("put a task that was already scheduled into Task.any or Task.all (timer)");
    expect(output).toContain("issue 574");
    await strict.close();
  });

  test("allows new tasks in a loop, and a scheduled task that is yielded alone", async () => {
    const strict = await startDurableHost(app, { isStrict: true });

    expect((await strict.run("parallelRetries", "strict")).runtimeStatus).toBe("Completed");
    expect((await strict.run("eventOrTimeout", 10)).output).toBe("timeout");
    await strict.close();
  });
});

describe("external events", () => {
  test("keeps events that arrive before the wait for them", async () => {
    const id = await host.client.startNew("twoEvents");
    await host.client.raiseEvent(id, "two", 2);

    await host.client.raiseEvent(id, "one", { first: true });

    expect((await host.finished(id)).output).toEqual([{ first: true }, 2]);
  });

  test("matches event names regardless of case", async () => {
    const id = await host.client.startNew("eventOrTimeout", { input: 60_000 });
    await host.until(id, ({ runtimeStatus }) => runtimeStatus === "Running");

    await host.client.raiseEvent(id, "aPPROVAL", "yes");

    expect((await host.finished(id)).output).toEqual(["yes", "Hello after"]);
  });
});

describe("custom status", () => {
  test("is shown, and is cleared by a falsy value", async () => {
    const id = await host.client.startNew("status", { input: 0 });
    const first = await host.until(id, ({ customStatus }) => customStatus !== null);
    expect(first.customStatus).toEqual({ step: 1 });

    await host.client.raiseEvent(id, "go", 1);

    await host.until(id, ({ customStatus }) => customStatus === null);
    await host.client.raiseEvent(id, "go", 2);
    await host.finished(id);
  });

  test("fails an orchestration when it is larger than 16 KB", async () => {
    const id = await host.client.startNew("status", { input: "x".repeat(8_702) });
    await host.client.raiseEvent(id, "go", 1);

    expect(await host.finished(id)).toMatchObject({
      runtimeStatus: "Failed",
      output: expect.stringContaining("must not exceed 16 KB. The current payload size is 17 KB."),
    });
  });

  test("may be just under 17 KB", async () => {
    const id = await host.client.startNew("status", { input: "x".repeat(8_701) });
    await host.client.raiseEvent(id, "go", 1);

    await host.until(id, ({ customStatus }) => typeof customStatus === "string");
    await host.client.terminate(id, "done");
  });
});

describe("continueAsNew", () => {
  test("starts over with a new input, an empty history and the same id", async () => {
    const id = await host.client.startNew("countdown", { input: { left: 3, heard: [] } });
    await host.until(id, ({ customStatus }) => JSON.stringify(customStatus) === '{"left":0}');

    await host.client.raiseEvent(id, "note", "end");

    const status = await host.finished(id);
    expect(status.output).toEqual({ heard: [3, 2, 1], note: "end" });
    expect(status.input).toEqual({ left: 0, heard: [3, 2, 1] });
  });

  test("leaves the events after it to the next generation, even if they arrived together", async () => {
    const id = await host.client.startNew("listen", { input: [] });
    await host.client.suspend(id, "until all are here");
    await host.until(id, ({ runtimeStatus }) => runtimeStatus === "Suspended");
    for (const word of ["one", "two", "three", "end"]) await host.client.raiseEvent(id, "word", word);

    await host.client.resume(id, "go on");

    expect((await host.finished(id)).output).toEqual(["one", "two", "three"]);
  });

  test("encodes a string twice, as Azure does", async () => {
    expect((await host.run("stringAgain", "again")).output).toBe('"s"');
  });
});

describe("failures", () => {
  test("ends Failed with the error of the orchestrator", async () => {
    expect(await host.run("fail", "sad")).toMatchObject({
      runtimeStatus: "Failed",
      output: "Orchestrator function 'fail' failed: sad",
    });
  });

  test.each([
    ["activity", "The function 'missing' doesn't exist, is disabled, or is not an activity function."],
    ["child", "The function 'missing' doesn't exist, is disabled, or is not an orchestrator function."],
  ])("fails an orchestration that calls an unknown %s, and lists the known ones", async (kind, message) => {
    const { runtimeStatus, output } = await host.run("callUnknown", kind);

    expect(runtimeStatus).toBe("Failed");
    expect(output).toContain(message);
    expect(output).toContain(`The following are the known ${kind === "child" ? "orchestrator" : kind} functions: '`);
  });

  test("fails an orchestration whose code no longer matches its history", async () => {
    const id = await host.client.startNew("changeable", { input: "changing" });
    await host.until(
      id,
      ({ lastUpdatedTime, runtimeStatus }) => runtimeStatus === "Running" && lastUpdatedTime !== null,
    );
    host.seen.switches.add("changing");

    await host.client.raiseEvent(id, "go", 1);

    expect(await host.finished(id)).toMatchObject({
      runtimeStatus: "Failed",
      output: expect.stringContaining("Non-Deterministic workflow detected"),
    });
  });

  test.each(["input", "output"])("fails an orchestration whose %s cannot be represented in JSON", async (where) => {
    const { runtimeStatus, output } = await host.run("unspeakable", where);

    expect({ runtimeStatus, output }).toEqual({
      runtimeStatus: "Failed",
      output: "Orchestrator function 'unspeakable' failed: Do not know how to serialize a BigInt",
    });
  });

  test("fails an orchestration that yields something other than a task", async () => {
    expect((await host.run("notATask")).output).toContain("programming constraint violation");
  });

  test.each([
    ["callHttp", "callHttp is not served by this host; make the request in an activity, or start"],
    ["callEntity", "Entities are not served by this host (@account@one); start"],
    ["signalEntity", "Entities are not served by this host (@account@two); start"],
    ["lock", "Entities are not served by this host (@account@one, @account@two); start"],
  ])("fails an orchestration that asks for what this host has not: %s", async (what, message) => {
    expect(await host.run("asksForMore", what)).toMatchObject({
      runtimeStatus: "Failed",
      output: `Orchestrator function 'asksForMore' failed: ${message} the app with Azure Functions Core Tools.`,
    });
  });
});

describe("terminate, suspend and resume", () => {
  test("terminates with the reason as output and ignores later events", async () => {
    const id = await host.client.startNew("twoEvents");

    await host.client.terminate(id, "because");

    expect(await host.finished(id)).toMatchObject({ runtimeStatus: "Terminated", output: "because" });
    await host.client.raiseEvent(id, "one", 1);
    expect(await host.client.getStatus(id)).toMatchObject({ runtimeStatus: "Terminated" });
  });

  test("keeps events of a suspended orchestration until it is resumed", async () => {
    const id = await host.client.startNew("twoEvents");
    await host.until(id, ({ runtimeStatus }) => runtimeStatus === "Running");
    await host.client.suspend(id, "wait");
    await host.until(id, ({ runtimeStatus }) => runtimeStatus === "Suspended");
    await host.client.raiseEvent(id, "one", 1);
    await host.client.raiseEvent(id, "two", 2);
    expect((await host.client.getStatus(id)).runtimeStatus).toBe("Suspended");

    await host.client.resume(id, "go on");

    expect((await host.finished(id)).output).toEqual([1, 2]);
  });
});
