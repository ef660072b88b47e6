/** Requests that meet an operation look after it: seldom, and never for those that may still begin by themselves. */
import type { DurableClient } from "durable-functions";
import { beforeEach, expect, it } from "vitest";
import { providePorts } from "../../../src/activities/host.ts";
import { Refusal } from "../../../src/domain/policy/refusal.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { acceptOffboarding, acceptOnboarding } from "../../../src/functions/acceptance/acceptance.ts";
import { acceptMending, createOnSight, type OnSight } from "../../../src/functions/acceptance/mendOnSight.ts";
import { acceptBatch } from "../../../src/functions/batches/acceptBatch.ts";
import { mendBatch } from "../../../src/functions/batches/tendBatches.ts";
import { mend } from "../../../src/functions/operations/startAccepted.ts";
import { breakOff, noWorkers } from "../../support/breakOff.ts";
import { createDesk, type TestDesk } from "../../support/desk.ts";
import { catalog, createFakeCloud, type FakeCloud } from "../../support/fakeCloud.ts";

const request = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});

let cloud: FakeCloud;
let desk: TestDesk;
let onSight: OnSight;
let now: number;
let asked: number;
let found: { runtimeStatus: string; output?: unknown };

const warnings: string[] = [];
const by = () => ({
  client: {
    ...desk.client,
    async getStatus() {
      asked += 1;
      return { ...found, lastUpdatedTime: new Date(0) } as Awaited<ReturnType<DurableClient["getStatus"]>>;
    },
  } as Partial<DurableClient> as DurableClient,
  warn: (text: string) => void warnings.push(text),
});

beforeEach(() => {
  cloud = createFakeCloud();
  desk = createDesk(cloud);
  providePorts(cloud.ports);
  now = Date.now();
  asked = 0;
  found = { runtimeStatus: "Failed", output: noWorkers };
  warnings.length = 0;
  onSight = createOnSight(cloud.ports, { mend, mendBatch }, () => now);
});

it("leaves alone what was accepted this moment", async () => {
  const { operation } = await acceptOnboarding(desk, request);
  await breakOff(desk, "preflight");

  expect(await onSight.meet(by(), request, operation)).toBe(false);

  expect(asked).toBe(0);
});

it("takes up what has ended without an outcome", async () => {
  const { operation } = await acceptOnboarding(desk, request);
  await breakOff(desk, "preflight");
  now += 11_000;

  expect(await onSight.meet(by(), request, operation)).toBe(true);

  await desk.run();
  expect(cloud.operations.get(operation)).toMatchObject({ status: "Succeeded", restarts: 1 });
});

it("asks once in some seconds for the instance, however many look at it", async () => {
  const { operation } = await acceptOnboarding(desk, request);
  found = { runtimeStatus: "Running" };
  now += 11_000;

  for (let requests = 0; requests < 100; requests += 1) await onSight.meet(by(), request, operation);
  expect(asked).toBe(1);
  now += 5_000;
  for (let requests = 0; requests < 100; requests += 1) await onSight.meet(by(), request, operation);

  expect(asked).toBe(2);
});

it("asks for no instance of an operation that does not hold the namespace", async () => {
  const { operation } = await acceptOnboarding(desk, request);
  await desk.run();
  now += 11_000;

  expect(await onSight.meet(by(), request, operation)).toBe(false);
  expect(await onSight.meet(by(), { ...request, namespace: "team-b" }, operation)).toBe(false);

  expect(asked).toBe(0);
});

it("keeps to itself what it could not mend", async () => {
  const { operation } = await acceptOnboarding(desk, request);
  now += 11_000;
  const broken = { ...by(), client: { getStatus: () => Promise.reject(new Error("the hub is away")) } };

  expect(
    await onSight.meet(
      { ...broken, client: broken.client as Partial<DurableClient> as DurableClient },
      request,
      operation,
    ),
  ).toBe(false);

  expect(warnings.join()).toContain("the hub is away");
});

it("forgets the operations that were met longest ago", async () => {
  const { operation } = await acceptOnboarding(desk, request);
  found = { runtimeStatus: "Running" };
  now += 11_000;
  await onSight.meet(by(), request, operation);
  for (let other = 0; other < 1_000; other += 1) await onSight.meet(by(), request, `other-${other}`);

  await onSight.meet(by(), request, operation);

  expect(asked).toBe(2);
});

it("accepts a request whose namespace was held by what had ended, and nobody had said so", async () => {
  const { operation } = await acceptOnboarding(desk, request);
  const { registry } = cloud.ports;
  const never = new Promise<never>(() => undefined);
  providePorts({ ...cloud.ports, registry: { ...registry, replaceNamespace: () => never } });
  desk.run().catch(() => undefined);
  await expect.poll(() => cloud.operations.get(operation)?.status).toBe("Succeeded");
  providePorts(cloud.ports);
  now += 11_000;
  const accept = () => acceptOffboarding(desk, request);

  const accepted = await acceptMending(onSight, { ...desk, ...by() }, { berth: request, accept });

  expect(accepted).toMatchObject({ kind: "offboard", isNew: true });
});

it("refuses what has to wait for an operation that runs, and asks no more than that", async () => {
  await acceptOnboarding(desk, request);
  found = { runtimeStatus: "Running" };
  now += 11_000;
  const accept = () => acceptOffboarding(desk, request);

  await expect(acceptMending(onSight, { ...desk, ...by() }, { berth: request, accept })).rejects.toThrow(Refusal);

  expect(asked).toBe(1);
});

it("takes up a batch that somebody looks at, and asks as seldom for it", async () => {
  const batchDesk = createDesk({ ports: { ...cloud.ports, catalog: { ...catalog, batch: { lanes: 1 } } } });
  const id = await acceptBatch(batchDesk, [request]);
  const started: string[] = [];
  const startNew = async (name: string) => {
    started.push(name);
    return id;
  };
  const { client, warn } = by();
  const passer = { client: { ...client, startNew } as Partial<DurableClient> as DurableClient, warn };

  expect(await onSight.meetBatch(passer, id)).toBe(true);
  expect(started).toEqual([]);
  now += 11_000;
  expect(await onSight.meetBatch(passer, id)).toBe(true);
  expect(await onSight.meetBatch(passer, id)).toBe(false);

  expect(started).toEqual(["onboardBatch"]);
  expect(cloud.batches.get(id)).toMatchObject({ restarts: 1 });
  found = { runtimeStatus: "Running" };
  now += 11_000;
  expect(await onSight.meetBatch(passer, id)).toBe(false);
});

it("takes up what holds the namespace that a message is for", async () => {
  const { operation } = await acceptOnboarding(desk, request);
  await breakOff(desk, "preflight");
  now += 11_000;

  expect(await onSight.meetHolder(by(), { ...request, namespace: "team-b" })).toBe(false);
  expect(await onSight.meetHolder(by(), request)).toBe(true);

  await desk.run();
  expect(cloud.operations.get(operation)).toMatchObject({ status: "Succeeded", restarts: 1 });
});
