/** The records of namespaces, which lock them: one writer at a time, pages, and answers that are lost. */

import { createFaults } from "azure-sim/faults";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createRegistry } from "../../../src/adapters/registry/index.ts";
import type { FreeRecord, HeldRecord, PreviousRecord } from "../../../src/domain/operation/namespaceRecord.ts";
import type { Registry } from "../../../src/ports/registry.ts";
import { clientIdOf } from "../../support/ids.ts";
import { startTables, type Tables } from "../../support/tableService.ts";
import { namespaceRecord, request } from "./records.ts";

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
  const clientId = clientIdOf("5f1a7a1e-0000-4000-8000-000000000001");
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

it("says of each onboarded namespace when it was last looked at", async () => {
  const [verifiedTime, lookedTime] = ["2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"];
  const of = (fields: object): FreeRecord => ({ ...namespaceRecord(), ...fields, state: "Onboarded" });
  const [verified, looked, never] = [of({ verifiedTime }), of({ verifiedTime, lookedTime }), of({})];
  const held: HeldRecord = { ...namespaceRecord(), verifiedTime, state: "Repairing" };
  for (const record of [verified, looked, never, held]) await registry.insertNamespace(record);

  const seen = new Map((await registry.lookTimes()).map((each) => [each.namespace, each.seen]));

  const found = [verified, looked, never, held].map(({ namespace }) => seen.get(namespace));
  expect(found).toEqual([verifiedTime, lookedTime, "", undefined]);
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

it("reports that the registry is unavailable when nothing answers", async () => {
  const credential = { getToken: async () => ({ token: "x.y.z", expiresOnTimestamp: Date.now() + 3_000_000 }) };
  const elsewhere = createRegistry({ endpoint: "https://127.0.0.1:9/devstoreaccount1", credential });

  await expect(elsewhere.probe()).rejects.toMatchObject({ code: "REGISTRY_UNAVAILABLE" });
});
