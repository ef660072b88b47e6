/** A batch loses nothing: activities run twice, answers get lost, lanes break off, two lanes meet. */
import type { DurableClient } from "durable-functions";
import { beforeEach, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptBatch } from "../../src/application/batch/acceptBatch.ts";
import { claimNext } from "../../src/application/batch/claimNext.ts";
import { concludeBatch } from "../../src/application/batch/concludeBatch.ts";
import { refuseItems } from "../../src/application/batch/refuseItems.ts";
import { reconcileBatches } from "../../src/application/recovery/reconcileBatches.ts";
import type { Catalog } from "../../src/domain/catalog/catalog.ts";
import { TransientError } from "../../src/domain/errors.ts";
import type { Ports } from "../../src/ports/index.ts";
import { allTogether, batchesOn, dice, request, requests, twice } from "../support/batches.ts";
import { runOrchestration } from "../support/durableRunner.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { tendBatch } from "../support/reconcileBatch.ts";
import { member, catalog as withTeams } from "../support/teams.ts";

let cloud: FakeCloud;
const { acceptanceContextOf, ended, ownOperations } = batchesOn(() => cloud);

beforeEach(() => {
  cloud = createFakeCloud();
});

it.each([1, 2, 3, 4, 5])("claims each namespace once even if every activity runs twice (seed %i)", async (seed) => {
  const acceptance = acceptanceContextOf();
  const id = await acceptBatch(acceptance, requests(9));

  await acceptance.run({ ...allTogether, random: dice(seed), execute: twice });

  expect(ended(id).batch).toMatchObject({ status: "Succeeded", result: { succeeded: 9 } });
  expect(ownOperations(id)).toHaveLength(9);
  expect(cloud.identities.size).toBe(9);
});

it.each([1, 2, 3, 4, 5])(
  "recognizes its own operations even if every activity runs twice concurrently (seed %i)",
  async (seed) => {
    const acceptance = acceptanceContextOf();
    const id = await acceptBatch(acceptance, requests(9));
    const slow = { ...acceptance.ports, registry: slowly(acceptance.ports.registry, dice(seed)) };
    providePorts(slow);

    await acceptance.run({
      ...allTogether,
      async execute(name, run) {
        if (name !== "takeBatchItem") return await run();
        const [answer] = await Promise.all([run(), run()]);
        return answer;
      },
    });

    const { batch, items } = ended(id);
    expect(batch).toMatchObject({ status: "Succeeded", result: { succeeded: 9 } });
    expect(items.map(({ operation }) => operation)).toEqual(items.map(({ claim }) => claim));
    expect(ownOperations(id)).toHaveLength(9);
  },
);

function slowly(registry: Ports["registry"], random: () => number): Ports["registry"] {
  return new Proxy(registry, {
    get(target, name) {
      const call = Reflect.get(target, name);
      return async (...given: unknown[]) => {
        for (let wait = Math.floor(random() * 4); wait > 0; wait -= 1) await undefined;
        return await call(...given);
      };
    },
  });
}

it.each([1, 2, 3, 4, 5, 6, 7, 8])("loses nothing when answers of the registry are lost (seed %i)", async (seed) => {
  const acceptance = acceptanceContextOf();
  const id = await acceptBatch(acceptance, requests(9));
  const random = dice(seed);
  let losses = 0;
  const lossy = new Proxy(cloud.ports.registry, {
    get(registry, name) {
      const call = Reflect.get(registry, name);
      return async (...given: unknown[]) => {
        const result = await call(...given);
        if (losses < 25 && random() < 0.15) {
          losses += 1;
          throw new TransientError("REGISTRY_UNAVAILABLE", "the answer got lost");
        }
        return result;
      };
    },
  });
  const policy = {
    ...cloud.ports.catalog.retry,
    firstIntervalMs: 10,
    maxIntervalMs: 20,
    attempts: 30,
    authenticationTimeoutMs: 1_000,
  };
  providePorts({ ...acceptance.ports, registry: lossy, catalog: { ...acceptance.ports.catalog, retry: policy } });

  await runOrchestration("onboardBatch", { batch: id, lanes: 3, retry: policy, run: "lossy" }, allTogether);

  expect(losses).toBeGreaterThan(5);
  expect(ended(id).batch).toMatchObject({ status: "Succeeded", result: { succeeded: 9 } });
  expect(ownOperations(id)).toHaveLength(9);
});

it("waits and continues when the registry is unavailable for longer than the retries last", async () => {
  const acceptance = acceptanceContextOf();
  const id = await acceptBatch(acceptance, requests(6));
  let failures = 0;

  await acceptance.run({
    ...allTogether,
    async execute(name, run) {
      if (/batch/i.test(name) && failures < 40) {
        failures += 1;
        throw new Error("[REGISTRY_UNAVAILABLE] away");
      }
      return await run();
    },
  });

  expect(failures).toBe(40);
  expect(ended(id).batch).toMatchObject({ status: "Succeeded", result: { succeeded: 6 } });
});

it("hands the items of an interrupted lane to other lanes", async () => {
  const acceptance = acceptanceContextOf();
  const id = await acceptBatch(acceptance, requests(10));
  let broken = 0;

  await acceptance
    .run({
      ...allTogether,
      async runChild({ name, input }, run) {
        // Two lanes end in the middle: they have taken and claimed items, and never start what they claimed.
        const isFirst = JSON.stringify(input).includes(".0.0") || JSON.stringify(input).includes(".0.1");
        if (name !== "batchLane" || !isFirst) return await run();
        const output = runOrchestration(name, input, {
          async runChild() {
            broken += 1;
            throw new Error("never comes back");
          },
          execute: async (activity, work) => {
            if (broken > 0 && activity === "takeBatchItem") throw new Error("lane is gone");
            return await work();
          },
          maxTurns: 12,
        });
        return await output;
      },
      atRest: () => tendBatch(acceptance, id),
    })
    .catch((error: unknown) => {
      throw error;
    });

  expect(broken).toBeGreaterThan(0);
  expect(ended(id).batch).toMatchObject({ status: "Succeeded", result: { succeeded: 10 } });
  expect(ownOperations(id)).toHaveLength(10);
});

it("is started by the timer when it was accepted but never started, or when its orchestration ended without an outcome", async () => {
  const acceptance = acceptanceContextOf();
  const broken: Partial<DurableClient> = { startNew: () => Promise.reject(new Error("the host is going down")) };
  const warnings: string[] = [];
  const id = await acceptBatch(
    { ...acceptance, client: broken as DurableClient, warn: (text) => void warnings.push(text) },
    requests(3),
  );
  const started: { name: string; input: unknown }[] = [];
  const clientThatFinds = (found: { runtimeStatus: string } | undefined): DurableClient =>
    ({
      async getStatus() {
        if (!found) throw new Error("HTTP 404");
        return found as Awaited<ReturnType<DurableClient["getStatus"]>>;
      },
      async startNew(name, options) {
        started.push({ name, input: options?.input });
        return id;
      },
    }) satisfies Partial<DurableClient> as Partial<DurableClient> as DurableClient;
  const tick = (found?: { runtimeStatus: string }) =>
    reconcileBatches(
      { ports: acceptance.ports, client: clientThatFinds(found), warn: () => undefined },
      { held: [], before: Date.now() + 60_000 },
    );

  await tick();
  await tick({ runtimeStatus: "Failed" });

  expect(warnings).toHaveLength(1);
  expect(started.map(({ name }) => name)).toEqual(["onboardBatch", "onboardBatch"]);
  const [first, second] = started;
  // The restarted batch does not mistake the lanes of the first run for its own.
  expect(JSON.stringify(first?.input)).not.toBe(JSON.stringify(second?.input));
  await runOrchestration("onboardBatch", first?.input);
  expect(ended(id).batch).toMatchObject({ status: "Succeeded", result: { succeeded: 3 } });
});

it("has one lane run what two have taken, because the end of earlier lanes was delivered late", async () => {
  const { ports, ...acceptance } = acceptanceContextOf();
  const id = await acceptBatch({ ports, ...acceptance }, requests(2));
  const { registry } = ports;
  const second: Awaited<ReturnType<typeof claimNext>>[] = [];
  const insertNamespace: typeof registry.insertNamespace = async (record) => {
    if (second.length === 0) {
      await concludeBatch(ports, id);
      second.push(await claimNext(ports, { batch: id, lane: "second", done: undefined }));
    }
    return await registry.insertNamespace(record);
  };

  const first = await claimNext(
    { ...ports, registry: { ...registry, insertNamespace } },
    { batch: id, lane: "first", done: undefined },
  );

  expect(second).toMatchObject([{ index: 0, record: { namespace: "team-0" } }]);
  expect(first).toMatchObject({ index: 1, record: { namespace: "team-1" } });
  // The same lane gets it again when its answer was lost.
  expect(await claimNext(ports, { batch: id, lane: "second", done: undefined })).toMatchObject(second[0] ?? {});
});

it("leaves a claimed item to the timer although its record changes meanwhile", async () => {
  const { ports, ...acceptance } = acceptanceContextOf();
  const id = await acceptBatch({ ports, ...acceptance }, requests(1));
  const { record } = await claimNext(ports, { batch: id, lane: "lane", done: undefined });
  const { registry } = ports;
  let changes = 0;
  const replaceNamespace: typeof registry.replaceNamespace = async (next) => {
    changes += 1;
    const current = changes === 1 ? await registry.getNamespace(next) : undefined;
    if (current) await registry.replaceNamespace(current);
    return await registry.replaceNamespace(next);
  };

  await concludeBatch({ ...ports, registry: { ...registry, replaceNamespace } }, id);

  expect(record).toBeDefined();
  expect([...cloud.namespaces.values()]).toMatchObject([{ batch: { operation: id, isStarter: false } }]);
});

it("does not end an item as refused that another attempt has begun", async () => {
  const { ports, ...acceptance } = acceptanceContextOf();
  const id = await acceptBatch({ ports, ...acceptance }, requests(1));
  const { registry } = ports;
  const take = (own: Ports) => claimNext(own, { batch: id, lane: "lane", done: undefined });
  let isFirst = true;
  const getNamespace: typeof registry.getNamespace = async (namespaceRef) => {
    const asked = isFirst;
    isFirst = false;
    if (asked) {
      const { record } = await take(ports);
      if (!record) throw new Error("the first attempt has not claimed");
      // Its operation has ended since, and another one holds the namespace.
      await registry.updateOperation(record.operation, { status: "Succeeded" });
      await registry.updateBatchItems(id, [{ index: 0, changes: { status: "Succeeded", outcome: "onboarded" } }]);
      const held = await registry.getNamespace(namespaceRef);
      if (held) await registry.replaceNamespace({ ...held, operation: "another", requestHash: "another" });
    }
    return await registry.getNamespace(namespaceRef);
  };

  await take({ ...ports, registry: { ...registry, getNamespace } });

  expect(ended(id).items).toMatchObject([{ status: "Succeeded", outcome: "onboarded" }]);
  expect(ended(id).items[0]).not.toHaveProperty("error");
});

it("leaves to its lane what a lane is claiming when the quotas are distributed late", async () => {
  const { ports, ...acceptance } = acceptanceContextOf(member("red"), {
    teams: { ...withTeams.teams, red: { ...withTeams.teams["red"], quota: 1 } } as Catalog["teams"],
    auth: withTeams.auth,
  });
  const id = await acceptBatch({ ports, ...acceptance }, [request("red-a"), request("red-b")]);
  await ports.registry.updateBatchItems(id, [{ index: 1, changes: { claim: "its-operation" } }]);

  await refuseItems(ports, id);

  expect(ended(id).items.map(({ status }) => status)).toEqual(["NotStarted", "NotStarted"]);
});

it("does not show an item as running whose operation has ended while it was claimed", async () => {
  const { ports, ...acceptance } = acceptanceContextOf();
  const id = await acceptBatch({ ports, ...acceptance }, requests(1));
  const { registry } = ports;
  const insertOperation: typeof registry.insertOperation = async (record) => {
    await registry.insertOperation(record);
    await registry.updateOperation(record.id, { status: "Succeeded" });
    await registry.updateBatchItems(id, [
      { index: 0, changes: { status: "Succeeded", outcome: "onboarded", operation: record.id } },
    ]);
  };

  await claimNext(
    { ...ports, registry: { ...registry, insertOperation } },
    { batch: id, lane: "lane", done: undefined },
  );

  expect(ended(id).items).toMatchObject([{ status: "Succeeded", outcome: "onboarded" }]);
});
