/** A request that needs approval by another person waits for it durably, and writes nothing to the cloud before. */

import { beforeEach, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptOnboarding } from "../../src/application/acceptance/acceptance.ts";
import { remindOfApproval } from "../../src/application/decisions/approval.ts";
import { cancelOperation, decideApproval } from "../../src/application/decisions/decide.ts";
import { planOnboarding } from "../../src/application/plan/planOnboarding.ts";
import { Team } from "../../src/domain/access/access.ts";
import { AppRole } from "../../src/domain/access/caller.ts";
import { createPersonOf } from "../../src/domain/access/person.ts";
import { ApprovalPolicy } from "../../src/domain/catalog/catalog.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { decisionEvent } from "../../src/domain/operation/wakingEvents.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import {
  approver,
  createAcceptanceContext,
  requester,
  type TestAcceptanceContext,
} from "../support/acceptanceContext.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { expectNothingLeft } from "../support/remains.ts";

const request = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});
const approval = ApprovalPolicy.parse({ databases: ["sql-dev/messages"], timeoutMinutes: 60, reminderMinutes: 20 });

let cloud: FakeCloud;
let acceptance: TestAcceptanceContext;
let operation: string;
let written: string[];

beforeEach(async () => {
  cloud = createFakeCloud({ approval: { ...approval } });
  acceptance = createAcceptanceContext(cloud);
  providePorts(cloud.ports);
  written = [];
  cloud.onWrite = ({ what }) => written.push(what);
  operation = (await acceptOnboarding(acceptance, request)).operation;
});

const record = () => {
  const found = cloud.operations.get(operation);
  if (!found) throw new Error("the operation has no record");
  return found;
};
const decide = (kind: "approved" | "rejected", { by = approver, requestHash = record().approval?.requestHash } = {}) =>
  decideApproval(cloud.ports.registry, operation, { kind, by, requestHash, comment: "looked at it" });
const cancel = () => cancelOperation(cloud.ports.registry, operation, { by: requester });

it("waits with one timer and one event, publishes the reasons, and runs once it is approved", async () => {
  let callsWhileWaiting: number | undefined;
  const { calls, customStatuses, history } = await acceptance.run({
    async atRest() {
      callsWhileWaiting = written.length;
      await decide("approved");
      acceptance.raise(decisionEvent);
    },
  });

  expect(callsWhileWaiting).toBe(0);
  expect(calls.slice(0, 3)).toEqual(["preflight", "settleApproval", "prepareNamespace"]);
  expect(history.filter(({ EventType }) => EventType === 10)).toHaveLength(1);
  expect(customStatuses.map((status) => JSON.stringify(status))).toContain('{"phase":"awaitingApproval"}');
  expect(record()).toMatchObject({
    status: "Succeeded",
    approval: {
      reasons: ["Database sql-dev/messages needs approval."],
      decision: { kind: "approved", by: "approver", comment: "looked at it" },
    },
  });
  expect(cloud.events.find(({ type }) => type.includes("approval"))).toMatchObject({
    id: `${operation}/awaitingApproval`,
    type: "mooring.operation.approval-requested.v1",
    data: { phase: "awaitingApproval", approval: { requestHash: record().approval?.requestHash } },
  });
});

it("tells whoever plans and whoever approves which environments a rule lets it cross", async () => {
  const { clusters, sqlServers, teams } = cloud.ports.catalog;
  const [cluster, server] = [clusters["aks-dev"], sqlServers["sql-dev"]];
  if (!cluster || !server) throw new Error("the catalog has neither");
  const catalog = {
    ...{ teams, crossings: [{ clusters: "prod", targets: "dev" }], approval: { ...approval } },
    clusters: { ...clusters, "aks-dev": { ...cluster, environment: "prod" } },
    sqlServers: { ...sqlServers, "sql-dev": { ...server, environment: "dev" } },
  };
  cloud = createFakeCloud(catalog);
  acceptance = createAcceptanceContext(cloud);
  providePorts(cloud.ports);
  const notices = [expect.stringMatching(/database sql-dev\/messages is of environment "dev", .* aks-dev of "prod"/)];

  const plan = await planOnboarding(cloud.ports, { operation: "planned", request });
  operation = (await acceptOnboarding(acceptance, request)).operation;
  await acceptance.run({ atRest: async () => void (await cancel()) });

  expect(plan).toMatchObject({ notices });
  expect(record().approval).toMatchObject({ notices });
});

it("ends with REJECTED and has written nothing", async () => {
  await acceptance.run({
    async atRest() {
      await decide("rejected");
      acceptance.raise(decisionEvent);
    },
  });

  expect(record()).toMatchObject({
    status: "Failed",
    error: { code: "REJECTED", message: "Rejected by approver: looked at it." },
  });
  expect(written).toEqual([]);
  expect(cloud.namespaces.size).toBe(0);
});

it("ends with APPROVAL_TIMED_OUT when nobody decides by the announced time", async () => {
  const moments: Date[] = [];
  const { history } = await acceptance.run({ atRest: (now) => void moments.push(now) });

  expect(record()).toMatchObject({
    status: "Failed",
    error: { code: "APPROVAL_TIMED_OUT" },
    approval: { decision: { kind: "timedOut" } },
  });
  expect(moments).toHaveLength(1);
  expect(history.find(({ EventType }) => EventType === 11)?.["FireAt"]).toBe(record().approval?.expiresTime);
  expect(written).toEqual([]);
  await expect(decide("approved")).rejects.toMatchObject({ code: "APPROVAL_TIMED_OUT" });
});

it("counts a person with a token and a key once, and lets nobody approve with one what they requested with the other", async () => {
  const [ann, ben] = ["aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"];
  const keyOf = (owner?: string) => ({ sha256: "0".repeat(64), roles: [...approver.roles], teams: [], owner });
  const auth = { entra: undefined, easyAuth: true, keys: { ann: keyOf(ann?.toUpperCase()), nobodys: keyOf() } };
  const personOf = createPersonOf(auth);
  const as = (id = "", kind: "approved" | "rejected" = "approved") =>
    decideApproval(cloud.ports.registry, operation, { kind, by: { ...approver, id }, personOf });
  const given = () => record().approval?.given?.map(({ by }) => by);

  await acceptance.run({
    async atRest() {
      const asked = record();
      // As from the queue: two people have to approve.
      cloud.operations.set(operation, { ...asked, requestedBy: "queue" });
      await as(ann);
      await as("key:ann");
      expect(given()).toEqual([ann]);
      expect(record().approval?.decision).toBeUndefined();
      await expect(as("key:nobodys")).rejects.toMatchObject({ code: "FORBIDDEN" });

      cloud.operations.set(operation, { ...asked, requestedBy: ann ?? "" });
      await expect(as("key:ann")).rejects.toMatchObject({ code: "APPROVER_IS_REQUESTER" });
      await as(ben);
      acceptance.raise(decisionEvent);
    },
  });

  expect(record().status).toBe("Succeeded");
});

it("asks two people where the key that requested names no owner, and people sign in", async () => {
  const [ann, ben] = ["aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"];
  const keys = { ops: { sha256: "0".repeat(64), roles: ["Onboarding.Operate" as const], teams: [], owner: undefined } };
  const auth = { entra: undefined, easyAuth: true, keys };
  cloud = createFakeCloud({ approval: { ...approval }, auth });
  acceptance = createAcceptanceContext(cloud, { ...requester, id: "key:ops" });
  providePorts(cloud.ports);
  operation = (await acceptOnboarding(acceptance, request)).operation;
  const as = (id = "") =>
    decideApproval(cloud.ports.registry, operation, {
      ...{ kind: "approved", by: { ...approver, id } },
      personOf: createPersonOf(auth),
    });

  await acceptance.run({
    async atRest() {
      // She may hold the key.
      await as(ann);
      expect(record().approval).toMatchObject({ needed: 2, given: [{ by: ann }] });
      expect(record().approval?.decision).toBeUndefined();
      await as(ben);
      acceptance.raise(decisionEvent);
    },
  });

  expect(record()).toMatchObject({ status: "Succeeded", approval: { decision: { by: ben } } });
});

it("ignores an event without a recorded decision", async () => {
  let rests = 0;
  await acceptance.run({
    async atRest() {
      rests += 1;
      if (rests === 3) await decide("approved");
      acceptance.raise(decisionEvent);
    },
  });

  expect(rests).toBe(3);
  expect(record().status).toBe("Succeeded");
});

it("runs once even if the event is delivered twice", async () => {
  const { calls } = await acceptance.run({
    async atRest() {
      await decide("approved");
      acceptance.raise(decisionEvent);
      acceptance.raise(decisionEvent);
    },
  });

  expect(calls.filter((name) => name === "settleApproval")).toHaveLength(1);
  expect(calls.filter((name) => name === "prepareNamespace")).toHaveLength(1);
  expect(record().status).toBe("Succeeded");
});

it("accepts a decision that was made before the wait began", async () => {
  await acceptance.run({
    async execute(name, run) {
      const result = await run();
      if (name === "preflight") {
        await decide("approved");
        acceptance.raise(decisionEvent);
      }
      return result;
    },
    atRest: () => expect.unreachable("it waits although it was decided"),
  });

  expect(record().status).toBe("Succeeded");
});

it("finds a decision whose event was lost when the time is over", async () => {
  await acceptance.run({ atRest: async () => void (await decide("approved")) });

  expect(record().status).toBe("Succeeded");
});

it("refuses the requester, a caller without the role, another request's hash, and an operation that does not wait", async () => {
  const all = { ...approver, roles: AppRole.options.slice() };
  await expect(decide("approved", { by: all, requestHash: "x" })).rejects.toMatchObject({
    code: "APPROVAL_NOT_PENDING",
  });
  // An approver in no team sees only the operations that wait for a decision.
  await expect(decide("approved", { requestHash: "x" })).rejects.toMatchObject({ code: "NOT_FOUND" });
  await acceptance.run({
    async atRest() {
      const self = { ...approver, id: requester.id };
      await expect(decide("approved", { by: self })).rejects.toMatchObject({ code: "APPROVER_IS_REQUESTER" });
      await expect(decide("approved", { by: requester })).rejects.toMatchObject({ code: "FORBIDDEN" });
      await expect(decide("approved", { requestHash: "other" })).rejects.toMatchObject({ code: "APPROVAL_MISMATCH" });
      expect(record().approval?.decision).toBeUndefined();
      const first = await decide("approved");
      expect((await decide("approved")).approval).toEqual(first.approval);
      await expect(decide("rejected")).rejects.toMatchObject({ code: "APPROVAL_NOT_PENDING" });
      await expect(decide("approved", { by: { ...approver, id: "second" } })).rejects.toMatchObject({
        code: "APPROVAL_NOT_PENDING",
      });
      acceptance.raise(decisionEvent);
    },
  });

  expect(record().status).toBe("Succeeded");
});

it("does not run a request other than the one that was approved", async () => {
  await acceptance.run({
    async atRest() {
      await decide("approved");
      const { approval: current, ...rest } = record();
      if (current) cloud.operations.set(operation, { ...rest, approval: { ...current, requestHash: "of another" } });
      acceptance.raise(decisionEvent);
    },
  });

  expect(record()).toMatchObject({ status: "Failed", error: { code: "APPROVAL_MISMATCH" } });
  expect(written).toEqual([]);
});

it("looks for obstacles again once it is approved, before it writes anything", async () => {
  await acceptance.run({
    async atRest() {
      for (const [key, { kind }] of cloud.objects)
        if (kind === "MutatingWebhookConfiguration") cloud.objects.delete(key);
      const name = identityName(request);
      const user = { name, type: "E", sid: "0x00", roles: [], permissions: [], ownedSchemas: [], mark: undefined };
      cloud.users.get("sql-dev/messages")?.set(name, user);
      await decide("approved");
      acceptance.raise(decisionEvent);
    },
  });

  expect(record()).toMatchObject({ status: "Failed", error: { code: "WORKLOAD_IDENTITY_NOT_INSTALLED" } });
  expect(record().error?.message).toContain("exists with SID 0x00");
  expect(written).toEqual([]);
  expect(cloud.namespaces.size).toBe(0);
});

it("does not run for a team that lost the right to it while the request waited", async () => {
  const teams = {
    red: Team.parse({
      clusters: ["aks-dev"],
      namespaces: ["team-a"],
      databases: { "sql-dev": { messages: ["reader"] } },
    }),
  };
  cloud = createFakeCloud({ approval, teams });
  acceptance = createAcceptanceContext(cloud, { ...requester, teams: ["red"], roles: ["Onboarding.Request"] });
  providePorts(cloud.ports);
  cloud.onWrite = ({ what }) => written.push(what);
  operation = (await acceptOnboarding(acceptance, request)).operation;
  await acceptance.run({
    async atRest() {
      await decide("approved");
      teams.red.namespaces = ["team-b"];
      acceptance.raise(decisionEvent);
    },
  });

  expect(record()).toMatchObject({ status: "Failed", error: { code: "NOT_ALLOWED" } });
  expect(written).toEqual([]);
});

it("does not run when the catalog by now requires more approval than was given", async () => {
  await acceptance.run({
    async atRest() {
      await decide("approved");
      Object.assign(cloud.ports.catalog.approval, { clusters: ["aks-dev"] });
      acceptance.raise(decisionEvent);
    },
  });

  expect(record()).toMatchObject({ status: "Failed", error: { code: "APPROVAL_MISMATCH" } });
  expect(written).toEqual([]);
});

it("ends Canceled immediately when it is canceled while it waits", async () => {
  const { turns } = await acceptance.run({
    async atRest() {
      await cancel();
      acceptance.raise(decisionEvent);
    },
  });

  expect(turns).toBeLessThan(10);
  expect(record()).toMatchObject({ status: "Canceled" });
  expect(written).toEqual([]);
  await expect(decide("approved")).rejects.toMatchObject({ code: "APPROVAL_NOT_PENDING" });
});

it.each([
  ["the approval first", [() => decide("approved"), cancel]],
  ["the cancel first", [cancel, () => decide("approved")]],
])("ends Canceled with nothing left when approve and cancel race: %s", async (_title, race) => {
  await acceptance.run({
    async atRest() {
      await Promise.allSettled(race.map((each) => each()));
      acceptance.raise(decisionEvent);
      acceptance.raise(decisionEvent);
    },
  });

  expect(record().status).toBe("Canceled");
  expectNothingLeft(cloud);
});

it("does not ask for approval anew when preflight is delivered twice", async () => {
  const hashes = new Set<string | undefined>();
  await acceptance.run({
    async execute(name, run) {
      await run();
      if (name === "preflight") await decide("approved");
      const result = await run();
      hashes.add(record().approval?.decision?.by);
      return result;
    },
    atRest: () => acceptance.raise(decisionEvent),
  });

  expect([...hashes]).toEqual(["approver"]);
  expect(record().status).toBe("Succeeded");
});

it("sends one reminder per interval, and none after a decision", async () => {
  const minute = 60_000;
  await acceptance.run({
    async atRest() {
      const asked = Date.parse(record().approval?.requestedTime ?? "");
      const look = (minutes: number) => remindOfApproval(cloud.ports, record(), asked + minutes * minute);
      for (const minutes of [1, 19, 21, 22, 45, 59, 61, 90]) await look(minutes);
      await decide("approved");
      await look(59);
      acceptance.raise(decisionEvent);
    },
  });

  const reminders = cloud.events.filter(({ type }) => type === "mooring.operation.approval-reminder.v1");
  expect(reminders.map(({ id }) => id)).toEqual([1, 2].map((n) => `${operation}/awaitingApproval/${n}`));
});
