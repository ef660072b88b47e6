/** Batches and their items: accepted, given to lanes, ended, and forgotten. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { createFaults } from "../../../packages/azure-sim/src/faults.ts";
import { createRegistry, createRegistryOn } from "../../../src/adapters/registry/index.ts";
import { openTables, type Table, table } from "../../../src/adapters/registry/tables.ts";
import type { Registry } from "../../../src/ports/registry.ts";
import { startTables, type Tables } from "../../support/tableService.ts";
import { askOf, batchRecord, operationRecord, request } from "./records.ts";

let tables: Tables;
let registry: Registry;
/** The same tables, through a proxy that breaks calls. */
let throughBroken: Registry;
const faults = createFaults();

beforeAll(async () => {
  tables = await startTables();
  registry = createRegistry(tables.settings);
  throughBroken = createRegistry({ ...(await tables.startBroken(faults)), timeoutMs: 300 });
});
afterAll(() => tables.close());

const seen = { requestHash: "hash", team: "red", namespaceUid: "uid" };

it("forgets what an earlier attempt chose for a batch and this one did not", async () => {
  const record = { ...batchRecord("batch-chosen", 2), work: { action: "verify" } as const };
  const chosen = ["team-a", "team-b", "team-c"].map((namespace) => ({ cluster: "aks-dev", namespace, seen }));

  await registry.insertBatch({ ...record, requests: 3 }, chosen);
  await tables.rowsOf("MooringOperations").deleteEntity("operations", record.id);
  await registry.insertBatch(record, chosen.slice(1));

  const items = await registry.listBatchItems(record.id);
  expect(items.map(({ index, namespace }) => `${index} ${namespace}`)).toEqual(["0 team-b", "1 team-c"]);
  expect(await registry.getBatchItem(record.id, 0)).toMatchObject({ seen });
  expect(await registry.getBatch(record.id)).toMatchObject({ work: { action: "verify" }, requests: 2 });
  expect(await registry.getOpenBatch(record.id)).toMatchObject({ requests: 2, next: 0 });
});

it("keeps a batch with more items than a transaction allows, in order, and lists them without their requests", async () => {
  const record = batchRecord("batch-large", 250);
  const requests = Array.from({ length: 250 }, (_, index) => ({ ...request, namespace: `team-${index}` }));

  await registry.insertBatch(record, requests.map(askOf));
  await registry.insertBatch(record, requests.map(askOf));
  await registry.updateBatchItems(record.id, [
    { index: 249, changes: { status: "Failed", error: { code: "X", message: "y", fix: "z", retryable: false } } },
    { index: 7, changes: { status: "Running", operation: "op", claim: "op" } },
  ]);

  const items = await registry.listBatchItems(record.id);
  expect(items.map(({ index, namespace }) => `${index} ${namespace}`)).toEqual(
    requests.map(({ namespace }, index) => `${index} ${namespace}`),
  );
  expect(items.every((item) => !("request" in item) && item.changedTime !== undefined)).toBe(true);
  expect(items[249]).toMatchObject({ status: "Failed", error: { code: "X" } });
  expect(await registry.listBatchItems(record.id, { status: "Running" })).toMatchObject([
    { index: 7, operation: "op" },
  ]);
  expect(await registry.getBatchItem(record.id, 8)).toMatchObject({ request: requests[8], status: "NotStarted" });
  expect(await registry.getBatchItem(record.id, 250)).toBeUndefined();
});

it("gives a batch item to the first of two writers that read the same version", async () => {
  const record = batchRecord("batch-claimed", 1);
  await registry.insertBatch(record, [askOf(request)]);
  const item = await registry.getBatchItem(record.id, 0);
  if (!item) throw new Error("the item is not there");

  const won = [];
  for (const claim of ["first", "second"]) won.push(await registry.amendBatchItem(record.id, item, { claim }));

  expect(won).toEqual([true, false]);
  expect(await registry.getBatchItem(record.id, 0)).toMatchObject({ claim: "first", request, status: "NotStarted" });
});

it("changes a hundred batch items or none of them if one has been changed since they were read", async () => {
  const record = batchRecord("batch-ended", 250);
  await registry.insertBatch(
    record,
    Array.from({ length: 250 }, (_, index) => askOf({ ...request, namespace: `team-${index}` })),
  );
  const items = await registry.listBatchItems(record.id);
  await registry.updateBatchItems(record.id, [{ index: 120, changes: { claim: "a lane" } }]);

  const changes = { status: "Failed" } as const;
  const amended = await registry.amendBatchItems(
    record.id,
    items.map((item) => ({ item, changes })),
  );

  const isOfSecond = (index: number) => index >= 100 && index < 200;
  expect(amended).toEqual(items.map(({ index }) => !isOfSecond(index)));
  const after = await registry.listBatchItems(record.id);
  expect(after.map(({ status }) => status)).toEqual(
    items.map(({ index }) => (isOfSecond(index) ? "NotStarted" : "Failed")),
  );
  expect(after[120]).toMatchObject({ claim: "a lane" });
  expect(await registry.getBatchItem(record.id, 7)).toMatchObject({ request: { namespace: "team-7" } });
  expect(await registry.amendBatchItems(record.id, [])).toEqual([]);
});

it("leaves nothing of a batch whose acceptance broke off, wherever it did", async () => {
  const record = batchRecord("batch-broken-off", 250);
  const asked = Array(250).fill(askOf(request));
  // The first hundred are written, and the next are refused.
  const effect = { kind: "error", status: 400, code: "InvalidInput" } as const;
  faults.add({ wire: "tables", operation: "BATCH *", skip: 1, effect });

  await expect(throughBroken.insertBatch(record, asked)).rejects.toThrow();
  const written = await registry.listBatchItems(record.id);
  const [open] = (await registry.openBatches()).filter(({ id }) => id === record.id);
  if (!open) throw new Error("the timer does not find it");
  await registry.forgetBatch(open);

  expect(written).toHaveLength(100);
  expect(await registry.listBatchItems(record.id)).toEqual([]);
  expect(await registry.getOpenBatch(record.id)).toBeUndefined();
});

it.each(["the look at its items", "the look at who has opened it"])(
  "keeps the items of a batch that is accepted at last while the timer forgets it, after %s",
  async (moment) => {
    const record = batchRecord(`batch-meanwhile-${moment.length}`, 3);
    const asked = Array(3).fill(askOf(request));
    await registry.insertBatch(record, asked);
    await tables.rowsOf("MooringOperations").deleteEntity("operations", record.id);
    const seen = await registry.getOpenBatch(record.id);
    if (!seen) throw new Error("it is not open");
    const again = async () => await registry.insertBatch({ ...record, createdTime: "2026-11-24T00:30:00.000Z" }, asked);
    const open = openTables(tables.settings);
    const [slowTable, slowCall] =
      moment === "the look at its items" ? ["MooringBatchItems", "all"] : ["MooringBatches", "get"];
    const timer = createRegistryOn(<T extends object>(name: string): Table<T> => {
      const plain = table<T>(open, name);
      const slow = async <R>(look: Promise<R>) => {
        const found = await look;
        if (name === slowTable) await again();
        return found;
      };
      return slowCall === "all"
        ? { ...plain, all: async (...given) => await slow(plain.all(...given)) }
        : { ...plain, get: async (...given) => await slow(plain.get(...given)) };
    });

    await timer.forgetBatch(seen);

    expect(await registry.listBatchItems(record.id)).toHaveLength(3);
    expect(await registry.getBatch(record.id)).toMatchObject({ requests: 3 });
    expect(await registry.getOpenBatch(record.id)).toMatchObject({ acceptedTime: "2026-11-24T00:30:00.000Z" });
  },
);

it("keeps a batch open that is accepted at last while the timer forgets an earlier attempt", async () => {
  const first = batchRecord("batch-again", 2);
  await registry.insertBatch(first, Array(2).fill(request));
  // The earlier attempt broke off before its last write.
  await tables.rowsOf("MooringOperations").deleteEntity("operations", first.id);
  const seen = await registry.getOpenBatch(first.id);
  if (!seen) throw new Error("it is not open");

  const again = { ...first, createdTime: "2026-11-24T00:30:00.000Z" };
  await registry.insertBatch(again, Array(2).fill(request));
  await registry.forgetBatch(seen);

  const open = await registry.getOpenBatch(first.id);
  expect(open).toMatchObject({ acceptedTime: again.createdTime, requests: 2, next: 0 });
  expect(await registry.listBatchItems(first.id)).toHaveLength(2);
  if (open) await registry.forgetBatch(open);
  expect(await registry.getOpenBatch(first.id)).toBeUndefined();
});

it("distinguishes a batch from a namespace's operation, and lists both", async () => {
  const record = batchRecord("batch-among-others", 1);
  await registry.insertBatch(record, [request]);
  await registry.insertOperation(operationRecord("op-beside"));

  expect(await registry.getBatch(record.id)).toMatchObject(record);
  expect(await registry.findOperation(record.id)).toMatchObject(record);
  expect(await registry.getOperation(record.id)).toBeUndefined();
  expect(await registry.getBatch("op-beside")).toBeUndefined();
  expect((await registry.listOperations({ teams: ["red"], limit: 50 })).value.map(({ id }) => id)).toContain(record.id);
});

it("gives an item to one of many lanes, and forgets a batch that is closed", async () => {
  const record = batchRecord("batch-taken", 9);
  await registry.insertBatch(record, Array(9).fill(request));
  const open = await registry.getOpenBatch(record.id);
  if (!open) throw new Error("it is not open");

  const won = await Promise.all(
    Array.from({ length: 10 }, (_, lane) =>
      registry.replaceOpenBatch({ ...open, next: 1, taken: { [`1.0.${lane}`]: 0 } }),
    ),
  );

  expect(won.filter(Boolean)).toHaveLength(1);
  expect(await registry.getOpenBatch(record.id)).toMatchObject({ next: 1, taken: { [`1.0.${won.indexOf(true)}`]: 0 } });
  expect((await registry.openBatches()).map(({ id }) => id)).toContain(record.id);
  await registry.closeBatch(record.id);
  await registry.closeBatch(record.id);
  expect((await registry.openBatches()).map(({ id }) => id)).not.toContain(record.id);
});
