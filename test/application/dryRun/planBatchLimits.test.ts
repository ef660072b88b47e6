/** A batch's plan counts what its earlier requests will add where Azure limits how many there may be. */
import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../../src/activities/host.ts";
import { chooseNamespaces } from "../../../src/application/batch/chooseNamespaces.ts";
import { planBatch } from "../../../src/application/dryRun/planBatch.ts";
import { planNamespaceBatch } from "../../../src/application/dryRun/planNamespaceBatch.ts";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { identityName } from "../../../src/domain/naming/names.ts";
import type { BatchPlan } from "../../../src/domain/operation/batch.ts";
import type { NamespaceWork } from "../../../src/domain/operation/namespaceBatch.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import type { Ports } from "../../../src/ports/index.ts";
import { requester } from "../../support/acceptanceContext.ts";
import { catalog, createFakeCloud, type FakeCloud } from "../../support/fakeCloud.ts";
import { operate } from "../../support/operations.ts";

let cloud: FakeCloud;

beforeEach(() => {
  cloud = createFakeCloud();
  providePorts(cloud.ports);
});

const uploads = { target: "uploads", access: ["read"] };
const jobs = { target: "jobs", access: ["send", "receive"] };
const ask = (namespace: string, ...targets: readonly object[]) =>
  OnboardingRequest.parse({ cluster: "aks-dev", namespace, targets });

async function plan(ports: Ports, ...requests: readonly OnboardingRequest[]) {
  return told(await planBatch({ ports, by: requester }, requests));
}

function told({ totals, items, estimate }: BatchPlan) {
  const told = items.map(({ status, plan: { blocked, steps = [] } = {} }) => ({
    status,
    blocked,
    blockers: steps.flatMap(({ name, blockers }) =>
      blockers.map(({ code, message }) => ({ step: name, code, message })),
    ),
  }));
  return { totals, estimate, told, statuses: told.map(({ status }) => status) };
}

function withRoomFor(free: number): Ports {
  const { roleAssignments } = cloud.ports;
  const made = cloud.roleAssignments.size;
  return { ...cloud.ports, roleAssignments: { ...roleAssignments, usage: async () => ({ made, limit: made + free }) } };
}

it("gives earlier requests of the batch their role assignments first", async () => {
  const { totals, told, estimate } = await plan(
    withRoomFor(4),
    ...[ask("team-a", uploads, jobs), ask("team-b", jobs), ask("team-c", uploads), ask("team-d", uploads)],
  );

  expect(told.map(({ status, blocked }) => [status, blocked])).toEqual([
    ["ready", false],
    ["blocked", true],
    ["ready", false],
    ["blocked", true],
  ]);
  const blocker = { step: "preflight", code: "ROLE_ASSIGNMENT_LIMIT" };
  expect(told[1]?.blockers).toEqual([
    {
      ...blocker,
      message:
        "Subscription s has 0 role assignments, requests before this one in the batch add 3, and Azure allows 4; this needs 2 more.",
    },
  ]);
  expect(told[3]?.blockers).toMatchObject([{ ...blocker, message: expect.stringContaining("add 4") }]);
  expect(totals).toMatchObject({ ready: 2, blocked: 2 });
  expect(estimate).toMatchObject({ namespaces: 2, leftOut: { blocked: 2 } });
});

it("counts only what is not there yet", async () => {
  await operate(cloud, "onboard", ask("team-a", uploads));

  const { statuses } = await plan(withRoomFor(2), ask("team-a", uploads, jobs), ask("team-b", uploads));

  expect(statuses).toEqual(["ready", "blocked"]);
});

it("lets through what fits exactly", async () => {
  expect((await plan(withRoomFor(4), ask("team-a", uploads, jobs), ask("team-b", uploads))).statuses).toEqual([
    "ready",
    "ready",
  ]);
});

it("gives a request that is blocked anyway nothing", async () => {
  const wrong = { ...ask("team-a", uploads, jobs), cluster: "aks-new", identityMode: "podIdentity" as const };

  const { statuses } = await plan(withRoomFor(1), wrong, ask("team-b", uploads));

  expect(statuses).toEqual(["blocked", "ready"]);
});

/** A home whose identity guests use, and what gives it so many credentials. */
async function sharing(other = "aks-dev") {
  const home = "aks-dev/team-home";
  const { "aks-dev": dev } = catalog.clusters;
  const providers = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService";
  const shared = Catalog.parse({
    ...catalog,
    clusters: {
      ...catalog.clusters,
      [other]: { ...dev, identityBinding: { clusterId: `${providers}/managedClusters/${other}` } },
    },
    sharedIdentities: { [home]: { clusters: [...new Set(["aks-dev", other])] } },
  });
  const ports = { ...cloud.ports, catalog: shared };
  providePorts(ports);
  Object.assign(cloud.ports, { catalog: shared });
  const own = ask("team-home", uploads);
  await operate(cloud, "onboard", own);
  const fill = (count: number) => {
    const [credential] = cloud.credentials.get(identityName(own)) ?? [];
    if (!credential) throw new Error("the home has no credential");
    const others = Array.from({ length: count - 1 }, (_, index) => ({
      ...credential,
      name: `other-${index}`,
      subject: `${index}`,
    }));
    cloud.credentials.set(identityName(own), [credential, ...others]);
  };
  return { ports, home, fill };
}

it("gives guests of one identity its federated credentials in the same way", async () => {
  const { ports, home, fill } = await sharing();
  fill(18);
  const guest = (namespace: string) => OnboardingRequest.parse({ ...ask(namespace, uploads), sharedIdentity: home });

  const { statuses, told } = await plan(ports, guest("guest-a"), guest("guest-b"), guest("guest-c"));

  expect(statuses).toEqual(["ready", "ready", "blocked"]);
  expect(told[2]?.blockers).toMatchObject([
    { step: "federateIdentity", code: "FEDERATED_CREDENTIAL_LIMIT", message: expect.stringContaining("add 2") },
  ]);
});

describe("a batch over onboarded namespaces", () => {
  async function planWork(ports: Ports, work: NamespaceWork) {
    const chosen = await chooseNamespaces(ports, requester, {});
    return told(await planNamespaceBatch({ ports, by: requester }, work, chosen));
  }

  it("gives earlier repairs their role assignments first", async () => {
    for (const each of [ask("team-a", uploads), ask("team-b", uploads), ask("team-c", uploads)]) {
      await operate(cloud, "onboard", each);
    }
    expect(cloud.roleAssignments.size).toBe(3);
    cloud.roleAssignments.clear();

    const { statuses, told: items } = await planWork(withRoomFor(2), { action: "repair" });

    expect(statuses).toEqual(["ready", "ready", "blocked"]);
    expect(items[2]?.blockers).toMatchObject([
      { step: "checkNamespace", code: "ROLE_ASSIGNMENT_LIMIT", message: expect.stringContaining("add 2") },
    ]);
  });

  it("gives earlier migrations their federated credentials first", async () => {
    const { ports, home, fill } = await sharing("aks-two");
    for (const cluster of ["aks-dev", "aks-two"]) {
      const bound = {
        ...ask(`guest-in-${cluster}`, uploads),
        cluster,
        sharedIdentity: home,
        identityMode: "identityBinding",
      };
      const { operation } = await operate(cloud, "onboard", OnboardingRequest.parse(bound));
      expect(operation.error).toBeUndefined();
    }
    fill(19);

    const { statuses, told: items } = await planWork(ports, {
      action: "migrate",
      to: "workloadIdentity",
      until: "retire",
    });

    expect(statuses).toEqual(["ready", "ready", "blocked"]);
    expect(items[2]?.blockers).toMatchObject([
      { step: "federateIdentity", code: "FEDERATED_CREDENTIAL_LIMIT", message: expect.stringContaining("add 1") },
    ]);
  });
});
