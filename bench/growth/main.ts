/**
 * How costs change as the registry grows, and what an onboarding costs in larger batches; see README.md beside this file.
 *
 *   node tools/run.mjs bench/growth/main.ts --rows 0,10,100,1000,10000,100000
 *   node tools/run.mjs bench/growth/main.ts --onboard 1,10,100,1000
 *   node tools/run.mjs bench/growth/main.ts --users 100,1000,10000
 */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { parseArgs } from "node:util";
import { names } from "../../sandbox/cloud.ts";
import { type Sandbox, startSandbox } from "../../sandbox/sandbox.ts";
import { createRegistry } from "../../src/adapters/registry/index.ts";
import { openTables, table } from "../../src/adapters/registry/tables.ts";
import { createOperationId } from "../../src/domain/naming/operationId.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { hashRequest } from "../../src/domain/request/requestHash.ts";
import { quantile } from "../quantile.ts";
import { measureUsers } from "./users.ts";

const { values } = parseArgs({
  options: {
    /** Namespaces and operations in the registry, ascending. */
    rows: { type: "string", default: "" },
    /** Sizes of batches, each run in its own sandbox. */
    onboard: { type: "string", default: "" },
    /** Users in a database, ascending. */
    users: { type: "string", default: "" },
    rounds: { type: "string", default: "20" },
  },
});
const sizesOf = (text: string) => (text === "" ? [] : text.split(",").map(Number));
const requestFor = (namespace: string) => ({
  cluster: names.cluster,
  namespace,
  databases: [{ server: names.sqlServer, database: "messages", roles: ["reader"] }],
});

function tablesOf({ cloud }: Sandbox) {
  setDefaultCACertificates([...getCACertificates("default"), cloud.tls.certificate]);
  return { endpoint: cloud.tablesEndpoint, credential: cloud.credentialOf("mooring") };
}

/** Writes onboarded namespaces, with the operation of each. */
async function fill(sandbox: Sandbox, from: number, to: number): Promise<void> {
  const open = openTables(tablesOf(sandbox));
  const time = new Date().toISOString();
  const namespaces: { row: string; record: object }[] = [];
  const operations: { row: string; record: object }[] = [];
  for (let index = from; index < to; index += 1) {
    const request = OnboardingRequest.parse(requestFor(`n-${String(index).padStart(6, "0")}`));
    const { cluster, namespace } = request;
    const operation = createOperationId(new Date());
    const by = { requestedBy: "bench", team: "queue", acceptedTime: time, requestHash: hashRequest(request), request };
    const times = { onboardedTime: time, verifiedTime: time, lookedTime: time };
    namespaces.push({
      row: namespace,
      record: {
        cluster,
        namespace,
        state: "Onboarded",
        operation,
        clientId: randomUUID(),
        findings: [],
        ...by,
        ...times,
      },
    });
    operations.push({
      row: operation,
      record: {
        id: operation,
        kind: "onboard",
        cluster,
        namespace,
        status: "Succeeded",
        startTime: time,
        endTime: time,
        ...by,
      },
    });
  }
  await table<object>(open, "MooringNamespaces").insertAll(names.cluster, namespaces);
  await table<object>(open, "MooringOperations").insertAll("operations", operations);
}

async function ask(url: string, path: string, body?: object): Promise<{ ms: number; body: Record<string, unknown> }> {
  const headers = { "content-type": "application/json" };
  const begun = performance.now();
  const response = await fetch(
    `${url}/api/${path}`,
    body === undefined ? {} : { method: "POST", headers, body: JSON.stringify(body) },
  );
  const document = (await response.json()) as Record<string, unknown>;
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${JSON.stringify(document)}`);
  return { ms: performance.now() - begun, body: document };
}

async function untilDone(url: string, id: unknown): Promise<string> {
  for (;;) {
    const { body } = await ask(url, `operations/${id}?top=1`);
    if (body["phase"] === "done") return String(body["status"]);
    await sleep(20);
  }
}

/** The median of all rounds, in milliseconds. */
async function middle(rounds: number, work: (round: number) => Promise<number>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) times.push(await work(round));
  return quantile(times, 0.5);
}

async function measureRows(sizes: readonly number[], rounds: number): Promise<void> {
  const sandbox = await startSandbox({ logLevel: "warning" });
  const registry = createRegistry(tablesOf(sandbox));
  const { url } = sandbox;
  await untilDone(url, (await ask(url, "onboardings", requestFor("warm"))).body["id"]);
  console.log("rows     namespaces  operations  namespace  202      onboarding  scan of all");
  let there = 0;
  for (const size of sizes) {
    await fill(sandbox, there, size);
    there = size;
    const page = await middle(rounds, async () => (await ask(url, "namespaces?top=50")).ms);
    const operations = await middle(rounds, async () => (await ask(url, "operations?top=50")).ms);
    const one = await middle(rounds, async () => (await ask(url, `namespaces/${names.cluster}/warm`)).ms);
    const accepted: number[] = [];
    const whole = await middle(5, async (round) => {
      const begun = performance.now();
      const { ms, body } = await ask(url, "onboardings", requestFor(`m-${size}-${round}`));
      accepted.push(ms);
      await untilDone(url, body["id"]);
      return performance.now() - begun;
    });
    // The timers' query.
    const scan = await middle(3, async () => {
      const begun = performance.now();
      await registry.heldNamespaces();
      return performance.now() - begun;
    });
    const columns = [page, operations, one, quantile(accepted, 0.5), whole, scan].map((ms) => `${ms.toFixed(1)} ms`);
    const widths = [12, 12, 11, 9, 12, 0];
    console.log(String(size).padEnd(9) + columns.map((text, index) => text.padEnd(widths[index] ?? 0)).join(""));
  }
  await sandbox.close();
}

/** Peak memory and CPU time of the host's process; Linux only. */
function readProcess(pid: number): { peakMb: number; cpuMs: number } {
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  const ticks = readFileSync(`/proc/${pid}/stat`, "utf8").split(" ").slice(13, 15).map(Number);
  return { peakMb: Number(kilobytes) / 1024, cpuMs: ticks.reduce((sum, each) => sum + each, 0) * 10 };
}

async function measureOnboardings(sizes: readonly number[]): Promise<void> {
  console.log("namespaces  CPU of the host for each  a second  peak memory  calls of the cloud for each");
  for (const size of sizes) {
    const sandbox = await startSandbox({ logLevel: "warning" });
    const { url } = sandbox;
    // The first onboarding loads code.
    await untilDone(url, (await ask(url, "onboardings", requestFor("warm"))).body["id"]);
    const before = readProcess(sandbox.hostPid);
    const calls = sandbox.cloud.faults.journal.length;
    const begun = performance.now();
    for (let from = 0; from < size; from += 1_000) {
      const requests = Array.from({ length: Math.min(1_000, size - from) }, (_, index) =>
        requestFor(`g-${from + index}`),
      );
      const status = await untilDone(url, (await ask(url, "onboardings/batch", { requests })).body["id"]);
      if (status !== "Succeeded") throw new Error(`a batch of ${requests.length} ended ${status}`);
    }
    const seconds = (performance.now() - begun) / 1_000;
    const after = readProcess(sandbox.hostPid);
    console.log(
      [
        String(size).padEnd(12),
        `${((after.cpuMs - before.cpuMs) / size).toFixed(0)} ms`.padEnd(26),
        (size / seconds).toFixed(1).padEnd(10),
        `${after.peakMb.toFixed(0)} MB`.padEnd(13),
        ((sandbox.cloud.faults.journal.length - calls) / size).toFixed(1),
      ].join(""),
    );
    await sandbox.close();
  }
}

const rows = sizesOf(values.rows);
const onboard = sizesOf(values.onboard);
if (rows.length > 0) await measureRows(rows, Number(values.rounds));
if (onboard.length > 0) await measureOnboardings(onboard);
const users = sizesOf(values.users);
if (users.length > 0) await measureUsers(users);
