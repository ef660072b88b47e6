/** Operations, their steps, and the idempotency keys that lead to them. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { createIdempotencyKeys } from "../../../src/adapters/registry/idempotency.ts";
import { createRegistry } from "../../../src/adapters/registry/index.ts";
import { createOperationId } from "../../../src/domain/naming/operationId.ts";
import type { Registry } from "../../../src/ports/registry.ts";
import { startTables, type Tables } from "../../support/tableService.ts";
import { operationRecord } from "./records.ts";

let tables: Tables;
let registry: Registry;

beforeAll(async () => {
  tables = await startTables();
  registry = createRegistry(tables.settings);
});
afterAll(() => tables.close());

it("records an operation once and merges changes into it", async () => {
  const record = operationRecord("op-merge");
  await registry.insertOperation(record);
  await registry.updateOperation(record.id, { status: "Running" });

  await registry.insertOperation(record);

  expect(await registry.getOperation(record.id)).toMatchObject({ ...record, status: "Running" });
  expect(await registry.getOperation("none")).toBeUndefined();
});

it("counts only one of many decisions about an operation", async () => {
  const fresh = operationRecord("op-decided");
  await registry.insertOperation(fresh);
  const record = await registry.getOperation(fresh.id);
  if (!record) throw new Error("it was not recorded");

  const won = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      registry.amendOperation(record, { cancel: { by: `${n}`, time: "2026-11-24T00:00:00.000Z" } }),
    ),
  );

  expect(won.filter(Boolean)).toHaveLength(1);
  const by = `${won.indexOf(true)}`;
  expect(await registry.getOperation(fresh.id)).toMatchObject({ ...fresh, cancel: { by } });
});

it("lists the operations created at or after a given time by their row keys, which a table seeks", async () => {
  const cluster = `c-${crypto.randomUUID().slice(0, 8)}`;
  const times = ["2026-11-26T11:59:59.999Z", "2026-11-26T12:00:00.000Z", "2026-11-27T12:00:00.000Z"];
  const ids = times.map((time) => createOperationId(new Date(time)));
  for (const id of ids) await registry.insertOperation({ ...operationRecord(id), cluster });

  const { value } = await registry.listOperations({ cluster, createdSince: "2026-11-26T12:00:00.000Z", limit: 50 });

  expect(value.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
});

it("lists the operations written at or after a given time, by the table's own clock", async () => {
  const cluster = `c-${crypto.randomUUID().slice(0, 8)}`;
  const [first, second] = ["first", "second"].map((id) => ({ ...operationRecord(`op-since-${id}`), cluster }));
  if (!first || !second) throw new Error("expected two operations");
  await registry.insertOperation(first);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await registry.insertOperation(second);
  const since = (await registry.getOperation(second.id))?.changedTime ?? "";
  const list = async () =>
    (await registry.listOperations({ cluster, changedSince: since, limit: 50 })).value.map(({ id }) => id);

  expect(since).not.toBe("");
  expect(await list()).toEqual([second.id]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await registry.updateOperation(first.id, { status: "Running" });
  expect((await list()).toSorted()).toEqual([first.id, second.id].toSorted());
});

it("counts the attempts of a step, and keeps targets that a row key cannot hold", async () => {
  const step = { name: "grantDatabase", target: "sql-dev/a#b?c\\d" } as const;

  expect(await registry.startStep("op-2", step, "2026-11-24T00:00:01.000Z")).toBeUndefined();
  expect(await registry.startStep("op-2", step, "2026-11-24T00:00:02.000Z")).toMatchObject({
    status: "Running",
    attempts: 1,
  });
  await registry.repeatStep("op-2", step, 2);
  await registry.updateStep("op-2", step, { status: "Succeeded", action: "create" });

  expect(await registry.getStep("op-2", step)).toMatchObject({
    ...step,
    status: "Succeeded",
    attempts: 2,
    action: "create",
    startTime: "2026-11-24T00:00:01.000Z",
  });
  expect(await registry.listSteps("op-2")).toHaveLength(1);
});

it("removes the oldest idempotency keys, page by page, and no more than the limit", async () => {
  const keys = createIdempotencyKeys(tables.settings);
  const claimedTime = "2026-11-24T00:00:00.000Z";
  const insert = (caller: string, count: number, time: string) =>
    Promise.all(
      Array.from({ length: count }, (_, index) =>
        keys.insert({ caller, key: `${index}`, fingerprint: "f", claimedTime: time }),
      ),
    );
  for (const caller of ["anna", "bert", "cora"]) await insert(caller, 180, claimedTime);
  await insert("dora", 5, "2026-11-25T00:00:00.000Z");
  const before = "2026-11-24T12:00:00.000Z";

  expect(await keys.removeClaimedBefore(before, 20)).toBe(20);
  expect(await keys.removeClaimedBefore(before, 5_000)).toBe(3 * 180 - 20);
  expect(await keys.removeClaimedBefore(before, 5_000)).toBe(0);
  expect(await keys.find({ caller: "bert", key: "7" })).toBeUndefined();
  expect(await keys.find({ caller: "dora", key: "4" })).toMatchObject({ claimedTime: "2026-11-25T00:00:00.000Z" });
});

it("tells the service's own time", async () => {
  expect(Math.abs((await registry.time()) - Date.now())).toBeLessThan(60_000);
});
