/** Batches over onboarded namespaces, on the replay engine and the fake cloud: each action, and each outcome of an item. */
import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptOffboarding, acceptOnboarding, acceptUpkeep } from "../../src/application/acceptance/acceptance.ts";
import { acceptBatch, acceptNamespaceBatch, passOn } from "../../src/application/batch/acceptBatch.ts";
import { chooseNamespaces } from "../../src/application/batch/chooseNamespaces.ts";
import { cancelBatch } from "../../src/application/decisions/cancelBatch.ts";
import { planNamespaceBatch } from "../../src/application/dryRun/planNamespaceBatch.ts";
import type { Caller } from "../../src/domain/access/caller.ts";
import type { Catalog } from "../../src/domain/catalog/catalog.ts";
import { TransientError } from "../../src/domain/errors.ts";
import { NamespaceBatchBody } from "../../src/domain/operation/namespaceBatch.ts";
import type { BatchItem, BatchRecord } from "../../src/domain/operation/records.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import type { Ports } from "../../src/ports/index.ts";
import { createAcceptanceContext, requester, type TestAcceptanceContext } from "../support/acceptanceContext.ts";
import { type RunOptions, runOrchestration } from "../support/durableRunner.ts";
import { createFakeCloud, type FakeCloud, catalog as plain } from "../support/fakeCloud.ts";
import { tendBatch } from "../support/reconcileBatch.ts";
import { member, catalog as withTeams } from "../support/teams.ts";

let cloud: FakeCloud;

beforeEach(() => {
  cloud = createFakeCloud();
});

function acceptanceContextOf(by: Caller = requester, changes: Partial<Catalog> = {}): TestAcceptanceContext {
  const ports: Ports = { ...cloud.ports, catalog: { ...plain, batch: { lanes: 2 }, ...changes } };
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

async function onboard(acceptance: TestAcceptanceContext, namespace: string, changes: object = {}): Promise<string> {
  const { operation } = await acceptOnboarding(acceptance, request(namespace, changes));
  await acceptance.run();
  return operation;
}

function asked(body: object) {
  const { filter, namespaces, all: _every, ...work } = NamespaceBatchBody.parse(body);
  return { work, which: { ...(filter ? { filter } : {}), ...(namespaces ? { namespaces } : {}) } };
}

async function accept(acceptance: TestAcceptanceContext, body: object): Promise<string> {
  const { work, which } = asked(body);
  return await acceptNamespaceBatch(acceptance, {
    work,
    choose: () => chooseNamespaces(acceptance.ports, acceptance.by, which, work),
  });
}

async function plan(acceptance: TestAcceptanceContext, body: object) {
  const { work, which } = asked(body);
  return await planNamespaceBatch(
    acceptance,
    work,
    await chooseNamespaces(acceptance.ports, acceptance.by, which, work),
  );
}

function ended(id: string): { batch: BatchRecord; items: readonly BatchItem[] } {
  const batch = cloud.batches.get(id);
  if (!batch) throw new Error(`no batch ${id}`);
  return { batch, items: cloud.itemsOf(id) };
}

const allTogether: RunOptions = { together: (open) => open };
const namespaceRef = (namespace: string) => ({ cluster: "aks-dev", namespace });
const tell = ({ namespace, status, outcome, error }: BatchItem) => `${namespace} ${status} ${outcome ?? error?.code}`;

/** Removes the namespace's user from its role. */
function breakAccess(namespace: string): void {
  const users = cloud.users.get("sql-dev/messages");
  for (const [name, user] of users ?? []) if (name.includes(namespace)) users?.set(name, { ...user, roles: [] });
}

it("verifies what matches the filter, keeps the findings, and fails where access is broken", async () => {
  const acceptance = acceptanceContextOf();
  for (const namespace of ["team-0", "team-1", "team-2"]) await onboard(acceptance, namespace);
  breakAccess("team-1");

  const id = await accept(acceptance, { action: "verify", filter: { cluster: "aks-dev", findings: "none" } });
  await acceptance.run(allTogether);

  const { batch, items } = ended(id);
  expect(items.map(tell)).toEqual([
    "team-0 Succeeded verified",
    "team-1 Failed VERIFICATION_FAILED",
    "team-2 Succeeded verified",
  ]);
  expect(items[1]).toMatchObject({
    severity: "Error",
    findings: 1,
    error: { fix: "POST /api/namespaces/{cluster}/{namespace}/repair fixes it." },
  });
  expect(items[0]).toMatchObject({ findings: 0 });
  expect(items.every(({ startTime, endTime }) => startTime && endTime)).toBe(true);
  expect(cloud.namespaces.get("aks-dev/team-1")).toMatchObject({
    state: "Onboarded",
    findings: [{ code: "GRANT_MISSING" }],
  });
  expect(batch).toMatchObject({
    status: "Failed",
    work: { action: "verify" },
    result: { requests: 3, succeeded: 2, failed: 1 },
    error: { code: "BATCH_INCOMPLETE" },
  });
  expect(cloud.openBatches.size).toBe(0);
  const told = cloud.events.filter(({ type }) => type === "mooring.batch.status-changed.v1");
  expect(told.map(({ data }) => data)).toMatchObject([
    { action: "verify", status: "Running" },
    { action: "verify", status: "Failed" },
  ]);
});

it("leaves what an operation holds out of a verification by filter, and refuses one that leaves nothing", async () => {
  const acceptance = acceptanceContextOf();
  await acceptOnboarding(acceptance, request("held"));
  const all = { action: "verify", all: true };

  await expect(accept(acceptance, all)).rejects.toThrow("Operations hold all that would be verified");
  await acceptance.run();
  await acceptOnboarding(acceptance, request("begun"));
  acceptance.take();
  const id = await accept(acceptance, all);
  await acceptance.run();

  expect(ended(id).items.map(tell)).toEqual(["held Succeeded verified"]);
});

it("repairs the namespaces with findings in the last look, each by its own operation", async () => {
  const acceptance = acceptanceContextOf();
  for (const namespace of ["team-0", "team-1"]) await onboard(acceptance, namespace);
  breakAccess("team-1");
  await accept(acceptance, { action: "verify", all: true });
  await acceptance.run();

  const id = await accept(acceptance, { action: "repair", filter: { findings: "Error" } });
  await acceptance.run();

  const { batch, items } = ended(id);
  expect(items.map(tell)).toEqual(["team-1 Succeeded repaired"]);
  expect(batch).toMatchObject({ status: "Succeeded" });
  expect(cloud.operations.get(items[0]?.operation ?? "")).toMatchObject({ kind: "repair", batch: id });
  expect(cloud.namespaces.get("aks-dev/team-1")).toMatchObject({ state: "Onboarded", findings: [] });
});

it("migrates those that are not there yet, and reports the others as unchanged", async () => {
  const acceptance = acceptanceContextOf();
  await onboard(acceptance, "team-0", { identityMode: "podIdentity" });
  await onboard(acceptance, "team-1");
  const body = { action: "migrate", filter: {}, until: "sideBySide" };

  const planned = await plan(acceptance, body);
  const id = await accept(acceptance, body);
  await acceptance.run();

  const { items } = ended(id);
  expect(items.map(tell)).toEqual(["team-0 Succeeded migrated", "team-1 Succeeded unchanged"]);
  expect(planned.items.map(({ status, plan: each }) => [status, (each?.steps.length ?? 0) > 0])).toEqual([
    ["ready", true],
    ["ready", false],
  ]);
  expect(cloud.namespaces.get("aks-dev/team-0")).toMatchObject({
    state: "Onboarded",
    migration: { completed: "sideBySide" },
  });

  const back = await accept(acceptance, {
    action: "migrate",
    to: "podIdentity",
    filter: { identityMode: "podIdentity" },
  });
  await acceptance.run();
  expect(ended(back).items.map(tell)).toEqual(["team-0 Succeeded migrated"]);
  expect(cloud.namespaces.get("aks-dev/team-0")).not.toHaveProperty("migration");
});

it("offboards what was named, and nothing else", async () => {
  const acceptance = acceptanceContextOf();
  for (const namespace of ["team-0", "team-1", "team-2"]) await onboard(acceptance, namespace);

  const id = await accept(acceptance, {
    action: "offboard",
    namespaces: [namespaceRef("team-2"), namespaceRef("team-0"), namespaceRef("team-9")],
  });
  await acceptance.run(allTogether);

  expect(ended(id).items.map(tell)).toEqual([
    "team-2 Succeeded offboarded",
    "team-0 Succeeded offboarded",
    "team-9 Failed NOT_ONBOARDED",
  ]);
  expect([...cloud.namespaces.keys()]).toEqual(["aks-dev/team-1"]);
});

it("skips what is held, changed, onboarded anew or gone since, and continues with the rest", async () => {
  const acceptance = acceptanceContextOf();
  const writer = { databases: [{ server: "sql-dev", database: "messages", roles: ["writer"] }] };
  for (const namespace of ["held", "changed", "anew", "gone", "approval", "plain"]) {
    if (namespace !== "approval") await onboard(acceptance, namespace);
  }
  await acceptOnboarding(acceptance, request("approval"));
  const waiting = cloud.namespaces.get("aks-dev/approval");
  const operation = cloud.operations.get(waiting?.operation ?? "");
  if (!operation) throw new Error("nothing waits");
  const approval = {
    reasons: ["because"],
    approvers: [],
    requestHash: "x",
    requestedTime: "2026-11-24T00:00:00.000Z",
    expiresTime: "2026-11-24T00:00:00.000Z",
    reminders: 0,
  };
  await cloud.ports.registry.amendOperation(operation, { approval });
  acceptance.take();

  const id = await accept(acceptance, { action: "offboard", filter: { cluster: "aks-dev" } });
  const batch = acceptance.take();
  const named = [...cloud.namespaces.values()].map(({ cluster, namespace }) => ({ cluster, namespace }));
  await onboard(acceptance, "changed", writer);
  for (const namespace of ["anew", "gone"]) {
    await acceptOffboarding(acceptance, namespaceRef(namespace));
    await acceptance.run();
  }
  await onboard(acceptance, "anew", writer);
  await acceptUpkeep(acceptance, "Repairing", { namespaceRef: namespaceRef("held"), prepare: () => ({}) });
  acceptance.take();
  const planned = await plan(acceptance, { action: "offboard", namespaces: named });
  await runOrchestration(batch.name, batch.input);

  const { items } = ended(id);
  expect(items.map(tell).toSorted()).toEqual([
    "anew Failed NAMESPACE_CHANGED",
    "approval Failed OPERATION_IN_PROGRESS",
    "changed Failed NAMESPACE_CHANGED",
    "gone Failed NOT_ONBOARDED",
    "held Failed OPERATION_IN_PROGRESS",
    "plain Succeeded offboarded",
  ]);
  const message = (namespace: string) => items.find((item) => item.namespace === namespace)?.error?.message;
  expect(message("approval")).toContain("It waits for an approval.");
  expect(message("held")).not.toContain("approval");
  // The plan was made later, so it says what a new batch would find.
  expect(
    planned.items.map(({ namespace, status, error }) => `${namespace} ${error?.code ?? status}`).toSorted(),
  ).toEqual([
    "anew ready",
    "approval OPERATION_IN_PROGRESS",
    "changed ready",
    "gone NOT_ONBOARDED",
    "held OPERATION_IN_PROGRESS",
    "plain ready",
  ]);
});

it("selects and shows only what the caller may see, whatever else matches the filter", async () => {
  const teams = { teams: withTeams.teams, auth: withTeams.auth };
  const red = acceptanceContextOf(member("red"), teams);
  await onboard(red, "red-1");
  const blue = acceptanceContextOf(member("blue"), teams);
  await onboard(blue, "blue-1");

  const id = await accept(red, { action: "offboard", filter: {} });
  const named = await accept(red, { action: "verify", namespaces: [namespaceRef("blue-1")] });
  await red.run();
  await red.run();

  expect(ended(id).items.map(tell)).toEqual(["red-1 Succeeded offboarded"]);
  expect(ended(id).batch).toMatchObject({ team: "red", status: "Succeeded" });
  expect(ended(named).items.map(tell)).toEqual(["blue-1 Failed NOT_ONBOARDED"]);
  await expect(accept(red, { action: "offboard", filter: { team: "blue" } })).rejects.toMatchObject({
    code: "NOTHING_CHOSEN",
    message: "No namespace meets the filter; nothing was accepted.",
  });
  await expect(accept(red, { action: "repair", all: true })).rejects.toMatchObject({
    code: "NOTHING_CHOSEN",
    message: "No namespace that you may see is onboarded; nothing was accepted.",
  });
  expect(cloud.namespaces.has("aks-dev/blue-1")).toBe(true);
});

it("rejects more than a batch allows, and says how to send less", async () => {
  const acceptance = acceptanceContextOf();
  await onboard(acceptance, "team-0");
  const record = cloud.namespaces.get("aks-dev/team-0");
  if (!record) throw new Error("it is not onboarded");
  for (let index = 1; index <= 1_000; index += 1) {
    cloud.namespaces.set(`aks-dev/team-${index}`, { ...record, namespace: `team-${index}` });
  }

  await expect(accept(acceptance, { action: "verify", all: true })).rejects.toThrow(
    "/filter: 1001 namespaces meet it, and a batch takes 1000; narrow it by cluster, team or state, and send several.",
  );

  expect(cloud.batches.size).toBe(0);
});

const actions = [
  { action: "verify" },
  { action: "repair" },
  { action: "migrate", until: "cutOver" },
  { action: "offboard" },
] as const;

it.each(actions)("$action has the same result when every activity runs twice", async (work) => {
  const acceptance = acceptanceContextOf();
  for (const namespace of ["team-0", "team-1", "team-2"]) {
    await onboard(acceptance, namespace, { identityMode: "podIdentity" });
  }

  const id = await accept(acceptance, { ...work, all: true });
  await acceptance.run({
    ...allTogether,
    async execute(_name, run) {
      await run();
      return await run();
    },
  });

  const { batch, items } = ended(id);
  expect(batch).toMatchObject({ status: "Succeeded", result: { requests: 3, succeeded: 3, unchanged: 0 } });
  const own = [...cloud.operations.values()].filter((each) => each.batch === id);
  expect(own).toHaveLength(work.action === "verify" ? 0 : 3);
  expect(items.every(({ operation, claim }) => operation === claim)).toBe(true);
});

it.each(actions)("$action continues after a lane breaks off", async (work) => {
  const acceptance = acceptanceContextOf();
  for (const namespace of ["team-0", "team-1", "team-2"]) {
    await onboard(acceptance, namespace, { identityMode: "podIdentity" });
  }
  let broken = 0;

  const id = await accept(acceptance, { ...work, all: true });
  await acceptance.run({
    async runChild({ name, input }, run) {
      if (name !== "batchLane" || broken > 0) return await run();
      return await runOrchestration(name, input, {
        async execute(activity, execute) {
          const result = await execute();
          broken += Number(activity === "takeBatchItem");
          if (broken > 0) throw new Error("the lane is gone");
          return result;
        },
        maxTurns: 12,
      });
    },
    atRest: () => tendBatch(acceptance, id),
  });

  expect(broken).toBeGreaterThan(0);
  expect(ended(id).batch).toMatchObject({ status: "Succeeded", result: { requests: 3, succeeded: 3 } });
});

it.each(actions)("$action never begins an item after a cancel", async (work) => {
  const acceptance = acceptanceContextOf(requester, { batch: { lanes: 1 } });
  for (const namespace of ["team-0", "team-1", "team-2"]) {
    await onboard(acceptance, namespace, { identityMode: "podIdentity" });
  }
  let taken = 0;

  const id = await accept(acceptance, { ...work, all: true });
  await acceptance.run({
    async execute(name, run) {
      taken += Number(name === "takeBatchItem");
      if (taken === 2 && name === "takeBatchItem") {
        const record = await cancelBatch(acceptance.ports, id, { by: requester });
        await passOn(acceptance.ports, acceptance.client, record, { warn: acceptance.warn });
      }
      return await run();
    },
  });

  const { batch, items } = ended(id);
  expect(batch).toMatchObject({ status: "Canceled", result: { succeeded: 1, canceled: 2 } });
  expect(items.map(({ status }) => status)).toEqual(["Succeeded", "Canceled", "Canceled"]);
});

it("fails an item that cannot be inspected before the retries run out, and inspects the next one", async () => {
  const acceptance = acceptanceContextOf(requester, { batch: { lanes: 1 } });
  for (const namespace of ["team-0", "team-1"]) await onboard(acceptance, namespace);
  const { identities } = acceptance.ports;
  const get: typeof identities.get = async (ref) => {
    if (ref.name.includes("team-0")) throw new TransientError("ARM_UNAVAILABLE", "Azure is away");
    return await identities.get(ref);
  };
  providePorts({ ...acceptance.ports, identities: { ...identities, get } });

  const id = await accept(acceptance, { action: "verify", all: true });
  await acceptance.run();

  expect(ended(id).items.map(tell)).toEqual(["team-0 Failed ARM_UNAVAILABLE", "team-1 Succeeded verified"]);
});

it("verifies, repairs and offboards namespaces with targets and no database", async () => {
  const acceptance = acceptanceContextOf();
  const targets = [
    { target: "uploads", access: ["write"] },
    { target: "jobs", access: ["send", "receive"] },
  ];
  const id = await acceptBatch(
    acceptance,
    ["team-a", "team-b"].map((each) => request(each, { databases: [], targets })),
  );
  await acceptance.run(allTogether);
  expect(ended(id).items.map(tell)).toEqual(["team-a Succeeded onboarded", "team-b Succeeded onboarded"]);
  expect(cloud.roleAssignments.size).toBe(6);

  const lost = [...cloud.roleAssignments.values()].find(({ description = "" }) => description.includes("team-b"));
  cloud.roleAssignments.delete(lost?.id ?? "");
  const outcomes = async (action: string) => {
    const next = await accept(acceptance, { action, all: true });
    await acceptance.run(allTogether);
    return ended(next).items.map(tell).toSorted();
  };

  expect(await outcomes("verify")).toEqual(["team-a Succeeded verified", "team-b Failed VERIFICATION_FAILED"]);
  expect(await outcomes("repair")).toEqual(["team-a Succeeded repaired", "team-b Succeeded repaired"]);
  expect(cloud.roleAssignments.size).toBe(6);
  expect(await outcomes("offboard")).toEqual(["team-a Succeeded offboarded", "team-b Succeeded offboarded"]);
  expect([...cloud.roleAssignments]).toEqual([]);
});

describe("where the catalog has moved a target", () => {
  const { uploads } = plain.targets;
  const moved = { ...plain.targets, uploads: { ...uploads, container: "archive" } } as typeof plain.targets;
  const wanted = { targets: [{ target: "uploads", access: ["read"] }] };
  const roles = () => [...cloud.roleAssignments.values()].map(({ scope }) => scope.split("/").at(-1));
  let acceptance: TestAcceptanceContext;

  beforeEach(async () => {
    await onboard(acceptanceContextOf(), "a", wanted);
    acceptance = acceptanceContextOf(requester, { targets: moved });
  });

  it.each([
    ["repair", "repaired", ["uploads"]],
    ["offboard", "offboarded", []],
  ] as const)("%s gives nothing there", async (action, outcome, left) => {
    const id = await accept(acceptance, { action, namespaces: [namespaceRef("a")] });
    await acceptance.run(allTogether);

    expect(ended(id).items.map(tell)).toEqual([`a Succeeded ${outcome}`]);
    expect(roles()).toEqual(left);
  });

  it("the same request again gives it there, and takes the earlier role", async () => {
    const id = await acceptBatch(acceptance, [request("a", wanted)]);
    await acceptance.run(allTogether);

    expect(ended(id).items.map(tell)).toEqual(["a Succeeded changed"]);
    expect(roles()).toEqual(["archive"]);
  });
});
