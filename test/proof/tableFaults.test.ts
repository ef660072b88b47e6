/**
 * The fault matrix of the registry: every call to the tables in an onboarding and an offboarding × every way to fail × first,
 * second, last and, for a while, every call. The caller retries when it gets no answer, as callers do. The default run
 * takes a sample; `npm run soak` takes all.
 */
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { TableClient } from "@azure/data-tables";
import { isSoak, shareOf } from "test-support/proofs";
import { createDice } from "test-support/random";
import { afterAll, beforeAll, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { createRegistry } from "../../src/adapters/registry/index.ts";
import { isFinal } from "../../src/domain/operation/operation.ts";
import type { OperationRecord } from "../../src/domain/operation/records.ts";
import type { Registry } from "../../src/ports/registry.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";
import { type Cell, cellsOf, faultOf, type Kind, type Mode, titleOf } from "./support/matrix.ts";
import { listFaults, listRemains } from "./support/remains.ts";

const seed = Number(process.env["MOORING_TEST_SEED"] ?? 1);
const [part = 1, parts = 1] = (process.env["MOORING_PART"] ?? "1/1").split("/").map(Number);
const together = 8;
/** How long the tables are away when every call fails. */
const awayMs = 3_000;
/** The recovery timer checks every 15 s what is older than 10 s. */
const longestMs = 120_000;

let sandbox: SuiteSandbox;
let service: Service;
/** Reads the records directly, unaffected by the faults. */
let registry: Registry;

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "its tables fail for everybody",
    databases: ["clean", ...Array.from({ length: together }, (_, index) => `matrix-${index}`)],
    tableFaults: true,
    settings: { MOORING_CALL_TIMEOUT_MS: "6000" },
  });
  setDefaultCACertificates([...getCACertificates("default"), sandbox.cloud.tls.certificate]);
  const { tablesEndpoint: endpoint } = sandbox.cloud;
  registry = createRegistry({ endpoint, credential: sandbox.cloud.credentialOf("mooring") });
  service = serviceOf(sandbox);
  await plantUnreadableRows(endpoint);
});
afterAll(() => sandbox?.close());

/** Rows of a newer release, in every list that a timer, a stream or a caller reads: everything here runs beside them. */
async function plantUnreadableRows(endpoint: string): Promise<void> {
  const credential = sandbox.cloud.credentialOf("mooring");
  // Operations are listed newest first, because their IDs count down.
  const newest = "0-unreadable";
  for (const [table, partitionKey, rowKey] of [
    ["MooringNamespaces", names.cluster, "a-row-before-all-others"],
    ["MooringOperations", "operations", newest],
    ["MooringBatches", "open", newest],
    ["MooringWaiting", `${names.cluster}:a-row-before-all-others`, "1".padStart(20, "0")],
  ] as const) {
    const client = new TableClient(endpoint, table, credential);
    await client.createTable();
    const state = { state: "Onboarding", status: "Running", operation: newest, verifiedTime: "2026" };
    await client.createEntity({ partitionKey, rowKey, v: 99, ...state });
  }
}

it("lists, streams and is ready beside rows that it cannot read, and says how many they are", async () => {
  const place = { namespace: "beside-them", database: "clean", mode: "workloadIdentity" as const };
  const feed = new AbortController();
  const stream = await fetch(`${sandbox.url}/api/events`, { signal: feed.signal });
  const { id } = await run("onboard", place);

  const listed = async (path: string) => {
    const { status, body } = await service.call("GET", path);
    return `${status} ${JSON.stringify(body["value"] ?? body)}`;
  };
  expect(await listed("/api/namespaces")).toMatch(/^200 .*beside-them/);
  expect(await listed("/api/operations")).toContain(id);
  expect(await listed("/api/operations?phase=awaitingApproval")).toBe("200 []");
  expect(await listed("/api/health/ready")).toMatch(/^200 .*"unreadableRows":[1-9]/);
  expect(await listed(`/api/namespaces/${names.cluster}/a-row-before-all-others`)).toMatch(
    /^503 .*RECORD_UNREADABLE.*a-row-before-all-others/,
  );
  let told = "";
  for await (const chunk of stream.body ?? []) {
    told += Buffer.from(chunk).toString();
    if (told.includes(id) && told.includes('"Succeeded"')) break;
  }
  feed.abort();
  expect((await run("offboard", place)).status).toBe("Succeeded");
}, 60_000);

interface Place {
  readonly namespace: string;
  readonly database: string;
  readonly mode: Mode;
}

async function ask(kind: Kind, { namespace, database, mode }: Place): Promise<string> {
  const wanted = { server: names.sqlServer, database, roles: ["reader"] };
  const request = { cluster: names.cluster, namespace, identityMode: mode, databases: [wanted] };
  const path = `/api/namespaces/${names.cluster}/${namespace}`;
  for (let tries = 0; ; tries += 1) {
    const { status, body } = await (kind === "onboard"
      ? service.call("POST", "/api/onboardings", request)
      : service.call("DELETE", path));
    if (status === 202) return String(body["id"]);
    if (status !== 503 || tries === 40) throw new Error(`${kind} was answered ${status}: ${JSON.stringify(body)}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Runs the operation until it has ended and the gate is open. */
async function run(kind: Kind, place: Place): Promise<OperationRecord> {
  const id = await ask(kind, place);
  const deadline = Date.now() + longestMs;
  for (;;) {
    const [operation, record] = await Promise.all([
      registry.getOperation(id),
      registry.getNamespace({ cluster: names.cluster, namespace: place.namespace }),
    ]);
    const isOpen = !record || record.operation !== id || ["Onboarded", "Incomplete"].includes(record.state);
    if (operation && isFinal(operation.status) && isOpen) return operation;
    if (Date.now() > deadline) {
      throw new Error(`${id} is ${operation?.status}, the namespace ${record?.state} after ${longestMs} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const targetOf = ({ namespace }: Place) => new RegExp(`(^|/)${namespace}(/|$)`);

async function findCells(): Promise<readonly Cell[]> {
  const cells: Cell[] = [];
  const { journal } = sandbox.cloud.faults;
  for (const mode of ["workloadIdentity", "podIdentity"] as const) {
    const place = { namespace: `clean-${mode.toLowerCase()}`, database: "clean", mode };
    for (const kind of ["onboard", "offboard"] as const) {
      const before = journal.length;
      expect((await run(kind, place)).status).toBe("Succeeded");
      const calls = journal
        .slice(before)
        .filter(({ wire, target }) => wire === "tables" && targetOf(place).test(target));
      cells.push(...cellsOf(calls, { kind, mode, setting: "alone" }));
    }
  }
  return cells;
}

async function tryCell(cell: Cell, place: Place): Promise<string | undefined> {
  const { faults } = sandbox.cloud;
  if (cell.kind === "offboard") expect((await run("onboard", place)).status).toBe("Succeeded");
  const takeBack = faults.add(faultOf(cell, targetOf(place)));
  const isForAWhile = cell.times !== 1;
  const timer = isForAWhile ? setTimeout(takeBack, awayMs) : undefined;
  const ended = await run(cell.kind, place).finally(() => {
    clearTimeout(timer);
    takeBack();
  });
  const { namespace, database, mode } = place;
  const problems: string[] = [];
  const left = async () => await listRemains(sandbox.cloud, namespace, [database]);
  if (!isForAWhile && ended.status !== "Succeeded") problems.push("it did not ride it out");
  if (cell.kind === "onboard" && ended.status === "Succeeded") {
    problems.push(...(await listFaults(sandbox.cloud, { namespace, mode, databases: [database] })));
  }
  const record = await registry.getNamespace({ cluster: names.cluster, namespace });
  if (cell.kind === "onboard" && ended.status === "Failed" && ended.error?.code !== "COMPENSATION_FAILED") {
    problems.push(...(await left()).map((each) => `left behind: ${each}`));
    if (record) problems.push(`the namespace's record is ${record.state}`);
  }
  if (record) {
    const last = await run("offboard", place);
    if (last.status !== "Succeeded")
      problems.push(`the offboarding after it is ${last.status}: ${last.error?.message}`);
  }
  problems.push(...(await left()).map((each) => `left at the end: ${each}`));
  if (problems.length === 0) return undefined;
  return `${titleOf(cell)} → ${ended.status} ${ended.error?.code ?? ""} ${ended.error?.message ?? ""}\n  ${problems.join("\n  ")}`;
}

it("no longer shows a namespace once the operation that offboarded it shows as done", async () => {
  const place = { namespace: "slowly-gone", database: "clean", mode: "workloadIdentity" as const };
  expect((await run("onboard", place)).status).toBe("Succeeded");
  const takeBack = sandbox.cloud.faults.add({
    wire: "tables",
    operation: "DELETE MooringNamespaces",
    effect: { kind: "delay", ms: 1_000 },
  });

  expect((await service.waitFor(await service.offboard(names.cluster, place.namespace))).status).toBe("Succeeded");
  const { status } = await service.call("GET", `/api/namespaces/${names.cluster}/${place.namespace}`);

  takeBack();
  expect(status).toBe(404);
});

it("has the export of a namespace once the operation that onboarded it shows as done", async () => {
  const namespace = "slowly-there";
  const takeBack = sandbox.cloud.faults.add({
    wire: "tables",
    operation: /^(PUT|PATCH) MooringNamespaces/,
    effect: { kind: "delay", ms: 1_000 },
  });

  const wanted = {
    cluster: names.cluster,
    namespace,
    databases: [{ server: names.sqlServer, database: "clean", roles: ["reader"] }],
  };
  expect((await service.waitFor(await service.onboard(wanted))).status).toBe("Succeeded");
  const { status } = await service.call("GET", `/api/namespaces/${names.cluster}/${namespace}/export`);

  takeBack();
  expect(status).toBe(200);
});

it(`survives every fault of its tables (seed ${seed})`, async () => {
  const all = await findCells();
  expect(new Set(all.map(({ operation }) => operation.split(" ")[1]))).toEqual(
    new Set(["MooringNamespaces", "MooringOperations", "MooringSteps", "MooringAudit"]),
  );
  expect(all.length).toBeGreaterThan(300);
  const shuffled = createDice(seed).shuffle(all);
  const cells = isSoak
    ? shuffled.filter((_, index) => index % parts === part - 1)
    : shuffled.filter(({ times }) => times === 1).slice(0, shareOf(16));

  const bad: string[] = [];
  let next = 0;
  const worker = async (database: string) => {
    for (;;) {
      const index = next;
      next += 1;
      const cell = cells[index];
      if (!cell) return;
      const place = { namespace: `matrix-${index}`, database, mode: cell.mode };
      const problem = await tryCell(cell, place).catch((error: unknown) => `${titleOf(cell)} → threw ${String(error)}`);
      if (problem) bad.push(problem);
      if (isSoak && (problem || index % 100 === 0)) console.log(problem ?? `${index} of ${cells.length} cells`);
    }
  };
  await Promise.all(Array.from({ length: together }, (_, index) => worker(`matrix-${index}`)));
  if (isSoak) console.log(`${cells.length} of ${all.length} cells`);

  expect(bad.join("\n")).toBe("");
  expect((await service.call("GET", "/api/audit/verify")).body).toMatchObject({ valid: true });
}, 7_200_000);
