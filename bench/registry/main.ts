/**
 * A page of namespaces out of many, and the time to a 202 under a steady load; see README.md beside this file.
 *
 *   node tools/run.mjs bench/registry/main.ts --namespaces 10000 --rounds 200
 */

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { parseArgs } from "node:util";
import { names } from "../../sandbox/cloud.ts";
import { type Sandbox, startSandbox } from "../../sandbox/sandbox.ts";
import { createRegistry } from "../../src/adapters/registry/index.ts";
import { ClientId } from "../../src/domain/naming/identityPair.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { hashRequest } from "../../src/domain/request/requestHash.ts";
import { quantile } from "../quantile.ts";

const { values } = parseArgs({
  options: {
    namespaces: { type: "string", default: "10000" },
    rounds: { type: "string", default: "200" },
    perSecond: { type: "string", default: "50" },
    seconds: { type: "string", default: "20" },
  },
});

/** One namespace in fifty belongs to team red, the others to another team. */
async function fill({ cloud }: Sandbox, count: number): Promise<void> {
  const registry = createRegistry({
    endpoint: cloud.settings["MOORING_TABLES_ENDPOINT"] ?? "",
    credential: cloud.credentialOf("mooring"),
  });
  const now = new Date().toISOString();
  const insert = async (index: number) => {
    const request = OnboardingRequest.parse({
      cluster: names.cluster,
      namespace: `n-${String(index).padStart(6, "0")}`,
      databases: [{ server: names.sqlServer, database: "messages", roles: ["reader"] }],
    });
    await registry.insertNamespace({
      cluster: request.cluster,
      namespace: request.namespace,
      state: "Onboarded",
      operation: randomUUID(),
      request,
      requestHash: hashRequest(request),
      requestedBy: "bench",
      team: index % 50 === 0 ? "red" : "queue",
      acceptedTime: now,
      onboardedTime: now,
      verifiedTime: now,
      lookedTime: now,
      clientId: ClientId.parse(randomUUID()),
      findings: [],
    });
  };
  let next = 0;
  const work = async () => {
    while (next < count) await insert(next++);
  };
  await Promise.all(Array.from({ length: 16 }, work));
}

function row(what: string, ms: readonly number[]): string {
  const at = (q: number) => `${quantile(ms, q).toFixed(1)} ms`.padEnd(11);
  return `${what.padEnd(44)}${at(0.5)}${at(0.95)}${at(0.99)}`;
}

type Headers = Readonly<Record<string, string>>;

async function get(sandbox: Sandbox, path: string, headers: Headers): Promise<{ ms: number; body: Page }> {
  const begun = performance.now();
  const response = await fetch(new URL(path, sandbox.url), { headers });
  const body = (await response.json()) as Page;
  if (response.status !== 200) throw new Error(`${path} answered ${response.status} ${JSON.stringify(body)}`);
  return { ms: performance.now() - begun, body };
}

interface Page {
  readonly value: readonly unknown[];
  readonly nextLink?: string;
}

/** Reads page after page, and starts over after the last. */
async function pages(sandbox: Sandbox, path: string, headers: Headers, rounds: number): Promise<number[]> {
  const times: number[] = [];
  let next = path;
  for (let round = -10; round < rounds; round += 1) {
    const { ms, body } = await get(sandbox, next, headers);
    // The first few requests load code.
    if (round >= 0) times.push(ms);
    next = body.nextLink ?? path;
  }
  return times;
}

/** Requests at a fixed rate, whether or not earlier ones were answered: slow answers do not reduce the load. */
async function steadyLoad(sandbox: Sandbox, { perSecond, seconds }: { perSecond: number; seconds: number }) {
  const answers: Promise<number>[] = [];
  const begun = performance.now();
  for (let index = 0; index < perSecond * seconds; index += 1) {
    const wait = begun + (index * 1_000) / perSecond - performance.now();
    if (wait > 0) await sleep(wait);
    answers.push(onboard(sandbox, `load-${index}`));
  }
  return await Promise.all(answers);
}

async function onboard({ url }: Sandbox, namespace: string): Promise<number> {
  const begun = performance.now();
  const response = await fetch(`${url}/api/onboardings`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      cluster: names.cluster,
      namespace,
      databases: [{ server: names.sqlServer, database: "messages", roles: ["reader"] }],
    }),
  });
  await response.arrayBuffer();
  if (response.status !== 202) throw new Error(`${namespace} was answered ${response.status}`);
  return performance.now() - begun;
}

async function measurePages(count: number, rounds: number): Promise<void> {
  const sandbox = await startSandbox({ callers: "keys" });
  try {
    setDefaultCACertificates([...getCACertificates("default"), sandbox.cloud.tls.certificate]);
    await fill(sandbox, count);
    const operator = { "x-mooring-key": sandbox.key ?? "" };
    const { audience = "", groups } = sandbox.cloud.callers ?? {};
    const token = await sandbox.cloud.entra.apiToken({
      ...{ audience, oid: randomUUID(), clientId: ClientId.parse(randomUUID()), scope: "access" },
      ...{ groups: groups ? [groups.red] : [], roles: ["Onboarding.Request"] },
    });
    const member = { authorization: `Bearer ${token}` };
    console.log(`${"a page out of".padEnd(30)}${String(count).padEnd(14)}p50        p95        p99`);
    for (const top of [50, 200]) {
      const path = `/api/namespaces?top=${top}`;
      console.log(row(`an operator's, top=${top}`, await pages(sandbox, path, operator, rounds)));
      console.log(row(`a team's, top=${top}`, await pages(sandbox, path, member, rounds)));
    }
    console.log(row("operations, top=50", await pages(sandbox, "/api/operations?top=50", operator, rounds)));
  } finally {
    await sandbox.close();
  }
}

async function measureAccepting(load: { perSecond: number; seconds: number }): Promise<void> {
  const sandbox = await startSandbox();
  try {
    for (let index = 0; index < 10; index += 1) await onboard(sandbox, `warm-${index}`);
    const times = await steadyLoad(sandbox, load);
    console.log(row(`202 at ${load.perSecond}/s for ${load.seconds} s`, times));
  } finally {
    await sandbox.close();
  }
}

await measurePages(Number(values.namespaces), Number(values.rounds));
await measureAccepting({ perSecond: Number(values.perSecond), seconds: Number(values.seconds) });
