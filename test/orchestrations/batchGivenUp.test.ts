/** A batch that ends early: its orchestration ended without an outcome, or the batch was given up in the middle of something. */
import type { DurableClient } from "durable-functions";
import { beforeEach, expect, it } from "vitest";
import { acceptBatch } from "../../src/application/batch/acceptBatch.ts";
import { claimNext } from "../../src/application/batch/claimNext.ts";
import { concludeBatch } from "../../src/application/batch/concludeBatch.ts";
import { reconcileBatches } from "../../src/application/recovery/reconcileBatches.ts";
import { recoverOperation } from "../../src/application/recovery/recoverOperation.ts";
import type { Ports } from "../../src/ports/index.ts";
import { batchesOn, requests, startBy } from "../support/batches.ts";
import { breakOff } from "../support/breakOff.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";

let cloud: FakeCloud;
const { acceptanceContextOf, ended, ownOperations } = batchesOn(() => cloud);

beforeEach(() => {
  cloud = createFakeCloud();
});

it.each([
  { runtimeStatus: "Terminated", most: 0, output: "enough" },
  { runtimeStatus: "Failed", most: 5, output: "Did not find any initialized language workers" },
  { runtimeStatus: "Failed", most: 2, output: "nothing undoes as mistake" },
])("is resumed $most times when it ends as $runtimeStatus with $output, and then given up", async (found) => {
  const acceptance = acceptanceContextOf();
  const id = await acceptBatch(acceptance, requests(3));
  await breakOff(acceptance, "takeBatchItem");
  let started = 0;
  const client: Partial<DurableClient> = {
    getStatus: async () => found as object as Awaited<ReturnType<DurableClient["getStatus"]>>,
    async startNew() {
      started += 1;
      return id;
    },
  };
  const tick = () =>
    reconcileBatches(
      { ports: acceptance.ports, client: client as DurableClient, warn: () => undefined },
      { held: [], before: Date.now() + 60_000 },
    );

  for (let ticks = 0; ticks < found.most + 2; ticks += 1) await tick();

  expect(started).toBe(found.most);
  const takenUp = cloud.audit.filter(({ operation, action }) => operation === id && action === "takenUp");
  expect(takenUp).toHaveLength(found.most);
  // The timer continues what was claimed by then; the rest never begins.
  const statuses = ended(id).items.map(({ status }) => status);
  expect(statuses.toSorted()).toEqual(["Failed", "Failed", "Running"]);
  expect(ended(id).items.find(({ status }) => status === "Failed")?.error?.code).toBe("ORCHESTRATION_FAILED");
  for (const record of await acceptance.ports.registry.heldNamespaces()) await startBy(acceptance, record);
  await tick();
  expect(ended(id).batch).toMatchObject({ status: "Failed", error: { code: "BATCH_INCOMPLETE" } });
  expect(
    ended(id)
      .items.map(({ status }) => status)
      .toSorted(),
  ).toEqual(["Failed", "Failed", "Succeeded"]);
  expect(cloud.openBatches.size).toBe(0);
});

it.each(["canceled", "given up"])("ends what nobody has claimed together when it is %s", async (how) => {
  const acceptance = acceptanceContextOf();
  const id = await acceptBatch(acceptance, requests(250));
  const { registry } = acceptance.ports;
  const batch = await registry.getBatch(id);
  if (!batch) throw new Error("it was not accepted");
  const why =
    how === "canceled"
      ? { cancel: { by: "somebody", time: new Date().toISOString() } }
      : { givenUp: "It was terminated." };
  await registry.amendBatch(batch, { status: "Running", ...why });
  const asked: string[] = [];
  const counted = new Proxy(registry, {
    get(target, method, receiver) {
      asked.push(String(method));
      return Reflect.get(target, method, receiver);
    },
  });

  await concludeBatch({ ...acceptance.ports, registry: counted }, id);

  const status = how === "canceled" ? "Canceled" : "Failed";
  expect(new Set(ended(id).items.map((item) => item.status))).toEqual(new Set([status]));
  expect(ended(id).batch).toMatchObject({ status });
  expect(asked.length).toBeLessThan(15);
});

it("ends each item by itself that a lane or another end has reached since the items were read", async () => {
  const acceptance = acceptanceContextOf();
  const id = await acceptBatch(acceptance, requests(5));
  const { registry } = acceptance.ports;
  const batch = await registry.getBatch(id);
  if (batch) await registry.amendBatch(batch, { status: "Running", givenUp: "It was terminated." });
  const listBatchItems: typeof registry.listBatchItems = async (...asked) => {
    const items = await registry.listBatchItems(...asked);
    // A lane has noted a claim and died; another process gives the batch up, too.
    await registry.updateBatchItems(id, [
      { index: 1, changes: { claim: "its-operation" } },
      { index: 2, changes: { status: "Failed", error: { code: "FIRST", message: "", fix: "", retryable: false } } },
    ]);
    return items;
  };

  await concludeBatch({ ...acceptance.ports, registry: { ...registry, listBatchItems } }, id);

  const { items } = ended(id);
  expect(items.map(({ status }) => status)).toEqual(Array(5).fill("Failed"));
  expect(items.map(({ error }) => error?.code)).toEqual([
    "ORCHESTRATION_FAILED",
    "ORCHESTRATION_FAILED",
    "FIRST",
    "ORCHESTRATION_FAILED",
    "ORCHESTRATION_FAILED",
  ]);
});

async function giveUpDuringClaim(when: "claim is noted" | "items were read") {
  const acceptance = acceptanceContextOf();
  const id = await acceptBatch(acceptance, requests(1));
  const { registry } = acceptance.ports;
  const giveUp = async (ports: Ports) => {
    const batch = await registry.getBatch(id);
    if (batch) await registry.amendBatch(batch, { status: "Running", givenUp: "It was terminated." });
    await concludeBatch(ports, id);
  };
  const take = (ports: Ports) => claimNext(ports, { batch: id, lane: "lane", done: undefined });
  let isBetween = false;
  const between = async (work: () => Promise<unknown>) => {
    if (isBetween) return;
    isBetween = true;
    await work();
  };
  const insertNamespace: typeof registry.insertNamespace = async (record) => {
    await between(() => giveUp(acceptance.ports));
    return await registry.insertNamespace(record);
  };
  const listBatchItems: typeof registry.listBatchItems = async (...asked) => {
    const items = await registry.listBatchItems(...asked);
    // The lane has read that the batch goes on.
    await between(() => take({ ...acceptance.ports, registry: { ...registry, getBatch: goesOn } }));
    return items;
  };
  const goesOn: typeof registry.getBatch = async (batch) => {
    const { givenUp: _why, ...record } = (await registry.getBatch(batch)) ?? {};
    return record as Awaited<ReturnType<typeof registry.getBatch>>;
  };
  if (when === "claim is noted") await take({ ...acceptance.ports, registry: { ...registry, insertNamespace } });
  else await giveUp({ ...acceptance.ports, registry: { ...registry, listBatchItems } });
  return { acceptance, id };
}

it("withdraws what a lane claims after the batch was given up", async () => {
  const { acceptance, id } = await giveUpDuringClaim("claim is noted");

  expect(ended(id).items).toMatchObject([{ status: "Failed", error: { code: "ORCHESTRATION_FAILED" } }]);
  for (const record of await acceptance.ports.registry.heldNamespaces()) await startBy(acceptance, record);
  expect(ownOperations(id).map(({ status }) => status)).toEqual(["Canceled"]);
  expect(ended(id).items.map(({ status }) => status)).toEqual(["Failed"]);
  expect([...cloud.namespaces.keys(), ...cloud.identities.keys()]).toEqual([]);
});

it("withdraws a claim of a batch that was given up when the lane dies before it can", async () => {
  const { acceptance, id } = await giveUpDuringClaim("claim is noted");
  // What the lane writes after its claim is lost.
  const [operation] = ownOperations(id);
  for (const [key, { cancel: _cancel, ...record }] of cloud.operations) cloud.operations.set(key, record);
  expect(operation?.status).toBe("NotStarted");

  for (const record of await acceptance.ports.registry.heldNamespaces()) await startBy(acceptance, record);

  expect(ownOperations(id).map(({ status }) => status)).toEqual(["Canceled"]);
  expect([...cloud.namespaces.keys(), ...cloud.identities.keys()]).toEqual([]);
});

it("goes on with what a lane has begun while the batch is given up", async () => {
  const { acceptance, id } = await giveUpDuringClaim("items were read");

  expect(ended(id).items).toMatchObject([{ status: "Running", operation: ownOperations(id)[0]?.id }]);
  for (const record of await acceptance.ports.registry.heldNamespaces()) await startBy(acceptance, record);
  await concludeBatch(acceptance.ports, id);
  expect(ended(id)).toMatchObject({
    batch: { status: "Succeeded", result: { succeeded: 1 } },
    items: [{ status: "Succeeded", outcome: "onboarded" }],
  });
});

it("is not taken up again when it ends while the timer is looking", async () => {
  const acceptance = acceptanceContextOf();
  const id = await acceptBatch(acceptance, requests(2));
  const started: string[] = [];
  const client: Partial<DurableClient> = {
    async getStatus() {
      // After the timer has listed the open batches, and read this one's record.
      await acceptance.run();
      return { runtimeStatus: "Completed" } as Awaited<ReturnType<DurableClient["getStatus"]>>;
    },
    async startNew(name) {
      started.push(name);
      return id;
    },
  };

  await reconcileBatches(
    { ports: acceptance.ports, client: client as DurableClient, warn: () => undefined },
    { held: [], before: Date.now() + 60_000 },
  );

  expect(started).toEqual([]);
  const trail = cloud.audit.filter(({ operation }) => operation === id);
  expect(trail.map(({ action }) => action)).toEqual(["accepted", "ended"]);
});

it("is forgotten when its acceptance broke off before the batch was recorded", async () => {
  const acceptance = acceptanceContextOf();
  const id = await acceptBatch(acceptance, requests(1));
  cloud.batches.delete(id);
  const recovery = { ports: acceptance.ports, client: acceptance.client, warn: acceptance.warn };

  await reconcileBatches(recovery, { held: [], before: Date.now() });
  expect(cloud.openBatches.size).toBe(1);
  await reconcileBatches(recovery, { held: [], before: Date.now() + 3_600_000 });

  expect(cloud.openBatches.size).toBe(0);
  expect(await acceptance.ports.registry.listBatchItems(id)).toEqual([]);
});

it("leaves starting a claimed namespace to the lane while the batch runs", async () => {
  const acceptance = acceptanceContextOf();
  const id = await acceptBatch(acceptance, requests(1));
  const started: unknown[] = [];
  const recovery = (batch: string) => ({
    ports: acceptance.ports,
    client: {
      async getStatus(instance) {
        if (instance !== id) throw new Error("HTTP 404");
        return { runtimeStatus: batch } as Awaited<ReturnType<DurableClient["getStatus"]>>;
      },
      async startNew(name) {
        started.push(name);
        return "";
      },
    } satisfies Partial<DurableClient> as Partial<DurableClient> as DurableClient,
    warn: () => undefined,
  });

  await acceptance.run({
    async runChild({ name }, run) {
      if (name !== "onboardNamespace") return await run();
      for (const record of await acceptance.ports.registry.heldNamespaces())
        await recoverOperation(recovery("Running"), record);
      expect(started).toEqual([]);
      for (const record of await acceptance.ports.registry.heldNamespaces())
        await recoverOperation(recovery("Failed"), record);
      expect(started).toEqual(["onboardNamespace"]);
      return await run();
    },
  });

  expect(ended(id).batch.status).toBe("Succeeded");
});
