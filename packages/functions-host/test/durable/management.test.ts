import type { OrchestrationRuntimeStatus } from "durable-functions";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FunctionApp } from "../../src/app.ts";
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

const webhooks = "runtime/webhooks/durabletask";

function call(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${host.url}/${webhooks}/${path}`, init);
}

function post(path: string, body?: unknown): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return call(path, { method: "POST", headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
}

/** The SDK declares these names as an enum and does not export it as a value that could be imported early. */
function statuses(...names: `${OrchestrationRuntimeStatus}`[]): OrchestrationRuntimeStatus[] {
  return names as OrchestrationRuntimeStatus[];
}

describe("starting", () => {
  test("answers 202 with the links of the instance", async () => {
    const response = await post("orchestrators/greet/linked", "Ada");

    const body = (await response.json()) as Record<string, string>;
    expect(response.status).toBe(202);
    expect(response.headers.get("location")).toBe(body["statusQueryGetUri"]);
    expect(response.headers.get("retry-after")).toBe("10");
    expect(Object.keys(body)).toEqual([
      "id",
      "statusQueryGetUri",
      "sendEventPostUri",
      "terminatePostUri",
      "purgeHistoryDeleteUri",
      "restartPostUri",
      "suspendPostUri",
      "resumePostUri",
    ]);
    expect(body["statusQueryGetUri"]).toBe(
      `${host.url}/${webhooks}/instances/linked?taskHub=TestHubName&connection=Storage&code=system-key`,
    );
  });

  test("makes ids of 32 hexadecimal digits that grow with time", async () => {
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) {
      ids.push(await host.client.startNew("greet"));
      await new Promise((wait) => setTimeout(wait, 2));
    }

    expect(ids.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
    expect([...ids].sort()).toEqual(ids);
  });

  test("waits for the end on request, and answers with the output", async () => {
    const response = await post("orchestrators/greet?timeout=10&pollingInterval=1", "Ada");

    expect([response.status, await response.json()]).toEqual([200, "Hello Ada"]);
  });

  test("answers 202 when the instance does not end within the given time", async () => {
    const response = await post("orchestrators/twoEvents?timeout=0.05&pollingInterval=0.01");

    expect(response.status).toBe(202);
  });

  test("answers 500 with the status when the awaited instance fails", async () => {
    const response = await post("orchestrators/fail?timeout=10&pollingInterval=1", "sad");

    expect([response.status, await response.json()]).toEqual([
      500,
      expect.objectContaining({ runtimeStatus: "Failed" }),
    ]);
  });

  test.each([
    ["a forbidden id", "orchestrators/greet/a%3Fb", '"x"', "must not contain"],
    ["an id that is too long", `orchestrators/greet/${"x".repeat(257)}`, '"x"', "256 characters"],
    ["a body that is not JSON", "orchestrators/greet", "{", "Invalid JSON content"],
  ])("answers 400 to %s", async (_, path, body, message) => {
    const response = await call(path, { method: "POST", body });

    expect(response.status).toBe(400);
    expect(await response.text()).toContain(message);
  });

  test("refuses the id of a running instance, and replaces an instance that has ended", async () => {
    await host.client.startNew("twoEvents", { instanceId: "twin" });

    const second = host.client.startNew("greet", { instanceId: "twin", input: "Bob" });

    await expect(second).rejects.toThrow("An Orchestration instance with the status Running already exists.");
    await expect(second).rejects.toThrow("unexpected status code: 409");
    await host.client.terminate("twin", "make room");
    await host.finished("twin");
    await host.client.startNew("greet", { instanceId: "twin", input: "Bob" });
    expect((await host.finished("twin")).output).toBe("Hello Bob");
  });

  test("gives the id to only one of two simultaneous starts", async () => {
    const starts = await Promise.allSettled(
      ["Ada", "Bob"].map(() => host.client.startNew("twoEvents", { instanceId: "race" })),
    );

    expect(starts.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  test("gives the orchestrator the version it was started with", async () => {
    const id = await host.client.startNew("showStart", { version: "2.1" });

    // The SDK's client sends the JSON of an empty string when there is no input.
    expect((await host.finished(id)).output).toMatchObject({ version: "2.1", input: "" });
  });

  test("gives null to an orchestrator that was started with an empty body", async () => {
    const response = await call("orchestrators/showStart?timeout=10&pollingInterval=1", { method: "POST" });

    expect(await response.json()).toMatchObject({ version: null, input: null });
  });
});

describe("status", () => {
  test("answers 202 with a Location while it runs, and 200 when it has ended", async () => {
    await host.client.startNew("twoEvents", { instanceId: "watched", input: { a: 1 } });

    const running = await call("instances/watched");
    await host.client.terminate("watched", "enough");
    await host.finished("watched");
    const ended = await call("instances/watched?showInput=false");

    expect(running.status).toBe(202);
    expect(running.headers.get("location")).toBe(`${host.url}/${webhooks}/instances/watched`);
    expect(running.headers.get("retry-after")).toBe("5");
    expect(await running.json()).toEqual({
      name: "twoEvents",
      instanceId: "watched",
      runtimeStatus: "Running",
      input: { a: 1 },
      customStatus: null,
      output: null,
      createdTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      lastUpdatedTime: expect.stringMatching(/Z$/),
    });
    expect(ended.status).toBe(200);
    expect(await ended.json()).toMatchObject({ runtimeStatus: "Terminated", input: null, output: "enough" });
  });

  test("answers 500 for a failure only on request", async () => {
    const { instanceId } = await host.run("fail", "sad");

    expect((await call(`instances/${instanceId}`)).status).toBe(200);
    expect((await call(`instances/${instanceId}?returnInternalServerErrorOnFailure=true`)).status).toBe(500);
  });

  test("answers 404 for an unknown instance, also through the SDK", async () => {
    await expect(host.client.getStatus("nobody")).rejects.toThrow("HTTP 404");
  });

  test("shows the history with names, one entry for each task, and outputs only on request", async () => {
    const { instanceId } = await host.run("retry", { key: "shown", failures: 1, attempts: 2 });

    const show = async (query: string) => {
      const response = await call(`instances/${instanceId}?showHistory=true&${query}`);
      return ((await response.json()) as { historyEvents: Record<string, unknown>[] }).historyEvents;
    };

    const brief = await show("showInput=false");
    const full = await show("showHistoryOutput=true");

    const time = expect.stringMatching(/^\d{4}-/);
    expect(brief).toEqual([
      {
        EventType: "ExecutionStarted",
        Timestamp: time,
        FunctionName: "retry",
        Correlation: null,
        ParentTraceContext: null,
        ScheduledStartTime: null,
        Generation: 0,
        GenerateNewTrace: false,
      },
      {
        EventType: "TaskFailed",
        Timestamp: time,
        Reason: "Activity function 'flaky' failed: boom 1",
        Details: expect.stringContaining("boom 1"),
        FailureDetails: null,
        ScheduledTime: time,
        FunctionName: "flaky",
      },
      { EventType: "TimerCreated", Timestamp: time, FireAt: time },
      { EventType: "TimerFired", Timestamp: time, FireAt: time },
      { EventType: "TaskCompleted", Timestamp: time, ScheduledTime: time, FunctionName: "flaky" },
      { EventType: "ExecutionCompleted", Timestamp: time, OrchestrationStatus: "Completed", FailureDetails: null },
    ]);
    expect(full[0]?.["Input"]).toBe('{"key":"shown","failures":1,"attempts":2}');
    expect(full[4]?.["Result"]).toBe("shown at attempt 2");
  });
});

describe("lists", () => {
  test("pages through the instances by prefix, status and time, returning each once", async () => {
    const from = new Date();
    for (let n = 0; n < 5; n++) await host.client.startNew("twoEvents", { instanceId: `list-${n}` });
    await host.client.terminate("list-1", "not listed");
    await host.finished("list-1");

    const pages: string[][] = [];
    let token = "";
    do {
      const response = await call(
        `instances?instanceIdPrefix=list-&top=2&runtimeStatus=Running,Nonsense&createdTimeFrom=${from.toISOString()}`,
        { headers: token === "" ? {} : { "x-ms-continuation-token": token } },
      );
      const page = (await response.json()) as { instanceId: string }[];
      pages.push(page.map(({ instanceId }) => instanceId));
      token = response.headers.get("x-ms-continuation-token") ?? "";
    } while (token !== "");

    expect(pages).toEqual([
      ["list-0", "list-2"],
      ["list-3", "list-4"],
    ]);
  });

  test("gives the SDK every instance, over more than one page", async () => {
    for (let n = 0; n < 101; n++) await host.client.startNew("greet", { instanceId: `many-${n}` });

    const all = await host.client.getStatusAll();

    expect(all.filter(({ instanceId }) => instanceId.startsWith("many-"))).toHaveLength(101);
    expect(await host.client.getStatusBy({ createdTimeTo: new Date(0) })).toEqual([]);
    expect(await host.client.getStatusBy({ runtimeStatus: statuses("Canceled") })).toEqual([]);
  });
});

describe("operations", () => {
  test("answers raiseEvent in the order 404, 410, 400, 202", async () => {
    await host.client.startNew("twoEvents", { instanceId: "asked" });
    const { instanceId: ended } = await host.run("greet");
    const text = { method: "POST", headers: { "content-type": "text/plain" }, body: "x" };

    expect((await call("instances/nobody/raiseEvent/one", text)).status).toBe(404);
    expect((await call(`instances/${ended}/raiseEvent/one`, text)).status).toBe(410);
    expect((await call("instances/asked/raiseEvent/one", text)).status).toBe(400);
    expect((await post("instances/asked/raiseEvent/one")).status).toBe(400);
    expect((await post("instances/asked/RAISEEVENT/one", 1)).status).toBe(202);
    expect((await call("instances/asked/raiseEvent/one")).status).toBe(404);
  });

  test("answers suspend and resume by the state they find", async () => {
    await host.client.startNew("twoEvents", { instanceId: "paused" });

    expect((await post("instances/paused/resume?reason=x")).status).toBe(500);
    expect((await post("instances/paused/suspend?reason=x")).status).toBe(202);
    await host.until("paused", ({ runtimeStatus }) => runtimeStatus === "Suspended");
    expect((await post("instances/paused/suspend?reason=x")).status).toBe(500);
    expect((await post("instances/nobody/terminate?reason=x")).status).toBe(404);
    expect((await post("instances/paused/terminate?reason=x")).status).toBe(202);
    await host.finished("paused");
    expect((await post("instances/paused/terminate?reason=x")).status).toBe(410);
    expect((await post("instances/paused/dance")).status).toBe(404);
  });

  test("restarts with the same input, under a new id or the old one", async () => {
    await host.client.startNew("greet", { instanceId: "again", input: "Ada" });
    await host.finished("again");

    const restart = async (query: string) =>
      (await (await post(`instances/again/restart?${query}`)).json()) as { id: string };
    const renamed = await restart("");
    const same = await restart("restartWithNewInstanceId=false");

    expect(same.id).toBe("again");
    expect(renamed.id).not.toBe("again");
    expect((await host.finished(renamed.id)).output).toBe("Hello Ada");
    expect((await host.finished("again")).output).toBe("Hello Ada");
    const missing = await post("instances/nobody/restart");
    expect(missing.status).toBe(400);
    expect(await missing.text()).toContain("InstanceId does not match a valid orchestration instance.");
  });

  test("waits for completion through the SDK, or returns the links", async () => {
    const { HttpRequest } = await import("@azure/functions");
    const request = new HttpRequest({ url: `${host.url}/api/start`, method: "POST" });
    const quick = await host.client.startNew("greet", { input: "Ada" });
    const endless = await host.client.startNew("twoEvents");

    const done = await host.client.waitForCompletionOrCreateCheckStatusResponse(request, quick, {
      timeoutInMilliseconds: 2_000,
      retryIntervalInMilliseconds: 5,
    });
    const waiting = await host.client.waitForCompletionOrCreateCheckStatusResponse(request, endless, {
      timeoutInMilliseconds: 20,
      retryIntervalInMilliseconds: 5,
    });

    expect([done.status, await done.json()]).toEqual([200, "Hello Ada"]);
    expect(waiting.status).toBe(202);
    const status = await fetch(waiting.headers.get("location") ?? "");
    expect(await status.json()).toMatchObject({ instanceId: endless, runtimeStatus: "Running" });
  });
});

describe("purge", () => {
  test("deletes an instance that has ended, and keeps one that is running", async () => {
    const { instanceId } = await host.run("greet");
    const running = await host.client.startNew("twoEvents");

    expect(await host.client.purgeInstanceHistory(instanceId)).toEqual({ instancesDeleted: 1 });
    expect(await host.client.purgeInstanceHistory(instanceId)).toEqual({ instancesDeleted: 0 });
    await expect(host.client.purgeInstanceHistory(running)).rejects.toThrow("412");
    await expect(host.client.getStatus(instanceId)).rejects.toThrow("404");
    expect((await host.client.getStatus(running)).runtimeStatus).toBe("Running");
  });

  test("deletes by time and status", async () => {
    const own = await startDurableHost(app);
    await own.run("greet");
    await own.run("greet");
    await own.run("fail");
    const filter = { createdTimeFrom: new Date(0), runtimeStatus: statuses("Completed") };

    expect(await own.client.purgeInstanceHistoryBy(filter)).toEqual({ instancesDeleted: 2 });
    expect(await own.client.purgeInstanceHistoryBy(filter)).toEqual({ instancesDeleted: 0 });
    expect((await own.client.getStatusAll()).map(({ runtimeStatus }) => runtimeStatus)).toEqual(["Failed"]);
    const unbounded = await fetch(`${own.url}/${webhooks}/instances`, { method: "DELETE" });
    expect(unbounded.status).toBe(400);
    await own.close();
  });
});

test("names a rewind, which it does not have, and what to do instead", async () => {
  const { instanceId } = await host.run("fail", "sad");

  await expect(host.client.rewind(instanceId, "x")).rejects.toThrow("rewinds nothing; restart the instance, or start");
});

test("answers 404 on an unknown route", async () => {
  for (const [method, path] of [
    ["GET", "orchestrators/greet"],
    ["GET", "nothing"],
    ["PUT", "instances/x"],
    ["POST", "instances"],
  ]) {
    expect((await call(path ?? "", { method: method ?? "" })).status).toBe(404);
  }
});

test("answers 503 once it is closing", async () => {
  const own = await startDurableHost(app);
  await own.extension.close();

  const answer = await own.extension.handle(
    { method: "GET", url: new URL(own.url), headers: {}, body: new Uint8Array() },
    "instances",
  );

  expect(answer.status).toBe(503);
});
