/**
 * Two instances of the service on one registry, one queue and one task hub, as Flex Consumption scales them. Each process has
 * its own caches, limits, timers and trigger, and nothing may depend on there being only one. The second takes requests and
 * messages; durable functions run in the first.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isShort, shareOf } from "test-support/proofs";
import { createDice } from "test-support/random";
import { afterAll, beforeAll, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import type { HostProcess } from "../../sandbox/hostChild.ts";
import { startHostProcess } from "../../sandbox/hostProcess.ts";
import { listFaults, listRemains } from "../proof/support/remains.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Answer, type Service, serviceOf } from "../support/service.ts";

const seed = Number(process.env["MOORING_TEST_SEED"] ?? 1);
const dice = createDice(seed);
const rounds = shareOf(24);
const databases = ["messages"];

let sandbox: SuiteSandbox;
let folder: string;
let second: HostProcess;
let services: readonly [Service, Service];

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "a second instance works on its store",
    logLevel: "warning",
    latencyMs: 10,
  });
  folder = await mkdtemp(join(tmpdir(), "mooring-second-"));
  second = await startSecond();
  services = [serviceOf(sandbox), serviceOf({ ...sandbox, url: second.url })];
});
afterAll(async () => {
  await second?.kill();
  await sandbox?.close();
  await rm(folder, { recursive: true, force: true });
});

function startSecond(port = 0): Promise<HostProcess> {
  return startHostProcess({
    app: dirname(dirname(import.meta.dirname)),
    port,
    data: join(folder, "host"),
    settings: {
      ...sandbox.cloud.settings,
      MOORING_CATALOG: join(dirname(sandbox.dataFolder), "mooring.yaml"),
      NODE_EXTRA_CA_CERTS: sandbox.authorityFile,
      MOORING_SYSTEM_KEY: sandbox.systemKey,
      MOORING_TASK_HUB_URL: sandbox.url,
      MOORING_LOG_LEVEL: "warning",
    },
  });
}

function requestFor(namespace: string, changes: object = {}) {
  const wanted = databases.map((database) => ({ server: names.sqlServer, database, roles: ["reader"] }));
  return { cluster: names.cluster, namespace, databases: wanted, ...changes };
}

const addressOf = (namespace: string) => `/api/namespaces/${names.cluster}/${namespace}`;
const inOrder = () => (dice.chance(0.5) ? services : ([services[1], services[0]] as const));

/** Sends two requests at the same moment, one to each instance. */
async function both(ask: (service: Service, index: number) => Promise<Answer>): Promise<readonly Answer[]> {
  return await Promise.all(inOrder().map(ask));
}

interface Listed {
  readonly kind: string;
  readonly status: string;
  readonly startTime?: string;
  readonly endTime?: string;
}

/** Waits until all operations of the namespace have ended and the gate is open; returns them, oldest first. */
async function settle(namespace: string): Promise<readonly Listed[]> {
  const [service] = inOrder();
  const list = async () =>
    ((await service.call("GET", `/api/operations?namespace=${namespace}`)).body["value"] as Listed[]).toReversed();
  const isOver = async () => {
    const [operations, { body }] = [await list(), await service.call("GET", addressOf(namespace))];
    const isHeld = body["state"] !== undefined && body["state"] !== "Onboarded";
    return operations.length > 0 && operations.every(({ endTime }) => endTime !== undefined) && !isHeld;
  };
  await expect.poll(isOver, { timeout: 60_000, interval: 50 }).toBe(true);
  return await list();
}

function expectOneAtATime(operations: readonly Listed[]): void {
  operations.forEach(({ startTime = "" }, index) => {
    const before = operations[index - 1]?.endTime ?? "";
    expect(startTime >= before, JSON.stringify(operations)).toBe(true);
  });
}

async function expectRight(namespace: string): Promise<void> {
  const { status } = await services[0].call("GET", addressOf(namespace));
  if (status === 404) expect(await listRemains(sandbox.cloud, namespace, databases)).toEqual([]);
  else expect(await listFaults(sandbox.cloud, { namespace, mode: "workloadIdentity", databases })).toEqual([]);
}

const races: Readonly<Record<string, (namespace: string) => Promise<void>>> = {
  async "the same request"(namespace) {
    const answers = await both((service) => service.call("POST", "/api/onboardings", requestFor(namespace)));

    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect(new Set(answers.map(({ body }) => body["id"])).size).toBe(1);
    expect(await settle(namespace)).toHaveLength(1);
  },
  async "one idempotency key"(namespace) {
    const key = { "idempotency-key": `two-${namespace}` };
    const send = (service: Service) => service.call("POST", "/api/onboardings", requestFor(namespace), key);

    const answers = await both(send);

    // One of the two may have to wait while the other is being answered.
    const codes = answers.map(({ status, body }) => (status === 202 ? "accepted" : body["code"]));
    expect(codes).toContain("accepted");
    expect(codes.every((code) => code === "accepted" || code === "IDEMPOTENCY_IN_PROGRESS")).toBe(true);
    const again = await both(send);
    const ids = [...answers, ...again].filter(({ status }) => status === 202).map(({ body }) => body["id"]);
    expect(new Set(ids).size).toBe(1);
    expect(await settle(namespace)).toHaveLength(1);
  },
  async "two different requests"(namespace) {
    const bodies = [requestFor(namespace), requestFor(namespace, { serviceAccount: "other" })];

    const answers = await both((service, index) => service.call("POST", "/api/onboardings", bodies[index]));

    expect(answers.map(({ status }) => status).toSorted()).toEqual([202, 409]);
    expect(await settle(namespace)).toHaveLength(1);
  },
  async "an offboarding at each"(namespace) {
    await services[0].onboard(requestFor(namespace));
    await settle(namespace);

    const answers = await both((service) => service.call("DELETE", addressOf(namespace)));

    const taken = answers.filter(({ status }) => status === 202);
    expect(new Set(taken.map(({ body }) => body["id"])).size).toBe(1);
    for (const { status } of answers) expect([202, 404]).toContain(status);
    expect(await settle(namespace)).toHaveLength(2);
  },
  async "a repair at each"(namespace) {
    await services[1].onboard(requestFor(namespace));
    await settle(namespace);

    const answers = await both((service) => service.call("POST", `${addressOf(namespace)}/repair`));

    expect(answers.some(({ status }) => status === 202)).toBe(true);
    for (const { status } of answers) expect([202, 409]).toContain(status);
    expectOneAtATime(await settle(namespace));
  },
};

it(`gives a namespace to one of two requests at two instances, ${rounds} times (seed ${seed})`, async () => {
  const kinds = Object.keys(races);
  const dealt = dice.shuffle(Array.from({ length: rounds }, (_, index) => kinds[index % kinds.length] ?? ""));
  for (const [index, kind] of dealt.entries()) {
    const namespace = `two-${index}`;
    await races[kind]?.(namespace);
    const operations = await settle(namespace);
    expectOneAtATime(operations);
    expect(
      operations.map(({ status }) => status),
      `${namespace}: ${kind}`,
    ).not.toContain("Failed");
    if (kind !== "two different requests") await expectRight(namespace);
  }
  // Both have written to the same chain.
  expect((await services[0].call("GET", "/api/audit/verify")).body).toMatchObject({ valid: true });
}, 600_000);

it("processes each message once, whichever instance receives it", async () => {
  const queue = sandbox.cloud.serviceBus.queue(names.queue);
  const namespaces = Array.from({ length: isShort ? 3 : 12 }, (_, index) => `two-queued-${index}`);
  for (const namespace of namespaces) queue.send({ messageId: namespace, body: requestFor(namespace) });

  await expect.poll(() => queue.messages().length, { timeout: 60_000 }).toBe(0);

  for (const namespace of namespaces) {
    expect(await settle(namespace)).toHaveLength(1);
    await expectRight(namespace);
  }
}, 120_000);

it("completes an accepted operation when the accepting or the running instance is killed", async () => {
  const [first, other] = services;
  const accepted = await Promise.all(
    Array.from({ length: isShort ? 2 : 6 }, (_, index) => other.onboard(requestFor(`two-killed-${index}`))),
  );
  await sleep(dice.roll(300));
  await sandbox.killHost();
  // Nothing can be started without the hub; the timer starts what is accepted now.
  const late = await other.onboard(requestFor("two-killed-late"));
  const url = new URL(second.url);
  await second.kill();
  await sandbox.restartHost();

  for (const id of [...accepted, late]) expect(await first.waitFor(id, 90_000)).toMatchObject({ status: "Succeeded" });
  second = await startSecond(Number(url.port));
  for (const namespace of [...accepted.map((_, index) => `two-killed-${index}`), "two-killed-late"]) {
    expect(await settle(namespace)).toHaveLength(1);
    await expectRight(namespace);
  }
  expect((await other.call("GET", "/api/audit/verify")).body).toMatchObject({ valid: true });
}, 240_000);
