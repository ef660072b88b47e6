/** Rows that a newer release wrote, or that were spoiled: not read, named, and left out of lists. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { createRegistry } from "../../../src/adapters/registry/index.ts";
import { createOperationId } from "../../../src/domain/naming/operationId.ts";
import type { Registry } from "../../../src/ports/registry.ts";
import { startTables, type Tables } from "../../support/tableService.ts";
import { askOf, batchRecord, namespaceRecord, operationRecord, request } from "./records.ts";

let tables: Tables;
let registry: Registry;

beforeAll(async () => {
  tables = await startTables();
  registry = createRegistry(tables.settings);
});
afterAll(() => tables.close());

/** As a future release may write it. */
async function rewrite(namespace: string, properties: object): Promise<void> {
  const row = { partitionKey: "newer", rowKey: namespace, ...properties };
  await tables.rowsOf("MooringNamespaces").updateEntity(row, "Merge");
}

it("writes its format version into every row", async () => {
  const record = namespaceRecord({ cluster: "versions" });
  await registry.insertNamespace(record);
  const { namespace } = record;
  expect(await tables.rowsOf("MooringNamespaces").getEntity("versions", namespace)).toMatchObject({ v: 1 });

  const read = await registry.getNamespace(record);
  if (!read) throw new Error("the record is not there");
  expect(read).not.toHaveProperty("v");
  await registry.replaceNamespace({ ...record, state: "Onboarded", etag: read.etag });

  expect(await tables.rowsOf("MooringNamespaces").getEntity("versions", namespace)).toMatchObject({ v: 1 });
});

it("leaves the version as it is when it changes part of a row", async () => {
  const operation = `op-${crypto.randomUUID()}`;
  const step = { name: "preflight", target: "aks-dev/team-a" } as const;
  await registry.startStep(operation, step, "2026-11-24T00:00:00.000Z");
  const row = { partitionKey: operation, rowKey: "preflight%3Aaks-dev%2Fteam-a" };
  await tables.rowsOf("MooringSteps").updateEntity({ ...row, v: 7 }, "Merge");

  await registry.updateStep(operation, step, { status: "Succeeded" });

  const changed = await tables.rowsOf("MooringSteps").getEntity(row.partitionKey, row.rowKey);
  expect(changed).toMatchObject({ v: 7, status: "Succeeded" });
});

it("refuses to read what a newer release wrote, and names the row and the next act; a list leaves it out", async () => {
  const { namespace, ...rest } = namespaceRecord({ cluster: "newer", team: "newer" });
  const record = { namespace, ...rest };
  await registry.insertNamespace(record);
  await rewrite(namespace, { v: 2 });

  const told = new RegExp(
    `Row "newer/${namespace}" of MooringNamespaces cannot be read: it was written by a newer .*version 2.*up to 1.*[Dd]eploy`,
  );
  const refused = { code: "RECORD_UNREADABLE", message: expect.stringMatching(told) };
  await expect(registry.getNamespace(record)).rejects.toMatchObject(refused);
  expect(await registry.listNamespaces({ cluster: "newer", limit: 10 })).toEqual({
    value: [],
    unreadable: [`MooringNamespaces newer/${namespace}`],
  });
  expect((await registry.heldNamespaces()).map((held) => held.namespace)).not.toContain(namespace);
  // It still counts against the quota.
  expect(await registry.countNamespaces("newer")).toBe(1);
  expect(await registry.countUnreadable()).toBe(1);
  await registry.probe();

  await rewrite(namespace, { v: "two" });
  await expect(registry.getNamespace(record)).rejects.toMatchObject({
    message: expect.stringContaining("version two"),
  });
  await rewrite(namespace, { v: 1 });
  expect(await registry.getNamespace(record)).toMatchObject(record);
});

it("leaves an unreadable row out of every list, and still lists the others", async () => {
  const lonely = createRegistry(tables.settings);
  const cluster = "broken";
  const { namespace: odd } = namespaceRecord();
  const { namespace: sound } = namespaceRecord();
  const waitingOf = (namespace: string, sequenceNumber: number) => ({
    ...{ cluster, namespace, sequenceNumber, request, operation: `op-${namespace}`, traceparent: "", since: "2026" },
    expires: "2027",
  });
  for (const [index, namespace] of [odd, sound].entries()) {
    await lonely.insertNamespace(namespaceRecord({ cluster, namespace }));
    await lonely.insertOperation({ ...operationRecord(`op-${namespace}`), cluster, namespace });
    await lonely.insertBatch(batchRecord(`batch-${namespace}`, 1), [askOf(request)]);
    await lonely.insertWaiting(waitingOf(namespace, index + 1));
  }
  const spoil = async (table: string, partitionKey: string, rowKey: string, changes: object) =>
    await tables.rowsOf(table).updateEntity({ partitionKey, rowKey, ...changes }, "Merge");
  await spoil("MooringNamespaces", cluster, odd, { request_json: "{" });
  await spoil("MooringOperations", "operations", `op-${odd}`, { request_json: "2|half of it" });
  await spoil("MooringBatches", "open", `batch-${odd}`, { v: 99 });
  await spoil("MooringWaiting", `${cluster}:${odd}`, "1".padStart(20, "0"), { v: "unknown" });

  const names = (found: readonly { readonly namespace: string }[]) =>
    found.map(({ namespace }) => namespace).filter((each) => [odd, sound].includes(each));
  const { value: operations } = await lonely.listOperations({ cluster, limit: 10 });
  expect(operations.map(({ id }) => id)).toEqual([`op-${sound}`]);
  expect(names((await lonely.listNamespaces({ cluster, limit: 10 })).value)).toEqual([sound]);
  expect(names(await lonely.heldNamespaces())).toEqual([sound]);
  expect(names(await lonely.listWaiting())).toEqual([sound]);
  const open = (await lonely.openBatches()).map(({ id }) => id);
  expect([`batch-${odd}`, `batch-${sound}`].map((id) => open.includes(id))).toEqual([false, true]);
  await lonely.probe();
  expect(await lonely.countUnreadable()).toBeGreaterThanOrEqual(4);

  const unreadable = { code: "RECORD_UNREADABLE" };
  await expect(lonely.getNamespace({ cluster, namespace: odd })).rejects.toMatchObject(unreadable);
  await expect(lonely.getOperation(`op-${odd}`)).rejects.toMatchObject(unreadable);
  await expect(lonely.getOpenBatch(`batch-${odd}`)).rejects.toMatchObject(unreadable);
  await expect(lonely.firstWaiting({ cluster, namespace: odd })).rejects.toMatchObject(unreadable);
  expect(await lonely.waitingFor({ cluster, namespace: odd })).toEqual([]);
});

it("takes what a merge left of a lost operation for unreadable, and not for an operation", async () => {
  const id = createOperationId(new Date());
  await registry.updateOperation(id, { status: "Succeeded" });

  const { value, unreadable } = await registry.listOperations({ limit: 1 });

  expect(value).toEqual([]);
  expect(unreadable).toEqual(["MooringOperations operations/without an id"]);
  const message = expect.stringContaining(`Row "operations/${id}" of MooringOperations cannot be read`);
  await expect(registry.findOperation(id)).rejects.toMatchObject({ code: "RECORD_UNREADABLE", message });
  await tables.rowsOf("MooringOperations").deleteEntity("operations", id);
});

it("tells an unreadable item of a batch as failed, beside the others", async () => {
  const id = `batch-${crypto.randomUUID()}`;
  await registry.insertBatch(batchRecord(id, 2), [askOf(request), askOf(request)]);
  await tables.rowsOf("MooringBatchItems").updateEntity({ partitionKey: id, rowKey: "00001", v: 99 }, "Merge");

  const { cluster, namespace } = request;
  const items = await registry.listBatchItems(id);
  expect(items).toMatchObject([
    { index: 0, cluster, namespace, status: "NotStarted" },
    { index: 1, cluster, namespace, status: "Failed", error: { code: "RECORD_UNREADABLE" } },
  ]);
  expect(items[1]?.error?.message).toContain(`Row "${id}/00001" of MooringBatchItems cannot be read`);
  expect(await registry.listBatchItems(id, { status: "NotStarted" })).toHaveLength(1);
  await expect(registry.getBatchItem(id, 1)).rejects.toMatchObject({ code: "RECORD_UNREADABLE" });

  // An attempt that chose fewer forgets it like any other.
  await registry.insertBatch({ ...batchRecord(id, 1), work: { action: "repair" } }, [askOf(request)]);
  expect(await registry.listBatchItems(id)).toHaveLength(1);
});
