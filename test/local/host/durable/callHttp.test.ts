/** `callHttp` through the real SDK, against a real server. */

import { rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { FunctionApp } from "../../../../local/host/app.ts";
import { createStoreFolder, type DurableHost, loadTestApp, startDurableHost } from "./support/durableHost.ts";

let app: FunctionApp;
let host: DurableHost;
let answer: (request: IncomingMessage, response: ServerResponse, body: string) => void = () => {};
const server = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  seen.push(`${request.method} ${request.url}`);
  answer(request, response, body);
});
let seen: string[] = [];
let url = "";

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  app = await loadTestApp("basic");
  host = await startDurableHost(app, { isStrict: true });
});

afterEach(() => {
  seen = [];
});

afterAll(async () => {
  await host.close();
  server.close().closeAllConnections();
});

/** Answers 202 that many times, then 200. */
function pendingFor(times: number, location: string): typeof answer {
  let left = times;
  return (_request, response) => {
    left -= 1;
    if (left >= 0) response.writeHead(202, { location, "retry-after": "0" }).end();
    else response.end("done");
  };
}

test("sends the method, headers and body, and returns the answer whatever its status", async () => {
  let received: unknown;
  answer = ({ headers }, response, body) => {
    received = { contentType: headers["content-type"], own: headers["x-own"], body };
    response.writeHead(418).end("teapot");
  };

  const { output } = await host.run("callHttp", {
    method: "PUT",
    url: `${url}/thing`,
    body: { a: 1 },
    headers: { "X-Own": "yes" },
  });

  expect(output).toMatchObject({ statusCode: 418, content: "teapot", after: "Hello after" });
  expect(received).toEqual({ contentType: "text/plain", own: "yes", body: '{"a":1}' });
  expect(seen).toEqual(["PUT /thing"]);
});

test("takes a Retry-After that has fractions of a millisecond", async () => {
  let polls = 0;
  answer = (_request, response) => {
    polls += 1;
    if (polls < 2) response.writeHead(202, { location: `${url}/status`, "retry-after": "0.0015" }).end();
    else response.end("done");
  };

  expect((await host.run("callHttp", { method: "GET", url: `${url}/begin` })).output).toMatchObject({
    content: "done",
  });
});

test("polls the Location while the answer is 202, without the function's key", async () => {
  const keys: unknown[] = [];
  const pending = pendingFor(2, `${url}/status`);
  answer = (request, response, body) => {
    keys.push(request.headers["x-functions-key"]);
    pending(request, response, body);
  };

  const { output } = await host.run("callHttp", {
    method: "POST",
    url: `${url}/begin`,
    headers: { "x-functions-key": "k" },
  });

  expect(output).toMatchObject({ statusCode: 200, content: "done", after: "Hello after" });
  expect(seen).toEqual(["POST /begin", "GET /status", "GET /status"]);
  expect(keys).toEqual(["k", undefined, undefined]);
});

test("gives every task its own result when polls and retries interleave", async () => {
  answer = pendingFor(3, `${url}/among`);

  const { output } = await host.run("callHttp", { method: "GET", url: `${url}/among`, beside: 4 });

  expect(output).toMatchObject({
    statusCode: 200,
    rest: [0, 1, 2, 0].map((failures, n) => `${url}/among${n} at attempt ${failures + 1}`),
    after: "Hello after",
  });
});

test("returns the 202 itself when polling is off", async () => {
  answer = pendingFor(1, `${url}/status`);

  const { output } = await host.run("callHttp", { method: "GET", url: `${url}/once`, enablePolling: false });

  expect(output).toMatchObject({ statusCode: 202 });
  expect(seen).toEqual(["GET /once"]);
});

test("fails when no server answers", async () => {
  const { output } = await host.run("callHttp", { method: "GET", url: "http://127.0.0.1:1/" });

  expect(output).toEqual({ caught: expect.stringContaining("The request to http://127.0.0.1:1 failed") });
});

test("continues polling after a restart", async () => {
  const directory = await createStoreFolder();
  const first = await startDurableHost(app, { directory });
  answer = (_request, response) => response.writeHead(202, { location: `${url}/later`, "retry-after": "1" }).end();
  const id = await first.client.startNew("callHttp", { input: { method: "GET", url: `${url}/start` } });
  await expect.poll(() => seen.length).toBe(1);
  await first.close();
  answer = (_request, response) => response.end("at last");

  const second = await startDurableHost(app, { directory });

  expect((await second.finished(id)).output).toMatchObject({ statusCode: 200, content: "at last" });
  expect(seen).toEqual(["GET /start", "GET /later"]);
  await second.close();
  await rm(directory, { recursive: true });
});
