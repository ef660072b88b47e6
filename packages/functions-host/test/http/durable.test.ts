import { expect, onTestFinished, test } from "vitest";
import type { DurableExtension, HttpCall } from "../../src/app.ts";
import { createHttpFunctions } from "../../src/http/functions.ts";
import { createRoutes } from "../../src/http/routes.ts";
import { listen } from "../../src/http/server.ts";
import { createMemoryLog } from "../support/memoryLog.ts";

async function serve() {
  const calls: { call: HttpCall; path: string }[] = [];
  const durable: DurableExtension = {
    clientPayload: () => "{}",
    async handle(call, path) {
      calls.push({ call, path });
      return { status: 202, headers: { location: "/there" }, body: "né" };
    },
    start() {},
    async close() {},
  };
  const server = await listen({ port: 0, log: createMemoryLog().log });
  onTestFinished(() => server.close());
  server.serve(
    createHttpFunctions({
      routes: createRoutes([], { prefix: "" }),
      keys: { system: "s", rpc: "r" },
      bodyLimit: 1000,
      limits: { maxConcurrentRequests: 1, maxOutstandingRequests: 1 },
      durable,
      streamTarget: undefined,
      failed: () => undefined,
      invoke: () => Promise.reject(new Error("no function here")),
    }),
  );
  return { calls, server, url: server.url };
}

test("passes only webhook calls with the system key to the extension", async () => {
  const { url, calls } = await serve();
  const webhook = `${url}/runtime/webhooks/durabletask/instances/a%2Fb`;

  expect((await fetch(webhook)).status).toBe(401);
  expect((await fetch(`${webhook}?code=x`)).status).toBe(401);
  expect(calls).toHaveLength(0);

  const answer = await fetch(`${webhook}?code=s`, { method: "POST", body: "{}", redirect: "manual" });

  expect([answer.status, answer.headers.get("location"), await answer.text()]).toEqual([202, "/there", "né"]);
  expect(calls[0]).toMatchObject({ path: "instances/a%2Fb", call: { method: "POST", body: Buffer.from("{}") } });
  expect(calls[0]?.call.url.href).toBe(`${webhook}?code=s`);
  expect((await fetch(webhook, { headers: { "x-functions-key": "s" } })).status).toBe(202);
});

test("refuses calls to the SDK's endpoint without its secret path, and says what to call instead", async () => {
  const { url, calls } = await serve();

  expect((await fetch(`${url}/durabletask/r/instances/a`)).status).toBe(202);
  expect(calls).toMatchObject([{ path: "instances/a" }]);
  for (const path of [
    "instances",
    "instances/a",
    "x/instances/a",
    "R/instances/a",
    "r%2Finstances/a",
    "s/instances/a",
  ]) {
    const refused = await fetch(`${url}/durabletask/${path}?code=s`, { headers: { "x-functions-key": "s" } });
    expect([path, refused.status]).toEqual([path, 401]);
    expect(await refused.text()).toContain("/runtime/webhooks/durabletask");
  }
  const started = await fetch(`${url}/durabletask/orchestrators/a`, { method: "POST" });
  expect([started.status, started.headers.get("location")]).toEqual([401, null]);
  expect(calls).toHaveLength(1);
});

test("refuses a body over the limit before the extension sees it", async () => {
  const { url, calls } = await serve();

  const answer = await fetch(`${url}/durabletask/r/orchestrators/a`, { method: "POST", body: "x".repeat(1001) });

  expect(answer.status).toBe(413);
  expect(calls).toHaveLength(0);
});

test("while the host drains, only functions that still run may call the extension", async () => {
  const { url, server } = await serve();

  await server.drain();

  expect((await fetch(`${url}/durabletask/r/orchestrators/a`, { method: "POST" })).status).toBe(202);
  expect((await fetch(`${url}/runtime/webhooks/durabletask/instances?code=s`)).status).toBe(503);
  expect((await fetch(`${url}/`)).status).toBe(503);
});
