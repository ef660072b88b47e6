/** Batches on the replay engine and the fake cloud: lanes, outcomes, duplicates, interruptions, cancel. */
import { setTimeout as sleep } from "node:timers/promises";
import type { DurableClient } from "durable-functions";
import { beforeEach, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptOnboarding } from "../../src/application/acceptance/acceptance.ts";
import { acceptBatch, passOn } from "../../src/application/batch/acceptBatch.ts";
import { concludeBatch } from "../../src/application/batch/concludeBatch.ts";
import { refuseItems } from "../../src/application/batch/refuseItems.ts";
import { takeItem } from "../../src/application/batch/takeItem.ts";
import { cancelBatch } from "../../src/application/decisions/cancelBatch.ts";
import { cancelOperation } from "../../src/application/decisions/decide.ts";
import { reconcileBatches } from "../../src/application/recovery/reconcileBatches.ts";
import { recoverOperation } from "../../src/application/recovery/recoverOperation.ts";
import type { Caller } from "../../src/domain/access/caller.ts";
import type { Catalog } from "../../src/domain/catalog/catalog.ts";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import type { BatchItem, BatchRecord } from "../../src/domain/operation/records.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import type { Ports } from "../../src/ports.ts";
import { createAcceptanceContext, requester, type TestAcceptanceContext } from "../support/acceptanceContext.ts";
import { breakOff } from "../support/breakOff.ts";
import { type Run, type RunOptions, runOrchestration } from "../support/durableRunner.ts";
import { createFakeCloud, type FakeCloud, catalog as plain } from "../support/fakeCloud.ts";
import { tendBatch } from "../support/reconcileBatch.ts";
import { member, operator, catalog as withTeams } from "../support/teams.ts";

let cloud: FakeCloud;

beforeEach(() => {
  cloud = createFakeCloud();
});

function acceptanceContextOf(by: Caller = requester, changes: Partial<Catalog> = {}): TestAcceptanceContext {
  const ports: Ports = { ...cloud.ports, catalog: { ...plain, batch: { lanes: 4 }, ...changes } };
  providePorts(ports);
  return createAcceptanceContext({ ports }, by);
}

const request = (namespace: string, changes: object = {}) =>
  OnboardingRequest.parse({
    cluster: "aks-dev",
    namespace,
    databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
    ...changes,
  });
const requests = (count: number) => Array.from({ length: count }, (_, index) => request(`team-${index}`));

/** Everything that is open runs at the same time, as on a host. */
const allTogether: RunOptions = { together: (open) => open };

async function twice(_name: string, run: () => Promise<unknown>): Promise<unknown> {
  await run();
  return await run();
}

function ended(id: string): { batch: BatchRecord; items: readonly BatchItem[] } {
  const batch = cloud.batches.get(id);
  if (!batch) throw new Error(`no batch ${id}`);
  return { batch, items: cloud.items.get(id) ?? [] };
}

const ownOperations = (id: string) => [...cloud.operations.values()].filter(({ batch }) => batch === id);

it("onboards every namespace, each by its own operation, several at a time", async () => {
  const acceptance = acceptanceContextOf();
  const id = await acceptBatch(acceptance, requests(13));
  let running = 0;
  let most = 0;

  await acceptance.run({
    ...allTogether,
    async runChild({ name }, run) {
      if (name !== "onboardNamespace") return await run();
      running += 1;
      most = Math.max(most, running);
      // Longer than lanes wait for one another when they take an item.
      await sleep(50);
      const output = await run();
      running -= 1;
      return output;
    },
  });

  const { batch, items } = ended(id);
  expect(batch).toMatchObject({ status: "Succeeded", result: { requests: 13, succeeded: 13, failed: 0 } });
  expect(batch.error).toBeUndefined();
  expect(most).toBe(4);
  expect(items.map(({ status, outcome }) => `${status} ${outcome}`)).toEqual(Array(13).fill("Succeeded onboarded"));
  const own = ownOperations(id);
  expect(own.map(({ id: each }) => each).toSorted()).toEqual(items.map(({ operation }) => operation).toSorted());
  expect(new Set(own.map(({ traceparent }) => traceparent))).toEqual(new Set([acceptance.traceparent]));
  expect([...cloud.namespaces.values()].map(({ state }) => state)).toEqual(Array(13).fill("Onboarded"));
  expect(cloud.identities.size).toBe(13);
  expect(cloud.openBatches.size).toBe(0);
});

it("announces its beginning and its end on the topic and in the audit trail, once", async () => {
  const acceptance = acceptanceContextOf();
  const id = await acceptBatch(acceptance, requests(2));

  await acceptance.run({ execute: twice });

  const own = cloud.events.filter(({ type }) => type === "mooring.batch.status-changed.v1");
  expect([...new Set(own.map((event) => event.id))]).toEqual([`${id}/Running`, `${id}/Succeeded`]);
  expect(own.at(-1)).toMatchObject({
    subject: id,
    traceparent: acceptance.traceparent,
    data: { operation: id, kind: "batch", status: "Succeeded", totals: { requests: 2, succeeded: 2 } },
  });
  const trail = cloud.audit.filter(({ operation }) => operation === id);
  expect(trail.map(({ action, outcome, target }) => `${action} ${outcome} ${target === id}`)).toEqual([
    "accepted Running true",
    "ended Succeeded true",
  ]);
  expect(trail[0]).not.toHaveProperty("namespace");
});

it("continues when one item fails, one is refused and one has nothing to do, and counts them", async () => {
  const teams = { teams: withTeams.teams, auth: withTeams.auth };
  const red = acceptanceContextOf(member("red"), teams);
  const first = await acceptOnboarding(red, request("red-1"));
  await red.run();
  const blue = acceptanceContextOf(member("blue"), teams);
  await acceptOnboarding(blue, request("shared-1"));
  await blue.run();
  cloud.onWrite = ({ what, when }) => {
    const isMeant = what === "change sql-dev/orders" && when === "before";
    if (isMeant) throw new PermanentError("SQL_FORBIDDEN", "no permission");
  };
  const acceptance = acceptanceContextOf(member("red"), { ...teams, approval: plain.approval });
  // With this catalog, its databases need no approval.
  const orders = { databases: [{ server: "sql-dev", database: "orders", roles: ["reader"] }] };
  const noApproval = { teams: { ...withTeams.teams, red: { ...withTeams.teams["red"], approval: [] } } };
  const calm = acceptanceContextOf(member("red"), { ...teams, ...(noApproval as Pick<Catalog, "teams">) });

  const id = await acceptBatch(calm, [
    request("red-1"),
    request("red-2", orders),
    request("shared-1"),
    request("blue-1"),
    request("red-3"),
  ]);
  await calm.run(allTogether);

  const { batch, items } = ended(id);
  expect(acceptance.ports.catalog.batch.lanes).toBe(4);
  expect(items).toMatchObject([
    { status: "Succeeded", outcome: "unchanged", operation: first.operation },
    { status: "Failed", error: { code: "SQL_FORBIDDEN" } },
    { status: "Failed", error: { code: "NAMESPACE_TAKEN" } },
    { status: "Failed", error: { code: "NOT_ALLOWED" } },
    { status: "Succeeded", outcome: "onboarded" },
  ]);
  expect(items[2]).not.toHaveProperty("operation");
  expect(cloud.audit.filter(({ action }) => action === "refused")).toMatchObject([
    {
      operation: id,
      team: "red",
      code: "NAMESPACE_TAKEN",
      outcome: "Refused",
      reason: expect.stringMatching(/^2 .*blue-1/),
    },
  ]);
  expect(batch).toMatchObject({
    status: "Failed",
    team: "red",
    error: { code: "BATCH_INCOMPLETE", message: expect.stringContaining("3 of 5 namespace(s)") },
    result: { requests: 5, succeeded: 2, unchanged: 1, failed: 3 },
  });
});

it("changes nothing and says so when the same batch is sent again", async () => {
  const acceptance = acceptanceContextOf();
  const first = await acceptBatch(acceptance, requests(5));
  await acceptance.run();
  const writes: string[] = [];
  cloud.onWrite = ({ what }) => void writes.push(what);

  const second = await acceptBatch(acceptance, requests(5));
  await acceptance.run();

  expect(ended(second).batch).toMatchObject({ status: "Succeeded", result: { succeeded: 5, unchanged: 5 } });
  expect(ended(second).items.map(({ operation }) => operation)).toEqual(
    ended(first).items.map(({ operation }) => operation),
  );
  expect(writes).toEqual([]);
});

it("passes many items that need nothing in few turns", async () => {
  const acceptance = acceptanceContextOf(member("red"), { teams: withTeams.teams, auth: withTeams.auth });
  const id = await acceptBatch(acceptance, requests(200));
  const generations: Run[] = [];

  await acceptance.run({ ...allTogether, onGeneration: (run) => generations.push(run) });

  expect(ended(id).batch).toMatchObject({ status: "Failed", result: { failed: 200 } });
  expect(generations.length).toBeLessThan(20);
});

it("changes namespaces that are onboarded with another request", async () => {
  const acceptance = acceptanceContextOf();
  await acceptBatch(acceptance, requests(2));
  await acceptance.run();
  const writer = { databases: [{ server: "sql-dev", database: "messages", roles: ["writer"] }] };

  const id = await acceptBatch(acceptance, [request("team-0", writer), request("team-1")]);
  await acceptance.run();

  expect(ended(id).items).toMatchObject([
    { kind: "change", outcome: "changed", status: "Succeeded" },
    { kind: "onboard", outcome: "unchanged" },
  ]);
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

/** Every call takes a random time, so that concurrent calls interleave. */
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

it("has one lane run what two have taken, because the end of earlier lanes was delivered late", async () => {
  const { ports, ...acceptance } = acceptanceContextOf();
  const id = await acceptBatch({ ports, ...acceptance }, requests(2));
  const { registry } = ports;
  const second: Awaited<ReturnType<typeof takeItem>>[] = [];
  const insertNamespace: typeof registry.insertNamespace = async (record) => {
    if (second.length === 0) {
      await concludeBatch(ports, id);
      second.push(await takeItem(ports, { batch: id, lane: "second", done: undefined }));
    }
    return await registry.insertNamespace(record);
  };

  const first = await takeItem(
    { ...ports, registry: { ...registry, insertNamespace } },
    { batch: id, lane: "first", done: undefined },
  );

  expect(second).toMatchObject([{ index: 0, record: { namespace: "team-0" } }]);
  expect(first).toMatchObject({ index: 1, record: { namespace: "team-1" } });
  // The same lane gets it again when its answer was lost.
  expect(await takeItem(ports, { batch: id, lane: "second", done: undefined })).toMatchObject(second[0] ?? {});
});

it("leaves a claimed item to the timer although its record changes meanwhile", async () => {
  const { ports, ...acceptance } = acceptanceContextOf();
  const id = await acceptBatch({ ports, ...acceptance }, requests(1));
  const { record } = await takeItem(ports, { batch: id, lane: "lane", done: undefined });
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
  const take = (own: Ports) => takeItem(own, { batch: id, lane: "lane", done: undefined });
  let isFirst = true;
  const getNamespace: typeof registry.getNamespace = async (berth) => {
    const asked = isFirst;
    isFirst = false;
    if (asked) {
      const { record } = await take(ports);
      if (!record) throw new Error("the first attempt has not claimed");
      // Its operation has ended since, and another one holds the namespace.
      await registry.updateOperation(record.operation, { status: "Succeeded" });
      await registry.updateBatchItems(id, [{ index: 0, changes: { status: "Succeeded", outcome: "onboarded" } }]);
      const held = await registry.getNamespace(berth);
      if (held) await registry.replaceNamespace({ ...held, operation: "another", requestHash: "another" });
    }
    return await registry.getNamespace(berth);
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

  await takeItem(
    { ...ports, registry: { ...registry, insertOperation } },
    { batch: id, lane: "lane", done: undefined },
  );

  expect(ended(id).items).toMatchObject([{ status: "Succeeded", outcome: "onboarded" }]);
});

/** A batch of one request, given up at the moment that `when` says in the middle of the lane's claim. */
async function giveUpDuringClaim(when: "claim is noted" | "items were read") {
  const acceptance = acceptanceContextOf();
  const id = await acceptBatch(acceptance, requests(1));
  const { registry } = acceptance.ports;
  const giveUp = async (ports: Ports) => {
    const batch = await registry.getBatch(id);
    if (batch) await registry.amendBatch(batch, { status: "Running", givenUp: "It was terminated." });
    await concludeBatch(ports, id);
  };
  const take = (ports: Ports) => takeItem(ports, { batch: id, lane: "lane", done: undefined });
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

it("does not let a lane wait for approvals", async () => {
  const approval = { ...plain.approval, databases: ["sql-dev/orders"] };
  const acceptance = acceptanceContextOf(requester, { approval, batch: { lanes: 1 } });
  const orders = { databases: [{ server: "sql-dev", database: "orders", roles: ["reader"] }] };
  const id = await acceptBatch(acceptance, [request("team-0", orders), request("team-1"), request("team-2")]);
  const seen: string[] = [];

  await acceptance.run({
    async runChild({ name, instanceId }, run) {
      if (name === "onboardNamespace") seen.push(cloud.operations.get(instanceId ?? "")?.namespace ?? "");
      return await run();
    },
    async atRest() {
      const [waiting] = ended(id).items;
      expect(ended(id).items.map(({ status }) => status)).toEqual(["Running", "Succeeded", "Succeeded"]);
      expect(ended(id).items.map(({ needsApproval }) => needsApproval)).toEqual([true, undefined, undefined]);
      // Somebody decides against it; the timer finds that it has ended.
      await cancelOperation(acceptance.ports.registry, waiting?.operation ?? "", { by: requester });
      await tendBatch(acceptance, id);
    },
  });

  expect(seen).toEqual(["team-1", "team-2"]);
  expect(ended(id).batch).toMatchObject({ status: "Failed", result: { succeeded: 2, canceled: 1 } });
});

it("waits for another's operation with the same request", async () => {
  const acceptance = acceptanceContextOf();
  const before = await acceptOnboarding(acceptance, request("team-0"));
  const id = await acceptBatch(acceptance, requests(2));
  const other = acceptance.take();

  await acceptance.run({
    async atRest() {
      await runOrchestration(other.name, other.input);
      await tendBatch(acceptance, id);
    },
  });

  const { batch, items } = ended(id);
  expect(batch.status).toBe("Succeeded");
  expect(items[0]).toMatchObject({ operation: before.operation, outcome: "onboarded" });
  expect(items[0]?.claim).not.toBe(before.operation);
  expect(ownOperations(id)).toHaveLength(1);
});

it("does not claim again for an operation that has run meanwhile", async () => {
  const approval = { ...plain.approval, databases: ["sql-dev/orders"] };
  const acceptance = acceptanceContextOf(requester, { approval, batch: { lanes: 1 } });
  const orders = { databases: [{ server: "sql-dev", database: "orders", roles: ["reader"] }] };
  const id = await acceptBatch(acceptance, [request("team-0", orders)]);
  const claims: string[] = [];
  const registry = {
    ...acceptance.ports.registry,
    async insertNamespace(record: Parameters<Ports["registry"]["insertNamespace"]>[0]) {
      claims.push(record.operation);
      return acceptance.ports.registry.insertNamespace(record);
    },
    async amendBatchItem(...asked: Parameters<Ports["registry"]["amendBatchItem"]>) {
      if (claims.length > 0) throw new TransientError("REGISTRY_UNAVAILABLE", "no answer");
      return await acceptance.ports.registry.amendBatchItem(...asked);
    },
  };

  await acceptance.run({
    async execute(name, run) {
      if (name !== "takeBatchItem" || claims.length > 0) return await run();
      providePorts({ ...acceptance.ports, registry });
      await expect(run()).rejects.toThrow();
      providePorts(acceptance.ports);
      // The timer starts what waits for people, who decide quickly, and against it.
      await cancelOperation(acceptance.ports.registry, claims[0] ?? "", { by: requester });
      for (const record of await acceptance.ports.registry.heldNamespaces()) await startBy(acceptance, record);
      throw new Error("[REGISTRY_UNAVAILABLE] no answer");
    },
  });

  expect(claims).toHaveLength(1);
  expect(ended(id).items).toMatchObject([{ status: "Canceled", operation: claims[0] }]);
  expect(cloud.namespaces.size).toBe(0);
});

it("begins nothing that a lane of a canceled batch had claimed but not started", async () => {
  const acceptance = acceptanceContextOf();
  const id = await acceptBatch(acceptance, requests(1));
  let claimed: string | undefined;

  await acceptance.run({
    async execute(name, run) {
      if (name !== "takeBatchItem" || claimed !== undefined) return await run();
      await run();
      const held = await acceptance.ports.registry.heldNamespaces();
      claimed = held[0]?.operation;
      await cancelBatch(acceptance.ports, id, { by: requester });
      for (const record of held) await startBy(acceptance, record);
      throw new Error("[REGISTRY_UNAVAILABLE] no answer");
    },
  });

  expect(cloud.operations.get(claimed ?? "")?.status).toBe("Canceled");
  expect(cloud.identities.size).toBe(0);
  expect(cloud.namespaces.size).toBe(0);
});

async function startBy(
  acceptance: TestAcceptanceContext,
  record: Parameters<typeof recoverOperation>[1],
): Promise<void> {
  const runs: Promise<Run>[] = [];
  const client: Partial<DurableClient> = {
    async getStatus() {
      throw new Error("HTTP 404");
    },
    async startNew(name, options) {
      runs.push(runOrchestration(name, options?.input));
      return options?.instanceId ?? "";
    },
  };
  await recoverOperation({ ports: acceptance.ports, client: client as DurableClient, warn: () => undefined }, record);
  await Promise.all(runs);
}

it("does not claim again what an earlier attempt left to another's operation, which has failed meanwhile", async () => {
  const acceptance = acceptanceContextOf();
  const before = await acceptOnboarding(acceptance, request("team-0"));
  const other = acceptance.take();
  const id = await acceptBatch(acceptance, requests(1));
  let tries = 0;

  await acceptance.run({
    async execute(name, run) {
      const answer = await run();
      if (name !== "takeBatchItem" || tries > 0) return answer;
      tries += 1;
      cloud.onWrite = () => {
        throw new PermanentError("ARM_FORBIDDEN", "no");
      };
      await runOrchestration(other.name, other.input);
      cloud.onWrite = () => undefined;
      throw new Error("[REGISTRY_UNAVAILABLE] the answer got lost");
    },
    atRest: () => tendBatch(acceptance, id),
  });

  const { batch, items } = ended(id);
  expect(items).toMatchObject([{ status: "Failed", operation: before.operation, error: { code: "ARM_FORBIDDEN" } }]);
  expect(batch.status).toBe("Failed");
  expect(ownOperations(id)).toEqual([]);
  expect(cloud.namespaces.size).toBe(0);
});

it("cancels what runs, never begins the rest, and leaves what is done", async () => {
  const acceptance = acceptanceContextOf(requester, { batch: { lanes: 2 } });
  const id = await acceptBatch(acceptance, requests(8));
  let children = 0;

  await acceptance.run({
    ...allTogether,
    async execute(name, run) {
      if (name === "preflight") {
        children += 1;
        if (children === 5) {
          await cancelBatch(acceptance.ports, id, { by: requester, comment: "wrong list" });
          await passOn(acceptance.ports, acceptance.client, ended(id).batch, { warn: acceptance.warn });
        }
      }
      return await run();
    },
  });

  const { batch, items } = ended(id);
  const statuses = items.map(({ status }) => status);
  expect(statuses.slice(0, 3)).toEqual(Array(3).fill("Succeeded"));
  expect(statuses.slice(6)).toEqual(["Canceled", "Canceled"]);
  expect(items.slice(6).every(({ operation }) => operation === undefined)).toBe(true);
  const canceled = statuses.filter((status) => status === "Canceled").length;
  expect(batch).toMatchObject({ status: "Canceled", error: { code: "OPERATION_CANCELED" }, result: { canceled } });
  expect(batch.error?.message).toContain("wrong list");
  const succeeded = statuses.filter((status) => status === "Succeeded").length;
  expect(succeeded + canceled).toBe(8);
  expect(cloud.identities.size).toBe(succeeded);
  expect(cloud.namespaces.size).toBe(succeeded);
});

it("begins nothing when it is canceled before it begins", async () => {
  const acceptance = acceptanceContextOf();
  const id = await acceptBatch(acceptance, requests(3));
  await cancelBatch(acceptance.ports, id, { by: requester });

  await acceptance.run();

  expect(ended(id)).toMatchObject({
    batch: { status: "Canceled", result: { canceled: 3 } },
    items: Array(3).fill({ status: "Canceled", error: { code: "OPERATION_CANCELED" } }),
  });
  expect(cloud.operations.size).toBe(0);
});

it("cancels what a lane had claimed, even if the lane never recorded that", async () => {
  const acceptance = acceptanceContextOf(requester, { batch: { lanes: 1 } });
  const id = await acceptBatch(acceptance, requests(2));
  let claims = 0;

  await acceptance.run({
    async execute(name, run) {
      if (name !== "takeBatchItem" || claims > 0) return await run();
      // The process dies after it has claimed the namespace; before another attempt, somebody cancels.
      const registry = {
        ...acceptance.ports.registry,
        async insertNamespace(record: Parameters<Ports["registry"]["insertNamespace"]>[0]) {
          claims += 1;
          await acceptance.ports.registry.insertNamespace(record);
          throw new TransientError("REGISTRY_UNAVAILABLE", "the process died");
        },
      };
      providePorts({ ...acceptance.ports, registry });
      await expect(run()).rejects.toThrow();
      providePorts(acceptance.ports);
      await cancelBatch(acceptance.ports, id, { by: requester });
      await passOn(acceptance.ports, acceptance.client, ended(id).batch, { warn: acceptance.warn });
      throw new Error("[REGISTRY_UNAVAILABLE] the process died");
    },
    atRest: () => tendBatch(acceptance, id),
  });

  const { batch, items } = ended(id);
  const [first, second] = items;
  expect(claims).toBe(1);
  expect(batch).toMatchObject({ status: "Canceled", result: { canceled: 2 } });
  expect(first).toMatchObject({ status: "Canceled", operation: first?.claim });
  expect(second).not.toHaveProperty("operation");
  expect([...cloud.operations.values()].map(({ status }) => status)).toEqual(["Canceled"]);
  expect(cloud.namespaces.size + cloud.identities.size).toBe(0);
});

it("stops following another's operation once it is canceled", async () => {
  const acceptance = acceptanceContextOf();
  const before = await acceptOnboarding(acceptance, request("team-0"));
  const id = await acceptBatch(acceptance, requests(1));
  const other = acceptance.take();

  await acceptance.run({
    async atRest() {
      await cancelBatch(acceptance.ports, id, { by: requester });
      acceptance.raise("settled");
    },
  });
  await runOrchestration(other.name, other.input);

  expect(ended(id).batch.status).toBe("Canceled");
  expect(cloud.operations.get(before.operation)?.status).toBe("Succeeded");
});

it("checks policy again when an item begins", async () => {
  const teams = { teams: withTeams.teams, auth: withTeams.auth };
  const acceptance = acceptanceContextOf(member("red"), teams);
  const id = await acceptBatch(acceptance, [request("red-1")]);
  // The team has lost the right meanwhile.
  acceptanceContextOf(member("red"), { ...teams, teams: {} });

  await acceptance.run();

  expect(ended(id).items).toMatchObject([{ status: "Failed", error: { code: "NOT_ALLOWED" } }]);
  expect(cloud.namespaces.size).toBe(0);
});

it("refuses an item at its turn by the fields of the form in which it was sent", async () => {
  const red = withTeams.teams["red"];
  const teams = { teams: withTeams.teams, auth: withTeams.auth };
  const acceptance = acceptanceContextOf(member("red"), teams);
  const id = await acceptBatch(acceptance, [request("red-1"), request("red-2"), request("red-3")], undefined, {
    sentAs: [{}, { namespaceField: "/metadata/name" }, { namespaceField: "/metadata/namespace" }],
  });
  acceptanceContextOf(member("red"), {
    ...teams,
    teams: { red: { ...red, namespaces: ["other"], approval: [] } },
  } as never);

  await acceptance.run();

  const messages = ended(id).items.map(({ error }) => error?.message ?? "");
  expect(messages[0]).toMatch(/ \/namespace is not /);
  expect(messages[1]).toMatch(/ \/metadata\/name is not /);
  expect(messages[2]).toMatch(/ \/metadata\/namespace is not /);
});

it("counts every namespace of a batch against its team's quota", async () => {
  const acceptance = acceptanceContextOf(member("red"), { teams: withTeams.teams, auth: withTeams.auth });
  const id = await acceptBatch(
    acceptance,
    Array.from({ length: 5 }, (_, index) => request(`shared-${index}`)),
  );

  await acceptance.run(allTogether);

  const codes = ended(id).items.map(({ error }) => error?.code);
  expect(codes.filter((code) => code === "QUOTA_EXCEEDED")).toHaveLength(2);
  expect(cloud.namespaces.size).toBe(3);
});

it("takes no longer per turn the more items are done", async () => {
  const longest = async (count: number) => {
    cloud = createFakeCloud();
    const acceptance = acceptanceContextOf(operator);
    const id = await acceptBatch(acceptance, requests(count));
    const generations: Run[] = [];
    await acceptance.run({ ...allTogether, onGeneration: (run) => generations.push(run) });
    expect(ended(id).batch.status).toBe("Succeeded");
    const own = generations.filter(({ history }) => /[bB]atch/.test(JSON.stringify(history[1]?.["Name"])));
    return {
      events: Math.max(...own.flatMap(({ turnLog }) => turnLog.map(({ events }) => events))),
      actions: own.reduce((sum, { actions }) => sum + actions.length, 0),
    };
  };

  const [small, large] = [await longest(8), await longest(40)];

  expect(large.events).toBe(small.events);
  // One take, one run and one new generation for each item.
  expect(large.actions - small.actions).toBe(32 * 3);
});

function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x80000000;
  };
}
