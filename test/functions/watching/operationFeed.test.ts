/** The feed of all operations, with more of them than one page has. */
import type { DurableClient } from "durable-functions";
import { beforeEach, expect, it } from "vitest";
import type { OperationRecord, Stored } from "../../../src/domain/operation/records.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import type { ServerEvent } from "../../../src/functions/watching/eventStream.ts";
import { followAll } from "../../../src/functions/watching/operationFeed.ts";
import type { Ports } from "../../../src/ports.ts";
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

/** The next operation, later than those before it. */
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

function follow(lastEventId: string | null = null) {
  return followAll(ports, client as DurableClient, { isVisible: () => true, lastEventId });
}

function step(operation: string, name: string): void {
  clock += 1_000;
  const record = { name, target: "t", status: "Running", attempts: 1, startTime: time(), changedTime: time() } as const;
  cloud.steps.set(`${operation} ${name} t`, record);
}

const said = (events: readonly ServerEvent[], id: string) =>
  events.filter(({ data }) => JSON.stringify(data).includes(`"${id}"`)).map(({ event }) => event);

it("tells of an operation that runs and is older than the newest hundred", async () => {
  const old = put(1, { status: "Running" });
  for (let number = 2; number <= 150; number += 1) put(number);
  const look = follow();
  expect(said(await look(), old.id)).toEqual(["operation"]);

  step(old.id, "ensureIdentity");
  expect(said(await look(), old.id)).toEqual(["step"]);

  clock += 1_000;
  cloud.operations.set(old.id, { ...old, status: "Succeeded", changedTime: time() });
  cloud.namespaces.clear();
  // Its step was not told to have ended; with the operation it has.
  expect(said(await look(), old.id)).toEqual(["step", "operation"]);
  expect(said(await look(), old.id)).toEqual([]);
});

it("goes on with an operation that others push out of the newest hundred while it runs", async () => {
  const look = follow();
  const running = put(1, { status: "Running" });
  expect(said(await look(), running.id)).toEqual(["operation"]);
  for (let number = 2; number <= 250; number += 1) put(number);

  const events = await look();
  expect(new Set(events.map(({ data }) => Reflect.get(Object(data), "id"))).size).toBe(249);

  step(running.id, "ensureIdentity");
  expect(said(await look(), running.id)).toEqual(["step"]);
});

it("tells a client that comes back what ended while it was away, however old it is", async () => {
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

it("gives no id that passes what it has not sent yet: who comes back with any of them misses nothing", async () => {
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

it("tells a client that comes back of every phase that changed meanwhile", async () => {
  const phases: Record<string, string> = { "op-00001": "provisioning", "op-00002": "preflight" };
  const getStatus = async (id: string) => ({ instanceId: id, customStatus: { phase: phases[id] } });
  const feed = (lastEventId: string | null) =>
    followAll(ports, { getStatus } as object as DurableClient, { isVisible: () => true, lastEventId });
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
