/** Overload: the service refuses the excess immediately and serves everyone else. */
import { request as startRequest } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";

let sandbox: SuiteSandbox;
let service: Service;
const log: string[] = [];

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "its limits are its own",
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

/** Sends a body in chunks of 64 KB, without announcing its size, until it is answered. */
function sendChunks(most: number): Promise<{ status: number | undefined; code: unknown; sent: number }> {
  const chunk = Buffer.alloc(64 * 1024, " ");
  return new Promise((resolve, reject) => {
    let sent = 0;
    let isAnswered = false;
    const headers = { "content-type": "application/json", "transfer-encoding": "chunked" };
    const sending = startRequest(`${sandbox.url}/api/onboardings`, { method: "POST", headers }, async (answer) => {
      isAnswered = true;
      const text = Buffer.concat(await answer.toArray()).toString();
      resolve({ status: answer.statusCode, code: text && JSON.parse(text).code, sent });
      sending.destroy();
    });
    sending.on("error", reject);
    const next = () => {
      if (isAnswered) return;
      if (sent === most) return void sending.end();
      sent += 1;
      sending.write(chunk, (error) => (error ? undefined : setImmediate(next)));
    };
    next();
  });
}

it("answers 413 to a body of unknown size; the host ends one beyond its own limit", async () => {
  const megabyte = await Promise.all(Array.from({ length: 4 }, () => sendChunks(16)));
  const endless = await Promise.all(Array.from({ length: 4 }, () => sendChunks(1_440)));

  expect(megabyte.map(({ status, code }) => `${status} ${code}`)).toEqual(Array(4).fill("413 PAYLOAD_TOO_LARGE"));
  expect(endless.map(({ status, code }) => `${status} ${code}`)).toEqual(Array(4).fill("500 "));
  // The limit allows for the system's buffers.
  expect(Math.max(...endless.map(({ sent }) => sent))).toBeLessThan(720);
});

/** Bodies that do not end, from a sender without a place. */
function sendHalves(count: number, head: string) {
  const { port, host } = new URL(sandbox.url);
  return Array.from({ length: count }, () => {
    const socket = connect(Number(port), "127.0.0.1");
    let answer = "";
    socket
      .on("error", () => undefined)
      .on("data", (data) => {
        answer += data.toString();
      });
    socket.write(`POST /api/onboardings/batch HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n${head}`);
    return { socket, status: () => answer.split("\r\n")[0] };
  });
}

it.each([
  ["announced", "Content-Length: 60000\r\n\r\n{"],
  ["chunked", "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"],
])(
  "lets three hundred %s bodies that arrive slowly keep nobody from reading or changing",
  async (_, head) => {
    const halves = sendHalves(300, head);
    await sleep(300);

    const change = async () => (await service.call("POST", "/api/onboardings", request())).status;
    expect((await service.call("GET", "/api/health/live")).status).toBe(200);
    expect((await service.call("GET", "/api/namespaces")).status).toBe(200);
    expect(await change()).toBe(202);
    // As soon as they are too slow for the host.
    const statuses = () => [...new Set(halves.map(({ status }) => status()))];
    await expect.poll(statuses, { timeout: 20_000 }).toEqual(["HTTP/1.1 500 Internal Server Error"]);
    expect(await change()).toBe(202);
    for (const { socket } of halves) socket.destroy();
  },
  40_000,
);

it("logs each client that disconnects in mid-body with one line", async () => {
  log.length = 0;
  const halves = [
    ...sendHalves(5, "Content-Length: 100\r\n\r\n{"),
    ...sendHalves(5, "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"),
  ];
  await sleep(500);
  for (const { socket } of halves) socket.destroy();

  const told = () => log.filter((line) => / ERR Host failed .*createBatch| Function\.createBatch /.test(line));
  await expect.poll(told).toHaveLength(10);
  // The host fails what it reads for the function; the function itself refuses what ends in its hands.
  const lines = told();
  expect(lines.filter((line) => / ERR Host failed .*ClientGone/.test(line))).toHaveLength(5);
  expect(lines.filter((line) => / INF Function\.createBatch executed/.test(line))).toHaveLength(5);
  expect(log.filter((line) => /CRT |UNEXPECTED/.test(line))).toEqual([]);
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
