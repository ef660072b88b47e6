/**
 * The fault matrix of the wires that all operations share: Service Bus (a request comes from the queue, events go to the topic)
 * and the tokens of Microsoft Entra (requested after a restart, when none is cached: before an onboarding, and in the middle of
 * one). One cell runs at a time. The default run takes a sample; `npm run soak` takes all.
 */

import type { Fault, Wire } from "azure-sim/faults";
import { isSoak } from "test-support/proofs";
import { createDice } from "test-support/random";
import { afterAll, beforeAll, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Operation, type Service, serviceOf } from "../support/service.ts";
import { type Cell, cellsOf, faultOf, isWanted, titleOf } from "./support/matrix.ts";
import { listFaults, listRemains } from "./support/remains.ts";

const seed = Number(process.env["MOORING_TEST_SEED"] ?? 1);
const mode = "workloadIdentity";
const database = "messages";
/** How long the service is away when every call fails. */
const awayMs = 3_000;

let sandbox: SuiteSandbox;
let service: Service;

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "its calls time out soon",
    settings: { MOORING_CALL_TIMEOUT_MS: "6000" },
  });
  service = serviceOf(sandbox);
});
afterAll(() => sandbox?.close());

function requestFor(namespace: string) {
  const databases = [{ server: names.sqlServer, database, roles: ["reader"] }];
  return { cluster: names.cluster, namespace, identityMode: mode, databases };
}

/** Sends the request by queue; it must lead to an operation, whatever happens to the message. */
async function runFromQueue(namespace: string): Promise<Operation> {
  sandbox.cloud.serviceBus.queue(names.queue).send({ messageId: namespace, body: requestFor(namespace) });
  const find = async () => {
    const { body } = await service.call("GET", `/api/operations?namespace=${namespace}`);
    return (body["value"] as { id: string }[])[0]?.id;
  };
  await expect.poll(find, { timeout: 90_000, interval: 50 }).toBeDefined();
  return await service.waitFor((await find()) ?? "", 90_000);
}

/** A newly started service has no token yet. */
async function runAfterRestart(namespace: string): Promise<Operation> {
  await sandbox.killHost();
  await sandbox.restartHost();
  const ask = async () => {
    const { status, body } = await service.call("POST", "/api/onboardings", requestFor(namespace));
    return status === 202 ? String(body["id"]) : undefined;
  };
  let id: string | undefined;
  for (let tries = 0; id === undefined && tries < 40; tries += 1) {
    id = await ask();
    if (id === undefined) await new Promise((resolve) => setTimeout(resolve, 250));
  }
  return await service.waitFor(id ?? "", 90_000);
}

/** The service is killed while it grants the identity's access, and has no token when it continues. */
async function runThroughRestart(namespace: string, spoil: () => void): Promise<Operation> {
  const { faults } = sandbox.cloud;
  const held: Fault = {
    wire: "kubernetes",
    operation: "PATCH serviceaccounts",
    target: new RegExp(`(^|/)${namespace}(/|$)`),
    effect: { kind: "hang" },
  };
  const release = faults.add(held);
  const id = await service.onboard(requestFor(namespace));
  const isHeld = () =>
    faults.journal.some(({ operation, target }) => operation === held.operation && target.includes(namespace));
  await expect.poll(isHeld, { timeout: 60_000, interval: 20 }).toBe(true);
  await sandbox.killHost();
  release();
  spoil();
  await sandbox.restartHost();
  return await service.waitFor(id, 90_000);
}

/** `spoil` breaks the calls; everything before it runs undisturbed. */
type Run = (namespace: string, spoil: () => void) => Promise<Operation>;

function spoiled(run: (namespace: string) => Promise<Operation>): Run {
  return async (namespace, spoil) => {
    spoil();
    return await run(namespace);
  };
}

const runs = {
  "from the queue": { wire: "serviceBus", run: spoiled(runFromQueue) },
  "after a restart": { wire: "entra", run: spoiled(runAfterRestart) },
  "through a restart": { wire: "entra", run: runThroughRestart },
} as const satisfies Record<string, { wire: Wire; run: Run }>;

type Situation = keyof typeof runs;
type SituatedCell = Cell & { readonly situation: Situation };

async function findCells(): Promise<readonly SituatedCell[]> {
  const cells: SituatedCell[] = [];
  const { journal } = sandbox.cloud.faults;
  // The first run includes connecting; the second shows the calls of a running service.
  for (const [namespace, situation] of [
    ["warm", "from the queue"],
    ["clean-queue", "from the queue"],
    ["clean-token", "after a restart"],
    ["clean-restart", "through a restart"],
  ] as const) {
    const { run, wire } = runs[situation];
    let before = journal.length;
    const note = () => {
      before = journal.length;
    };
    expect((await run(namespace, note)).status).toBe("Succeeded");
    await published(namespace, "Succeeded");
    const calls = journal.slice(before).filter((call) => call.wire === wire);
    if (namespace === "warm") continue;
    cells.push(...cellsOf(calls, { kind: "onboard", mode, setting: "alone" }).map((cell) => ({ ...cell, situation })));
  }
  return cells;
}

/** Ids of the namespace's events of that status. */
function eventsOf(namespace: string, status: string): string[] {
  const messages = sandbox.cloud.serviceBus.subscription(names.topic, "all").messages();
  const subject = `${names.cluster}/${namespace}`;
  return messages.flatMap(({ subject: of, messageId }) =>
    of === subject && messageId.endsWith(`/${status}`) ? [messageId] : [],
  );
}

async function published(namespace: string, status: string): Promise<void> {
  await expect.poll(() => eventsOf(namespace, status).length, { timeout: 60_000, interval: 50 }).toBe(1);
}

async function tryCell(cell: SituatedCell, namespace: string): Promise<string | undefined> {
  const { faults, serviceBus } = sandbox.cloud;
  let takeBack: () => void = () => undefined;
  let timer: NodeJS.Timeout | undefined;
  const spoil = () => {
    takeBack = faults.add(faultOf(cell, undefined));
    if (cell.times !== 1) timer = setTimeout(takeBack, awayMs);
  };
  const ended = await runs[cell.situation].run(namespace, spoil).finally(() => {
    clearTimeout(timer);
    takeBack();
  });
  const problems: string[] = [];
  // Without a token, nothing fails before the catalog's time limit.
  const isRiddenOut = cell.times === 1 || cell.situation === "through a restart";
  if (cell.way.passes && isRiddenOut && ended.status !== "Succeeded") problems.push("it did not ride it out");
  const place = { namespace, mode, databases: [database] };
  if (ended.status === "Succeeded") problems.push(...(await listFaults(sandbox.cloud, place)));
  else
    problems.push(...(await listRemains(sandbox.cloud, namespace, [database])).map((each) => `left behind: ${each}`));
  // Subscribers get the final event exactly once.
  await published(namespace, ended.status);
  const isGone = () => serviceBus.queue(names.queue).messages().length === 0;
  await expect.poll(isGone, { timeout: 60_000, interval: 50 }).toBe(true);
  const dead = serviceBus.queue(names.queue).deadLetters().length;
  if (dead > 0) problems.push(`${dead} messages are dead`);
  if (problems.length === 0) return undefined;
  return `${cell.situation}: ${titleOf(cell)} → ${ended.status} ${ended.error?.code ?? ""} ${ended.error?.message ?? ""}\n  ${problems.join("\n  ")}`;
}

it(`survives every fault of Service Bus and Entra (seed ${seed})`, async () => {
  const all = await findCells();
  expect(new Set(all.map(({ wire, operation }) => `${wire} ${operation}`))).toEqual(
    new Set(["serviceBus receive", "serviceBus peek", "serviceBus complete", "serviceBus send", "entra token"]),
  );
  expect(all.length).toBeGreaterThan(50);
  const shuffled = createDice(seed).shuffle(all.filter(isWanted));
  const cells = isSoak ? shuffled : shuffled.filter(({ times }) => times === 1).slice(0, 3);

  const bad: string[] = [];
  for (const [index, cell] of cells.entries()) {
    const problem = await tryCell(cell, `service-${index}`).catch(
      (error: unknown) => `${titleOf(cell)} → threw ${String(error)}`,
    );
    if (problem) bad.push(problem);
    if (isSoak && (problem || index % 25 === 0)) console.log(problem ?? `${index} of ${cells.length} cells`);
  }
  if (isSoak) console.log(`${cells.length} cells`);

  expect(bad.join("\n")).toBe("");
}, 7_200_000);
