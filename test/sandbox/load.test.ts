/** Overload: the service refuses the excess immediately and serves everyone else. */
import { once } from "node:events";
import { request as startRequest } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";

let sandbox: SuiteSandbox;
let service: Service;
const log: string[] = [];

beforeAll(async () => {
  sandbox = await startSandbox({
    onLog: (line) => log.push(line),
    limits: { requestsPerSecond: 2_000, burst: 10_000, streams: { perCaller: 3 }, changes: { perCaller: 5, inAll: 5 } },
  });
  service = serviceOf(sandbox);
});
afterAll(() => sandbox?.close());

let count = 0;
function request() {
  count += 1;
  const databases = [{ server: names.sqlServer, database: "messages", roles: ["reader"] }];
  return { cluster: names.cluster, namespace: `load-${count}`, databases };
}

const megabyte = Buffer.alloc(1024 * 1024, " ");

/** Sends a body in chunks of a megabyte, without announcing its size, until it is answered. */
function sendChunks(most: number): Promise<{ status: number | undefined; code: unknown; sent: number }> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let isAnswered = false;
    const headers = { "content-type": "application/json", "transfer-encoding": "chunked" };
    const sending = startRequest(`${sandbox.url}/api/onboardings`, { method: "POST", headers }, async (answer) => {
      isAnswered = true;
      const { code } = JSON.parse(Buffer.concat(await answer.toArray()).toString());
      resolve({ status: answer.statusCode, code, sent });
      sending.destroy();
    });
    sending.on("error", reject);
    const next = () => {
      if (isAnswered) return;
      if (sent === most) return void sending.end();
      sent += 1;
      sending.write(megabyte, (error) => (error ? undefined : setImmediate(next)));
    };
    next();
  });
}

it("answers 413 to large bodies of unknown size without reading them", async () => {
  const answers = [];
  for (let round = 0; round < 3; round += 1) {
    answers.push(...(await Promise.all(Array.from({ length: 4 }, () => sendChunks(90)))));
  }

  expect(answers.map(({ status, code }) => `${status} ${code}`)).toEqual(Array(12).fill("413 PAYLOAD_TOO_LARGE"));
  // The limit allows for the system's buffers; the service itself reads 16 KB.
  expect(Math.max(...answers.map(({ sent }) => sent))).toBeLessThan(45);
});

it("lets bodies that never end keep nobody from a change, and refuses them after ten seconds", async () => {
  const { port, host } = new URL(sandbox.url);
  // As many as the caller, here everybody, may have.
  const answers = Array.from({ length: 5 }, async () => {
    const socket = connect(Number(port), "127.0.0.1");
    socket.write(
      `POST /api/onboardings HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"half`,
    );
    const [head] = await once(socket, "data");
    socket.destroy();
    return String(head).split("\r\n")[0];
  });
  const remove = async () => (await service.call("DELETE", `/api/namespaces/${names.cluster}/never-onboarded`)).status;
  const change = async () => (await service.call("POST", "/api/onboardings", request())).status;
  await expect.poll(change).toBe(429);

  expect(await remove()).toBe(404);
  expect(await Promise.all(answers)).toEqual(Array(5).fill("HTTP/1.1 408 Request Timeout"));
  expect(await change()).toBe(202);
}, 40_000);

it("logs each client that disconnects in mid-body with one line, and not as an error", async () => {
  const { port, host } = new URL(sandbox.url);
  log.length = 0;
  const change = async () => (await service.call("POST", "/api/onboardings", request())).status;

  const sockets = Array.from({ length: 5 }, () => {
    const socket = connect(Number(port), "127.0.0.1");
    socket.write(
      `POST /api/onboardings/batch HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"half`,
    );
    return socket;
  });
  // All five are being read: a function is not even started for a client that is gone before.
  await expect.poll(change).toBe(429);
  for (const socket of sockets) socket.destroy();

  const told = () => log.filter((line) => line.includes("Function.createBatch "));
  await expect.poll(told).toHaveLength(5);
  for (const line of told()) expect(line).toMatch(/ INF Function\.createBatch executed/);
  expect(log.filter((line) => / (ERR|CRT) |UNEXPECTED/.test(line))).toEqual([]);
});

it("immediately refuses requests beyond its concurrency limit, and says when to retry", async () => {
  const answers = await Promise.all(
    Array.from({ length: 60 }, async () => {
      const { status, body, headers } = await service.call("POST", "/api/onboardings", request());
      return { status, code: body["code"], retryAfter: headers.get("retry-after") };
    }),
  );

  const refused = answers.filter(({ status }) => status !== 202);
  expect(answers.length - refused.length).toBeGreaterThanOrEqual(5);
  expect(refused.length).toBeGreaterThan(0);
  expect(new Set(refused.map(({ status, code, retryAfter }) => `${status} ${code} ${retryAfter}`))).toEqual(
    new Set(["429 RATE_LIMITED 1"]),
  );
  expect((await service.call("POST", "/api/onboardings", request())).status).toBe(202);
});

it("limits each caller's streams, and frees a place when a client disconnects", async () => {
  const open = async () => {
    const leave = new AbortController();
    const response = await fetch(`${sandbox.url}/api/events`, { signal: leave.signal });
    return { response, leave: () => leave.abort() };
  };
  const streams = [await open(), await open(), await open()];
  expect(streams.map(({ response }) => response.status)).toEqual([200, 200, 200]);

  const { response: refused } = await open();
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "5"]);
  expect(await refused.json()).toMatchObject({ code: "TOO_MANY_STREAMS" });
  expect((await service.call("GET", "/api/operations/none")).status).toBe(404);

  streams[1]?.leave();

  const statusOfNext = async () => {
    const next = await open();
    next.leave();
    return next.response.status;
  };
  await expect.poll(statusOfNext).toBe(200);
  for (const { leave } of streams) leave();
});
