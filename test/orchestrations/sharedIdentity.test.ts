/** Who may share an identity, what its home keeps for its guests, and both at the same time (docs/adr/0029). */

import { beforeEach, describe, expect, it } from "vitest";
import { acceptCompensation, acceptOnboarding } from "../../src/application/acceptance/acceptance.ts";
import { accessOf } from "../../src/application/documents/accessDocument.ts";
import { inspectNamespace } from "../../src/application/inspection/inspection.ts";
import { planOffboarding } from "../../src/application/plan/planOffboarding.ts";
import { planOnboarding } from "../../src/application/plan/planOnboarding.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import { namespaceKey } from "../../src/domain/naming/names.ts";
import { Refusal } from "../../src/domain/policy/refusal.ts";
import type { OnboardingRequest } from "../../src/domain/request/request.ts";
import { confirmed, createAcceptanceContext } from "../support/acceptanceContext.ts";
import type { FakeCloud } from "../support/fakeCloud.ts";
import { expectNothingLeft } from "../support/remains.ts";
import { operator } from "../support/teams.ts";
import { both, credentialOf, guest, home, messages, name, requestFor, Share, sharedIdentity } from "./share.ts";

let share: Share;
let cloud: FakeCloud;

function begin(): void {
  share = new Share();
  cloud = share.cloud;
}

beforeEach(begin);

describe("who may share", () => {
  it.each([
    ["a home that is not there", () => undefined, "SHARED_IDENTITY_UNAVAILABLE"],
    ["a home of another team", () => share.send(home, operator, {}), "SHARED_IDENTITY_UNAVAILABLE"],
    [
      "a home that lacks what is asked for",
      () => share.send(requestFor(sharedIdentity, { orders: ["reader"] })),
      "SHARED_IDENTITY_LACKS",
    ],
    ["a home that an operation holds", hold, "SHARED_IDENTITY_BUSY"],
    [
      "a home whose access ends earlier",
      () => share.send({ ...home, expiresAt: "2099-01-01T00:00:00.000Z" }),
      "SHARED_IDENTITY_LACKS",
    ],
  ])("refuses %s, before anything is written", async (_what, prepare, code) => {
    await prepare();
    const before = { ...share.access(), objects: share.objectsNow() };

    expect(await share.blockersOf(guest)).toEqual([
      expect.stringContaining(code),
      ...(cloud.identities.size > 0 ? [] : [expect.any(String)]),
    ]);
    const done = await share.send(guest);

    expect(done.error).toMatchObject({ code });
    expect({ ...share.access(), objects: share.objectsNow() }).toEqual(before);
    expect(share.recordOf(guest)).toBeUndefined();
  });

  async function hold(): Promise<void> {
    await share.send(home);
    const record = share.recordOf(home);
    const compensates = { of: "op-0", createdBy: "op-0", undos: [] };
    if (record) cloud.namespaces.set(sharedIdentity, { ...record, state: "Compensating", compensates } as never);
  }

  it("refuses a guest of a guest, and what the catalog allows no longer", async () => {
    await share.send(home);
    await share.send(guest);
    const ofGuest = requestFor("aks-dev/red-2", messages, { sharedIdentity: "aks-new/red-guest" });
    expect(await share.blockersOf(ofGuest)).toContainEqual(expect.stringContaining("SHARED_IDENTITY_NOT_ALLOWED"));
    cloud.ports.catalog.sharedIdentities["aks-new/red-guest"] = { clusters: both };
    expect(await share.blockersOf(ofGuest)).toContainEqual(
      "SHARED_IDENTITY_UNAVAILABLE aks-new/red-guest is not onboarded for the same team with an identity of its own.",
    );
    delete cloud.ports.catalog.sharedIdentities[sharedIdentity];
    expect(await share.blockersOf(guest)).toContainEqual(expect.stringContaining("SHARED_IDENTITY_NOT_ALLOWED"));
    // It can still leave.
    expect((await share.offboard(guest)).status).toBe("Succeeded");
  });

  it("counts the credentials of all", async () => {
    await share.send(home);
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
    await share.send(home);
    await share.send(guest);
    const { sharedIdentity: _none, ...own } = guest;
    await expect(share.send(own as OnboardingRequest)).rejects.toMatchObject({
      code: "SHARED_IDENTITY_CHANGE_REFUSED",
    });
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
    await share.send(small);
    cloud.ports.catalog.approval.clusters.pop();
    await share.send(guest);
    cloud.ports.catalog.approval.clusters.push("aks-new");

    expect(await plan(small)).toEqual(['Cluster "aks-new" needs approval.']);
    const record = share.recordOf(home);
    if (record) cloud.namespaces.set(sharedIdentity, { ...record, request: home });
    expect(await plan(guest)).toEqual(['Cluster "aks-new" needs approval.', expect.stringContaining("sql-dev/orders")]);
  });
});

describe("a home", () => {
  beforeEach(async () => {
    await share.send(home);
    await share.send(guest);
  });

  it("keeps what a guest has asked for, and can lose the rest", async () => {
    const before = share.access();
    const narrowed = await share.send(requestFor(sharedIdentity, { orders: ["reader"] }));

    expect(narrowed.error).toMatchObject({
      code: "SHARED_IDENTITY_IN_USE",
      message: expect.stringContaining(
        "aks-new/red-guest uses the identity of aks-dev/red, which would lose database sql-dev/messages (reader)",
      ),
    });
    expect(share.access()).toEqual(before);
    expect(share.recordOf(home)).toMatchObject({ state: "Onboarded", request: home });

    expect((await share.send(requestFor(sharedIdentity, messages))).status).toBe("Succeeded");
    expect([share.rolesIn("messages"), share.rolesIn("orders")]).toEqual([["db_datareader"], undefined]);
    expect(await share.findingsOf(guest)).toEqual([]);
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
    const before = share.access();
    const plan = await planOffboarding(cloud.ports, { request: home }, options);
    expect(plan.blocked).toBe(true);

    const done = await share.offboard(home, options);

    expect(done.error).toMatchObject({
      code: "SHARED_IDENTITY_IN_USE",
      message: expect.stringContaining("The identity of aks-dev/red is also used by aks-new/red-guest."),
    });
    expect(share.access()).toEqual(before);
    expect(share.recordOf(home)).toMatchObject({ state: "Onboarded" });
    expect(await share.findingsOf(guest)).toEqual([]);
  });

  it("is not offboarded where the catalog has dropped its cluster", async () => {
    delete cloud.ports.catalog.clusters["aks-dev"];
    expect((await planOffboarding(cloud.ports, { request: home })).blocked).toBe(true);
  });

  it("is not taken over while another team's namespaces use its identity", async () => {
    Object.assign(cloud.ports.catalog.teams["blue"] ?? {}, { namespaces: ["*"] });
    const taken = await share.send({ ...home, team: "blue" }, operator, { takeOver: true });

    expect(taken.error).toMatchObject({ code: "SHARED_IDENTITY_IN_USE" });
    expect(share.recordOf(home)).toMatchObject({ state: "Onboarded", team: "red" });
    expect(await share.blockersOf(home, { earlier: home, team: "blue", takeOver: true })).toHaveLength(1);
    // Its own team takes it over where somebody has made the namespace anew.
    expect(await share.blockersOf(home, { earlier: home, takeOver: true })).toEqual([]);
  });

  it("finds a stranger's credential once, and knows its guests'", async () => {
    const strange = { name: "strange", issuer: "https://else", subject: "s", audiences: ["a"] };
    cloud.credentials.set(name, [...(cloud.credentials.get(name) ?? []), strange]);
    expect(await share.findingsOf(home)).toEqual([expect.stringContaining("CREDENTIAL_ADDED credential strange")]);
    expect(await share.findingsOf(guest)).toEqual([]);
  });

  it("that has drifted shows in its guest", async () => {
    cloud.users.get("sql-dev/messages")?.delete(name);
    const record = share.recordOf(home);
    const found = await inspectNamespace(cloud.ports, { request: home, clientId: record?.clientId });
    if (record) cloud.namespaces.set(sharedIdentity, { ...record, findings: [...found] });

    expect(await share.findingsOf(guest)).toEqual([expect.stringContaining("SHARED_ACCESS_BROKEN aks-dev/red")]);
    expect((await share.repair(home)).status).toBe("Succeeded");
    expect(await share.findingsOf(guest)).toEqual([]);
  });

  it("whose row was lost is missed by its guest", async () => {
    cloud.namespaces.delete(sharedIdentity);
    expect(await share.findingsOf(guest)).toEqual([expect.stringContaining("SHARED_ACCESS_MISSING aks-dev/red")]);
  });

  it("still has for its guest what a change would take that has only begun", async () => {
    const acceptance = createAcceptanceContext(share, operator);
    await acceptOnboarding(acceptance, requestFor(sharedIdentity, { orders: ["reader"] }), confirmed);
    expect(share.recordOf(home)).toMatchObject({ state: "Changing" });

    expect(await share.findingsOf(guest)).toEqual([]);
    expect((await share.migrate(guest, "identityBinding")).error).toMatchObject({ code: "SHARED_IDENTITY_BUSY" });
    await acceptance.run();
    expect(share.recordOf(home)).toMatchObject({ state: "Onboarded", request: home });
  });

  it("gives its access to all who ask who reaches what", async () => {
    const records = [...cloud.namespaces.values()];
    const rows = await accessOf(cloud.ports, records, { target: "sql-dev/orders" });
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
    const before = share.access();
    let hasFailed = false;
    cloud.onWrite = ({ what, when }) => {
      if (when === "after" && what.includes("orders") && !hasFailed) {
        hasFailed = true;
        throw new PermanentError("SQL_REJECTED", "broken");
      }
    };
    const done = await share.send(
      requestFor(sharedIdentity, { messages: ["reader", "writer"], orders: ["reader", "writer"] }),
      operator,
    );
    cloud.onWrite = () => undefined;
    expect(done.status).toBe("Failed");
    if (share.recordOf(home)?.state === "Incomplete") {
      const acceptance = createAcceptanceContext(share, operator);
      await acceptCompensation(acceptance, done.id);
      await acceptance.run();
    }
    expect(share.access()).toEqual(before);
    expect(await share.findingsOf(guest)).toEqual([]);
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
    share.use({ ...cloud.ports, registry: wrap(registry), identities: wrap(identities), databases: wrap(databases) });
    return {
      /** Also where the call that waits is a look ahead, for which its own operation does not wait. */
      async hasMet() {
        await meeting;
        share.use(cloud.ports);
        return count >= at;
      },
    };
  }

  const small = requestFor(sharedIdentity, { orders: ["reader"] });
  const pairs = {
    "a home that narrows and a guest that comes": [() => share.send(small, operator), () => share.send(guest)],
    "a guest that comes and a home that narrows": [() => share.send(guest), () => share.send(small, operator)],
    "a home that leaves and a guest that comes": [() => share.offboard(home), () => share.send(guest)],
    "a guest that comes and a home that leaves": [() => share.send(guest), () => share.offboard(home)],
  } as const;

  it.each(Object.entries(pairs))("%s never leave the guest without what it has", async (_name, [first, second]) => {
    const outcomes = new Set<string>();
    for (let at = 1; ; at += 1) {
      begin();
      await share.send(home);
      const met = interrupted(at, second);
      await first().catch(expectRefused);
      if (!(await met.hasMet())) break;
      const [homeNow, guestNow] = [share.recordOf(home), share.recordOf(guest)];
      outcomes.add(
        `${homeNow?.state ?? "gone"} ${homeNow?.request.databases.length ?? 0}, ${guestNow?.state ?? "gone"}`,
      );
      if (guestNow) {
        expect(guestNow.state, `at ${at}`).toBe("Onboarded");
        expect(await share.findingsOf(guest), `at ${at}`).toEqual([]);
        expect(share.rolesIn("messages"), `at ${at}`).toContain("db_datareader");
      } else {
        expect(share.credentials(), `at ${at}`).not.toContain(credentialOf(guest));
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

  const other = requestFor("aks-dev/red-2", messages, { sharedIdentity });
  // A change where it is still there.
  const again = { ...guest, serviceAccount: "web" };
  it.each([
    ["a guest that leaves and comes again", () => share.offboard(guest), () => share.send(again)],
    ["a guest that leaves and another one that comes", () => share.offboard(guest), () => share.send(other)],
    ["a guest that comes and another one that leaves", () => share.send(other), () => share.offboard(guest)],
  ])("%s are named by their home if they are there, and only then", async (_name, first, second) => {
    const outcomes = new Set<string>();
    for (let at = 1; ; at += 1) {
      begin();
      await share.send(home);
      await share.send(guest);
      const met = interrupted(at, second);
      await first().catch(expectRefused);
      if (!(await met.hasMet())) break;
      const there = [guest, other].filter((each) => share.recordOf(each) !== undefined).map(namespaceKey);
      outcomes.add(there.join());
      expect((share.recordOf(home)?.guests ?? []).toSorted(), `at ${at}`).toEqual(there.toSorted());
    }
    expect(outcomes.size, [...outcomes].join("; ")).toBeGreaterThan(0);
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
    ["a home that is repaired and a guest that comes", () => share.repair(home), () => share.send(guest)],
    ["a guest that comes and a home that is repaired", () => share.send(guest), () => share.repair(home)],
  ])("%s never take the guest's credential for one that is left over", async (_name, first, second) => {
    for (let at = 1; ; at += 1) {
      begin();
      await share.send(home);
      leftBefore();
      const met = interrupted(at, second);
      await first().catch(expectRefused);
      if (!(await met.hasMet())) break;
      expect(share.recordOf(home)?.state, `at ${at}`).toBe("Onboarded");
      if (!share.recordOf(guest)) expect((await share.repair(home)).status, `at ${at}`).toBe("Succeeded");
      const wanted = [credentialOf(home), ...(share.recordOf(guest) ? [credentialOf(guest)] : [])];
      expect(share.credentials(), `at ${at}`).toEqual(wanted.toSorted());
    }
  });
});
