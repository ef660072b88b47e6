/** Access that ends: what takes it away, when, and what does not. Two clocks are moved by hand. */
import { beforeEach, expect, it } from "vitest";
import { providePorts } from "../../../src/activities/host.ts";
import { acceptExpired, acceptOnboarding } from "../../../src/application/acceptance/acceptance.ts";
import { decideApproval } from "../../../src/application/decisions/decide.ts";
import { planRequest } from "../../../src/application/dryRun/planRequest.ts";
import { rejectAtEnd } from "../../../src/application/expiry/rejectAtEnd.ts";
import { watchExpiry } from "../../../src/application/expiry/watchExpiry.ts";
import { expiryCaller } from "../../../src/domain/access/caller.ts";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { beginRepair, isOnboarded } from "../../../src/domain/operation/lifecycle.ts";
import { decisionEvent } from "../../../src/domain/operation/wakingEvents.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import type { Ports } from "../../../src/ports/index.ts";
import {
  approver,
  createAcceptanceContext,
  requester,
  type TestAcceptanceContext,
} from "../../support/acceptanceContext.ts";
import { catalog, createFakeCloud, type FakeCloud } from "../../support/fakeCloud.ts";
import { operate } from "../../support/operations.ts";

const minute = 60_000;
const day = 24 * 60 * minute;
const messages = { server: "sql-dev", database: "messages", roles: ["reader"] };
const orders = { ...messages, database: "orders" };

let cloud: FakeCloud;
let mooring: TestAcceptanceContext;
let lines: string[];
/** How far each clock is ahead of the true time at the beginning. */
let machine: number;
let store: number;
let started: number;

beforeEach(() => {
  cloud = createFakeCloud({ approval: Catalog.parse({ ...catalog, approval: { roles: [] } }).approval });
  providePorts(cloud.ports);
  mooring = createAcceptanceContext(cloud, expiryCaller);
  lines = [];
  machine = 0;
  store = 0;
  started = 0;
});

function ask(fields: object): OnboardingRequest {
  return OnboardingRequest.parse({ cluster: "aks-dev", namespace: "team-a", databases: [messages], ...fields });
}

function record() {
  const found = cloud.namespaces.get("aks-dev/team-a");
  if (!found) throw new Error("no record");
  return found;
}

function clocks(ms: number): void {
  machine = ms;
  store = ms;
}

/** One run of the timer. */
async function look(ports: Ports = cloud.ports): Promise<void> {
  const begun = Date.now();
  const registry = { ...ports.registry, time: async () => begun + store };
  await watchExpiry({ ...ports, registry }, log, {
    now: () => begun + machine,
    reject: (waiting, end) => rejectAtEnd({ ports, client: mooring.client, ...log }, waiting, end),
    async revoke(namespaceRef, now) {
      const accepted = await acceptExpired({ ...mooring, ports }, namespaceRef, now);
      if (accepted.isNew) started += 1;
      return accepted;
    },
  });
}

const log = { log: (line: string) => void lines.push(line), warn: (line: string) => void lines.push(line) };

const users = (database: string) => cloud.users.get(`sql-dev/${database}`)?.size;

it("warns before the end, once, and takes everything away after it", async () => {
  await operate(cloud, "onboard", ask({ expiresAfter: "P30D" }));
  cloud.events.length = 0;

  clocks(22 * day);
  await look();
  expect(cloud.events).toEqual([]);

  clocks(24 * day);
  await look();
  await look();
  expect(cloud.events).toMatchObject([
    {
      type: "mooring.namespace.expiry-approaching.v1",
      subject: "aks-dev/team-a",
      data: { expiresTime: record().request.expiresAt },
    },
  ]);
  expect(cloud.events[0]?.data).not.toHaveProperty("targets");

  clocks(30 * day + minute);
  await look();
  expect(started).toBe(0);
  clocks(30 * day + 7 * minute);
  await look();
  expect(record()).toMatchObject({ state: "Offboarding", requestedBy: "mooring-expiry" });
  await mooring.run();

  expect(cloud.namespaces.size).toBe(0);
  expect(users("messages")).toBe(0);
  expect(cloud.audit.map(({ who, what, action }) => `${who} ${what} ${action}`)).toContain(
    "mooring-expiry offboard accepted",
  );
  await look();
  expect(started).toBe(1);
});

it("narrows the namespace to what has not ended, without approval, and keeps the other end", async () => {
  cloud = createFakeCloud({
    approval: Catalog.parse({ ...catalog, approval: { databases: ["sql-dev/messages"] } }).approval,
  });
  providePorts(cloud.ports);
  mooring = createAcceptanceContext(cloud, expiryCaller);
  const own = ask({
    databases: [
      { ...messages, expiresAfter: "P60D" },
      { ...orders, expiresAfter: "P1D" },
    ],
  });
  const open = { ...cloud.ports, catalog: Catalog.parse({ ...catalog, approval: { roles: [] } }) };
  providePorts(open);
  await operate(cloud, "onboard", own);
  providePorts(cloud.ports);
  const { databases } = record().request;
  expect(users("orders")).toBe(1);
  cloud.events.length = 0;

  clocks(1 * day + minute);
  await look();
  expect(cloud.events.map(({ data }) => data)).toMatchObject([{ targets: ["sql-dev/orders"] }]);
  clocks(1 * day + 10 * minute);
  await look();
  const run = await mooring.run();

  expect(run.output, JSON.stringify(run.output)).toMatchObject({ status: "Succeeded" });
  expect(record()).toMatchObject({ state: "Onboarded", request: { databases: [databases[0]] } });
  expect(record()).not.toHaveProperty("expiry");
  expect([users("messages"), users("orders")]).toEqual([1, 0]);
});

it.each([
  ["this machine's clock", { machine: 400 * day, store: 0 }],
  ["the registry's clock", { machine: 0, store: 400 * day }],
])("takes away nothing while only %s says that it has ended", async (_what, wrong) => {
  await operate(cloud, "onboard", ask({ expiresAfter: "P30D" }));
  for (let run = 0; run < 5; run += 1) {
    machine = wrong.machine + run * 10 * minute;
    store = wrong.store + run * 10 * minute;
    await look();
  }

  expect(started).toBe(0);
  expect(record().expiry?.passedTime).toBeUndefined();
});

it("takes away nothing when both clocks are wrong for one run", async () => {
  await operate(cloud, "onboard", ask({ expiresAfter: "P30D" }));
  clocks(400 * day);
  await look();
  expect(record().expiry?.passedTime).toBeDefined();

  clocks(10 * minute);
  await look();
  expect(record().expiry?.passedTime).toBeUndefined();
  clocks(400 * day);
  await look();

  expect(started).toBe(0);
});

it("warns again in time when a wrong clock had it warn too early", async () => {
  await operate(cloud, "onboard", ask({ expiresAfter: "P30D" }));
  cloud.events.length = 0;
  clocks(400 * day);
  await look();
  expect(cloud.events).toHaveLength(1);
  clocks(10 * minute);
  await look();

  clocks(25 * day);
  await look();
  await look();

  expect(cloud.events).toHaveLength(2);
});

it("catches up after runs that were missed: first the warning, then the end", async () => {
  await operate(cloud, "onboard", ask({ expiresAfter: "P30D" }));
  cloud.events.length = 0;
  clocks(50 * day);
  await look();
  expect([cloud.events.length, started]).toEqual([1, 0]);

  clocks(50 * day + 5 * minute);
  await look();

  expect([cloud.events.length, started]).toEqual([1, 1]);
});

it("lets a renewal win that comes before the end is carried out, and begins anew for its end", async () => {
  await operate(cloud, "onboard", ask({ expiresAfter: "P30D" }));
  clocks(31 * day);
  await look();
  const renewed = ask({ expiresAfter: "P90D" });
  clocks(31 * day + 10 * minute);
  // The timer has read the record, and the renewal writes it before the timer does.
  const registry = {
    ...cloud.ports.registry,
    async namespacesEnding(query: { before: string }) {
      const found = await cloud.ports.registry.namespacesEnding(query);
      await operate(cloud, "onboard", renewed);
      return found;
    },
  };
  await look({ ...cloud.ports, registry });

  expect(started).toBe(0);
  expect(record()).toMatchObject({ state: "Onboarded" });
  expect(Date.parse(record().request.expiresAt ?? "") - Date.now()).toBeGreaterThan(89 * day);
  await look();
  expect(started).toBe(0);
  expect(lines.join()).toContain("access that has ended stays for now");
});

it("lets the end win over a renewal that comes after it: the namespace is held", async () => {
  await operate(cloud, "onboard", ask({ expiresAfter: "P30D" }));
  clocks(31 * day);
  await look();
  clocks(31 * day + 10 * minute);
  await look();

  const renewal = acceptOnboarding(createAcceptanceContext(cloud), ask({ expiresAfter: "P90D" }), { isPatient: false });

  await expect(renewal).rejects.toMatchObject({ code: "OPERATION_IN_PROGRESS" });
});

it("starts one operation when two timers run at once", async () => {
  await operate(cloud, "onboard", ask({ expiresAfter: "P30D" }));
  clocks(31 * day);
  await look();
  clocks(31 * day + 10 * minute);

  await Promise.all([look(), look()]);

  expect(started).toBe(1);
});

it("waits for an operation that holds the namespace", async () => {
  await operate(cloud, "onboard", ask({ expiresAfter: "P30D" }));
  clocks(31 * day);
  await look();
  const before = record();
  if (!isOnboarded(before)) throw new Error(before.state);
  const other = { operation: "other", requestedBy: "somebody", acceptedTime: "", traceparent: "", batch: undefined };
  cloud.namespaces.set("aks-dev/team-a", { ...beginRepair(before, other, {}), etag: "held" });
  clocks(31 * day + 10 * minute);
  await look();
  expect(started).toBe(0);

  cloud.namespaces.set("aks-dev/team-a", before);
  await look();
  expect(started).toBe(1);
});

it("tries again what failed, ever more slowly, and shows it", async () => {
  await operate(cloud, "onboard", ask({ expiresAfter: "P30D" }));
  clocks(31 * day);
  await look();
  cloud.onWrite = ({ what }) => {
    if (what.startsWith("change sql-dev")) throw new Error("the database is broken");
  };
  const after = [10, 12, 16, 18, 27];
  const attempts: number[] = [];
  for (const minutes of after) {
    clocks(31 * day + minutes * minute);
    await look();
    if (started > attempts.length) {
      attempts.push(minutes);
      await mooring.run();
      expect(record().state).toBe("Incomplete");
    }
  }

  expect(attempts).toEqual([10, 16, 27]);
  expect(record().expiry?.tried).toMatchObject({ times: 3 });
  cloud.onWrite = () => undefined;
  clocks(31 * day + 60 * minute);
  await look();
  await mooring.run();
  expect(cloud.namespaces.size).toBe(0);
});

it("completes a narrowing that stopped partway", async () => {
  await operate(cloud, "onboard", ask({ databases: [messages, { ...orders, expiresAfter: "P1D" }] }));
  clocks(2 * day);
  await look();
  clocks(2 * day + 10 * minute);
  await look();
  cloud.onWrite = ({ what }) => {
    if (what.startsWith("change sql-dev/orders")) throw new Error("the database is broken");
  };
  await mooring.run();
  expect(record()).toMatchObject({ state: "Incomplete", earlier: { databases: [{}, {}] } });

  cloud.onWrite = () => undefined;
  clocks(2 * day + 20 * minute);
  await look();
  await mooring.run();

  expect(record()).toMatchObject({ state: "Onboarded", request: { databases: [messages] } });
  expect(users("orders")).toBe(0);
});

it("never completes a change that also gives something", async () => {
  await operate(cloud, "onboard", ask({ databases: [{ ...orders, expiresAfter: "P1D" }] }));
  cloud.onWrite = ({ what }) => {
    if (what.startsWith("change sql-dev/orders")) throw new Error("the database is broken");
  };
  const context = createAcceptanceContext(cloud);
  await acceptOnboarding(context, ask({}), { isRemovalConfirmed: true });
  await context.run();
  expect(record().state).toBe("Incomplete");
  cloud.onWrite = () => undefined;
  for (const days of [2, 3, 4]) {
    clocks(days * day);
    await look();
  }

  expect(started).toBe(0);
});

it("answers the same request again with what it has begun, and keeps its end", async () => {
  const asked = ask({ expiresAfter: "P30D" });
  await operate(cloud, "onboard", asked);
  const { expiresAt } = record().request;
  const again = await acceptOnboarding(createAcceptanceContext(cloud), asked);
  const planned = await planRequest({ ports: cloud.ports, by: requester }, asked);
  const shown = await acceptOnboarding(createAcceptanceContext(cloud), record().request);

  expect([again.isUnchanged, shown.isUnchanged, planned.operation === again.operation]).toEqual([true, true, true]);
  expect(record().request.expiresAt).toBe(expiresAt);
});

it("completes an incomplete change when the same request with a duration comes again", async () => {
  await operate(cloud, "onboard", ask({ databases: [messages, orders] }));
  const narrower = ask({ expiresAfter: "P30D" });
  cloud.onWrite = ({ what }) => {
    if (what.startsWith("change sql-dev/orders")) throw new Error("the database is broken");
  };
  const context = createAcceptanceContext(cloud);
  await acceptOnboarding(context, narrower, { isRemovalConfirmed: true });
  await context.run();
  expect(record().state).toBe("Incomplete");
  const { expiresAt } = record().request;
  cloud.onWrite = () => undefined;

  await acceptOnboarding(context, narrower, { isRemovalConfirmed: true });
  await context.run();

  expect(record()).toMatchObject({ state: "Onboarded", request: { expiresAt } });
});

it("renews a change that stopped partway", async () => {
  await operate(cloud, "onboard", ask({ databases: [messages, orders] }));
  cloud.onWrite = ({ what }) => {
    if (what.startsWith("change sql-dev/orders")) throw new Error("the database is broken");
  };
  const context = createAcceptanceContext(cloud);
  await acceptOnboarding(context, ask({ expiresAfter: "P30D" }), { isRemovalConfirmed: true });
  await context.run();
  cloud.onWrite = () => undefined;

  await acceptOnboarding(context, ask({ expiresAfter: "P60D" }), { isRemovalConfirmed: true });
  await context.run();

  expect(record().state).toBe("Onboarded");
  expect(Date.parse(record().request.expiresAt ?? "") - Date.now()).toBeGreaterThan(59 * day);
  expect(users("orders")).toBe(0);
});

it("goes back to the end of before when a renewal is undone", async () => {
  await operate(cloud, "onboard", ask({ expiresAfter: "P30D" }));
  const { expiresAt } = record().request;
  cloud.onWrite = ({ what }) => {
    if (what.startsWith("change sql-dev/orders")) throw new Error("the database is broken");
  };
  await operate(cloud, "onboard", ask({ expiresAfter: "P90D", databases: [messages, orders] }));

  expect(record()).toMatchObject({ state: "Onboarded", request: { expiresAt } });
  const again = await acceptOnboarding(createAcceptanceContext(cloud), ask({ expiresAfter: "P30D" }));
  expect(again.isUnchanged).toBe(true);
});

it.each([
  [{ expiresAt: "2020-01-01T00:00:00Z" }, "EXPIRY_PASSED", "/expiresAt"],
  [{ databases: [{ ...messages, expiresAt: "2020-01-01T00:00:00Z" }] }, "EXPIRY_PASSED", "/databases/0/expiresAt"],
  [
    { targets: [{ target: "uploads", access: ["read"], expiresAt: "2020-01-01T00:00:00Z" }] },
    "EXPIRY_PASSED",
    "/targets/0/expiresAt",
  ],
])("refuses %j before anything is written", async (fields, code, pointer) => {
  const refused = { code, details: { errors: [{ pointer }] } };

  await expect(acceptOnboarding(createAcceptanceContext(cloud), ask(fields))).rejects.toMatchObject(refused);
  await expect(planRequest({ ports: cloud.ports, by: requester }, ask(fields))).rejects.toMatchObject(refused);
  expect([cloud.namespaces.size, cloud.operations.size]).toEqual([0, 0]);
});

it("gives nothing when the end has passed while the request waited for approval", async () => {
  const asked = ask({ expiresAt: new Date(Date.now() + 150).toISOString().replace(/\.\d+Z/, ".999Z") });
  const context = createAcceptanceContext(cloud);
  await acceptOnboarding(context, asked);
  await new Promise((resolve) => setTimeout(resolve, 1_300));
  const run = await context.run();

  expect(run.output).toMatchObject({ status: "Failed", error: { code: "EXPIRY_PASSED" } });
  expect(users("messages")).toBe(0);
});

/** Onboards with an end, and asks for a change that waits for approval; `meanwhile` runs while it waits. */
async function waitAtEnd(
  before: object,
  change: object,
  meanwhile: (operation: string) => Promise<void>,
): Promise<string> {
  await operate(cloud, "onboard", ask(before));
  const { approval } = Catalog.parse({
    ...catalog,
    approval: { databases: ["sql-dev/orders"], timeoutMinutes: 40_000 },
  });
  cloud.ports.catalog.approval = approval;
  providePorts(cloud.ports);
  const asking = createAcceptanceContext(cloud, requester);
  const { operation } = await acceptOnboarding(asking, ask(change));
  mooring = { ...asking, by: expiryCaller };
  cloud.events.length = 0;
  let isFirst = true;
  await asking.run({
    async atRest() {
      if (isFirst) await meanwhile(operation);
      isFirst = false;
    },
  });
  return operation;
}

const waits = { databases: [messages, orders], expiresAfter: "P300D" };

it.each([
  [
    "that would not move the end",
    { databases: [{ ...messages, expiresAfter: "P30D" }, orders], expiresAfter: "P300D" },
  ],
  ["that would move it", waits],
])(
  "takes the access away at its end although a change %s waits for approval, which is told so",
  async (_what, change) => {
    const operation = await waitAtEnd({ expiresAfter: "P30D" }, change, async () => {
      clocks(30 * day + minute);
      await look();
      expect(record()).toMatchObject({ state: "Changing" });
      clocks(30 * day + 2 * minute);
      await look();
      expect(cloud.operations.get(record().operation)?.approval?.decision).toBeUndefined();
      clocks(30 * day + 7 * minute);
      await look();
    });

    const end = record().request.expiresAt ?? "";
    expect(cloud.operations.get(operation)).toMatchObject({
      status: "Failed",
      error: {
        code: "REJECTED",
        message: expect.stringContaining(`Rejected by mooring-expiry: what the namespace had ended at ${end}`),
      },
      approval: { decision: { kind: "rejected", by: "mooring-expiry" } },
    });
    expect(cloud.audit.map(({ who, action }) => `${who} ${action}`)).toContain("mooring-expiry reject");
    expect(record()).toMatchObject({ state: "Onboarded" });
    expect(users("messages")).toBe(1);
    await look();
    expect(record()).toMatchObject({ state: "Offboarding", requestedBy: "mooring-expiry" });
    await mooring.run();
    expect(cloud.namespaces.size).toBe(0);
    expect([users("messages"), users("orders")]).toEqual([0, 0]);
  },
);

it("also warns while a change waits, and rejects nothing before the end", async () => {
  const operation = await waitAtEnd({ expiresAfter: "P30D" }, waits, async () => {
    clocks(24 * day);
    await look();
    await look();
    expect(cloud.events.filter(({ type }) => type.includes("expiry")).map(({ data }) => data)).toMatchObject([
      { expiresTime: expect.any(String) },
    ]);
    await decideApproval(cloud.ports.registry, record().operation, { by: approver, kind: "approved" });
    mooring.client.raiseEvent(record().operation, decisionEvent, {});
  });

  expect(cloud.operations.get(operation)).toMatchObject({ status: "Succeeded" });
  clocks(31 * day);
  await look();
  clocks(31 * day + 7 * minute);
  await look();
  expect(record()).toMatchObject({ state: "Onboarded" });
  expect([users("messages"), users("orders")]).toEqual([1, 1]);
});

it("leaves an approval that came first, and a first request, which has nothing that ends", async () => {
  await waitAtEnd({ expiresAfter: "P30D" }, waits, async () => {
    clocks(30 * day + minute);
    await look();
    await decideApproval(cloud.ports.registry, record().operation, { by: approver, kind: "approved" });
    clocks(30 * day + 7 * minute);
    await look();
    mooring.client.raiseEvent(record().operation, decisionEvent, {});
  });

  expect(record()).toMatchObject({ state: "Onboarded", request: { databases: [{}, { database: "orders" }] } });
  const approvalOf = cloud.operations.get(record().operation)?.approval;
  expect(approvalOf?.decision).toMatchObject({ kind: "approved", by: "approver" });
});

it("takes access away beside a change whose operation cannot be read", async () => {
  await waitAtEnd({ expiresAfter: "P30D" }, waits, async (operation) => {
    const other = ask({ namespace: "team-b", expiresAfter: "P30D" });
    await operate(cloud, "onboard", { ...other, databases: [messages] } as OnboardingRequest);
    const before = structuredClone(cloud.operations.get(operation));
    cloud.spoil("MooringOperations", operation);
    clocks(30 * day + minute);
    await look();
    clocks(30 * day + 7 * minute);
    await look();
    expect(cloud.namespaces.get("aks-dev/team-b")).toMatchObject({ state: "Offboarding" });
    expect(await cloud.ports.registry.countUnreadable()).toBe(1);
    if (before) cloud.operations.set(operation, before);
  });
});
