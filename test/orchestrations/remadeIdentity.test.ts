/** A repair that remakes a deleted identity, and does not finish: the namespace has the new identity from then on. */

import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptOnboarding, acceptUpkeep } from "../../src/application/acceptance/acceptance.ts";
import { cancelOperation } from "../../src/application/decisions/decide.ts";
import { planRepairOf } from "../../src/application/dryRun/planRepairOf.ts";
import { inspectionOf } from "../../src/application/inspection/driftRecord.ts";
import { inspectNamespace } from "../../src/application/inspection/inspection.ts";
import { prepareMigration } from "../../src/application/migration/prepareMigration.ts";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { sidFromClientId } from "../../src/domain/naming/sid.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { createAcceptanceContext, requester, type TestAcceptanceContext } from "../support/acceptanceContext.ts";
import { breakOff, comeByTimer } from "../support/breakOff.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { clientIdOf, newPair } from "../support/ids.ts";

const request = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});
const name = identityName(request);

let cloud: FakeCloud;
let acceptance: TestAcceptanceContext;
/** The client ID of the onboarded identity. */
let first: string | undefined;

beforeEach(async () => {
  cloud = createFakeCloud();
  acceptance = createAcceptanceContext(cloud);
  providePorts(cloud.ports);
  await acceptOnboarding(acceptance, request);
  await acceptance.run();
  first = record().clientId;
  cloud.identities.delete(name);
  cloud.credentials.delete(name);
});

function record() {
  const found = cloud.namespaces.get("aks-dev/team-a");
  if (!found) throw new Error("the namespace has no record");
  return found;
}

async function repair(): Promise<string> {
  return (await acceptUpkeep(acceptance, "Repairing", { namespaceRef: request, prepare: () => ({}) })).operation;
}

const cancel = (operation: string) => cancelOperation(cloud.ports.registry, operation, { by: requester });

function refuse(write: string): void {
  cloud.onWrite = ({ what, when }) => {
    if (what === write && when === "before") throw new PermanentError("ARM_FORBIDDEN", `${what} is refused`);
  };
}

async function findings() {
  return (await inspectNamespace(cloud.ports, inspectionOf(record()))).map(({ code }) => code);
}

/** How the repair ends, each with the new identity in place. */
const ends: Readonly<Record<string, { status: string; end: (operation: string) => Promise<unknown> }>> = {
  "was canceled after it": {
    status: "Canceled",
    end: (operation) =>
      acceptance.run({
        async execute(activity, run) {
          if (activity === "grantDatabase") await cancel(operation);
          return await run();
        },
      }),
  },
  "was canceled while the answer to its creation was lost": {
    status: "Canceled",
    async end(operation) {
      cloud.onWrite = ({ what, when }) => {
        if (what === "put identity" && when === "after") throw new TransientError("ARM_UNAVAILABLE", "no answer came");
      };
      await acceptance.run({
        async execute(activity, run) {
          try {
            return await run();
          } finally {
            if (activity === "prepareNamespace") await cancel(operation);
          }
        },
      });
    },
  },
  "failed after it": {
    status: "Failed",
    async end() {
      refuse("change sql-dev/messages");
      await acceptance.run();
    },
  },
  "failed beside it": {
    status: "Failed",
    async end() {
      cloud.objects.delete("v1 ConfigMap team-a/mooring-databases");
      refuse("apply ConfigMap");
      await acceptance.run();
    },
  },
  "broke off and was given up": {
    status: "Failed",
    async end() {
      await breakOff(acceptance, "prepareNamespace");
      const { operation } = record();
      const known = cloud.operations.get(operation);
      if (known) cloud.operations.set(operation, { ...known, restarts: 100 });
      await comeByTimer(acceptance);
    },
  },
};

describe.each(Object.entries(ends))("a repair that remade the identity and %s", (_how, { status, end }) => {
  beforeEach(async () => {
    const operation = await repair();
    await end(operation);
    cloud.onWrite = () => undefined;
    expect(cloud.operations.get(operation)).toMatchObject({ status });
    expect(cloud.identities.get(name)?.clientId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("leaves a record with the identity that exists", async () => {
    expect(record()).toMatchObject({ state: "Onboarded", clientId: cloud.identities.get(name)?.clientId });
    expect(record().clientId).not.toBe(first);
    expect(await findings()).not.toContain("IDENTITY_REPLACED");
  });

  it("is completed by another, even if somebody removes the tags in between", async () => {
    const made = cloud.identities.get(name);
    if (made) cloud.identities.set(name, { ...made, tags: {} });

    const second = await repair();
    await acceptance.run();

    expect(cloud.operations.get(second)?.status).toBe("Succeeded");
    expect(await findings()).toEqual([]);
    const user = cloud.users.get("sql-dev/messages")?.get(name);
    expect(user?.sid).toBe(sidFromClientId(clientIdOf(record().clientId ?? "")));
  });
});

it("keeps the client ID of a repair that did not come as far as the identity", async () => {
  const operation = await repair();
  await cancel(operation);
  await acceptance.run();

  expect(cloud.operations.get(operation)?.status).toBe("Canceled");
  expect(record()).toMatchObject({ state: "Onboarded", clientId: first });
});

it("does not take an identity of others for the namespace's", async () => {
  const theirs = "99999999-9999-4999-8999-999999999999";
  const id = `/subscriptions/s/${name}`;
  const identity = { id, name, ...newPair(() => theirs), tenantId: theirs, location: "westeurope" };
  cloud.identities.set(name, { ...identity, tags: {} });

  const operation = await repair();
  await acceptance.run();

  expect(cloud.operations.get(operation)).toMatchObject({ status: "Failed", error: { code: "IDENTITY_CONFLICT" } });
  expect(record().clientId).toBe(first);
  expect(await findings()).toContain("IDENTITY_REPLACED");
});

it("holds the namespace until Azure can say which identity it has", async () => {
  const operation = await repair();
  refuse("change sql-dev/messages");
  let isAway = false;
  const { identities } = cloud.ports;
  const get: typeof identities.get = async (ref) => {
    if (isAway) throw new TransientError("ARM_UNAVAILABLE", "no answer came");
    return await identities.get(ref);
  };
  providePorts({ ...cloud.ports, identities: { ...identities, get } });
  await acceptance.run({
    async execute(activity, run) {
      isAway = activity === "recordOutcome";
      return await run();
    },
  });
  expect(cloud.operations.get(operation)?.status).toBe("Failed");
  expect(record().state).toBe("Repairing");

  await comeByTimer(acceptance);

  expect(record()).toMatchObject({ state: "Onboarded", clientId: cloud.identities.get(name)?.clientId });
});

it("releases the namespace when Azure refuses to say which identity it has", async () => {
  await repair();
  refuse("change sql-dev/messages");
  const { identities } = cloud.ports;
  await acceptance.run({
    async execute(activity, run) {
      const get: typeof identities.get = async () => {
        throw new PermanentError("ARM_FORBIDDEN", "no right to read");
      };
      providePorts(activity === "recordOutcome" ? { ...cloud.ports, identities: { ...identities, get } } : cloud.ports);
      return await run();
    },
  });

  expect(record()).toMatchObject({ state: "Onboarded", clientId: first });
});

describe("a later repair knows the identity by the tags of the repair that made it", () => {
  /** Somebody restores the deleted identity with its tags; Azure gives it other IDs. */
  function restoreWithTags(): void {
    const identity = cloud.identities.get(name);
    if (!identity) throw new Error("the identity is not there");
    cloud.identities.set(name, { ...identity, ...newPair() });
    cloud.credentials.delete(name);
  }

  async function expectRepaired(): Promise<void> {
    const plan = await planRepairOf(acceptance, request);
    expect(plan.steps.find(({ name: step }) => step === "ensureIdentity")).toMatchObject({ action: "none" });

    const operation = await repair();
    await acceptance.run();

    expect(cloud.operations.get(operation)?.error?.message).toBeUndefined();
    expect(record().clientId).toBe(cloud.identities.get(name)?.clientId);
    expect(await findings()).toEqual([]);
  }

  beforeEach(async () => {
    await repair();
    await acceptance.run();
  });

  it("right after it", async () => {
    restoreWithTags();
    await expectRepaired();
  });

  it("after another that did not come as far as the identity", async () => {
    await cancel(await repair());
    await acceptance.run();
    restoreWithTags();
    await expectRepaired();
  });

  it("after a migration that only looked", async () => {
    await acceptUpkeep(acceptance, "Migrating", {
      namespaceRef: request,
      prepare: (current) => ({
        migration: prepareMigration(cloud.ports, current, { to: "podIdentity", until: "inventory" }),
      }),
    });
    await acceptance.run();
    restoreWithTags();
    await expectRepaired();
  });
});
