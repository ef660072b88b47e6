/** One identity of several namespaces: its own, which has the access, and guests, which ask for a part of it (docs/adr/0029). */
import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import {
  acceptCompensation,
  acceptOffboarding,
  acceptOnboarding,
} from "../../src/application/acceptance/acceptance.ts";
import { acceptExpired } from "../../src/application/acceptance/acceptExpired.ts";
import { acceptUpkeep } from "../../src/application/acceptance/acceptUpkeep.ts";
import { accessOf } from "../../src/application/documents/accessDocument.ts";
import { inspectNamespace } from "../../src/application/inspection/inspection.ts";
import { planOffboarding } from "../../src/application/plan/planOffboarding.ts";
import { planOnboarding } from "../../src/application/plan/planOnboarding.ts";
import { type Caller, expiryCaller } from "../../src/domain/access/caller.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import { federatedCredentialName, identityName } from "../../src/domain/naming/names.ts";
import type { OperationRecord } from "../../src/domain/operation/records.ts";
import { Refusal } from "../../src/domain/policy/refusal.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import type { Ports } from "../../src/ports/index.ts";
import { confirmed, createAcceptanceContext } from "../support/acceptanceContext.ts";
import { catalog as base, createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { expectNothingLeft } from "../support/remains.ts";
import { member, operator, catalog as withTeams } from "../support/teams.ts";

const bindable = (cluster: string) => ({
  identityModes: ["workloadIdentity", "podIdentity", "identityBinding"],
  identityBinding: {
    clusterId: `/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/${cluster}`,
  },
});
const both = ["aks-dev", "aks-new"];
const databases = { "sql-dev": { messages: ["reader", "writer", "executor"], orders: ["reader", "writer"] } };
const { approval: _judged, ...red } = withTeams.teams["red"] ?? withTeams.teams["blue"] ?? { approval: [] };
const plain = {
  ...withTeams,
  clusters: { ...base.clusters, "aks-new": { ...base.clusters["aks-new"], ...bindable("aks-new") } },
  sharedIdentities: { "aks-dev/red": { clusters: both } },
  teams: {
    red: { ...red, databases, clusters: both, quota: 20 },
    blue: { ...withTeams.teams["blue"], clusters: both },
  },
};
const catalog = Catalog.parse(plain);

let cloud: FakeCloud;
/** Of acceptance and operations. */
let ports: Ports;

function begin(): void {
  cloud = createFakeCloud(structuredClone(catalog));
  use(cloud.ports);
}

function use(all: Ports): void {
  ports = all;
  providePorts(all);
}

beforeEach(begin);

type Roles = Readonly<Record<string, readonly string[]>>;

function requestFor(key: string, roles: Roles, more: object = {}): OnboardingRequest {
  const [cluster, namespace] = key.split("/");
  const databases = Object.entries(roles).map(([database, given]) => ({ server: "sql-dev", database, roles: given }));
  return OnboardingRequest.parse({ cluster, namespace, databases, ...more });
}

const sharedIdentity = "aks-dev/red";
const messages = { messages: ["reader"] } as const;
const home = requestFor(sharedIdentity, { messages: ["reader", "writer"], orders: ["reader"] });
const guest = requestFor("aks-new/red-guest", messages, { sharedIdentity });
const name = identityName(home);

async function send(request: OnboardingRequest, by: Caller = member("red"), options: object = {}) {
  const acceptance = createAcceptanceContext({ ports }, by);
  const { operation } = await acceptOnboarding(acceptance, request, { ...confirmed, ...options });
  await acceptance.run();
  return ended(operation);
}

async function offboard(request: OnboardingRequest, options: object = {}): Promise<OperationRecord> {
  const acceptance = createAcceptanceContext({ ports }, operator);
  const { operation } = await acceptOffboarding(acceptance, request, options);
  await acceptance.run();
  return ended(operation);
}

async function repair(request: OnboardingRequest): Promise<OperationRecord> {
  const acceptance = createAcceptanceContext({ ports }, operator);
  const { operation } = await acceptUpkeep(acceptance, "Repairing", { berth: request, prepare: () => ({}) });
  await acceptance.run();
  return ended(operation);
}

async function migrate(request: OnboardingRequest, to: "identityBinding" | "workloadIdentity") {
  const acceptance = createAcceptanceContext({ ports }, operator);
  const { operation } = await acceptUpkeep(acceptance, "Migrating", {
    berth: request,
    prepare: () => ({
      migration: {
        ...(to === "identityBinding" ? { to } : { from: "identityBinding" as const }),
        ...{ until: "retire" as const, serviceAccount: "app", selector: "app" },
      },
    }),
  });
  await acceptance.run();
  return ended(operation);
}

function ended(operation: string): OperationRecord {
  const found = cloud.operations.get(operation);
  if (!found) throw new Error("the operation left no record");
  return found;
}

const recordOf = ({ cluster, namespace }: OnboardingRequest) => cloud.namespaces.get(`${cluster}/${namespace}`);

async function findingsOf(of: OnboardingRequest): Promise<readonly string[]> {
  const record = recordOf(of);
  if (!record) throw new Error("it has no record");
  const found = await inspectNamespace(cloud.ports, { request: record.request, clientId: record.clientId });
  return found.map(({ code, field, found: what }) => `${code} ${field}${what === null ? "" : `: ${what}`}`).toSorted();
}

const objectsNow = () => new Map(structuredClone([...cloud.objects]));

const credentials = () => (cloud.credentials.get(name) ?? []).map((each) => each.name).toSorted();
const credentialOf = (request: OnboardingRequest) => federatedCredentialName(request, "app");
const rolesIn = (database: string) => cloud.users.get(`sql-dev/${database}`)?.get(name)?.roles.toSorted();
/** All that the identity is and may do. */
const access = () => ({
  identities: structuredClone(cloud.identities),
  users: structuredClone(cloud.users),
  credentials: credentials(),
});

async function blockersOf(request: OnboardingRequest, more: object = {}): Promise<readonly string[]> {
  const plan = await planOnboarding(cloud.ports, { operation: "plan", request, team: "red", ...more });
  return plan.steps.flatMap(({ blockers }) => blockers.map(({ code, message }) => `${code} ${message}`));
}

describe("a guest", () => {
  it("uses the identity of another namespace in another cluster, and nothing is made or given but its own way in", async () => {
    await send(home);
    const before = access();
    const writes: string[] = [];
    cloud.onWrite = ({ what, when }) => {
      if (when === "before") writes.push(what);
    };

    const done = await send(guest);

    expect(done.error ?? done.status).toBe("Succeeded");
    expect(access()).toEqual({ ...before, credentials: [credentialOf(home), credentialOf(guest)].toSorted() });
    expect(
      writes.filter((what) => /identity|user|database|role|admin/i.test(what) && !/credential/.test(what)),
    ).toEqual([]);
    const account = cloud.objects.get("v1 ServiceAccount red-guest/app");
    const { clientId } = cloud.identities.get(name) ?? {};
    expect(account?.metadata.annotations).toMatchObject({ "azure.workload.identity/client-id": clientId });
    expect(recordOf(guest)).toMatchObject({ state: "Onboarded", clientId });
    expect(recordOf(home)).toMatchObject({ state: "Onboarded", guests: ["aks-new/red-guest"] });
    expect([await findingsOf(home), await findingsOf(guest)]).toEqual([[], []]);
  });

  it("names in its plan what it can reach besides", async () => {
    await send(home);
    const plan = await planOnboarding(cloud.ports, { operation: "plan", request: guest, team: "red" });

    const notices = plan.steps.flatMap((step) => step.notices ?? []);
    expect(notices.map(({ code, message }) => `${code} ${message}`)).toContain(
      "SHARED_IDENTITY_REACH aks-new/red-guest can also reach what aks-dev/red has: writer on database sql-dev/messages, database sql-dev/orders (reader).",
    );
    expect(plan.steps.map((step) => step.name)).not.toContain("grantDatabase");
    expect(recordOf(home)).not.toHaveProperty("guests");
  });

  it("leaves, and its home works on; the home leaves, and nothing is left", async () => {
    await send(home);
    const before = access();
    await send(guest);

    const gone = await offboard(guest);

    expect(gone.error ?? gone.status).toBe("Succeeded");
    expect(access()).toEqual(before);
    expect(await findingsOf(home)).toEqual([]);
    expect((await offboard(home)).status).toBe("Succeeded");
    expectNothingLeft(cloud);
    expect(cloud.namespaces.size).toBe(0);
  });

  it("undoes its onboarding at every failing write, and nothing of its home changes", async () => {
    await send(home);
    const before = { ...access(), objects: objectsNow() };
    for (let failing = 1; ; failing += 1) {
      let count = 0;
      cloud.onWrite = ({ when }) => {
        if (when !== "before") return;
        count += 1;
        if (count === failing) throw new PermanentError("ARM_REJECTED", "broken");
      };
      const done = await send(guest);
      cloud.onWrite = () => undefined;
      if (done.status === "Succeeded") break;
      expect({ ...access(), objects: objectsNow() }, `write ${failing}`).toEqual(before);
      expect(recordOf(guest), `write ${failing}`).toBeUndefined();
      expect(await findingsOf(home), `write ${failing}`).toEqual([]);
    }
  });

  it("is repaired, and follows its home to a new identity", async () => {
    await send(home);
    await send(guest);
    cloud.credentials.set(name, cloud.credentials.get(name)?.filter((each) => each.name !== credentialOf(guest)) ?? []);
    expect(await findingsOf(guest)).toEqual([expect.stringContaining("CREDENTIAL_MISSING")]);
    expect((await repair(guest)).status).toBe("Succeeded");
    expect(await findingsOf(guest)).toEqual([]);

    cloud.identities.delete(name);
    cloud.credentials.delete(name);
    const early = await repair(guest);
    expect(early.error).toMatchObject({ code: "SHARED_IDENTITY_UNAVAILABLE" });
    expect((await repair(home)).status).toBe("Succeeded");
    expect((await findingsOf(guest)).map((each) => each.split(" ")[0])).toContain("IDENTITY_REPLACED");
    const again = await repair(guest);
    expect(again.error ?? again.status).toBe("Succeeded");
    expect([await findingsOf(home), await findingsOf(guest)]).toEqual([[], []]);
  });

  it("is named by its home again after that one's row was lost", async () => {
    await send(home);
    await send(guest);
    const { guests: _lost, ...record } = recordOf(home) ?? {};
    cloud.namespaces.set(sharedIdentity, record as never);

    expect(await findingsOf(guest)).toEqual(["SHARED_IDENTITY_UNLISTED aks-dev/red"]);
    expect((await repair(guest)).status).toBe("Succeeded");
    expect(recordOf(home)).toMatchObject({ guests: ["aks-new/red-guest"] });
    expect(await findingsOf(guest)).toEqual([]);
  });

  it("changes what it asks for within what its home has", async () => {
    await send(home);
    await send(guest);
    const before = access();
    const more = requestFor("aks-new/red-guest", { messages: ["reader"], orders: ["reader"] }, { sharedIdentity });

    expect((await send(more)).status).toBe("Succeeded");
    expect((await send(guest)).status).toBe("Succeeded");
    const too = requestFor("aks-new/red-guest", { orders: ["reader", "writer"] }, { sharedIdentity });
    expect((await send(too, operator)).error).toMatchObject({ code: "SHARED_IDENTITY_LACKS" });
    expect(access()).toEqual(before);
    expect(recordOf(guest)).toMatchObject({ state: "Onboarded", request: guest });
  });

  it("keeps its own credential when it takes another service account", async () => {
    await send(home);
    await send(guest);
    const changed = { ...guest, serviceAccount: "web" };

    expect((await send(changed)).status).toBe("Succeeded");
    expect(credentials()).toEqual([credentialOf(home), federatedCredentialName(guest, "web")].toSorted());
    expect([await findingsOf(home), await findingsOf(changed)]).toEqual([[], []]);
  });
});

describe("what ends", () => {
  const day = 86_400_000;
  const inDays = (days: number) => new Date(Date.now() + days * day).toISOString();
  const tenth = inDays(10);

  async function end(request: OnboardingRequest): Promise<OperationRecord> {
    const acceptance = createAcceptanceContext({ ports }, expiryCaller);
    const record = recordOf(request);
    const expiry = { end: tenth, passedTime: inDays(-1) };
    if (record) cloud.namespaces.set(`${request.cluster}/${request.namespace}`, { ...record, expiry } as never);
    const accepted = await acceptExpired(acceptance, request, Date.now() + 20 * day);
    await acceptance.run();
    return ended(accepted?.operation ?? "");
  }

  it("ends for the guest alone, if its request says so", async () => {
    await send(home);
    const before = access();
    const ending = { ...guest, expiresAt: tenth };
    await send(ending);

    expect((await end(ending)).status).toBe("Succeeded");
    expect(access()).toEqual(before);
    expect(recordOf(guest)).toBeUndefined();
  });

  it("ends for the home after its guest", async () => {
    const ending = { ...home, expiresAt: tenth };
    const endingGuest = { ...guest, expiresAt: tenth };
    await send(ending);
    await send(endingGuest);

    expect((await end(ending)).error).toMatchObject({ code: "SHARED_IDENTITY_IN_USE" });
    expect((await end(endingGuest)).status).toBe("Succeeded");
    expect((await end(ending)).status).toBe("Succeeded");
    expectNothingLeft(cloud);
  });

  it("ends for all at a target of the home", async () => {
    const [first, ...others] = home.databases;
    const ending = OnboardingRequest.parse({
      ...home,
      databases: [...others, { ...first, expiresAt: tenth }],
    });
    await send(ending);
    const part = { ...guest, expiresAt: tenth };
    await send(part);

    const done = await end(ending);
    expect(done.error ?? done.status).toBe("Succeeded");
    expect([rolesIn("messages"), rolesIn("orders")]).toEqual([undefined, ["db_datareader"]]);
    expect(await findingsOf(part)).toEqual([expect.stringContaining("SHARED_ACCESS_MISSING")]);
    expect((await end(part)).status).toBe("Succeeded");
    expect(await findingsOf(ending)).toEqual([]);
  });
});

describe("who may share", () => {
  it.each([
    ["a home that is not there", () => undefined, "SHARED_IDENTITY_UNAVAILABLE"],
    ["a home of another team", () => send(home, operator, {}), "SHARED_IDENTITY_UNAVAILABLE"],
    [
      "a home that lacks what is asked for",
      () => send(requestFor(sharedIdentity, { orders: ["reader"] })),
      "SHARED_IDENTITY_LACKS",
    ],
    ["a home that an operation holds", hold, "SHARED_IDENTITY_BUSY"],
    [
      "a home whose access ends earlier",
      () => send({ ...home, expiresAt: "2099-01-01T00:00:00.000Z" }),
      "SHARED_IDENTITY_LACKS",
    ],
  ])("refuses %s, before anything is written", async (_what, prepare, code) => {
    await prepare();
    const before = { ...access(), objects: objectsNow() };

    expect(await blockersOf(guest)).toEqual([
      expect.stringContaining(code),
      ...(cloud.identities.size > 0 ? [] : [expect.any(String)]),
    ]);
    const done = await send(guest);

    expect(done.error).toMatchObject({ code });
    expect({ ...access(), objects: objectsNow() }).toEqual(before);
    expect(recordOf(guest)).toBeUndefined();
  });

  async function hold(): Promise<void> {
    await send(home);
    const record = recordOf(home);
    if (record) cloud.namespaces.set(sharedIdentity, { ...record, state: "Compensating" } as never);
  }

  it("refuses a guest of a guest, and what the catalog allows no longer", async () => {
    await send(home);
    await send(guest);
    const ofGuest = requestFor("aks-dev/red-2", messages, { sharedIdentity: "aks-new/red-guest" });
    expect(await blockersOf(ofGuest)).toContainEqual(expect.stringContaining("SHARED_IDENTITY_NOT_ALLOWED"));
    cloud.ports.catalog.sharedIdentities["aks-new/red-guest"] = { clusters: both };
    expect(await blockersOf(ofGuest)).toContainEqual(
      "SHARED_IDENTITY_UNAVAILABLE aks-new/red-guest is not onboarded for the same team with an identity of its own.",
    );
    delete cloud.ports.catalog.sharedIdentities[sharedIdentity];
    expect(await blockersOf(guest)).toContainEqual(expect.stringContaining("SHARED_IDENTITY_NOT_ALLOWED"));
    // It can still leave.
    expect((await offboard(guest)).status).toBe("Succeeded");
  });

  it("counts the credentials of all", async () => {
    await send(home);
    const full = Array.from({ length: 17 }, (_, index) => ({
      ...{ name: `other-${index}`, issuer: "https://else", subject: `s-${index}`, audiences: ["a"] },
    }));
    cloud.credentials.set(name, [...(cloud.credentials.get(name) ?? []), ...full]);
    const plan = await planOnboarding(cloud.ports, { operation: "plan", request: guest, team: "red" });
    expect(plan.steps.flatMap((step) => step.notices ?? []).map(({ code }) => code)).toContain(
      "CREDENTIALS_NEARLY_FULL",
    );
  });

  it("refuses another identity for an onboarded namespace", async () => {
    await send(home);
    await send(guest);
    const { sharedIdentity: _none, ...own } = guest;
    await expect(send(own as OnboardingRequest)).rejects.toMatchObject({ code: "SHARED_IDENTITY_CHANGE_REFUSED" });
  });

  it("asks for the approval of all that the guest can reach, and of every cluster that gets more", async () => {
    Object.assign(cloud.ports.catalog.approval, { clusters: ["aks-new"] });
    Object.assign(cloud.ports.catalog.teams["red"] ?? {}, {
      approval: [{ databases: ["sql-dev/orders"], by: { role: "Onboarding.Approve" } }],
    });
    const plan = async (request: OnboardingRequest) =>
      (await planOnboarding(cloud.ports, { operation: "plan", request, team: "red" })).needsApproval;
    const small = requestFor(sharedIdentity, messages);
    expect(await plan(small)).toEqual([]);
    await send(small);
    cloud.ports.catalog.approval.clusters.pop();
    await send(guest);
    cloud.ports.catalog.approval.clusters.push("aks-new");

    expect(await plan(small)).toEqual(['Cluster "aks-new" needs approval.']);
    const record = recordOf(home);
    if (record) cloud.namespaces.set(sharedIdentity, { ...record, request: home });
    expect(await plan(guest)).toEqual(['Cluster "aks-new" needs approval.', expect.stringContaining("sql-dev/orders")]);
  });
});

describe("a home", () => {
  beforeEach(async () => {
    await send(home);
    await send(guest);
  });

  it("keeps what a guest has asked for, and can lose the rest", async () => {
    const before = access();
    const narrowed = await send(requestFor(sharedIdentity, { orders: ["reader"] }));

    expect(narrowed.error).toMatchObject({
      code: "SHARED_IDENTITY_IN_USE",
      message: expect.stringContaining(
        "aks-new/red-guest uses the identity of aks-dev/red, which would lose database sql-dev/messages (reader)",
      ),
    });
    expect(access()).toEqual(before);
    expect(recordOf(home)).toMatchObject({ state: "Onboarded", request: home });

    expect((await send(requestFor(sharedIdentity, messages))).status).toBe("Succeeded");
    expect([rolesIn("messages"), rolesIn("orders")]).toEqual([["db_datareader"], undefined]);
    expect(await findingsOf(guest)).toEqual([]);
  });

  it("says who else can reach what it gets", async () => {
    const request = requestFor(sharedIdentity, { messages: ["reader", "writer", "executor"], orders: ["reader"] });
    const plan = await planOnboarding(cloud.ports, { operation: "plan", request, earlier: home, team: "red" });
    expect(plan.blocked).toBe(false);
    expect(plan.steps.flatMap((step) => step.notices ?? []).map(({ message }) => message)).toEqual([
      "aks-new/red-guest can reach it, too, by the same identity: executor on database sql-dev/messages.",
    ]);
  });

  it.each([{}, { ignoreDependants: true }])("is not offboarded before its guests (%o)", async (options) => {
    const before = access();
    const plan = await planOffboarding(cloud.ports, { request: home }, options);
    expect(plan.blocked).toBe(true);

    const done = await offboard(home, options);

    expect(done.error).toMatchObject({
      code: "SHARED_IDENTITY_IN_USE",
      message: expect.stringContaining("The identity of aks-dev/red is also used by aks-new/red-guest."),
    });
    expect(access()).toEqual(before);
    expect(recordOf(home)).toMatchObject({ state: "Onboarded" });
    expect(await findingsOf(guest)).toEqual([]);
  });

  it("is not offboarded where the catalog has dropped its cluster", async () => {
    delete cloud.ports.catalog.clusters["aks-dev"];
    expect((await planOffboarding(cloud.ports, { request: home })).blocked).toBe(true);
  });

  it("is not taken over while another team's namespaces use its identity", async () => {
    Object.assign(cloud.ports.catalog.teams["blue"] ?? {}, { namespaces: ["*"] });
    const taken = await send({ ...home, team: "blue" }, operator, { takeOver: true });

    expect(taken.error).toMatchObject({ code: "SHARED_IDENTITY_IN_USE" });
    expect(recordOf(home)).toMatchObject({ state: "Onboarded", team: "red" });
    expect(await blockersOf(home, { earlier: home, team: "blue", takeOver: true })).toHaveLength(1);
    // Its own team takes it over where somebody has made the namespace anew.
    expect(await blockersOf(home, { earlier: home, takeOver: true })).toEqual([]);
  });

  it("finds a stranger's credential once, and knows its guests'", async () => {
    const strange = { name: "strange", issuer: "https://else", subject: "s", audiences: ["a"] };
    cloud.credentials.set(name, [...(cloud.credentials.get(name) ?? []), strange]);
    expect(await findingsOf(home)).toEqual([expect.stringContaining("CREDENTIAL_ADDED credential strange")]);
    expect(await findingsOf(guest)).toEqual([]);
  });

  it("that has drifted shows in its guest", async () => {
    cloud.users.get("sql-dev/messages")?.delete(name);
    const record = recordOf(home);
    const found = await inspectNamespace(cloud.ports, { request: home, clientId: record?.clientId });
    if (record) cloud.namespaces.set(sharedIdentity, { ...record, findings: [...found] });

    expect(await findingsOf(guest)).toEqual([expect.stringContaining("SHARED_ACCESS_BROKEN aks-dev/red")]);
    expect((await repair(home)).status).toBe("Succeeded");
    expect(await findingsOf(guest)).toEqual([]);
  });

  it("whose row was lost is missed by its guest", async () => {
    cloud.namespaces.delete(sharedIdentity);
    expect(await findingsOf(guest)).toEqual([expect.stringContaining("SHARED_ACCESS_MISSING aks-dev/red")]);
  });

  it("still has for its guest what a change would take that has only begun", async () => {
    const acceptance = createAcceptanceContext({ ports }, operator);
    await acceptOnboarding(acceptance, requestFor(sharedIdentity, { orders: ["reader"] }), confirmed);
    expect(recordOf(home)).toMatchObject({ state: "Changing" });

    expect(await findingsOf(guest)).toEqual([]);
    expect((await migrate(guest, "identityBinding")).error).toMatchObject({ code: "SHARED_IDENTITY_BUSY" });
    await acceptance.run();
    expect(recordOf(home)).toMatchObject({ state: "Onboarded", request: home });
  });

  it("gives its access to all who ask who reaches what", async () => {
    const records = [...cloud.namespaces.values()];
    const rows = await accessOf(cloud.ports, records, "sql-dev/orders");
    expect(
      rows.map(({ cluster, namespace, target, access: what, through }) => [
        `${cluster}/${namespace}`,
        target,
        what,
        through,
      ]),
    ).toEqual([
      ["aks-dev/red", "sql-dev/orders", ["reader"], undefined],
      ["aks-new/red-guest", "sql-dev/orders", ["reader"], "aks-dev/red"],
    ]);
  });

  it("takes back a failed change, and nothing that a guest has", async () => {
    const before = access();
    let hasFailed = false;
    cloud.onWrite = ({ what, when }) => {
      if (when === "after" && what.includes("orders") && !hasFailed) {
        hasFailed = true;
        throw new PermanentError("SQL_REJECTED", "broken");
      }
    };
    const done = await send(
      requestFor(sharedIdentity, { messages: ["reader", "writer"], orders: ["reader", "writer"] }),
      operator,
    );
    cloud.onWrite = () => undefined;
    expect(done.status).toBe("Failed");
    if (recordOf(home)?.state === "Incomplete") {
      const acceptance = createAcceptanceContext({ ports }, operator);
      await acceptCompensation(acceptance, done.id);
      await acceptance.run();
    }
    expect(access()).toEqual(before);
    expect(await findingsOf(guest)).toEqual([]);
  });
});

describe("a credential of a guest whose write took effect after its guest had left", () => {
  const late = () => cloud.credentials.get(name)?.find((each) => each.name === credentialOf(guest));

  /** The guest has left, and what it had sent comes when nobody waits for it any more. */
  async function leaveLate(): Promise<void> {
    const found = late();
    if (!found) throw new Error("the guest has no credential");
    expect((await offboard(guest)).status).toBe("Succeeded");
    cloud.credentials.set(name, [...(cloud.credentials.get(name) ?? []), found]);
  }

  it("is found at its home, and goes with a repair", async () => {
    await send(home);
    const before = access();
    await send(guest);
    await leaveLate();
    const strange = { ...late(), name: "strange" } as NonNullable<ReturnType<typeof late>>;
    cloud.credentials.set(name, [...(cloud.credentials.get(name) ?? []), strange]);
    expect(await findingsOf(home)).toEqual([
      expect.stringContaining("CREDENTIAL_ADDED credential strange"),
      expect.stringContaining(`CREDENTIAL_SURPLUS credential ${credentialOf(guest)}`),
    ]);

    expect((await repair(home)).status).toBe("Succeeded");

    expect(credentials()).toEqual([...before.credentials, "strange"].toSorted());
    expect(await findingsOf(home)).toEqual([expect.stringContaining("CREDENTIAL_ADDED credential strange")]);
  });

  it("goes although the namespace is there again, with an identity of its own", async () => {
    await send(home);
    await send(guest);
    await leaveLate();
    const { sharedIdentity: _none, ...own } = guest;
    await send(own as OnboardingRequest);

    expect((await repair(home)).status).toBe("Succeeded");

    expect(credentials()).toEqual([credentialOf(home)]);
    expect(await findingsOf(own as OnboardingRequest)).toEqual([]);
  });

  it("stays where the guest is there again", async () => {
    await send(home);
    await send(guest);
    await leaveLate();
    await send(guest);

    expect((await repair(home)).status).toBe("Succeeded");

    expect(credentials()).toEqual([credentialOf(home), credentialOf(guest)].toSorted());
    expect([await findingsOf(home), await findingsOf(guest)]).toEqual([[], []]);
  });

  it("goes with its home, where the identity is somebody else's and stays", async () => {
    const ref = { subscriptionId: "", resourceGroup: "", name };
    await cloud.ports.identities.put(ref, { location: "westeurope", tags: {} });
    await send({ ...home, adoptionPolicy: "Always" });
    await send(guest);
    await leaveLate();

    const gone = await offboard(home);

    expect(gone.error ?? gone.status).toBe("Succeeded");
    expect(cloud.identities.has(name)).toBe(true);
    expect(credentials()).toEqual([]);
  });
});

describe("at the same time", () => {
  /** What either may see or take from the other. */
  const deeds: ReadonlySet<string> = new Set([
    ...["getNamespace", "insertNamespace", "replaceNamespace", "removeNamespace"],
    ...["putFederatedCredential", "removeFederatedCredential", "remove", "change"],
  ]);

  /** Whoever asks while the other one holds the namespace, or when it has gone. */
  function expectRefused(error: unknown): void {
    if (!(error instanceof Refusal)) throw error;
  }

  /** That call of the operation waits for the other one to run to its end. */
  function interrupted(at: number, other: () => Promise<unknown>) {
    let count = 0;
    let isInside = false;
    let meeting: Promise<unknown> | undefined;
    const meet = async () => {
      if (isInside) return;
      count += 1;
      if (count !== at) return;
      isInside = true;
      meeting = other().catch(expectRefused);
      await meeting;
      isInside = false;
    };
    const wrap = <P extends object>(port: P): P =>
      new Proxy(port, {
        get(target, method, receiver) {
          const found: unknown = Reflect.get(target, method, receiver);
          if (typeof found !== "function" || !deeds.has(String(method))) return found;
          return async (...input: unknown[]) => {
            await meet();
            return await Reflect.apply(found, target, input);
          };
        },
      });
    const { registry, identities, databases } = cloud.ports;
    use({ ...cloud.ports, registry: wrap(registry), identities: wrap(identities), databases: wrap(databases) });
    return {
      /** Also where the call that waits is a look ahead, for which its own operation does not wait. */
      async hasMet() {
        await meeting;
        use(cloud.ports);
        return count >= at;
      },
    };
  }

  const small = requestFor(sharedIdentity, { orders: ["reader"] });
  const pairs = {
    "a home that narrows and a guest that comes": [() => send(small, operator), () => send(guest)],
    "a guest that comes and a home that narrows": [() => send(guest), () => send(small, operator)],
    "a home that leaves and a guest that comes": [() => offboard(home), () => send(guest)],
    "a guest that comes and a home that leaves": [() => send(guest), () => offboard(home)],
  } as const;

  it.each(Object.entries(pairs))("%s never leave the guest without what it has", async (_name, [first, second]) => {
    const outcomes = new Set<string>();
    for (let at = 1; ; at += 1) {
      begin();
      await send(home);
      const met = interrupted(at, second);
      await first().catch(expectRefused);
      if (!(await met.hasMet())) break;
      const [homeNow, guestNow] = [recordOf(home), recordOf(guest)];
      outcomes.add(
        `${homeNow?.state ?? "gone"} ${homeNow?.request.databases.length ?? 0}, ${guestNow?.state ?? "gone"}`,
      );
      if (guestNow) {
        expect(guestNow.state, `at ${at}`).toBe("Onboarded");
        expect(await findingsOf(guest), `at ${at}`).toEqual([]);
        expect(rolesIn("messages"), `at ${at}`).toContain("db_datareader");
      } else {
        expect(credentials(), `at ${at}`).not.toContain(credentialOf(guest));
      }
      if (!homeNow) expectNothingLeft(cloud);
    }
    // Either may be first, and neither is always refused.
    expect(
      [...outcomes].some((each) => each.endsWith("Onboarded")),
      [...outcomes].join("; "),
    ).toBe(true);
    expect([...outcomes].some((each) => each.endsWith("gone"))).toBe(true);
  });

  /** What the guest that comes finds there already, though nobody has asked for it. */
  const leftBefore = () => {
    const { oidcIssuer = "" } = cloud.ports.catalog.clusters["aks-new"] ?? {};
    const subject = "system:serviceaccount:red-guest:app";
    const audiences = ["api://AzureADTokenExchange"];
    const late = { name: credentialOf(guest), issuer: oidcIssuer, subject, audiences };
    cloud.credentials.set(name, [...(cloud.credentials.get(name) ?? []), late]);
  };
  it.each([
    ["a home that is repaired and a guest that comes", () => repair(home), () => send(guest)],
    ["a guest that comes and a home that is repaired", () => send(guest), () => repair(home)],
  ])("%s never take the guest's credential for one that is left over", async (_name, first, second) => {
    for (let at = 1; ; at += 1) {
      begin();
      await send(home);
      leftBefore();
      const met = interrupted(at, second);
      await first().catch(expectRefused);
      if (!(await met.hasMet())) break;
      expect(recordOf(home)?.state, `at ${at}`).toBe("Onboarded");
      if (!recordOf(guest)) expect((await repair(home)).status, `at ${at}`).toBe("Succeeded");
      const wanted = [credentialOf(home), ...(recordOf(guest) ? [credentialOf(guest)] : [])];
      expect(credentials(), `at ${at}`).toEqual(wanted.toSorted());
    }
  });
});

describe("identity bindings", () => {
  const bound = { ...guest, identityMode: "identityBinding" } as const;

  it("binds the identity in the guest's cluster, beside a home with a credential, and takes both away again", async () => {
    await send(home);
    const before = access();

    const done = await send(bound);

    expect(done.error ?? done.status).toBe("Succeeded");
    expect([...cloud.bindings.keys()]).toHaveLength(1);
    expect(credentials()).toEqual(["aks-identity-binding", credentialOf(home)].toSorted());
    expect([await findingsOf(home), await findingsOf(bound)]).toEqual([[], []]);
    expect((await offboard(bound)).status).toBe("Succeeded");
    expect(cloud.bindings.size).toBe(0);
    expect(access()).toEqual(before);
  });

  it("refuses a second one in the same cluster", async () => {
    await send(home);
    await send(bound);
    const second = requestFor("aks-new/red-2", messages, { sharedIdentity, identityMode: "identityBinding" });

    expect(await blockersOf(second)).toEqual([
      "SHARED_IDENTITY_BOUND aks-new/red-guest binds the identity of aks-dev/red to the same cluster.",
    ]);
    expect((await send(second)).error).toMatchObject({ code: "SHARED_IDENTITY_BOUND" });
    const { identityMode: _bound, ...without } = second;
    expect((await send(OnboardingRequest.parse(without))).status).toBe("Succeeded");
    expect([...cloud.bindings.keys()]).toHaveLength(1);
  });

  it("keeps a home from binding the identity where a guest does", async () => {
    await send(home);
    await send(requestFor("aks-dev/red-2", messages, { sharedIdentity, identityMode: "identityBinding" }));

    expect((await migrate(home, "identityBinding")).error).toMatchObject({ code: "SHARED_IDENTITY_BOUND" });
    expect([...cloud.bindings.keys()]).toHaveLength(1);
  });

  it("keeps Azure's credential for the other cluster that binds it", async () => {
    await send({ ...home, identityMode: "identityBinding" });
    await send(bound);
    expect([...cloud.bindings.keys()]).toHaveLength(2);

    expect((await offboard(bound)).status).toBe("Succeeded");
    expect(credentials()).toEqual(["aks-identity-binding"]);
    expect(await findingsOf(home)).toEqual([]);
  });

  it("migrates a guest there and back", async () => {
    await send(home);
    await send(guest);
    const before = access();

    const there = await migrate(guest, "identityBinding");
    expect(there.error ?? there.status).toBe("Succeeded");
    expect(credentials()).toEqual(["aks-identity-binding", credentialOf(home)].toSorted());
    expect([await findingsOf(home), await findingsOf(guest)]).toEqual([[], []]);
    const back = await migrate(guest, "workloadIdentity");
    expect(back.error ?? back.status).toBe("Succeeded");
    expect(access()).toEqual(before);
    expect([await findingsOf(home), await findingsOf(guest)]).toEqual([[], []]);
  });
});
