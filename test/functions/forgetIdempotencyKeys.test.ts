/** The rows of idempotency keys are removed once their answers are no longer promised. */
import { HttpRequest } from "@azure/functions";
import { beforeEach, expect, it } from "vitest";
import { loadConfig } from "../../src/config.ts";
import { keptHours } from "../../src/domain/http/idempotency.ts";
import { forgetIdempotencyKeys } from "../../src/functions/forgetIdempotencyKeys.ts";
import { answerOnce } from "../../src/http/idempotency.ts";
import { json } from "../../src/http/respond.ts";
import type { IdempotencyKeys } from "../../src/ports/idempotencyKeys.ts";
import { requester } from "../support/acceptanceContext.ts";
import { unhindered } from "../support/models/calls.ts";
import { createTables, type Rows } from "../support/models/tables.ts";

const hourMs = 3_600_000;
const start = new Date();
const settings = {
  MOORING_TABLES_ENDPOINT: "https://t.example",
  ServiceBusConnection__fullyQualifiedNamespace: "s.example",
};
const { MOORING_IDEMPOTENCY_ROW_HOURS: rowHours } = loadConfig(settings);

let rows: Map<string, Rows>;
let keys: IdempotencyKeys;
let logged: string[];

beforeEach(() => {
  rows = new Map();
  logged = [];
  keys = createTables(rows, unhindered).idempotencyKeys;
});

const count = () => rows.get("MooringIdempotency")?.size;

const runAfter = (hours: number) =>
  forgetIdempotencyKeys(
    { idempotencyKeys: keys },
    { log: (line: string) => void logged.push(line) },
    { rowHours, now: new Date(start.getTime() + hours * hourMs) },
  );

/** Returns a repeated request's stored answer, or else that of its own work. */
async function send(key: string, says: string): Promise<string> {
  const request = new HttpRequest({ url: "http://x/api/y", method: "POST", headers: { "idempotency-key": key } });
  const context = { warn: () => undefined };
  const answer = await answerOnce(keys, { request, by: requester, body: null, context }, async () => json(202, says));
  return JSON.parse(String(answer.body));
}

it("keeps a key for as long as its answer is promised, and its row for the configured time", async () => {
  await send("first", "one");

  await runAfter(keptHours);
  expect(await send("first", "two")).toBe("one");
  await runAfter(rowHours - 1);
  expect(count()).toBe(1);

  await runAfter(rowHours + 1);
  expect(count()).toBe(0);
  expect(logged).toMatchObject([expect.stringContaining("idempotency keys removed")]);
  expect(await send("first", "three")).toBe("three");
});

it("rejects a configured time shorter than the promise", () => {
  for (const hours of ["0", "-1", String(keptHours), "soon"]) {
    expect(() => loadConfig({ ...settings, MOORING_IDEMPOTENCY_ROW_HOURS: hours })).toThrow("IDEMPOTENCY_ROW_HOURS");
  }
  expect(loadConfig({ ...settings, MOORING_IDEMPOTENCY_ROW_HOURS: "720" }).MOORING_IDEMPOTENCY_ROW_HOURS).toBe(720);
});

it("removes a bounded number per run, and the rest in later runs", async () => {
  const record = { caller: "anna", fingerprint: "f", claimedTime: start.toISOString() };
  for (let index = 0; index < 5_001; index += 1) await keys.insert({ ...record, key: `${index}` });

  await runAfter(rowHours + 1);
  expect(count()).toBe(1);
  await runAfter(rowHours + 1);
  expect(count()).toBe(0);
});

it("keeps a key that was claimed again between the listing and the removal", async () => {
  const old = { caller: "anna", key: "k", fingerprint: "f", claimedTime: start.toISOString() };
  await keys.insert(old);
  const read = await keys.find(old);
  const { removeClaimedBefore } = keys;
  const again = { ...old, fingerprint: "g", claimedTime: new Date(start.getTime() + 100 * hourMs).toISOString() };
  // Claims the key again between the list and the removal.
  const table = rows.get("MooringIdempotency");
  const [[row, listed] = ["", undefined]] = table ?? [];
  if (!read || !listed || !table) throw new Error("there is no row");
  const removing = removeClaimedBefore(new Date(start.getTime() + hourMs).toISOString(), 10);
  table.set(row, { ...listed, etag: "of somebody else", record: again });

  expect(await removing).toBe(0);
  expect(await keys.find(old)).toMatchObject({ fingerprint: "g" });
});
