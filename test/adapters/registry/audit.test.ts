import type { TableClient } from "@azure/data-tables";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { createAudit } from "../../../src/adapters/registry/audit.ts";
import type { AuditEntry } from "../../../src/domain/watching/audit.ts";
import { startTables, type Tables } from "../../support/tableService.ts";

let tables: Tables;
let rows: TableClient;

beforeAll(async () => {
  tables = await startTables();
  rows = tables.rowsOf("MooringAudit");
});
afterAll(() => tables.close());

beforeEach(async () => {
  await rows.createTable();
  for await (const { partitionKey = "", rowKey = "" } of rows.listEntities())
    await rows.deleteEntity(partitionKey, rowKey);
});

function entry(id: string, changes: Partial<AuditEntry> = {}): AuditEntry {
  return {
    id,
    kind: "effect",
    time: "2026-11-24T00:00:00.000Z",
    cluster: "aks-dev",
    namespace: "team-a",
    operation: "op-1",
    who: "somebody",
    what: "ensureIdentity",
    target: "mooring-aks-dev-team-a",
    action: "create",
    outcome: "Succeeded",
    differences: [{ field: "name", current: null, desired: "mooring-aks-dev-team-a" }],
    ...changes,
  };
}

/** Records as rows, oldest first. */
async function records(): Promise<{ rowKey: string; sequence: number }[]> {
  const found: { rowKey: string; sequence: number }[] = [];
  for await (const row of rows.listEntities()) {
    const rowKey = row.rowKey ?? "";
    if (rowKey.startsWith("e-")) found.push({ rowKey, sequence: Number(row["sequence"]) });
  }
  return found.sort((a, b) => a.sequence - b.sequence);
}

async function write(ids: readonly string[], audit = createAudit(tables.settings)) {
  for (const id of ids) await audit.append(entry(id));
  return audit;
}

it("returns what was appended, newest first, and finds the chain intact", async () => {
  const audit = await write(["a", "b", "c"]);

  const { value } = await audit.read({ limit: 10 });

  expect(value.map(({ id, sequence }) => [id, sequence])).toEqual([
    ["c", 3],
    ["b", 2],
    ["a", 1],
  ]);
  expect(value[0]).toMatchObject(entry("c"));
  expect(await audit.verify()).toEqual({ valid: true, entries: 3, head: value[0]?.hash });
});

it("finds an empty trail intact", async () => {
  expect(await createAudit(tables.settings).verify()).toMatchObject({ valid: true, entries: 0 });
});

it("records an entry with the same id once: again, concurrently, and from another process", async () => {
  const [one, other] = [createAudit(tables.settings), createAudit(tables.settings)];

  await Promise.all([one.append(entry("a")), one.append(entry("a")), other.append(entry("a"))]);
  await other.append(entry("a", { time: "2026-11-24T00:00:09.000Z" }));

  expect((await one.read({ limit: 10 })).value).toHaveLength(1);
  expect(await one.verify()).toMatchObject({ valid: true, entries: 1 });
});

it("keeps one chain when six processes append concurrently", async () => {
  const writers = Array.from({ length: 6 }, () => createAudit(tables.settings));

  await Promise.all(
    writers.flatMap((audit, w) => Array.from({ length: 25 }, (_, n) => audit.append(entry(`${w}-${n}`)))),
  );

  expect(await createAudit(tables.settings).verify()).toMatchObject({ valid: true, entries: 150 });
  expect((await records()).map(({ sequence }) => sequence)).toEqual(Array.from({ length: 150 }, (_, n) => n + 1));
});

it("filters by cluster, namespace and operation, and pages to the end", async () => {
  const audit = createAudit(tables.settings);
  for (let n = 0; n < 5; n += 1)
    await audit.append(entry(`${n}`, { namespace: n % 2 ? "odd" : "even", operation: `op-${n}` }));

  const first = await audit.read({ namespace: "even", cluster: "aks-dev", limit: 2 });
  const second = await audit.read({ namespace: "even", limit: 2, continuation: first.continuation ?? "" });

  expect([...first.value, ...second.value].map(({ id }) => id)).toEqual(["4", "2", "0"]);
  expect(second.continuation).toBeUndefined();
  expect((await audit.read({ operation: "op-3", limit: 9 })).value.map(({ id }) => id)).toEqual(["3"]);
  expect((await audit.read({ operation: "x' or 'a' eq 'a", limit: 9 })).value).toEqual([]);
});

it("finds the chain intact while others append", async () => {
  const audit = await write(["a", "b", "c"]);
  let isOver = false;
  const writing = Promise.all(Array.from({ length: 40 }, (_, n) => audit.append(entry(`more-${n}`)))).then(async () => {
    for (let n = 0; n < 20; n += 1) await audit.append(entry(`one-${n}`));
    isOver = true;
  });
  const verdicts = new Set<boolean>();
  while (!isOver) verdicts.add((await createAudit(tables.settings).verify()).valid);
  await writing;

  expect([...verdicts]).toEqual([true]);
});

const tamperings: [what: string, brokenAt: number, change: () => Promise<unknown>][] = [
  ["a changed field", 3, async () => rows.updateEntity(await key(3, { who: "nobody" }), "Merge")],
  ["an added field", 3, async () => rows.updateEntity(await key(3, { note: "fine" }), "Merge")],
  ["a changed difference", 2, async () => rows.updateEntity(await key(2, { differences_json: "[]" }), "Merge")],
  ["a record removed from the middle", 3, async () => remove(3)],
  ["the oldest record removed", 1, async () => remove(1)],
  ["the newest record removed", 5, async () => remove(5)],
  ["the head removed", 5, () => rows.deleteEntity("audit", "head")],
  ["two records swapped", 4, () => swap(2, 4)],
  ["a record inserted twice", 4, () => copy(3, 4)],
  ["a record inserted before the newest", 2, () => putBefore(2, {})],
  ["a forged record before the newest", 6, () => putBefore(5, { sequence: 6, who: "nobody" })],
  ["the head reset to an earlier record", 5, () => setHeadBack(3)],
];

it.each(tamperings)("detects %s", async (_what, brokenAt, change) => {
  const audit = await write(["a", "b", "c", "d", "e"]);
  expect(await audit.verify()).toMatchObject({ valid: true, entries: 5 });

  await change();

  expect(await createAudit(tables.settings).verify()).toMatchObject({ valid: false, brokenAt });
});

async function key(sequence: number, changes: object = {}) {
  const rowKey = (await records()).find((record) => record.sequence === sequence)?.rowKey ?? "";
  return { partitionKey: "audit", rowKey, ...changes };
}

async function remove(sequence: number) {
  const { partitionKey, rowKey } = await key(sequence);
  await rows.deleteEntity(partitionKey, rowKey);
}

async function copy(from: number, to: number) {
  const [source, target] = [await key(from), await key(to)];
  const { etag: _etag, timestamp: _time, ...fields } = await rows.getEntity("audit", source.rowKey);
  await rows.updateEntity({ ...fields, partitionKey: "audit", rowKey: target.rowKey }, "Replace");
}

/** As a row that the table lists first. */
async function putBefore(from: number, changes: object) {
  const { etag: _etag, timestamp: _time, ...fields } = await rows.getEntity("audit", (await key(from)).rowKey);
  const first = (await key(5)).rowKey;
  const rowKey = `e-${String(BigInt(first.slice(2)) - 1n).padStart(16, "0")}`;
  await rows.createEntity({ ...fields, ...changes, partitionKey: "audit", rowKey });
}

async function setHeadBack(to: number) {
  const { hash } = await rows.getEntity<{ hash: string }>("audit", (await key(to)).rowKey);
  await rows.updateEntity({ partitionKey: "audit", rowKey: "head", sequence: to, hash }, "Replace");
}

async function swap(a: number, b: number) {
  const [first, second] = [await key(a), await key(b)];
  const saved = await rows.getEntity("audit", first.rowKey);
  await copy(b, a);
  await rows.updateEntity({ ...saved, partitionKey: "audit", rowKey: second.rowKey }, "Replace");
}

it("writes its format version into every row, outside what the hashes cover", async () => {
  const audit = await write(["a", "b"]);

  const versions: unknown[] = [];
  for await (const row of rows.listEntities()) versions.push(row["v"]);
  expect(versions).toEqual([1, 1, 1, 1, 1]);
  const [newest] = (await audit.read({ limit: 1 })).value;
  expect(newest).not.toHaveProperty("v");
  expect(await audit.verify()).toMatchObject({ valid: true, entries: 2 });
});

it("leaves out what a newer release wrote, and refuses to verify it", async () => {
  const audit = await write(["a", "b"]);
  const [, second] = await records();
  await rows.updateEntity({ partitionKey: "audit", rowKey: second?.rowKey ?? "", v: 2 }, "Merge");

  expect((await audit.read({ limit: 5 })).value.map(({ id }) => id)).toEqual(["a"]);
  const message = expect.stringMatching(
    /Row "audit\/e-\d+" of MooringAudit cannot be read: it was written by a newer release/,
  );
  await expect(audit.verify()).rejects.toMatchObject({ code: "RECORD_UNREADABLE", message });
});
