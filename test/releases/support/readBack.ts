/** Everything that the registry's adapters read from the tables, both in lists and one by one. */
import { createAudit } from "../../../src/adapters/registry/audit.ts";
import { createIdempotencyKeys } from "../../../src/adapters/registry/idempotency.ts";
import { createRegistry } from "../../../src/adapters/registry/index.ts";
import type { TableSettings } from "../../../src/adapters/registry/tables.ts";
import { isStepName } from "../../../src/application/process/index.ts";
import type { IdempotencyRecord } from "../../../src/domain/http/idempotency.ts";
import type { BatchItem, StepRecord } from "../../../src/domain/operation/records.ts";

/** Longer than any list here. */
const limit = 1_000;

/** The contents of a release's records.json: each record as read individually, and what lists select. */
export type Records = Awaited<ReturnType<typeof readRecords>>;

/** `keys` are the ones that callers sent: the tables hold hashes of them. */
export async function readBack(settings: TableSettings, keys: readonly Pick<IdempotencyRecord, "caller" | "key">[]) {
  const listed = await readLists(settings);
  const records = await readRecords(settings, listed, keys);
  return { listed: asKept(listed), records: asKept(records) };
}

async function readLists(settings: TableSettings) {
  const registry = createRegistry(settings);
  const { value: namespaces } = await registry.listNamespaces({ limit });
  const { value: operations } = await registry.listOperations({ limit });
  const steps: Record<string, readonly StepRecord[]> = {};
  const items: Record<string, readonly BatchItem[]> = {};
  for (const { id, kind } of operations) {
    if (kind === "batch") items[id] = await registry.listBatchItems(id);
    else steps[id] = await registry.listSteps(id);
  }
  return { namespaces, operations, steps, items, openBatches: await registry.openBatches() };
}

async function readRecords(
  settings: TableSettings,
  listed: Awaited<ReturnType<typeof readLists>>,
  keys: readonly Pick<IdempotencyRecord, "caller" | "key">[],
) {
  const registry = createRegistry(settings);
  const idempotencyKeys = createIdempotencyKeys(settings);
  const audit = createAudit(settings);
  const names = (records: readonly { namespace: string }[]) => records.map(({ namespace }) => namespace).toSorted();
  const ids = (records: readonly ({ id: string } | undefined)[]) => records.flatMap((each) => each?.id ?? []);
  return {
    namespaces: await readEach(listed.namespaces, (namespaceRef) => registry.getNamespace(namespaceRef)),
    operations: await readEach(listed.operations, ({ id }) => registry.findOperation(id)),
    steps: await readEachOf(listed.steps, (operation, { name, target }) =>
      isStepName(name) ? registry.getStep(operation, { name, target }) : Promise.resolve(undefined),
    ),
    openBatches: await readEach(listed.openBatches, ({ id }) => registry.getOpenBatch(id)),
    /** With their requests, which lists leave out. */
    items: await readEachOf(listed.items, (batch, { index }) => registry.getBatchItem(batch, index)),
    keys: await readEach(keys, (key) => idempotencyKeys.find(key)),
    audit: (await audit.read({ limit })).value,
    chain: [await audit.verify()],
    held: names(await registry.heldNamespaces()),
    toVerify: (await registry.lookTimes()).map(({ namespace }) => namespace),
    ofRed: await registry.countNamespaces("red"),
    ofNamespaces: ids(await readEach(listed.operations, ({ id }) => registry.getOperation(id))),
    ofBatches: ids(await readEach(listed.operations, ({ id }) => registry.getBatch(id))),
    running: ids((await registry.listOperations({ status: "Running", limit })).value),
  };
}

async function readEach<T, R>(all: readonly T[], read: (one: T) => Promise<R>): Promise<R[]> {
  return await Promise.all(all.map(read));
}

async function readEachOf<T, R>(
  all: Readonly<Record<string, readonly T[]>>,
  read: (owner: string, one: T) => Promise<R>,
): Promise<Record<string, R[]>> {
  const found = await readEach(Object.entries(all), async ([owner, own]): Promise<[string, R[]]> => {
    return [owner, await readEach(own, (one) => read(owner, one))];
  });
  return Object.fromEntries(found);
}

/** Without the fields that the service sets anew on every write. */
function asKept<T>(document: T): T {
  return JSON.parse(
    JSON.stringify(document, (field, value: unknown) =>
      field === "etag" || field === "changedTime" ? undefined : value,
    ),
  );
}
