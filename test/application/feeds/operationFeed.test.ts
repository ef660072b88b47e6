/** The feed of all operations, with more of them than one page has. */
import type { DurableClient } from "durable-functions";
import { beforeEach, expect, it } from "vitest";
import { createFeedOfAll } from "../../../src/application/feeds/feedOfAll.ts";
import type { ServerEvent } from "../../../src/application/feeds/subscription.ts";
import { TransientError } from "../../../src/domain/errors.ts";
import type { AnyOperation, OperationRecord, Stored } from "../../../src/domain/operation/records.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import type { Ports } from "../../../src/ports/index.ts";
import { createFakeCloud, type FakeCloud } from "../../support/fakeCloud.ts";

let cloud: FakeCloud;
let ports: Ports;
let clock: number;
let reads: number;

const client: Partial<DurableClient> = {
  getStatus: async () => {
    throw new Error("HTTP 404");
  },
};

beforeEach(() => {
  cloud = createFakeCloud();
  // After the moment at which a feed without a cursor begins.
  clock = Date.now() + 3_600_000;
  reads = 0;
  const { registry } = cloud.ports;
  const all = () => [...cloud.operations.values()].toSorted((a, b) => b.id.localeCompare(a.id));
  ports = {
    ...cloud.ports,
    registry: {
      ...registry,
      async listOperations({ limit, continuation, changedSince = "", teams }) {
        reads += 1;
        const from = Number(continuation ?? 0);
        const fitting = all().filter(
          (each) =>
            (each.changedTime ?? "") >= changedSince &&
            (!teams || (each.team !== undefined && teams.includes(each.team))),
        );
        const value = fitting.slice(from, from + limit);
        return { value, ...(from + limit < fitting.length ? { continuation: `${from + limit}` } : {}) };
      },
    },
  };
});

const time = () => `${new Date(clock).toISOString().replace("Z", "")}0000Z`;

/** Adds the next operation, later than those before it. */
function put(number: number, changes: Partial<OperationRecord> = {}): Stored<OperationRecord> {
  clock += 1_000;
  const id = `op-${String(number).padStart(5, "0")}`;
  const namespace = `n-${number}`;
  const request = OnboardingRequest.parse({
    cluster: "aks-dev",
    namespace,
    databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
  });
  const record: Stored<OperationRecord> = {
    id,
    kind: "onboard",
    cluster: "aks-dev",
    namespace,
    status: "Succeeded",
    requestedBy: "somebody",
    createdTime: new Date(clock).toISOString(),
    request,
    changedTime: time(),
    etag: `${clock}`,
    ...changes,
  };
  cloud.operations.set(id, record);
  if (record.status === "Running") {
    const held = { cluster: "aks-dev", namespace, operation: id, request, requestHash: "", requestedBy: "somebody" };
    const acceptedTime = record.createdTime;
    cloud.namespaces.set(`aks-dev/${namespace}`, { ...held, acceptedTime, state: "Onboarding", etag: "1" });
  }
  return record;
}

/** The feed of a process; its loop looks once per call. */
function startFeed(runtime: Partial<DurableClient> = client) {
  let goOn: (() => void) | undefined;
  let standStill = () => {};
  const changes = {
    wait: () =>
      new Promise<void>((resolve) => {
        goOn = resolve;
        standStill();
      }),
  };
  const join = createFeedOfAll({ ...ports, changes }, { pace: { pollMs: 0, gatherMs: 0 } });
  return {
    join: (lastEventId: string | null = null, isVisible: (operation: AnyOperation) => boolean = () => true) =>
      join({ isVisible, lastEventId }, { client: runtime as DurableClient, warn: () => {} }),
    async look(): Promise<void> {
      const stands = new Promise<void>((resolve) => {
        standStill = resolve;
      });
      goOn?.();
      await stands;
    },
  };
}

/** A client of a process that has had no client before. */
function follow(lastEventId: string | null = null, runtime?: Partial<DurableClient>) {
  const feed = startFeed(runtime);
  const subscription = feed.join(lastEventId);
  return async () => {
    await feed.look();
    return await subscription.poll();
  };
}

function step(operation: string, name: string): void {
  clock += 1_000;
  const record = { name, target: "t", status: "Running", attempts: 1, startTime: time(), changedTime: time() } as const;
  cloud.steps.set(`${operation} ${name} t`, record);
}

const said = (events: readonly ServerEvent[], id: string) =>
  events.filter(({ data }) => JSON.stringify(data).includes(`"${id}"`)).map(({ event }) => event);

it("includes a running operation that is older than the newest hundred", async () => {
  const old = put(1, { status: "Running" });
  for (let number = 2; number <= 150; number += 1) put(number);
  const look = follow();
  expect(said(await look(), old.id)).toEqual(["operation"]);

  step(old.id, "ensureIdentity");
  expect(said(await look(), old.id)).toEqual(["step"]);

  clock += 1_000;
  cloud.operations.set(old.id, { ...old, status: "Succeeded", changedTime: time() });
  cloud.namespaces.clear();
  // The end of its step was not sent yet; it is sent with the operation's.
  expect(said(await look(), old.id)).toEqual(["step", "operation"]);
  expect(said(await look(), old.id)).toEqual([]);
});

it("keeps following a running operation that others push out of the newest hundred", async () => {
  const look = follow();
  const running = put(1, { status: "Running" });
  expect(said(await look(), running.id)).toEqual(["operation"]);
  for (let number = 2; number <= 250; number += 1) put(number);

  const events = await look();
  expect(new Set(events.map(({ data }) => Reflect.get(Object(data), "id"))).size).toBe(249);

  step(running.id, "ensureIdentity");
  expect(said(await look(), running.id)).toEqual(["step"]);
});

it("sends a returning client what ended while it was away, however old it is", async () => {
  const old = put(1, { status: "Running" });
  for (let number = 2; number <= 150; number += 1) put(number);
  const [last] = (await follow()()).slice(-1);
  clock += 1_000;
  cloud.operations.set(old.id, { ...old, status: "Failed", changedTime: time() });
  cloud.namespaces.clear();

  const events = await follow(last?.id ?? "")();

  expect(said(events, old.id)).toEqual(["operation"]);
});

it("reads one page of a quiet list, however long it is", async () => {
  for (let number = 1; number <= 500; number += 1) put(number);
  const look = follow();
  await look();
  reads = 0;

  await look();

  expect(reads).toBe(1);
});

it("gives no id beyond what it has not sent yet: a client that returns with any id misses nothing", async () => {
  for (const number of [1, 2, 3]) put(number, { status: "Running" });
  // The newest step first, and the last two at the same moment.
  for (const number of [2, 3, 1]) step(`op-0000${number}`, "applyNamespace");
  clock -= 1_000;
  step("op-00003", "ensureIdentity");
  const all = await follow()();
  const told = (events: readonly ServerEvent[]) => events.map(({ event, data }) => `${event} ${JSON.stringify(data)}`);
  expect(all.filter(({ event }) => event === "step")).toHaveLength(4);

  for (const [index, { id }] of all.entries()) {
    const again = await follow(id)();

    expect(told(all.slice(index + 1)).filter((each) => !told(again).includes(each))).toEqual([]);
  }
  expect((await follow(all.at(-1)?.id ?? "")()).filter(({ event }) => event === "step")).toEqual([]);
});

it("sends a returning client every phase that changed meanwhile", async () => {
  const phases: Record<string, string> = { "op-00001": "provisioning", "op-00002": "preflight" };
  const getStatus = async (id: string) => ({ instanceId: id, customStatus: { phase: phases[id] } });
  const feed = (lastEventId: string | null) => follow(lastEventId, { getStatus } as object);
  put(2, { status: "Running" });
  put(1, { status: "Running" });
  const last = (await feed(null)()).at(-1);
  expect(last?.data).toMatchObject({ id: "op-00001", phase: "provisioning" });
  phases["op-00002"] = "provisioning";

  expect(said(await feed(last?.id ?? "")(), "op-00002")).toEqual(["operation"]);
});

it.each(["2026-99-99T99:99:99Z~~", "----------~~", `${"9".repeat(4)}-12-31T00:00:00.0000000Z~~`, "garbage"])(
  "begins at the start for the Last-Event-ID %s, which it never gave",
  async (lastEventId) => {
    put(1);

    expect(said(await follow(lastEventId)(), "op-00001")).toEqual(["operation"]);
  },
);

it("reads as much for one client as for fifty, and sends each of them everything", async () => {
  for (let number = 1; number <= 20; number += 1) put(number, { status: "Running" });
  const feed = startFeed();
  const clients = Array.from({ length: 50 }, () => feed.join());
  await feed.look();
  for (const each of clients) expect(said(await each.poll(), "op-00007")).toEqual(["operation"]);
  reads = 0;

  step("op-00007", "ensureIdentity");
  await feed.look();

  for (const each of clients) expect(said(await each.poll(), "op-00007")).toEqual(["step"]);
  expect(reads).toBe(1);
});

it("sends a new client what runs, from what it has already read, and then each change once", async () => {
  const old = put(1, { status: "Running" });
  step(old.id, "ensureIdentity");
  const feed = startFeed();
  const first = feed.join();
  await feed.look();
  const known = await first.poll();
  expect(said(known, old.id)).toEqual(["operation", "step"]);
  reads = 0;

  const later = feed.join();
  expect(said(await later.poll(), old.id)).toEqual(["operation", "step"]);
  const back = feed.join(known.at(-1)?.id ?? "");
  expect(said(await back.poll(), old.id)).toEqual(["operation"]);
  // For the returning client: what ended meanwhile.
  expect(reads).toBe(1);

  step(old.id, "applyNamespace");
  await feed.look();
  for (const each of [first, later, back]) expect(said(await each.poll(), old.id)).toEqual(["step"]);

  cloud.operations.set(old.id, { ...old, status: "Succeeded", changedTime: time() });
  cloud.namespaces.clear();
  await feed.look();
  for (const each of [first, later, back]) expect(said(await each.poll(), old.id).at(-1)).toBe("operation");
  await feed.look();
  for (const each of [first, later, back]) expect(await each.poll()).toEqual([]);
});

it("sends once what ended while a client was away, even if the feed has not seen the end yet", async () => {
  const old = put(1, { status: "Running" });
  const feed = startFeed();
  const first = feed.join();
  await feed.look();
  const [last] = (await first.poll()).slice(-1);
  clock += 1_000;
  cloud.operations.set(old.id, { ...old, status: "Succeeded", changedTime: time() });
  cloud.namespaces.clear();

  const back = feed.join(last?.id ?? "");
  const told = [...(await back.poll())];
  await feed.look();
  told.push(...(await back.poll()));

  const ends = told.filter(({ data }) => Reflect.get(Object(data), "status") === "Succeeded");
  expect(said(ends, old.id)).toEqual(["operation"]);
});

it("does not send a returning client an end that it has already received", async () => {
  const old = put(1, { status: "Running" });
  const feed = startFeed();
  const first = feed.join();
  await feed.look();
  await first.poll();
  clock += 1_000;
  cloud.operations.set(old.id, { ...old, status: "Succeeded", changedTime: time() });
  cloud.namespaces.clear();
  await feed.look();
  const seen = (await first.poll()).at(-1)?.id ?? "";
  expect(seen).toContain("done");

  const back = feed.join(seen);
  expect(await back.poll()).toEqual([]);
  await feed.look();
  expect(await back.poll()).toEqual([]);
  expect(await follow(seen)()).toEqual([]);
});

it("shows each client only what its caller may see", async () => {
  const feed = startFeed();
  const of = (team: string) => (operation: AnyOperation) => operation.team === team;
  const [red, blue] = [feed.join(null, of("red")), feed.join(null, of("blue"))];
  put(1, { status: "Running", team: "red" });
  put(2, { status: "Running", team: "blue" });
  step("op-00002", "ensureIdentity");
  await feed.look();

  expect(new Set((await red.poll()).map(({ data }) => Reflect.get(Object(data), "id")))).toEqual(new Set(["op-00001"]));
  expect(said(await blue.poll(), "op-00001")).toEqual([]);
});

it("tells of all others when one operation, or the steps of one, cannot be read", async () => {
  const odd = put(1, { status: "Running" });
  const gone = put(2, { status: "Running" });
  for (let number = 3; number <= 110; number += 1) put(number);
  const sound = put(111, { status: "Running" });
  step(sound.id, "ensureIdentity");
  const { registry } = ports;
  const refuse = async (): Promise<never> => {
    throw new TransientError("RECORD_UNREADABLE", "a strange row");
  };
  ports = {
    ...ports,
    registry: {
      ...registry,
      listSteps: async (id) => (id === odd.id ? await refuse() : await registry.listSteps(id)),
      // Older than the newest hundred, so it is read alone.
      findOperation: async (id) => (id === gone.id ? await refuse() : await registry.findOperation(id)),
    },
  };

  const events = await follow()();

  expect(said(events, sound.id)).toEqual(["operation", "step"]);
  expect(said(events, odd.id)).toEqual(["operation"]);
  expect(said(events, gone.id)).toEqual([]);
});

it("keeps a busy team from delaying another", async () => {
  const quiet = put(1, { status: "Running", team: "quiet" });
  for (let number = 2; number <= 400; number += 1) put(number, { status: "Running", team: "busy" });
  for (let number = 401; number <= 520; number += 1) put(number, { team: "busy" });
  const feed = startFeed();
  const follower = feed.join(null, ({ team }) => team === "quiet");
  await feed.look();
  await follower.poll();

  for (let round = 0; round < 3; round += 1) {
    step(quiet.id, `step-${round}`);
    await feed.look();
    expect(said(await follower.poll(), quiet.id)).toEqual(["step"]);
  }
});

it("buffers a limited number of events for a client that reads nothing, and reports it as behind", async () => {
  const feed = startFeed();
  const [sleeper, reader] = [feed.join(), feed.join()];
  put(1, { status: "Running" });
  await feed.look();
  await sleeper.poll();
  await reader.poll();
  for (let round = 0; round <= 10_000; round += 500) {
    for (let number = 0; number < 500; number += 1) put(10_000 + round + number);
    await feed.look();
    await reader.poll();
  }

  expect([sleeper.isBehind(), reader.isBehind()]).toEqual([true, false]);
});

it("stops looking when the last client has left, and begins anew for the next", async () => {
  const feed = startFeed();
  const client = feed.join();
  await feed.look();
  client.leave();
  const running = put(1, { status: "Running" });
  reads = 0;
  await Promise.race([feed.look(), new Promise((resolve) => setTimeout(resolve, 50))]);
  expect(reads).toBe(0);

  const next = feed.join();
  await feed.look();

  expect(said(await next.poll(), running.id)).toEqual(["operation"]);
});
