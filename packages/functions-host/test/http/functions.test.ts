import { request as startRequest } from "node:http";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { runHost } from "../support/runningHost.ts";

const echo = `app.http("echo", {
  methods: ["GET", "POST", "HEAD"],
  route: "echo/{name}/{id?}",
  handler: async (request) => ({ jsonBody: {
    method: request.method,
    url: request.url,
    params: request.params,
    query: Object.fromEntries(request.query),
    header: request.headers.get("x-test"),
    text: await request.text(),
  } }),
});\n`;

test("serves a function with method, URL, parameters, query, headers and body", async () => {
  const { url } = await runHost({ code: echo });

  const response = await fetch(`${url}/api/echo/Anna?a=1&b=x&b=y`, {
    method: "POST",
    headers: { "x-test": "yes" },
    body: "hello",
  });

  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/json");
  expect(await response.json()).toEqual({
    method: "POST",
    url: `${url}/api/echo/Anna?a=1&b=x&b=y`,
    params: { name: "Anna" },
    query: { a: "1", b: "x,y" },
    header: "yes",
    text: "hello",
  });
});

test("takes as many headers as Kestrel does", async () => {
  const { url } = await runHost({ code: `app.get("take", () => ({ status: 200 }));` });
  const send = (count: number) =>
    fetch(`${url}/api/take`, {
      headers: Array.from({ length: count }, (_, index): [string, string] => [`x-${index}`, "1"]),
    });

  expect((await send(80)).status).toBe(200);
  expect((await send(101)).status).toBe(431);
});

test("takes headers of the same size as Kestrel does", async () => {
  const { url } = await runHost({ code: `app.get("take", () => ({ status: 200 }));` });
  const send = (size: number) => fetch(`${url}/api/take`, { headers: { "x-long": "y".repeat(size) } });

  expect((await send(31_000)).status).toBe(200);
  expect((await send(33_000)).status).toBe(431);
});

test("decodes a path before it looks for the route", async () => {
  const { url } = await runHost({ code: echo });

  const answer = await (await fetch(`${url}/%61pi/e%63ho/%61%2525`)).json();

  expect(answer).toMatchObject({ params: { name: "a%25" } });
});

test("honours the route prefix of host.json, even an empty one", async () => {
  const { url } = await runHost({ code: echo, hostJson: { extensions: { http: { routePrefix: "" } } } });

  expect((await fetch(`${url}/echo/a/7`)).status).toBe(200);
  expect((await fetch(`${url}/api/echo/a`)).status).toBe(404);
});

test("answers HEAD without a body, and 404 for a method that the function does not accept", async () => {
  const { url } = await runHost({ code: echo });

  const head = await fetch(`${url}/api/echo/a`, { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
  expect(Number(head.headers.get("content-length"))).toBeGreaterThan(0);
  expect((await fetch(`${url}/api/echo/a`, { method: "DELETE" })).status).toBe(404);
});

test("answers 204 when the handler returns nothing, and 500 with an empty body when it throws", async () => {
  const { url, lines } = await runHost({
    code: `app.get("nothing", () => undefined);
           app.get("fail", () => { throw new TypeError("secret detail"); });`,
  });

  expect((await fetch(`${url}/api/nothing`)).status).toBe(204);
  const failed = await fetch(`${url}/api/fail`);
  expect([failed.status, await failed.text()]).toEqual([500, ""]);
  expect(lines.find((line) => line.startsWith("ERR Function.fail failed"))).toMatch(
    /invocationId=\S+ durationMs=\d+ error="TypeError: secret detail" at=\S*main\.js:3/,
  );
});

test("sends binary bodies, status, headers and cookies as the handler returned them", async () => {
  const { url } = await runHost({
    code: `app.get("full", () => ({
      status: 201,
      body: Buffer.from([0, 255, 1]),
      headers: { "x-a": "1", connection: "upgrade", "transfer-encoding": "chunked" },
      cookies: [
        { name: "a", value: "1 2", path: "/", httpOnly: true, secure: true, sameSite: "Lax", maxAge: 60 },
        { name: "b", value: "2", sameSite: "None", expires: new Date(0), domain: "example.com" },
        { name: "c", value: "3", expires: new Date("2030-01-01T00:00:00Z") },
      ],
    }));`,
  });

  const response = await fetch(`${url}/api/full`);

  expect(response.status).toBe(201);
  expect(response.headers.get("x-a")).toBe("1");
  expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0, 255, 1]);
  expect(response.headers.getSetCookie()).toEqual([
    "a=1%202; max-age=60; path=/; secure; samesite=lax; httponly",
    "b=2; domain=example.com; path=/; samesite=none",
    "c=3; expires=Tue, 01 Jan 2030 00:00:00 GMT; path=/",
  ]);
});

test("passes a multipart form to the function, with text and bytes", async () => {
  const { url } = await runHost({
    code: `app.post("form", async (request) => {
      const form = await request.formData();
      const file = form.get("file");
      return { jsonBody: [form.get("text"), file.name, [...new Uint8Array(await file.arrayBuffer())]] };
    });`,
  });
  const form = new FormData();
  form.set("text", "ä and more");
  form.set("file", new Blob([new Uint8Array([0, 255, 10, 13])]), "some.bin");

  const response = await fetch(`${url}/api/form`, { method: "POST", body: form });

  expect(await response.json()).toEqual(["ä and more", "some.bin", [0, 255, 10, 13]]);
});

test("does not mix up a hundred simultaneous requests", async () => {
  const { url } = await runHost({ code: echo });

  const names = Array.from({ length: 100 }, (_, index) => `n${index}`);
  const answers = await Promise.all(
    names.map(async (name) => (await fetch(`${url}/api/echo/${name}`, { method: "POST", body: name })).json()),
  );

  expect(answers).toEqual(names.map((name) => expect.objectContaining({ params: { name }, text: name })));
});

test.each([
  ["announced", { "content-length": "11" }],
  ["chunked", { "transfer-encoding": "chunked" }],
])("answers 500 to an %s body over the limit, as a failed invocation, and keeps serving", async (_, headers) => {
  const { url, lines } = await runHost({ code: echo, settings: { FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: "10" } });

  const status = await new Promise((resolve, reject) => {
    const sent = startRequest(`${url}/api/echo/a`, { method: "POST", headers }, (answer) => resolve(answer.statusCode));
    sent.on("error", reject).end("12345678901");
  });

  expect(status).toBe(500);
  expect(lines).toContainEqual(expect.stringMatching(/^ERR .*failed .*echo.*BodyTooLarge/));
  expect((await fetch(`${url}/api/echo/a`, { method: "POST", body: "1234567890" })).status).toBe(200);
});

test("a client that disconnects in mid-body neither starts the function nor harms the host", async () => {
  const { url, lines } = await runHost({ code: echo });

  await new Promise<void>((resolve) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => {
      socket.write(`POST /api/echo/gone HTTP/1.1\r\nHost: ${new URL(url).host}\r\nContent-Length: 100\r\n\r\nhalf`);
      setTimeout(() => socket.destroy(), 20);
    });
    socket.on("close", () => resolve());
  });

  expect((await fetch(`${url}/api/echo/a`)).status).toBe(200);
  expect(lines.filter((line) => line.startsWith("INF Function.echo executed"))).toHaveLength(1);
  expect(lines).toContainEqual(expect.stringMatching(/^ERR .*failed .*echo.*ClientGone/));
});

test("refuses a length together with chunks, which would be two requests to somebody else", async () => {
  const { url, lines } = await runHost({ code: echo });

  const answer = await new Promise<string>((resolve) => {
    let said = "";
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => {
      const head = `POST /api/echo/both HTTP/1.1\r\nHost: ${new URL(url).host}\r\n`;
      socket.write(`${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`);
    });
    socket.setEncoding("utf8").on("data", (text) => {
      said += text;
    });
    socket.on("close", () => resolve(said));
  });

  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(lines.filter((line) => line.includes("Function.echo"))).toEqual([]);
  expect((await fetch(`${url}/api/echo/a`)).status).toBe(200);
});

test("a client that disconnects while the function runs does not harm the host", async () => {
  const { url, lines } = await runHost({
    code: `${echo}app.get("slow", async () => { await new Promise((r) => setTimeout(r, 100)); return { body: "late" }; });`,
  });

  await expect(fetch(`${url}/api/slow`, { signal: AbortSignal.timeout(30) })).rejects.toThrow();

  await expect.poll(() => lines.some((line) => line.startsWith("INF Function.slow executed"))).toBe(true);
  expect((await fetch(`${url}/api/echo/a`)).status).toBe(200);
});

test("runs and queues as many requests as host.json allows, and answers 429 immediately to more", async () => {
  const { url } = await runHost({
    code: `${echo}
      globalThis.waitingFunctions = [];
      app.get("hold", () => new Promise((resolve) => globalThis.waitingFunctions.push(() => resolve({ body: "held" }))));`,
    hostJson: { extensions: { http: { maxConcurrentRequests: 2, maxOutstandingRequests: 3 } } },
  });
  const held: (() => void)[] = Reflect.get(globalThis, "waitingFunctions");
  const answers: Response[] = [];
  const asked = Array.from({ length: 5 }, async () => answers.push(await fetch(`${url}/api/hold`)));

  await expect.poll(() => answers.map(({ status }) => status)).toEqual([429, 429]);
  expect(answers.map(({ headers }) => headers.get("retry-after"))).toEqual([null, null]);
  expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(["", ""]);
  expect(held).toHaveLength(2);

  for (const release of held.splice(0)) release();
  await expect.poll(() => held.length).toBe(1);
  for (const release of held.splice(0)) release();
  await Promise.all(asked);
  expect(answers.map(({ status }) => status)).toEqual([429, 429, 200, 200, 200]);
  expect((await fetch(`${url}/api/echo/a`)).status).toBe(200);
});

test("starts no function for a client that disconnected while it waited", async () => {
  const { url, lines } = await runHost({
    code: `${echo}
      app.get("hold", () => new Promise((resolve) => { globalThis.releaseHeld = () => resolve({ body: "held" }); }));`,
    hostJson: { extensions: { http: { maxConcurrentRequests: 1 } } },
  });
  const first = fetch(`${url}/api/hold`);
  await expect.poll(() => Reflect.get(globalThis, "releaseHeld")).toBeDefined();
  await expect(fetch(`${url}/api/echo/gone`, { signal: AbortSignal.timeout(100) })).rejects.toThrow();
  // Gives the host time to notice.
  await new Promise((resolve) => setTimeout(resolve, 500));

  Reflect.get(globalThis, "releaseHeld")();

  expect((await first).status).toBe(200);
  expect((await fetch(`${url}/api/echo/a`)).status).toBe(200);
  expect(lines.filter((line) => line.startsWith("INF Function.echo executed"))).toHaveLength(1);
});

test("accepts only loopback names in the Host header", async () => {
  const { url } = await runHost({ code: echo });
  const { port } = new URL(url);
  const statusFor = (host: string) =>
    new Promise((resolve, reject) => {
      startRequest(`${url}/api/echo/a`, { headers: { host } }, (answer) => resolve(answer.resume().statusCode))
        .on("error", reject)
        .end();
    });

  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `LOCALHOST:${port}`, `[::1]:${port}`])
    expect(await statusFor(host)).toBe(200);
  for (const host of [
    "evil.example",
    `evil.example:${port}`,
    "localhost",
    "127.0.0.1:1",
    `127.0.0.1:${port}.evil.example`,
  ])
    expect(await statusFor(host)).toBe(403);
});

test("answers administration with 401, since it makes no key that opens it", async () => {
  const { url } = await runHost({ code: echo });
  const status = async (method: string, path: string) => (await fetch(`${url}/admin/${path}`, { method })).status;

  expect(await status("GET", "functions/echo/keys")).toBe(401);
  expect(await status("PUT", "host/functionkeys/default")).toBe(401);
  expect(await status("GET", "functions")).toBe(401);
  expect(await status("PATCH", "functions/echo/keys")).toBe(404);
});

test("finishes running requests before it closes, refuses new ones, and ends idle connections", async () => {
  const host = await runHost({
    code: `${echo}app.get("slow", async () => { await new Promise((r) => setTimeout(r, 300)); return { body: "done" }; });`,
  });
  await fetch(`${host.url}/api/echo/a`).then((response) => response.text()); // leaves a kept-alive connection
  const running = fetch(`${host.url}/api/slow`).then((response) => response.text());
  await new Promise((resolve) => setTimeout(resolve, 50));

  const started = performance.now();
  const closed = host.close();
  const refused = await fetch(`${host.url}/api/echo/a`).then(
    (response) => response.status,
    () => "refused",
  );

  expect(["refused", 503]).toContain(refused);
  expect(await running).toBe("done");
  await closed;
  expect(performance.now() - started).toBeLessThan(2000);
});

test("cuts off requests that do not end within the grace period", async () => {
  const host = await runHost({ code: `app.get("never", () => new Promise(() => {}));` });
  const running = fetch(`${host.url}/api/never`).catch(() => "cut");
  await new Promise((resolve) => setTimeout(resolve, 50));

  await host.close({ graceMs: 100 });

  expect(await running).toBe("cut");
  expect(host.lines.at(-1)).toContain("cutting requests that did not end in time requests=1");
});
