/** The drift timer names identities that have Mooring's tags and that no record knows. */

import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../../src/activities/host.ts";
import { watchUnrecorded } from "../../../src/application/inspection/watchUnrecorded.ts";
import { identityRef } from "../../../src/domain/catalog/clusters.ts";
import { TransientError } from "../../../src/domain/errors.ts";
import { federatedCredentialName, identityName, namespaceKey } from "../../../src/domain/naming/names.ts";
import { ownerTags } from "../../../src/domain/naming/ownership.ts";
import { beginRepair, isOnboarded } from "../../../src/domain/operation/lifecycle.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { createFakeCloud, type FakeCloud } from "../../support/fakeCloud.ts";
import { newPair } from "../../support/ids.ts";
import { operate, send } from "../../support/operations.ts";

const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };
const name = identityName(namespaceRef);
const request = OnboardingRequest.parse({
  ...namespaceRef,
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});

let cloud: FakeCloud;
let warned: string[];
beforeEach(async () => {
  cloud = createFakeCloud();
  providePorts(cloud.ports);
  await operate(cloud, "onboard", request);
  cloud.events.length = 0;
  warned = [];
});

const context = { warn: (line: unknown) => void warned.push(String(line)) };

async function look(watch = watchUnrecorded(cloud.ports)) {
  await watch.look(context);
  return watch.unrecorded().map(({ finding }) => finding.target);
}

it("says nothing of an identity that a record knows", async () => {
  expect(await look()).toEqual([]);
  expect({ warned, events: cloud.events }).toEqual({ warned: [], events: [] });
});

it("names one whose row was lost, as an error of drift, and publishes it once", async () => {
  cloud.namespaces.clear();
  const watch = watchUnrecorded(cloud.ports);

  expect(await look(watch)).toEqual([name]);
  expect(await look(watch)).toEqual([name]);
  // As after a restart.
  expect(await look()).toEqual([name]);

  expect(warned[0]).toContain(`No record knows identity ${name}`);
  expect(cloud.events).toMatchObject([
    {
      type: "mooring.namespace.drift-detected.v1",
      subject: "aks-dev/team-a",
      data: { severity: "Error", findings: [{ code: "IDENTITY_UNRECORDED", target: name, repairable: false }] },
    },
    { subject: "aks-dev/team-a" },
  ]);
  expect(new Set(cloud.events.map(({ id }) => id)).size).toBe(1);
});

it("names one that a late write brought back beside the namespace's own", async () => {
  const own = cloud.identities.get(name);
  if (!own) throw new Error("it is not onboarded");
  const late = { ...own, name: `${name}-late`, ...newPair() };
  cloud.identities.set(late.name, { ...late, tags: ownerTags(namespaceRef, "of-no-record") });

  expect(await look()).toEqual([late.name]);
});

it.each([
  ["an operation holds the namespace", () => hold()],
  ["it belongs to somebody else", () => void cloud.identities.set(name, { ...own(), tags: { team: "x" } })],
  [
    "its tags name a cluster that is not the catalog's",
    () => {
      const tags = ownerTags({ cluster: "aks-other", namespace: "team-a" }, "theirs");
      cloud.identities.set(name, { ...own(), tags });
    },
  ],
])("leaves one alone where %s", async (_what, change) => {
  change();

  expect(await look()).toEqual([]);
});

it("leaves one alone that goes while it looks", async () => {
  cloud.namespaces.clear();
  const identities = { ...cloud.ports.identities, get: async () => undefined };

  expect(await look(watchUnrecorded({ ...cloud.ports, identities }))).toEqual([]);
});

it("goes on with drift where Azure does not answer", async () => {
  const listIn = () => Promise.reject(new Error("no answer"));
  const watch = watchUnrecorded({ ...cloud.ports, identities: { ...cloud.ports.identities, listIn } });

  expect(await look(watch)).toEqual([]);
  expect(warned[0]).toContain("identities not looked at");
});

function own() {
  const identity = cloud.identities.get(name);
  if (!identity) throw new Error("it is not onboarded");
  return identity;
}

/** Its record has another client ID by now, which the operation has to sort out. */
function hold() {
  const record = cloud.namespaces.get("aks-dev/team-a");
  if (!record || !isOnboarded(record)) throw new Error("it is not onboarded");
  const beginning = {
    ...{ operation: "another", requestedBy: "somebody", acceptedTime: "2026-11-29T00:00:00Z" },
    ...{ traceparent: record.traceparent ?? "", batch: undefined },
  };
  const { etag } = record;
  const held = beginRepair({ ...record, clientId: newPair().clientId, things: [] }, beginning, {});
  cloud.namespaces.set("aks-dev/team-a", { ...held, onboardedBy: "lost", etag });
}

describe("an identity that was there before Mooring, whose row was lost", () => {
  /** Somebody's, with the name that Mooring uses; the namespace was onboarded with it. */
  async function adopt(changes: object = {}) {
    cloud = createFakeCloud();
    providePorts(cloud.ports);
    await cloud.ports.identities.put(identityRef(cloud.ports.catalog, request), {
      location: "westeurope",
      tags: { team: "x" },
    });
    const adopted = OnboardingRequest.parse({ ...request, adoptionPolicy: "Always", ...changes });
    expect((await operate(cloud, "onboard", adopted)).operation).toMatchObject({ status: "Succeeded" });
    cloud.events.length = 0;
    return adopted;
  }

  const written = async (watch = watchUnrecorded(cloud.ports)) => {
    await watch.look(context);
    return watch.unrecorded().map(({ finding: { code, target, found } }) => [code, target, found]);
  };

  it("is left alone while its record is there, and if nobody lets pods use it", async () => {
    await adopt();
    expect(await written()).toEqual([]);

    cloud.namespaces.clear();
    cloud.credentials.clear();
    cloud.objects.clear();

    expect(await written()).toEqual([]);
  });

  it("is an error while Mooring's credential and its annotation are there", async () => {
    await adopt();
    cloud.namespaces.clear();

    expect(await written()).toEqual([
      [
        "IDENTITY_USE_UNRECORDED",
        name,
        `credential ${federatedCredentialName(namespaceRef, "app")}, ServiceAccount team-a/app`,
      ],
    ]);
    expect(warned[0]).toContain(`No record knows that pods of ${namespaceKey(namespaceRef)} can use identity ${name}`);
    expect(cloud.events).toMatchObject([
      { subject: "aks-dev/team-a", data: { severity: "Error", findings: [{ code: "IDENTITY_USE_UNRECORDED" }] } },
    ]);
  });

  it.each([
    ["podIdentity", /^AzureIdentity team-a\/mooring-/],
    ["identityBinding", /^identity binding mooring[0-9a-f]{24}, ServiceAccount team-a\/app$/],
  ] as const)("is an error with what mode %s has", async (identityMode, found) => {
    await adopt({ identityMode });
    cloud.namespaces.clear();

    expect(await written()).toEqual([["IDENTITY_USE_UNRECORDED", name, expect.stringMatching(found)]]);
  });

  it("is an error by a credential alone where the cluster does not answer", async () => {
    await adopt();
    cloud.namespaces.clear();
    const kubernetes = {
      ...cloud.ports.kubernetes,
      list: () => Promise.reject(new TransientError("CLUSTER_UNREACHABLE", "gone")),
    };

    expect(await written(watchUnrecorded({ ...cloud.ports, kubernetes }))).toMatchObject([
      ["IDENTITY_USE_UNRECORDED", name, /credential/],
    ]);
    expect(warned.join()).toContain("CLUSTER_UNREACHABLE");
  });

  it("is left alone when its namespace is onboarded while it looks", async () => {
    await adopt();
    const record = cloud.namespaces.get("aks-dev/team-a");
    cloud.namespaces.clear();
    const identities = {
      ...cloud.ports.identities,
      federatedCredentials(...asked: Parameters<typeof cloud.ports.identities.federatedCredentials>) {
        if (record) cloud.namespaces.set("aks-dev/team-a", record);
        return cloud.ports.identities.federatedCredentials(...asked);
      },
    };

    expect(await written(watchUnrecorded({ ...cloud.ports, identities }))).toEqual([]);
  });

  it("is put right by an operator, who onboards the namespace again, and repairs it", async () => {
    const adopted = await adopt();
    cloud.namespaces.clear();
    const other = { ...adopted, serviceAccount: "other" };
    const adoptIdentity = cloud.identities.get(name)?.clientId ?? "";
    expect(await send(cloud.ports, other)).toMatchObject({ error: { code: "IDENTITY_UNRECORDED" } });
    expect(await send(cloud.ports, other, { adoptIdentity })).toMatchObject({ status: "Succeeded" });
    expect(await written()).toEqual([]);

    expect((await operate(cloud, "repair", other)).operation).toMatchObject({ status: "Succeeded" });

    expect((cloud.credentials.get(name) ?? []).map(({ subject }) => subject)).toEqual([
      "system:serviceaccount:team-a:other",
    ]);
    const accounts = [...cloud.objects.values()].filter(({ kind }) => kind === "ServiceAccount");
    expect(accounts.map(({ metadata }) => metadata.name)).toEqual(["other"]);
  });
});
