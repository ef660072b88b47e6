/** Keys as the Functions host requires and manages them, when they are enforced (learn.microsoft.com "Work with access keys"). */
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createDataDirectory, type RunningHost, runHost } from "../support/runningHost.ts";

const code = `
  app.http("open", { handler: () => ({ body: "ok" }) });
  app.http("One", { authLevel: "function", handler: () => ({ body: "ok" }) });
  app.http("two", { authLevel: "function", handler: () => ({ body: "ok" }) });
  app.http("top", { authLevel: "admin", handler: () => ({ body: "ok" }) });`;

const enforced = (given: Partial<Parameters<typeof runHost>[0]> = {}) => runHost({ code, enforceKeys: true, ...given });

/** The keys that the log shows at the first start. */
function shown({ lines }: RunningHost): { host: string; master: string } {
  const line = lines.find((each) => each.includes("keys were made")) ?? "";
  const [, host = "", master = ""] = /host=([\w-]{43}) master=([\w-]{43})/.exec(line) ?? [];
  return { host, master };
}

async function status({ url }: RunningHost, path: string, key?: string): Promise<number> {
  return (await fetch(`${url}/api/${path}`, key === undefined ? {} : { headers: { "x-functions-key": key } })).status;
}

async function admin({ url }: RunningHost, request: string, key: string, body?: unknown) {
  const [method = "", path = ""] = request.split(" ");
  const response = await fetch(`${url}/admin/${path}`, {
    method,
    headers: { "x-functions-key": key },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: /^\{/.test(text) ? JSON.parse(text) : text };
}

test("requires a key by each function's level, and shows the keys that it made once", async () => {
  const dataDirectory = await createDataDirectory();
  const first = await enforced({ dataDirectory });
  const { host, master } = shown(first);

  expect([await status(first, "open"), await status(first, "One"), await status(first, "top")]).toEqual([
    200, 401, 401,
  ]);
  expect([await status(first, "One", host), await status(first, `two?code=${host}`)]).toEqual([200, 200]);
  expect([await status(first, "top", host), await status(first, "top", master)]).toEqual([401, 200]);
  expect(await status(first, "One", master)).toBe(200);
  await first.close();

  const second = await enforced({ dataDirectory });
  expect(shown(second)).toEqual({ host: "", master: "" });
  expect([await status(second, "One", host), await status(second, "top", master)]).toEqual([200, 200]);
});

test("stores no usable key, in a file that only its user can read", async () => {
  const dataDirectory = await createDataDirectory();
  const running = await enforced({ dataDirectory });
  const { host, master } = shown(running);
  const path = join(dataDirectory, "keys.json");

  const text = await readFile(path, "utf8");

  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(text).not.toContain(host);
  expect(text).not.toContain(master);
  const kept: unknown[] = JSON.stringify(JSON.parse(text)).match(/[\w-]{43}/g) ?? [];
  expect(kept).toHaveLength(3);
  for (const each of kept) expect(await status(running, "One", String(each))).toBe(401);
});

test("a key of one function opens only that function, until it is revoked", async () => {
  const running = await enforced();
  const { master } = shown(running);

  const made = await admin(running, "POST functions/one/keys/partner", master);
  const { value } = made.body;

  expect(made).toEqual({
    status: 201,
    body: {
      name: "partner",
      value: expect.stringMatching(/^[\w-]{43}$/),
      links: [{ rel: "self", href: `${running.url}/admin/functions/one/keys/partner` }],
    },
  });
  expect([await status(running, "One", value), await status(running, "two", value)]).toEqual([200, 401]);
  expect((await admin(running, "GET functions/One/keys", master)).body.keys).toEqual([
    { name: "partner", value: null },
  ]);
  expect((await admin(running, "GET functions/One/keys/partner", master)).status).toBe(200);
  const renewed = await admin(running, "POST functions/One/keys/partner", master);
  expect(renewed.status).toBe(200);
  expect([await status(running, "One", value), await status(running, "One", renewed.body.value)]).toEqual([401, 200]);
  expect((await admin(running, "DELETE functions/One/keys/partner", master)).status).toBe(204);
  expect((await admin(running, "DELETE functions/One/keys/partner", master)).status).toBe(404);
  expect(await status(running, "One", renewed.body.value)).toBe(401);
});

test("accepts chosen values for host keys and the master key", async () => {
  const running = await enforced();
  const { master } = shown(running);

  const own = await admin(running, "PUT host/functionkeys/ci", master, { name: "ci", value: "chosen" });
  expect([own.status, own.body.value]).toEqual([201, "chosen"]);
  expect([await status(running, "One", "chosen"), await status(running, "two", "chosen")]).toEqual([200, 200]);
  expect((await admin(running, "GET host/keys", master)).body.keys.map(({ name }: { name: string }) => name)).toEqual([
    "default",
    "ci",
  ]);
  expect((await admin(running, "PUT host/systemkeys/_master", master, { value: "mine" })).status).toBe(200);
  expect((await admin(running, "GET host/keys", master)).status).toBe(401);
  expect((await admin(running, "GET host/keys", "mine")).status).toBe(200);
});

test.each([
  ["GET functions/nobody/keys", undefined, 404],
  ["POST functions/nobody/keys/x", undefined, 404],
  ["GET host/keys/nobody", undefined, 404],
  ["PUT host/keys/x", undefined, 400],
  ["PUT host/keys/x", "{", 400],
  ["PUT host/keys/x", { value: 7 }, 400],
  ["PUT host/keys/x", { value: "" }, 400],
  ["POST host/keys/__proto__", undefined, 400],
  ["DELETE host/systemkeys/_master", undefined, 400],
  ["DELETE host/keys", undefined, 404],
  ["PATCH host/keys/x", undefined, 404],
  ["POST host/nonsense/x", undefined, 404],
  ["GET functions", undefined, 404],
  ["POST host/keys/%E0%A4%A", undefined, 400],
])("answers %s with body %j with status %i", async (request, body, expected) => {
  const running = await enforced({ settings: { MOORING_MASTER_KEY: "m" } });

  expect((await admin(running, request, "m", body)).status).toBe(expected);
});

test("makes no master key when one is configured, and says what is wrong with a key file that was edited", async () => {
  const dataDirectory = await createDataDirectory();
  const running = await enforced({ dataDirectory, settings: { MOORING_MASTER_KEY: "given" } });
  expect(running.lines.find((line) => line.includes("keys were made"))).not.toContain("master=");
  expect(await status(running, "top", "given")).toBe(200);
  await running.close();

  await writeFile(join(dataDirectory, "keys.json"), '{"salt":"s","master":"plain","host":{}}');

  await expect(enforced({ dataDirectory })).rejects.toThrow(
    /keys\.json cannot be used: master: is not the hash of a key; functions: /,
  );
});
