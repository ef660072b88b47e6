/** Requests that meet an operation check on it: seldom, and never while it may still begin by itself. */
import type { DurableClient } from "durable-functions";
import { beforeEach, expect, it } from "vitest";
import { providePorts } from "../../../src/activities/host.ts";
import { acceptOffboarding, acceptOnboarding } from "../../../src/application/acceptance/acceptance.ts";
import { acceptBatch } from "../../../src/application/batch/acceptBatch.ts";
import { recoverBatch } from "../../../src/application/recovery/reconcileBatches.ts";
import {
  acceptAfterRecovery,
  createRequestRecovery,
  type RequestRecovery,
} from "../../../src/application/recovery/recoverOnRequest.ts";
import { recoverOperation } from "../../../src/application/recovery/recoverOperation.ts";
import { Refusal } from "../../../src/domain/policy/refusal.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { createAcceptanceContext, type TestAcceptanceContext } from "../../support/acceptanceContext.ts";
import { breakOff, noWorkers } from "../../support/breakOff.ts";
import { catalog, createFakeCloud, type FakeCloud } from "../../support/fakeCloud.ts";

const request = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});

let cloud: FakeCloud;
let acceptance: TestAcceptanceContext;
let requestRecovery: RequestRecovery;
let now: number;
let asked: number;
let lastUpdatedTime: Date;
let found: { runtimeStatus: string; output?: unknown };

const warnings: string[] = [];
const by = () => ({
  client: {
    ...acceptance.client,
    async getStatus() {
      asked += 1;
      return { ...found, lastUpdatedTime } as Awaited<ReturnType<DurableClient["getStatus"]>>;
    },
  } as Partial<DurableClient> as DurableClient,
  warn: (text: string) => void warnings.push(text),
});

beforeEach(() => {
  cloud = createFakeCloud();
  acceptance = createAcceptanceContext(cloud);
  providePorts(cloud.ports);
  now = Date.now();
  asked = 0;
  lastUpdatedTime = new Date(0);
  found = { runtimeStatus: "Failed", output: noWorkers };
  warnings.length = 0;
  requestRecovery = createRequestRecovery(cloud.ports, { recoverOperation, recoverBatch }, () => now);
});

it("leaves alone what was accepted just now", async () => {
  const { operation } = await acceptOnboarding(acceptance, request);
  await breakOff(acceptance, "preflight");

  expect(await requestRecovery.recoverOperation(by(), request, operation)).toBe(false);

  expect(asked).toBe(0);
});

it("resumes an operation whose orchestration ended without an outcome", async () => {
  const { operation } = await acceptOnboarding(acceptance, request);
  await breakOff(acceptance, "preflight");
  now += 11_000;

  expect(await requestRecovery.recoverOperation(by(), request, operation)).toBe(true);

  await acceptance.run();
  expect(cloud.operations.get(operation)).toMatchObject({ status: "Succeeded", restarts: 1 });
});

it("resumes what the engine failed before the clock was set back by three days, and looks on as often", async () => {
  const { operation } = await acceptOnboarding(acceptance, request);
  await breakOff(acceptance, "preflight");
  lastUpdatedTime = new Date(now);
  expect(await requestRecovery.recoverOperation(by(), request, operation)).toBe(false);
  now -= 72 * 3_600_000;

  expect(await requestRecovery.recoverOperation(by(), request, operation)).toBe(true);
  // Once more, after a first resumption: its pause began in the future, too.
  await breakOff(acceptance, "preflight");
  now += 6_000;
  expect(await requestRecovery.recoverOperation(by(), request, operation)).toBe(true);

  await acceptance.run();
  expect(cloud.operations.get(operation)).toMatchObject({ status: "Succeeded", restarts: 2 });
});

it("queries the instance once in a few seconds, however many requests arrive", async () => {
  const { operation } = await acceptOnboarding(acceptance, request);
  found = { runtimeStatus: "Running" };
  now += 11_000;

  for (let requests = 0; requests < 100; requests += 1)
    await requestRecovery.recoverOperation(by(), request, operation);
  expect(asked).toBe(1);
  now += 5_000;
  for (let requests = 0; requests < 100; requests += 1)
    await requestRecovery.recoverOperation(by(), request, operation);

  expect(asked).toBe(2);
});

it("queries no instance of an operation that does not hold the namespace", async () => {
  const { operation } = await acceptOnboarding(acceptance, request);
  await acceptance.run();
  now += 11_000;

  expect(await requestRecovery.recoverOperation(by(), request, operation)).toBe(false);
  expect(await requestRecovery.recoverOperation(by(), { ...request, namespace: "team-b" }, operation)).toBe(false);

  expect(asked).toBe(0);
});

it("logs a failed recovery instead of failing the request", async () => {
  const { operation } = await acceptOnboarding(acceptance, request);
  now += 11_000;
  const broken = { ...by(), client: { getStatus: () => Promise.reject(new Error("the hub is away")) } };

  expect(
    await requestRecovery.recoverOperation(
      { ...broken, client: broken.client as Partial<DurableClient> as DurableClient },
      request,
      operation,
    ),
  ).toBe(false);

  expect(warnings.join()).toContain("the hub is away");
});

it("forgets the operations that were met longest ago", async () => {
  const { operation } = await acceptOnboarding(acceptance, request);
  found = { runtimeStatus: "Running" };
  now += 11_000;
  await requestRecovery.recoverOperation(by(), request, operation);
  for (let other = 0; other < 1_000; other += 1)
    await requestRecovery.recoverOperation(by(), request, `other-${other}`);

  await requestRecovery.recoverOperation(by(), request, operation);

  expect(asked).toBe(2);
});

it("accepts a request whose namespace was still held by an operation that had ended", async () => {
  const { operation } = await acceptOnboarding(acceptance, request);
  const { registry } = cloud.ports;
  const never = new Promise<never>(() => undefined);
  const replaceNamespace: typeof registry.replaceNamespace = (record) =>
    record.state === "Onboarding" ? registry.replaceNamespace(record) : never;
  providePorts({ ...cloud.ports, registry: { ...registry, replaceNamespace } });
  acceptance.run().catch(() => undefined);
  await expect.poll(() => cloud.operations.get(operation)?.status).toBe("Succeeded");
  providePorts(cloud.ports);
  now += 11_000;
  const accept = () => acceptOffboarding(acceptance, request);

  const accepted = await acceptAfterRecovery(
    { ...acceptance, ...by() },
    { requestRecovery, namespaceRef: request },
    accept,
  );

  expect(accepted).toMatchObject({ kind: "offboard", isNew: true });
});

it("refuses what has to wait for a running operation, after a single query", async () => {
  await acceptOnboarding(acceptance, request);
  found = { runtimeStatus: "Running" };
  now += 11_000;
  const accept = () => acceptOffboarding(acceptance, request);

  await expect(
    acceptAfterRecovery({ ...acceptance, ...by() }, { requestRecovery, namespaceRef: request }, accept),
  ).rejects.toThrow(Refusal);

  expect(asked).toBe(1);
});

it("resumes a batch that somebody reads, and queries it just as seldom", async () => {
  const batchAcceptance = createAcceptanceContext({
    ports: { ...cloud.ports, catalog: { ...catalog, batch: { lanes: 1 } } },
  });
  const id = await acceptBatch(batchAcceptance, [request]);
  const started: string[] = [];
  const startNew = async (name: string) => {
    started.push(name);
    return id;
  };
  const { client, warn } = by();
  const passer = { client: { ...client, startNew } as Partial<DurableClient> as DurableClient, warn };

  expect(await requestRecovery.recoverBatch(passer, id)).toBe(true);
  expect(started).toEqual([]);
  now += 11_000;
  expect(await requestRecovery.recoverBatch(passer, id)).toBe(true);
  expect(await requestRecovery.recoverBatch(passer, id)).toBe(false);

  expect(started).toEqual(["onboardBatch"]);
  expect(cloud.batches.get(id)).toMatchObject({ restarts: 1 });
  found = { runtimeStatus: "Running" };
  now += 11_000;
  expect(await requestRecovery.recoverBatch(passer, id)).toBe(false);
});

it("resumes the operation that holds a message's namespace", async () => {
  const { operation } = await acceptOnboarding(acceptance, request);
  await breakOff(acceptance, "preflight");
  now += 11_000;

  expect(await requestRecovery.recoverHolder(by(), { ...request, namespace: "team-b" })).toBe(false);
  expect(await requestRecovery.recoverHolder(by(), request)).toBe(true);

  await acceptance.run();
  expect(cloud.operations.get(operation)).toMatchObject({ status: "Succeeded", restarts: 1 });
});
