import { type IncomingMessage, request as startRequest } from "node:http";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runHost } from "../support/runningHost.ts";

// The SDK remembers the setting for the whole process, so every host of this file streams.
const setup = `
  const { ReadableStream } = require("node:stream/web");
  const { setTimeout: sleep } = require("node:timers/promises");
  if (!globalThis.isStreaming) { app.setup({ enableHttpStream: true }); globalThis.isStreaming = true; }
`;

test("sends server-sent events one by one while the handler still produces them", async () => {
  const { url } = await runHost({
    code: `${setup}
      async function* events() {
        yield "id: 1\\n\\n";
        await globalThis.hasRead;
        yield "id: 2\\n\\n";
      }
      app.get("events", () => ({ headers: { "content-type": "text/event-stream" }, body: ReadableStream.from(events()) }));`,
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  Reflect.set(globalThis, "hasRead", promise);

  const response = await fetch(`${url}/api/events`);
  const chunks = response.body?.pipeThrough(new TextDecoderStream()).values();
  const first = await chunks?.next();
  resolve();
  const second = await chunks?.next();

  expect(response.headers.get("content-type")).toBe("text/event-stream");
  expect(response.headers.has("x-ms-invocation-id")).toBe(false);
  expect([first?.value, second?.value]).toEqual(["id: 1\n\n", "id: 2\n\n"]);
  expect((await chunks?.next())?.done).toBe(true);
});

test("passes a body to the handler as it arrives, with route parameters, query and headers", async () => {
  const { url } = await runHost({
    code: `${setup}
      app.post("take", { route: "take/{name}/{id?}", handler: async (request) => {
        let size = 0;
        for await (const chunk of request.body) size += chunk.length;
        return { status: 201, cookies: [{ name: "a", value: "1" }], jsonBody: {
          size, url: request.url, params: request.params, q: request.query.get("q"), header: request.headers.get("x-test"),
        } };
      } });`,
  });

  const response = await fetch(`${url}/api/take/Anna%20B?q=1`, {
    method: "POST",
    headers: { "x-test": "yes" },
    body: new Uint8Array(3_000_000),
  });

  expect(response.status).toBe(201);
  expect(response.headers.getSetCookie()).toEqual(["a=1"]);
  expect(await response.json()).toEqual({
    size: 3_000_000,
    url: `${url}/api/take/Anna%20B?q=1`,
    params: { name: "Anna B", q: "1" },
    q: "1",
    header: "yes",
  });
});

test("lets the query hide route parameters and replace the headers, as the real host was seen to do", async () => {
  const { url } = await runHost({
    code: `${setup}
      app.get("tell", { route: "tell/{name}/{id?}", handler: (request) => ({ jsonBody: {
        params: request.params, header: request.headers.get("x-test"),
      } }) });`,
  });
  const ask = async (path: string) =>
    await (await fetch(`${url}/api/tell/${path}`, { headers: { "x-test": "sent" } })).json();

  expect(await ask("a?name=b&q=1&code=2")).toEqual({ params: { name: "a", q: "1" }, header: "sent" });
  expect(await ask("a?NAME=b")).toEqual({ params: { NAME: "a" }, header: "sent" });
  const forged = encodeURIComponent(JSON.stringify({ "x-test": "forged" }));
  expect(await ask(`a?Headers=${forged}`)).toEqual({ params: { name: "a" }, header: "forged" });
  expect(await ask("a?headers=1")).toEqual({ params: { name: "a", headers: "1" }, header: null });
});

test("lets a property of a JSON body replace the headers, too, as the real host does", async () => {
  const { url } = await runHost({
    code: `${setup}
      app.post("tell", { route: "tell", handler: async (request) => ({ jsonBody: {
        header: request.headers.get("x-test"), size: (await request.arrayBuffer()).byteLength,
      } }) });`,
  });
  const post = async (body: string, { type = "application/json", query = "" } = {}) => {
    const headers = { "x-test": "sent", "content-type": type };
    return await (await fetch(`${url}/api/tell${query}`, { method: "POST", headers, body })).json();
  };
  const forging = JSON.stringify({ cluster: "aks-dev", Headers: { "x-test": "forged" } });
  const byQuery = encodeURIComponent(JSON.stringify({ "x-test": "by query" }));

  expect(await post(forging)).toEqual({ header: "forged", size: forging.length });
  expect(await post(forging, { query: `?Headers=${byQuery}` })).toEqual({ header: "by query", size: forging.length });
  // As with a query parameter, one in lower case hides the headers under another name.
  expect(await post('{"headers": {"x-test": "forged"}}')).toMatchObject({ header: null });
  // Not JSON, not an object, without such a property.
  expect(await post(forging, { type: "text/plain" })).toMatchObject({ header: "sent" });
  expect(await post(`[${forging}]`)).toMatchObject({ header: "sent" });
  expect(await post('{"Headers": ["x-test"], "other": 1}')).toMatchObject({ header: "sent" });
  expect(await post("{")).toEqual({ header: "sent", size: 1 });
});

test("answers 204 for nothing and 500 for an error, and cuts off a response whose body fails midway", async () => {
  const { url } = await runHost({
    code: `${setup}
      app.get("nothing", () => undefined);
      app.get("fail", () => { throw new Error("no"); });
      async function* half() { yield "half"; await sleep(50); throw new Error("lost"); }
      app.get("half", () => ({ body: ReadableStream.from(half()) }));`,
  });

  expect((await fetch(`${url}/api/nothing`)).status).toBe(204);
  expect((await fetch(`${url}/api/fail`)).status).toBe(500);
  const half = await fetch(`${url}/api/half`);
  expect(half.status).toBe(200);
  await expect(half.text()).rejects.toThrow();
});

test("a client that disconnects in the middle of a stream does not harm the host", async () => {
  const { url, lines } = await runHost({
    code: `${setup}
      async function* ticks() { for (let n = 0; n < 20; n++) { yield "tick " + n + "\\n"; await sleep(20); } }
      app.get("ticks", () => ({ body: ReadableStream.from(ticks()) }));
      app.get("alive", () => ({ body: "yes" }));`,
  });

  const response = await fetch(`${url}/api/ticks`);
  const reader = response.body?.getReader();
  await reader?.read();
  await reader?.cancel();

  expect(await (await fetch(`${url}/api/alive`)).text()).toBe("yes");
  await expect.poll(() => lines.some((line) => line.startsWith("INF Function.ticks executed"))).toBe(true);
  expect(await (await fetch(`${url}/api/alive`)).text()).toBe("yes");
});

test("a client that disconnects in mid-body ends the handler's read, not the host", async () => {
  const { url, lines } = await runHost({
    code: `${setup}
      app.post("take", async (request) => ({ body: await request.text() }));
      app.get("alive", () => ({ body: "yes" }));`,
  });
  const { port, host } = new URL(url);

  const socket = connect(Number(port), "127.0.0.1");
  socket.write(`POST /api/take HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 100\r\n\r\nhalf`);
  await sleep(100);
  socket.destroy();

  await expect.poll(() => lines.some((line) => line.startsWith("ERR Function.take failed"))).toBe(true);
  expect(await (await fetch(`${url}/api/alive`)).text()).toBe("yes");
});

test.each([
  ["announced", { "content-length": "4" }],
  ["chunked", { "transfer-encoding": "chunked" }],
])("drops the %s body of a GET, as the SDK does", async (_, headers) => {
  const { url } = await runHost({
    code: `${setup}app.get("plain", async (request) => ({ jsonBody: [request.method, await request.text()] }));`,
  });

  const text = await new Promise((resolve, reject) => {
    const sent = startRequest(`${url}/api/plain`, { method: "GET", headers }, async (answer) =>
      resolve(Buffer.concat(await answer.toArray()).toString()),
    );
    sent.on("error", reject).end("body");
  });

  expect(text).toBe('["GET",""]');
});

test.each([
  ["announced", { "content-length": "11" }],
  ["chunked", { "transfer-encoding": "chunked" }],
])("refuses an %s body over the limit", async (_, headers) => {
  const { url } = await runHost({
    code: `${setup}app.post("take", async (request) => ({ body: await request.text() }));`,
    settings: { FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: "10" },
  });

  const status = await new Promise((resolve, reject) => {
    const sent = startRequest(`${url}/api/take`, { method: "POST", headers }, (answer) =>
      resolve(answer.resume().statusCode),
    );
    sent.on("error", reject).end("12345678901");
  });

  expect(status).toBe(500);
});

test("reads no more of a body than its handler does, and answers while the client still sends", async () => {
  const { url } = await runHost({
    code: `${setup}
      app.post("take", async (request) => {
        const reader = request.body.getReader();
        await reader.read();
        reader.releaseLock();
        await new Promise((resolve) => { globalThis.answerNow = resolve; });
        return { status: 413, body: "too large" };
      });
      app.get("alive", () => ({ body: "yes" }));`,
  });
  const megabyte = Buffer.alloc(1024 * 1024);
  let sent = 0;
  const sending = startRequest(`${url}/api/take`, { method: "POST", headers: { "transfer-encoding": "chunked" } });
  const answered = new Promise<IncomingMessage>((resolve, reject) =>
    sending.on("response", resolve).on("error", reject),
  );
  // Sends forever, until backpressure from the host stops it.
  const send = () => {
    sent += 1;
    sending.write(megabyte, (error) => (error ? undefined : setImmediate(send)));
  };
  send();
  await expect.poll(() => Reflect.get(globalThis, "answerNow")).toBeDefined();
  await sleep(500);
  const taken = sent;
  await sleep(500);

  expect(sent).toBe(taken);
  // The limit allows for the system's buffers on two connections.
  expect(taken).toBeLessThan(64);
  Reflect.get(globalThis, "answerNow")();

  const answer = await answered;
  expect([answer.statusCode, Buffer.concat(await answer.toArray()).toString()]).toEqual([413, "too large"]);
  expect(await (await fetch(`${url}/api/alive`)).text()).toBe("yes");
  sending.on("error", () => {}).destroy();
});

test.each([
  ["leaves", ""],
  ["throws away", "request.body.pipeTo(new WritableStream()).catch(() => undefined);"],
])("answers the next request on a connection after a body whose remainder the handler %s", async (_, then) => {
  const { url } = await runHost({
    code: `${setup}
      app.post("take", async (request) => {
        const reader = request.body.getReader();
        await reader.read();
        reader.releaseLock();
        ${then}
        return { status: 413, body: "too large" };
      });
      app.get("alive", () => ({ body: "yes" }));`,
  });
  const { port } = new URL(url);
  for (const kilobytes of [100, 300, 3_000]) {
    const socket = connect(Number(port), "127.0.0.1");
    let answers = "";
    socket.on("data", (data) => {
      answers += data.toString("latin1");
    });
    const body = Buffer.alloc(kilobytes * 1024);

    socket.write(`POST /api/take HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-length: ${body.length}\r\n\r\n`);
    socket.write(body);
    socket.write(`GET /api/alive HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`);

    // The timeout is shorter than the host's own, after which it would cut the connection and lose the second answer.
    await expect.poll(() => answers.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 413", "HTTP/1.1 200"]);
    socket.destroy();
  }
});

test("keeps the SDK's own listener on loopback and ends it with the host", async () => {
  const { loadApp } = await import("../../src/load.ts");
  const { createAppFolder, requireApp } = await import("../support/appFolder.ts");
  const { createMemoryLog } = await import("../support/memoryLog.ts");
  const folder = await createAppFolder({ "package.json": { main: "a.js" }, "a.js": requireApp + setup });
  const app = await loadApp(folder.path, createMemoryLog());
  await folder.remove();
  const port = Number(new URL(String(app.capabilities["HttpUri"])).port);
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const outer = addresses.find(({ internal, family }) => !internal && family === "IPv4")?.address ?? "127.0.0.2";

  expect(await canConnect(port, "127.0.0.1")).toBe(true);
  expect(await canConnect(port, outer)).toBe(false);
  await app.close(1_000);
  expect(await canConnect(port, "127.0.0.1")).toBe(false);
});

function canConnect(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

test("tells an event stream that its client has gone, so that it stops polling", async () => {
  const events = fileURLToPath(new URL("../../../../src/http/eventStream.ts", import.meta.url));
  const clients = fileURLToPath(new URL("../../../../src/http/clients.ts", import.meta.url));
  const { url } = await runHost({
    code: `${setup}
      const { answerEvents } = require(${JSON.stringify(events)});
      const { watchClients } = require(${JSON.stringify(clients)});
      const clients = watchClients();
      globalThis.looksOfStream = 0;
      app.get("follow", (_request, context) => answerEvents({
        subscription: {
          poll: async () => { globalThis.looksOfStream++; return []; },
          changes: { wait: () => sleep(5) },
          isBehind: () => false,
          leave() { globalThis.hasLeftStream = true; },
        },
        isLast: () => false,
        client: clients.find(context),
      }));`,
  });
  const looks = () => Number(Reflect.get(globalThis, "looksOfStream"));
  const client = new AbortController();
  const response = await fetch(`${url}/api/follow`, { signal: client.signal });
  await response.body?.getReader().read();
  await expect.poll(looks).toBeGreaterThan(5);

  client.abort();

  await sleep(100);
  const then = looks();
  await sleep(200);
  expect(looks()).toBe(then);
});
