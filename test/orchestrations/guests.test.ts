/** A namespace that uses the identity of another one: what it gets, changes, and leaves behind (docs/adr/0029). */

import { beforeEach, describe, expect, it } from "vitest";
import { acceptExpired, acceptUpkeep } from "../../src/application/acceptance/acceptance.ts";
import { planOnboarding } from "../../src/application/plan/planOnboarding.ts";
import { expiryCaller } from "../../src/domain/access/caller.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import { federatedCredentialName } from "../../src/domain/naming/names.ts";
import type { OperationRecord } from "../../src/domain/operation/records.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { createAcceptanceContext } from "../support/acceptanceContext.ts";
import type { FakeCloud } from "../support/fakeCloud.ts";
import { ended } from "../support/operations.ts";
import { expectNothingLeft } from "../support/remains.ts";
import { operator } from "../support/teams.ts";
import { credentialOf, guest, home, messages, name, requestFor, Share, sharedIdentity } from "./share.ts";

let share: Share;
let cloud: FakeCloud;

function begin(): void {
  share = new Share();
  cloud = share.cloud;
}

beforeEach(begin);

describe("a guest", () => {
  it("uses the identity of another namespace in another cluster, and nothing is made or given but its own way in", async () => {
    await share.send(home);
    const before = share.access();
    const writes: string[] = [];
    cloud.onWrite = ({ what, when }) => {
      if (when === "before") writes.push(what);
    };

    const done = await share.send(guest);

    expect(done.error ?? done.status).toBe("Succeeded");
    expect(share.access()).toEqual({ ...before, credentials: [credentialOf(home), credentialOf(guest)].toSorted() });
    expect(
      writes.filter((what) => /identity|user|database|role|admin/i.test(what) && !/credential/.test(what)),
    ).toEqual([]);
    const account = cloud.objects.get("v1 ServiceAccount red-guest/app");
    const { clientId } = cloud.identities.get(name) ?? {};
    expect(account?.metadata.annotations).toMatchObject({ "azure.workload.identity/client-id": clientId });
    expect(share.recordOf(guest)).toMatchObject({ state: "Onboarded", clientId });
    expect(share.recordOf(home)).toMatchObject({ state: "Onboarded", guests: ["aks-new/red-guest"] });
    expect([await share.findingsOf(home), await share.findingsOf(guest)]).toEqual([[], []]);
  });

  it("names in its plan what it can reach besides", async () => {
    await share.send(home);
    const plan = await planOnboarding(cloud.ports, { operation: "plan", request: guest, team: "red" });

    const notices = plan.steps.flatMap((step) => step.notices ?? []);
    expect(notices.map(({ code, message }) => `${code} ${message}`)).toContain(
      "SHARED_IDENTITY_REACH aks-new/red-guest can also reach what aks-dev/red has: writer on database sql-dev/messages, database sql-dev/orders (reader).",
    );
    expect(plan.steps.map((step) => step.name)).not.toContain("grantDatabase");
    expect(share.recordOf(home)).not.toHaveProperty("guests");
  });

  it("leaves, and its home works on; the home leaves, and nothing is left", async () => {
    await share.send(home);
    const before = share.access();
    await share.send(guest);

    const gone = await share.offboard(guest);

    expect(gone.error ?? gone.status).toBe("Succeeded");
    expect(share.access()).toEqual(before);
    expect(share.recordOf(home)).not.toHaveProperty("guests");
    expect(await share.findingsOf(home)).toEqual([]);
    expect((await share.offboard(home)).status).toBe("Succeeded");
    expectNothingLeft(cloud);
    expect(cloud.namespaces.size).toBe(0);
  });

  it("undoes its onboarding at every failing write, and nothing of its home changes", async () => {
    await share.send(home);
    const before = { ...share.access(), objects: share.objectsNow() };
    for (let failing = 1; ; failing += 1) {
      let count = 0;
      cloud.onWrite = ({ when }) => {
        if (when !== "before") return;
        count += 1;
        if (count === failing) throw new PermanentError("ARM_REJECTED", "broken");
      };
      const done = await share.send(guest);
      cloud.onWrite = () => undefined;
      if (done.status === "Succeeded") break;
      expect({ ...share.access(), objects: share.objectsNow() }, `write ${failing}`).toEqual(before);
      expect(share.recordOf(guest), `write ${failing}`).toBeUndefined();
      expect(share.recordOf(home), `write ${failing}`).not.toHaveProperty("guests");
      expect(await share.findingsOf(home), `write ${failing}`).toEqual([]);
    }
  });

  it("is repaired, and follows its home to a new identity", async () => {
    await share.send(home);
    await share.send(guest);
    cloud.credentials.set(name, cloud.credentials.get(name)?.filter((each) => each.name !== credentialOf(guest)) ?? []);
    expect(await share.findingsOf(guest)).toEqual([expect.stringContaining("CREDENTIAL_MISSING")]);
    expect((await share.repair(guest)).status).toBe("Succeeded");
    expect(await share.findingsOf(guest)).toEqual([]);

    cloud.identities.delete(name);
    cloud.credentials.delete(name);
    const early = await share.repair(guest);
    expect(early.error).toMatchObject({ code: "SHARED_IDENTITY_UNAVAILABLE" });
    expect((await share.repair(home)).status).toBe("Succeeded");
    expect((await share.findingsOf(guest)).map((each) => each.split(" ")[0])).toContain("IDENTITY_REPLACED");
    const again = await share.repair(guest);
    expect(again.error ?? again.status).toBe("Succeeded");
    expect([await share.findingsOf(home), await share.findingsOf(guest)]).toEqual([[], []]);
  });

  it("takes the names of those off who left when nobody could", async () => {
    await share.send(home);
    await share.send(guest);
    const record = share.recordOf(home);
    if (record) cloud.namespaces.set(sharedIdentity, { ...record, guests: ["aks-dev/red-gone", "aks-new/red-guest"] });

    expect((await share.send(requestFor("aks-dev/red-2", messages, { sharedIdentity }))).status).toBe("Succeeded");
    expect((await share.offboard(guest)).status).toBe("Succeeded");

    expect(share.recordOf(home)).toMatchObject({ guests: ["aks-dev/red-2"] });
  });

  it("is named by its home again after that one's row was lost", async () => {
    await share.send(home);
    await share.send(guest);
    const { guests: _lost, ...record } = share.recordOf(home) ?? {};
    cloud.namespaces.set(sharedIdentity, record as never);

    expect(await share.findingsOf(guest)).toEqual(["SHARED_IDENTITY_UNLISTED aks-dev/red"]);
    expect((await share.repair(guest)).status).toBe("Succeeded");
    expect(share.recordOf(home)).toMatchObject({ guests: ["aks-new/red-guest"] });
    expect(await share.findingsOf(guest)).toEqual([]);
  });

  it("changes what it asks for within what its home has", async () => {
    await share.send(home);
    await share.send(guest);
    const before = share.access();
    const more = requestFor("aks-new/red-guest", { messages: ["reader"], orders: ["reader"] }, { sharedIdentity });

    expect((await share.send(more)).status).toBe("Succeeded");
    expect((await share.send(guest)).status).toBe("Succeeded");
    const too = requestFor("aks-new/red-guest", { orders: ["reader", "writer"] }, { sharedIdentity });
    expect((await share.send(too, operator)).error).toMatchObject({ code: "SHARED_IDENTITY_LACKS" });
    expect(share.access()).toEqual(before);
    expect(share.recordOf(guest)).toMatchObject({ state: "Onboarded", request: guest });
  });

  it("keeps its own credential when it takes another service account", async () => {
    await share.send(home);
    await share.send(guest);
    const changed = { ...guest, serviceAccount: "web" };

    expect((await share.send(changed)).status).toBe("Succeeded");
    expect(share.credentials()).toEqual([credentialOf(home), federatedCredentialName(guest, "web")].toSorted());
    expect([await share.findingsOf(home), await share.findingsOf(changed)]).toEqual([[], []]);
  });
});

describe("what ends", () => {
  const day = 86_400_000;
  const inDays = (days: number) => new Date(Date.now() + days * day).toISOString();
  const tenth = inDays(10);

  async function end(request: OnboardingRequest): Promise<OperationRecord> {
    const acceptance = createAcceptanceContext(share, expiryCaller);
    const record = share.recordOf(request);
    const expiry = { end: tenth, passedTime: inDays(-1) };
    if (record) cloud.namespaces.set(`${request.cluster}/${request.namespace}`, { ...record, expiry } as never);
    const accepted = await acceptExpired(acceptance, request, Date.now() + 20 * day);
    if (!accepted) throw new Error("nothing has ended");
    return await ended(acceptance, accepted);
  }

  it("ends for the guest alone, if its request says so", async () => {
    await share.send(home);
    const before = share.access();
    const ending = { ...guest, expiresAt: tenth };
    await share.send(ending);

    expect((await end(ending)).status).toBe("Succeeded");
    expect(share.access()).toEqual(before);
    expect(share.recordOf(guest)).toBeUndefined();
  });

  it("ends for the home after its guest", async () => {
    const ending = { ...home, expiresAt: tenth };
    const endingGuest = { ...guest, expiresAt: tenth };
    await share.send(ending);
    await share.send(endingGuest);

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
    await share.send(ending);
    const part = { ...guest, expiresAt: tenth };
    await share.send(part);

    const done = await end(ending);
    expect(done.error ?? done.status).toBe("Succeeded");
    expect([share.rolesIn("messages"), share.rolesIn("orders")]).toEqual([undefined, ["db_datareader"]]);
    expect(await share.findingsOf(part)).toEqual([expect.stringContaining("SHARED_ACCESS_MISSING")]);
    expect((await end(part)).status).toBe("Succeeded");
    expect(await share.findingsOf(ending)).toEqual([]);
  });
});

describe("a credential of a guest whose write took effect after its guest had left", () => {
  const late = () => cloud.credentials.get(name)?.find((each) => each.name === credentialOf(guest));

  /** The guest has left, and what it had sent comes when nobody waits for it any more. */
  async function leaveLate(meanwhile: () => Promise<unknown> = async () => undefined): Promise<void> {
    const found = late();
    if (!found) throw new Error("the guest has no credential");
    expect((await share.offboard(guest)).status).toBe("Succeeded");
    await meanwhile();
    cloud.credentials.set(name, [...(cloud.credentials.get(name) ?? []), found]);
  }

  it("is found at its home, and goes with a repair", async () => {
    await share.send(home);
    const before = share.access();
    await share.send(guest);
    await leaveLate();
    const strange = { ...late(), name: "strange" } as NonNullable<ReturnType<typeof late>>;
    cloud.credentials.set(name, [...(cloud.credentials.get(name) ?? []), strange]);
    expect(await share.findingsOf(home)).toEqual([
      expect.stringContaining("CREDENTIAL_ADDED credential strange"),
      expect.stringContaining(`CREDENTIAL_SURPLUS credential ${credentialOf(guest)}`),
    ]);

    expect((await share.repair(home)).status).toBe("Succeeded");

    expect(share.credentials()).toEqual([...before.credentials, "strange"].toSorted());
    expect(await share.findingsOf(home)).toEqual([expect.stringContaining("CREDENTIAL_ADDED credential strange")]);
  });

  it("goes although the namespace is there again, with an identity of its own", async () => {
    await share.send(home);
    await share.send(guest);
    const { sharedIdentity: _none, ...own } = guest;
    await leaveLate(() => share.send(own as OnboardingRequest));

    expect((await share.repair(home)).status).toBe("Succeeded");

    expect(share.credentials()).toEqual([credentialOf(home)]);
    expect(await share.findingsOf(own as OnboardingRequest)).toEqual([]);
  });

  it("stays where the guest is there again", async () => {
    await share.send(home);
    await share.send(guest);
    await leaveLate();
    await share.send(guest);

    expect((await share.repair(home)).status).toBe("Succeeded");

    expect(share.credentials()).toEqual([credentialOf(home), credentialOf(guest)].toSorted());
    expect([await share.findingsOf(home), await share.findingsOf(guest)]).toEqual([[], []]);
  });

  it("goes with its home", async () => {
    await share.send(home);
    await share.send(guest);
    await leaveLate();

    const gone = await share.offboard(home);

    expect(gone.error ?? gone.status).toBe("Succeeded");
    expectNothingLeft(cloud);
  });

  it("goes with its home, where the identity is somebody else's and stays", async () => {
    const ref = { subscriptionId: "", resourceGroup: "", name };
    await cloud.ports.identities.put(ref, { location: "westeurope", tags: {} });
    await share.send({ ...home, adoptionPolicy: "Always" });
    await share.send(guest);
    await leaveLate();

    const gone = await share.offboard(home);

    expect(gone.error ?? gone.status).toBe("Succeeded");
    expect(cloud.identities.has(name)).toBe(true);
    expect(share.credentials()).toEqual([]);
  });
});

describe("identity bindings", () => {
  const bound = { ...guest, identityMode: "identityBinding" } as const;

  it("binds the identity in the guest's cluster, beside a home with a credential, and takes both away again", async () => {
    await share.send(home);
    const before = share.access();

    const done = await share.send(bound);

    expect(done.error ?? done.status).toBe("Succeeded");
    expect([...cloud.bindings.keys()]).toHaveLength(1);
    expect(share.credentials()).toEqual(["aks-identity-binding", credentialOf(home)].toSorted());
    expect([await share.findingsOf(home), await share.findingsOf(bound)]).toEqual([[], []]);
    expect((await share.offboard(bound)).status).toBe("Succeeded");
    expect(cloud.bindings.size).toBe(0);
    expect(share.access()).toEqual(before);
  });

  it("refuses a second one in the same cluster", async () => {
    await share.send(home);
    await share.send(bound);
    const second = requestFor("aks-new/red-2", messages, { sharedIdentity, identityMode: "identityBinding" });

    expect(await share.blockersOf(second)).toEqual([
      "SHARED_IDENTITY_BOUND aks-new/red-guest binds the identity of aks-dev/red to the same cluster.",
    ]);
    expect((await share.send(second)).error).toMatchObject({ code: "SHARED_IDENTITY_BOUND" });
    const { identityMode: _bound, ...without } = second;
    expect((await share.send(OnboardingRequest.parse(without))).status).toBe("Succeeded");
    expect([...cloud.bindings.keys()]).toHaveLength(1);
  });

  it("keeps a home from binding the identity where a guest does", async () => {
    await share.send(home);
    await share.send(requestFor("aks-dev/red-2", messages, { sharedIdentity, identityMode: "identityBinding" }));

    expect((await share.migrate(home, "identityBinding")).error).toMatchObject({ code: "SHARED_IDENTITY_BOUND" });
    expect([...cloud.bindings.keys()]).toHaveLength(1);
  });

  it("keeps Azure's credential for the other cluster that binds it", async () => {
    await share.send({ ...home, identityMode: "identityBinding" });
    await share.send(bound);
    expect([...cloud.bindings.keys()]).toHaveLength(2);

    expect((await share.offboard(bound)).status).toBe("Succeeded");
    expect(share.credentials()).toEqual(["aks-identity-binding"]);
    expect(await share.findingsOf(home)).toEqual([]);
  });

  /** Beside the bound guest, another whose migration was accepted and has not run. */
  async function aboutToBind(other: OnboardingRequest) {
    for (const each of [home, other, bound]) await share.send(each);
    const acceptance = createAcceptanceContext(share, operator);
    const migration = { to: "identityBinding", until: "retire", serviceAccount: "app", selector: "app" } as const;
    await acceptUpkeep(acceptance, "Migrating", { namespaceRef: other, prepare: () => ({ migration }) });
    return acceptance;
  }

  it("takes Azure's credential away although another guest in the cluster is about to bind the identity", async () => {
    const other = requestFor("aks-new/red-2", messages, { sharedIdentity });
    const acceptance = await aboutToBind(other);

    expect((await share.offboard(bound)).status).toBe("Succeeded");
    expect(share.credentials()).toEqual([credentialOf(home), credentialOf(other)].toSorted());

    // Its binding brings the credential again.
    await acceptance.run();
    expect(share.recordOf(other)).toMatchObject({ state: "Onboarded", request: { identityMode: "identityBinding" } });
    expect(share.credentials()).toEqual(["aks-identity-binding", credentialOf(home)].toSorted());
    expect([await share.findingsOf(home), await share.findingsOf(other)]).toEqual([[], []]);
  });

  it("leaves Azure's credential for a guest in another cluster that is about to bind the identity", async () => {
    const other = requestFor("aks-dev/red-2", messages, { sharedIdentity });
    const acceptance = await aboutToBind(other);

    expect((await share.offboard(bound)).status).toBe("Succeeded");

    expect(share.credentials()).toContain("aks-identity-binding");
    await acceptance.run();
    expect([await share.findingsOf(home), await share.findingsOf(other)]).toEqual([[], []]);
  });

  describe("whose write took effect after its guest had left", () => {
    /** The guest has left, and what it had sent comes when nobody waits for it any more. */
    async function leaveLate(): Promise<void> {
      const late = structuredClone([...cloud.bindings]);
      expect(late).toHaveLength(1);
      expect((await share.offboard(bound)).status).toBe("Succeeded");
      const automatic = { name: "aks-identity-binding", issuer: "https://aks", subject: "aks", audiences: ["a"] };
      for (const [key, binding] of late) cloud.bindings.set(key, binding);
      cloud.credentials.set(name, [...(cloud.credentials.get(name) ?? []), automatic]);
    }

    it("is found at its home, and goes with a repair, as does Azure's credential for it", async () => {
      await share.send(home);
      const before = share.access();
      await share.send(bound);
      await leaveLate();
      expect(await share.findingsOf(home)).toContainEqual(expect.stringContaining("BINDING_SURPLUS binding mooring"));

      const repaired = await share.repair(home);

      expect(repaired.error ?? repaired.status).toBe("Succeeded");
      expect(cloud.bindings.size).toBe(0);
      expect(share.access()).toEqual(before);
      expect(await share.findingsOf(home)).toEqual([]);
    });

    it("goes without Azure's credential, where another one needs that", async () => {
      await share.send({ ...home, identityMode: "identityBinding" });
      await share.send(bound);
      await share.offboard(bound);
      const before = [...cloud.bindings.keys()];
      await share.send(bound);
      const late = structuredClone([...cloud.bindings]);
      await share.offboard(bound);
      for (const [key, binding] of late) cloud.bindings.set(key, binding);

      expect((await share.repair(home)).status).toBe("Succeeded");

      expect([...cloud.bindings.keys()]).toEqual(before);
      expect(share.credentials()).toEqual(["aks-identity-binding"]);
      expect(await share.findingsOf(home)).toEqual([]);
    });

    it("stays where the guest is there again, even if its home has lost its name, and where it is somebody else's", async () => {
      await share.send(home);
      await share.send(bound);
      const [[key, binding] = ["", undefined]] = [...cloud.bindings];
      if (!binding) throw new Error("the guest has no binding");
      const theirs = { ...binding, name: "theirs" };
      cloud.bindings.set(key.replace(binding.name, "theirs"), theirs);
      const { guests: _lost, ...record } = share.recordOf(home) ?? {};
      cloud.namespaces.set(sharedIdentity, record as never);

      expect((await share.repair(home)).status).toBe("Succeeded");

      expect([...cloud.bindings.values()]).toEqual([binding, theirs]);
      expect(share.credentials()).toContain("aks-identity-binding");
    });

    it.each(["its own", "somebody else's"])("goes with its home, whose identity is %s", async (whose) => {
      const isOwn = whose === "its own";
      const ref = { subscriptionId: "", resourceGroup: "", name };
      if (!isOwn) await cloud.ports.identities.put(ref, { location: "westeurope", tags: {} });
      await share.send({ ...home, adoptionPolicy: "Always" });
      await share.send(bound);
      await leaveLate();

      const gone = await share.offboard(home);

      expect(gone.error ?? gone.status).toBe("Succeeded");
      expect(cloud.bindings.size).toBe(0);
      expect(share.credentials()).toEqual([]);
      expect(cloud.identities.has(name)).toBe(!isOwn);
    });
  });

  describe("rights to use one that took effect after their guest had left", () => {
    const rights = () =>
      [...cloud.objects].filter(([key]) => key.startsWith("rbac.authorization.k8s.io/v1 ClusterRole"));

    /** The guest has left, and what it had sent comes when nobody waits for it any more. */
    async function leaveLate(kinds: readonly string[] = ["ClusterRole", "ClusterRoleBinding"]): Promise<void> {
      const late = structuredClone(rights().filter(([, { kind }]) => kinds.includes(kind)));
      expect(late).toHaveLength(kinds.length);
      expect((await share.offboard(bound)).status).toBe("Succeeded");
      expect(rights()).toEqual([]);
      for (const [key, object] of late) cloud.objects.set(key, object);
    }

    it.each([[["ClusterRole", "ClusterRoleBinding"]], [["ClusterRole"]], [["ClusterRoleBinding"]]])(
      "are found at their home, and go with a repair: %j",
      async (kinds) => {
        await share.send(home);
        await share.send(bound);
        await leaveLate(kinds);
        const found = "IDENTITY_USE_SURPLUS object: made by Mooring for aks-new/red-guest";
        expect(await share.findingsOf(home)).toEqual(kinds.map(() => found));

        const repaired = await share.repair(home);

        expect(repaired.error ?? repaired.status).toBe("Succeeded");
        expect(rights()).toEqual([]);
        expect(await share.findingsOf(home)).toEqual([]);
      },
    );

    it("stay where the guest is there again, even if its home has lost its name", async () => {
      await share.send(home);
      await share.send(bound);
      const before = structuredClone(rights());
      const { guests: _lost, ...record } = share.recordOf(home) ?? {};
      cloud.namespaces.set(sharedIdentity, record as never);

      expect(await share.findingsOf(home)).not.toContainEqual(expect.stringContaining("IDENTITY_USE_SURPLUS"));
      expect((await share.repair(home)).status).toBe("Succeeded");

      expect(rights()).toEqual(before);
    });

    it("are the namespace's own business where it is there again, with an identity of its own", async () => {
      await share.send(home);
      await share.send(bound);
      const late = structuredClone(rights());
      await share.offboard(bound);
      const { sharedIdentity: _none, ...own } = bound;
      await share.send(own as OnboardingRequest);
      const before = structuredClone(rights());
      for (const [key, object] of late) cloud.objects.set(key, object);

      expect((await share.repair(home)).status).toBe("Succeeded");

      expect(rights()).toHaveLength(2);
      expect(await share.findingsOf(own as OnboardingRequest)).toContainEqual(
        expect.stringContaining("OBJECT_CHANGED"),
      );
      expect((await share.repair(own as OnboardingRequest)).status).toBe("Succeeded");
      expect(rights().map(([, { metadata, ...fields }]) => [metadata.labels, fields])).toEqual(
        before.map(([, { metadata, ...fields }]) => [metadata.labels, fields]),
      );
      expect(await share.findingsOf(own as OnboardingRequest)).toEqual([]);
    });

    it("lose Mooring's mark and stay where somebody else gives the role to others", async () => {
      await share.send(home);
      await share.send(bound);
      await leaveLate();
      const [role] = rights().filter(([, { kind }]) => kind === "ClusterRole");
      const name = role?.[1].metadata.name;
      cloud.objects.set("rbac.authorization.k8s.io/v1 ClusterRoleBinding /theirs", {
        ...{ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRoleBinding", metadata: { name: "theirs" } },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
      });

      expect((await share.repair(home)).status).toBe("Succeeded");

      expect(rights().map(([, { metadata }]) => metadata.name)).toEqual([name, "theirs"]);
      expect(await share.findingsOf(home)).toEqual([]);
    });

    it.each(["its own", "somebody else's"])("go with their home, whose identity is %s", async (whose) => {
      const ref = { subscriptionId: "", resourceGroup: "", name };
      if (whose !== "its own") await cloud.ports.identities.put(ref, { location: "westeurope", tags: {} });
      await share.send({ ...home, adoptionPolicy: "Always" });
      await share.send(bound);
      await leaveLate();

      const gone = await share.offboard(home);

      expect(gone.error ?? gone.status).toBe("Succeeded");
      expect(rights()).toEqual([]);
    });
  });

  it("migrates a guest there and back", async () => {
    await share.send(home);
    await share.send(guest);
    const before = share.access();

    const there = await share.migrate(guest, "identityBinding");
    expect(there.error ?? there.status).toBe("Succeeded");
    expect(share.credentials()).toEqual(["aks-identity-binding", credentialOf(home)].toSorted());
    expect([await share.findingsOf(home), await share.findingsOf(guest)]).toEqual([[], []]);
    const back = await share.migrate(guest, "workloadIdentity");
    expect(back.error ?? back.status).toBe("Succeeded");
    expect(share.access()).toEqual(before);
    expect([await share.findingsOf(home), await share.findingsOf(guest)]).toEqual([[], []]);
  });
});
