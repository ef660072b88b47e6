/** Every management route answers every payload, and with a status below 500 when the caller is at fault. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type DurableHost, loadTestApp, startDurableHost } from "../durable/support/durableHost.ts";

let host: DurableHost;

beforeAll(async () => {
  host = await startDurableHost(await loadTestApp("basic"));
  await host.client.startNew("twoEvents", { instanceId: "bad" });
});

afterAll(() => host.close());

const routes = [
  "orchestrators/greet",
  "orchestrators/greet/one",
  "orchestrators",
  "instances",
  "instances/bad",
  "instances/bad/raiseEvent/one",
  "instances/bad/raiseEvent",
  "instances/bad/rewind",
  "instances/nobody/terminate",
  "instances/nobody/restart",
  "instances/nobody/suspend",
  "instances/nobody/resume",
  "instances/nobody/rewind",
  "instances/nobody/raiseEvent/one",
  "instances/bad/suspend/twice",
  "instances/bad/dance/twice",
  "instances/%00",
  `instances/${"x".repeat(1_000)}`,
  "nothing",
  "",
];

const bodies: readonly (readonly [what: string, body: string | Uint8Array])[] = [
  ["nothing", ""],
  ["half an object", '{"a":'],
  ["text", "not json"],
  ["bytes that are no UTF-8", new Uint8Array([0xff, 0xfe, 0x00, 0x7b])],
  ["2,000 levels", `${"[".repeat(2_000)}${"]".repeat(2_000)}`],
  ["$ref", '{"$ref":"1","$type":"System.Object"}'],
  ["__proto__", '{"__proto__":{"polluted":true},"constructor":1}'],
  ["1 MB", JSON.stringify("x".repeat(1_000_000))],
];

const queries = [
  "",
  "?top=-1&createdTimeFrom=yesterday&runtimeStatus=,,&showHistory=perhaps",
  "?top=1e9&instanceIdPrefix=%00%25&timeout=NaN&pollingInterval=-1",
  "?createdTimeFrom=0001-01-01T00:00:00Z&createdTimeTo=0001-01-02T00:00:00Z&runtimeStatus=Completed",
];

test.each(bodies)("%s", async (_, body) => {
  const wrong: string[] = [];
  for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
    await Promise.all(
      routes.flatMap((route) =>
        (body === "" ? queries : queries.slice(0, 1)).map(async (query) => {
          for (const contentType of ["application/json", "text/plain"]) {
            const response = await fetch(`${host.url}/runtime/webhooks/durabletask/${route}${query}`, {
              method,
              headers: { "content-type": contentType, "x-ms-continuation-token": "bm90aGluZw" },
              signal: AbortSignal.timeout(20_000),
              ...(method === "GET" ? {} : { body: Buffer.from(body) }),
            });
            await response.arrayBuffer();
            if (response.status >= 500) wrong.push(`${method} ${route}${query} ${contentType}: ${response.status}`);
          }
        }),
      ),
    );
  }

  expect(wrong).toEqual([]);
  expect(Reflect.get({}, "polluted")).toBeUndefined();
});

test.each([
  ["half an object", '{"a":'],
  ["text", "not json"],
  ["two values", "1 2"],
  ["bytes that are no UTF-8", new Uint8Array([0xff, 0xfe, 0x00, 0x7b])],
  ["a value that never ends", "[".repeat(100_000)],
  ["spaces", "   "],
])("answers 400 on every route that requires JSON and gets %s", async (what, body) => {
  const post = async (path: string) => {
    const response = await fetch(`${host.url}/runtime/webhooks/durabletask/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: Buffer.from(body),
      signal: AbortSignal.timeout(20_000),
    });
    const text = await response.text();
    return response.status === 400 ? typeof JSON.parse(text).Message : response.status;
  };

  // Where input is optional, an empty body counts as no input.
  const expected = what === "spaces" ? 202 : "string";
  expect(await post("orchestrators/greet")).toBe(expected);
  expect(await post("instances/bad/raiseEvent/one")).toBe("string");
});
