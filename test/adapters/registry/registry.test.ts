import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { TableClient } from "@azure/data-tables";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTableService, type TableService } from "../../../local/azurite.ts";
import { mintAccessToken } from "../../../local/simulators/entra/index.ts";
import { createFaults } from "../../../local/simulators/faults.ts";
import { createCertificate } from "../../../local/simulators/tls.ts";
import { createWorld } from "../../../local/simulators/world.ts";
import { startTableFaults } from "../../../local/tableFaults.ts";
import { createIdempotencyKeys } from "../../../src/adapters/registry/idempotency.ts";
import { createRegistry, createRegistryOn } from "../../../src/adapters/registry/index.ts";
import { openTables, type Table, type TableSettings, table } from "../../../src/adapters/registry/tables.ts";
import { createOperationId } from "../../../src/domain/naming/operationId.ts";
import type {
  FreeRecord,
  HeldRecord,
  PreviousRecord,
  RecordIn,
} from "../../../src/domain/operation/namespaceRecord.ts";
import type { BatchRecord, OperationRecord } from "../../../src/domain/operation/records.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import type { IdempotencyKeys } from "../../../src/ports/idempotencyKeys.ts";
import type { Registry } from "../../../src/ports/registry.ts";
import { clientIdOf } from "../../support/ids.ts";

let tables: TableService;
let settings: TableSettings;
let registry: Registry;
let keys: IdempotencyKeys;
/** The raw rows of a table. */
let rowsOf: (table: string) => TableClient;
/** The same tables, through a proxy that breaks calls. */
let broken: TableService;
let throughBroken: Registry;
const faults = createFaults();

beforeAll(async () => {
  const tls = await createCertificate();
  setDefaultCACertificates([...getCACertificates("default"), tls.certificate]);
  tables = await startTableService(tls);
  const world = await createWorld();
  const principal = { displayName: "mooring", clientId: crypto.randomUUID(), principalId: crypto.randomUUID() };
  const token = await mintAccessToken(world, principal, "https://storage.azure.com");
  const credential = { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_000_000 }) };
  settings = { endpoint: tables.endpoint, credential };
  registry = createRegistry(settings);
  keys = createIdempotencyKeys({ endpoint: tables.endpoint, credential });
  rowsOf = (table) => new TableClient(tables.endpoint, table, credential);
  broken = await startTableFaults(tables, { faults, tls });
  throughBroken = createRegistry({ endpoint: broken.endpoint, credential, timeoutMs: 300 });
});

afterAll(async () => {
  await broken.close();
  await tables.close();
});

const request = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});

const clientId = clientIdOf("5f1a7a1e-0000-4000-8000-000000000001");
type Base = Pick<RecordIn<"Onboarding">, "cluster" | "namespace" | "operation" | "team">;

function namespaceRecord(changes: Partial<Base> = {}): Omit<RecordIn<"Onboarding">, "previous" | "takenBy"> {
  return {
    cluster: "aks-dev",
    namespace: `n-${crypto.randomUUID().slice(0, 8)}`,
    state: "Onboarding",
    operation: "op-1",
    request,
    requestHash: "hash",
    requestedBy: "somebody",
    acceptedTime: "2026-11-24T00:00:00.000Z",
    ...changes,
  };
}

it("returns a namespace's record as it was written", async () => {
  const record = namespaceRecord();

  expect(await registry.insertNamespace(record)).toBe(true);

  expect(await registry.getNamespace(record)).toEqual({
    ...record,
    etag: expect.any(String),
    changedTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/),
  });
});

it("keeps what several large requests that ended partway would restore", async () => {
  const databases = Array.from({ length: 50 }, (_, index) => ({
    server: "sql-dev",
    database: `${"orders-".repeat(17)}${index}`,
    roles: ["reader" as const],
  }));
  const { operation, requestedBy, requestHash, acceptedTime } = namespaceRecord();
  const large = { operation, requestedBy, requestHash, acceptedTime, request: { ...request, databases } };
  let previous: PreviousRecord = { ...large, state: "Onboarded" };
  for (let depth = 0; depth < 6; depth += 1) {
    previous = { ...large, state: "Incomplete", earlier: large.request, previous };
  }
  const record: HeldRecord = { ...namespaceRecord(), ...large, state: "Changing", earlier: large.request, previous };

  expect(await registry.insertNamespace(record)).toBe(true);

  const read = await registry.getNamespace(record);
  expect(read).toMatchObject(record);
  if (!read) throw new Error("the record is not there");
  expect(
    await registry.replaceNamespace({
      ...namespaceRecord(),
      ...large,
      namespace: record.namespace,
      state: "Onboarded",
      etag: read.etag,
    }),
  ).toBe(true);
  expect(await registry.getNamespace(record)).not.toHaveProperty("previous");
});

it("lets exactly one of fifty concurrent writers have the namespace", async () => {
  const { namespace } = namespaceRecord();

  const won = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      registry.insertNamespace(namespaceRecord({ namespace, operation: `${index}` })),
    ),
  );

  expect(won.filter(Boolean)).toHaveLength(1);
  expect((await registry.getNamespace({ cluster: "aks-dev", namespace }))?.operation).toBe(`${won.indexOf(true)}`);
});

it("refuses a write and a removal by a caller that read an older record", async () => {
  const record = namespaceRecord();
  await registry.insertNamespace(record);
  const read = await registry.getNamespace(record);
  if (!read) throw new Error("the record is not there");
  const { etag } = read;

  expect(await registry.replaceNamespace({ ...record, state: "Onboarded", etag })).toBe(true);

  expect(await registry.replaceNamespace({ ...record, state: "Incomplete", etag })).toBe(false);
  expect(await registry.removeNamespace(read)).toBe(false);
  expect((await registry.getNamespace(record))?.state).toBe("Onboarded");
});

it("finds the namespaces that an operation holds", async () => {
  const migration = { until: "retire", serviceAccount: "app", selector: "team-a" } as const;
  const { operation, requestedBy, requestHash, acceptedTime } = namespaceRecord();
  const before = { state: "Onboarded", operation, requestedBy, acceptedTime } as const;
  const held: readonly HeldRecord[] = [
    namespaceRecord(),
    { ...namespaceRecord(), state: "Changing", earlier: request, previous: { ...before, request, requestHash } },
    { ...namespaceRecord(), state: "Offboarding", offboarding: { ignoreDependants: false, before } },
    { ...namespaceRecord(), state: "Compensating", compensates: { of: "op-0", createdBy: "op-0", undos: [] } },
    { ...namespaceRecord(), state: "Repairing" },
    { ...namespaceRecord(), state: "Migrating", clientId, migration },
  ];
  const free: FreeRecord = { ...namespaceRecord(), state: "Onboarded" };
  for (const record of [...held, free]) await registry.insertNamespace(record);

  const names = (await registry.heldNamespaces()).map(({ namespace }) => namespace);

  expect(names).toEqual(expect.arrayContaining(held.map(({ namespace }) => namespace)));
  expect(names).not.toContain(free.namespace);
});

it("finds the onboarded namespaces that were verified before a time", async () => {
  const verified = (verifiedTime: string) => ({ ...namespaceRecord(), verifiedTime });
  const old: FreeRecord = { ...verified("2026-01-01T00:00:00.000Z"), state: "Onboarded" };
  const fresh: FreeRecord = { ...verified("2026-01-01T00:00:00.002Z"), state: "Onboarded" };
  const held: HeldRecord = { ...verified("2026-01-01T00:00:00.000Z"), state: "Repairing" };
  for (const record of [old, fresh, held]) await registry.insertNamespace(record);

  const found = await registry.namespacesToVerify({ before: "2026-01-01T00:00:00.001Z" });

  const names = found.map(({ namespace }) => namespace);
  expect(names).toContain(old.namespace);
  expect(names).not.toContain(fresh.namespace);
  expect(names).not.toContain(held.namespace);
  expect((await registry.heldNamespaces()).map(({ namespace }) => namespace)).toContain(held.namespace);
});

it("finds the namespaces whose access ends before a time, or has been found to have ended", async () => {
  const fieldsOf = (expiresAt: string) => {
    const { request, ...rest } = namespaceRecord();
    return { ...rest, request: { ...request, expiresAt } };
  };
  const ending = (expiresAt: string, fields: object = {}): FreeRecord => ({
    ...fieldsOf(expiresAt),
    ...fields,
    state: "Onboarded",
  });
  const [soon, late] = ["2026-01-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z"];
  const found = ending(soon);
  const noted = ending(late, { expiry: { end: late, passedTime: soon } });
  const others = [ending(late), { ...namespaceRecord(), state: "Onboarded" as const }];
  const held: HeldRecord = { ...fieldsOf(soon), state: "Repairing" };
  for (const record of [found, noted, ...others, held]) await registry.insertNamespace(record);

  const names = (await registry.namespacesEnding({ before: "2026-06-01T00:00:00.000Z" })).map((each) => each.namespace);

  expect(names).toEqual(expect.arrayContaining([found.namespace, noted.namespace]));
  for (const { namespace } of [...others, held]) expect(names).not.toContain(namespace);
  const renewed = await registry.getNamespace(found);
  if (!renewed) throw new Error("it is gone");
  const { request } = ending(late);
  await registry.replaceNamespace({ ...renewed, request });
  const now = (await registry.namespacesEnding({ before: "2026-06-01T00:00:00.000Z" })).map((each) => each.namespace);
  expect(now).not.toContain(found.namespace);
  expect(await registry.getNamespace(found)).not.toHaveProperty("expiresTime");
});

it("tells the service's own time", async () => {
  expect(Math.abs((await registry.time()) - Date.now())).toBeLessThan(60_000);
});

it("pages through namespaces and ends", async () => {
  for (const namespace of ["p1", "p2", "p3"])
    await registry.insertNamespace(namespaceRecord({ cluster: "paged", namespace }));

  const first = await registry.listNamespaces({ cluster: "paged", limit: 2 });
  const second = await registry.listNamespaces({ cluster: "paged", limit: 2, continuation: first.continuation ?? "" });

  expect(first.value.map(({ namespace }) => namespace)).toEqual(["p1", "p2"]);
  expect(second.value.map(({ namespace }) => namespace)).toEqual(["p3"]);
  expect(second.continuation).toBeUndefined();
});

it("pages across clusters, shows a team its own, and names no other team's namespace in the next page's address", async () => {
  const mine = { team: "paging" };
  const others = [
    namespaceRecord({ cluster: "page-a", namespace: "not-yours-1" }),
    namespaceRecord({ cluster: "page-a", namespace: "not-yours-2" }),
    namespaceRecord({ cluster: "page-b", namespace: "it's-not-yours" }),
  ];
  const own = [
    namespaceRecord({ cluster: "page-a", namespace: "mine-1", ...mine }),
    namespaceRecord({ cluster: "page-a", namespace: "zz-mine-2", ...mine }),
    namespaceRecord({ cluster: "page-b", namespace: "a-mine-3", ...mine }),
    namespaceRecord({ cluster: "page-b", namespace: "mine-4", ...mine }),
  ];
  for (const record of [...others, ...own]) await registry.insertNamespace(record);

  const seen: string[] = [];
  const tokens: string[] = [];
  let continuation: string | undefined;
  do {
    const page = await registry.listNamespaces({
      teams: ["paging"],
      limit: 1,
      ...(continuation === undefined ? {} : { continuation }),
    });
    seen.push(...page.value.map(({ namespace }) => namespace));
    continuation = page.continuation;
    if (continuation !== undefined) tokens.push(Buffer.from(continuation, "base64url").toString());
  } while (continuation !== undefined);

  expect(seen).toEqual(["mine-1", "zz-mine-2", "a-mine-3", "mine-4"]);
  expect(tokens.length).toBeGreaterThanOrEqual(3);
  for (const token of tokens) expect(token).not.toContain("not-yours");
});

function operationRecord(id: string): OperationRecord {
  return {
    id,
    kind: "onboard",
    cluster: "aks-dev",
    namespace: "team-a",
    status: "NotStarted",
    requestedBy: "somebody",
    createdTime: "2026-11-24T00:00:00.000Z",
    request,
  };
}

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

function batchRecord(id: string, requests: number): BatchRecord {
  const by = { id: "somebody", name: "Some Body", teams: ["red"], roles: ["Onboarding.Request" as const] };
  const times = { createdTime: "2026-11-24T00:00:00.000Z" };
  return { id, kind: "batch", status: "NotStarted", requestedBy: by.id, by, requests, team: "red", ...times };
}

function askOf({ cluster, namespace, ...asked }: typeof request) {
  return { cluster, namespace, request: { cluster, namespace, ...asked } };
}

it("forgets what an earlier attempt chose for a batch and this one did not", async () => {
  const record = { ...batchRecord("batch-chosen", 2), work: { action: "verify" } as const };
  const chosen = ["team-a", "team-b", "team-c"].map((namespace) => ({ cluster: "aks-dev", namespace, seen }));

  await registry.insertBatch({ ...record, requests: 3 }, chosen);
  await rowsOf("MooringOperations").deleteEntity("operations", record.id);
  await registry.insertBatch(record, chosen.slice(1));

  const items = await registry.listBatchItems(record.id);
  expect(items.map(({ index, namespace }) => `${index} ${namespace}`)).toEqual(["0 team-b", "1 team-c"]);
  expect(await registry.getBatchItem(record.id, 0)).toMatchObject({ seen });
  expect(await registry.getBatch(record.id)).toMatchObject({ work: { action: "verify" }, requests: 2 });
  expect(await registry.getOpenBatch(record.id)).toMatchObject({ requests: 2, next: 0 });
});

const seen = { requestHash: "hash", team: "red", namespaceUid: "uid" };

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
    await rowsOf("MooringOperations").deleteEntity("operations", record.id);
    const seen = await registry.getOpenBatch(record.id);
    if (!seen) throw new Error("it is not open");
    const again = async () => await registry.insertBatch({ ...record, createdTime: "2026-11-24T00:30:00.000Z" }, asked);
    const open = openTables(settings);
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
  await rowsOf("MooringOperations").deleteEntity("operations", first.id);
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

  expect(await registry.getBatch(record.id)).toMatchObject(record);
  expect(await registry.findOperation(record.id)).toMatchObject(record);
  expect(await registry.getOperation(record.id)).toBeUndefined();
  expect(await registry.getBatch("op-merge")).toBeUndefined();
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

it("reports that the registry is unavailable when nothing answers", async () => {
  const credential = { getToken: async () => ({ token: "x.y.z", expiresOnTimestamp: Date.now() + 3_000_000 }) };
  const elsewhere = createRegistry({ endpoint: "https://127.0.0.1:9/devstoreaccount1", credential });

  await expect(elsewhere.probe()).rejects.toMatchObject({ code: "REGISTRY_UNAVAILABLE" });
});

it("lists and counts what belongs to the given teams, and nothing when no team is given", async () => {
  const cluster = `c-${crypto.randomUUID().slice(0, 8)}`;
  const teams = [`a-${cluster}`, `b'${cluster}`, `c-${cluster}`];
  for (const team of [...teams, undefined]) {
    for (let index = 0; index < 2; index += 1) {
      await registry.insertNamespace(namespaceRecord({ cluster, ...(team === undefined ? {} : { team }) }));
    }
  }
  const list = async (query: { cluster?: string; teams?: readonly string[] }) =>
    (await registry.listNamespaces({ ...query, limit: 50 })).value.map(({ team }) => team).toSorted();
  const [a = "", b = "", c = ""] = teams;

  expect(await list({ cluster, teams: [a, b] })).toEqual([a, a, b, b]);
  expect(await list({ teams: [c] })).toEqual([c, c]);
  expect(await list({ cluster, teams: [] })).toEqual([]);
  expect(await list({ cluster })).toHaveLength(8);
  expect(await registry.countNamespaces(b)).toBe(2);
  expect((await registry.listOperations({ teams: [a], limit: 50 })).value).toEqual([]);
});

it("waits for an answer up to its timeout, and no longer", async () => {
  const record = namespaceRecord();
  faults.add({ wire: "tables", operation: "GET MooringNamespaces", target: /n-/, effect: { kind: "hang" } });

  await expect(throughBroken.getNamespace(record)).rejects.toMatchObject({
    code: "REGISTRY_UNAVAILABLE",
    message: expect.stringContaining("no answer within 0.3 s"),
  });
  expect(await throughBroken.getNamespace(record)).toBeUndefined();
});

it("finds its own record in place when the answer to a write is lost, and recognizes it", async () => {
  const record = namespaceRecord();
  faults.add({ wire: "tables", operation: "INSERT MooringNamespaces", effect: { kind: "cutAfter" } });

  // The SDK sends it again; the caller compares with what is there.
  expect(await throughBroken.insertNamespace(record)).toBe(false);
  expect(await registry.getNamespace(record)).toMatchObject({ operation: record.operation });
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

/** As a future release may write it. */
async function rewrite(namespace: string, properties: object): Promise<void> {
  const row = { partitionKey: "newer", rowKey: namespace, ...properties };
  await rowsOf("MooringNamespaces").updateEntity(row, "Merge");
}

it("writes its format version into every row", async () => {
  const record = namespaceRecord({ cluster: "versions" });
  await registry.insertNamespace(record);
  const { namespace } = record;
  expect(await rowsOf("MooringNamespaces").getEntity("versions", namespace)).toMatchObject({ v: 1 });

  const read = await registry.getNamespace(record);
  if (!read) throw new Error("the record is not there");
  expect(read).not.toHaveProperty("v");
  await registry.replaceNamespace({ ...record, state: "Onboarded", etag: read.etag });

  expect(await rowsOf("MooringNamespaces").getEntity("versions", namespace)).toMatchObject({ v: 1 });
});

it("leaves the version as it is when it changes part of a row", async () => {
  const operation = `op-${crypto.randomUUID()}`;
  const step = { name: "preflight", target: "aks-dev/team-a" } as const;
  await registry.startStep(operation, step, "2026-11-24T00:00:00.000Z");
  const row = { partitionKey: operation, rowKey: "preflight%3Aaks-dev%2Fteam-a" };
  await rowsOf("MooringSteps").updateEntity({ ...row, v: 7 }, "Merge");

  await registry.updateStep(operation, step, { status: "Succeeded" });

  const changed = await rowsOf("MooringSteps").getEntity(row.partitionKey, row.rowKey);
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
  const lonely = createRegistry(settings);
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
    await rowsOf(table).updateEntity({ partitionKey, rowKey, ...changes }, "Merge");
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
  await expect(lonely.waitingFor({ cluster, namespace: odd })).rejects.toMatchObject(unreadable);
});

it("takes what a merge left of a lost operation for unreadable, and not for an operation", async () => {
  const id = createOperationId(new Date());
  await registry.updateOperation(id, { status: "Succeeded" });

  const { value, unreadable } = await registry.listOperations({ limit: 1 });

  expect(value).toEqual([]);
  expect(unreadable).toEqual(["MooringOperations operations/without an id"]);
  const message = expect.stringContaining(`Row "operations/${id}" of MooringOperations cannot be read`);
  await expect(registry.findOperation(id)).rejects.toMatchObject({ code: "RECORD_UNREADABLE", message });
  await rowsOf("MooringOperations").deleteEntity("operations", id);
});

it("removes the oldest idempotency keys, page by page, and no more than the limit", async () => {
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
