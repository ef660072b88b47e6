/** Offboarding stops with a reason when others depend on something, before it has removed anything. */

import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import {
  acceptCompensation,
  acceptOffboarding,
  acceptOnboarding,
} from "../../src/application/acceptance/acceptance.ts";
import { cancelOperation } from "../../src/application/decisions/decide.ts";
import { planOffboarding } from "../../src/application/plan/planOffboarding.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import { bindingName, federatedCredentialName, identityName } from "../../src/domain/naming/names.ts";
import { ownerMetadata } from "../../src/domain/naming/ownership.ts";
import type { NamespaceRecord } from "../../src/domain/operation/namespaceRecord.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import type { KubernetesObject } from "../../src/ports/kubernetes.ts";
import { createAcceptanceContext, type TestAcceptanceContext } from "../support/acceptanceContext.ts";
import { createFakeCloud, type FakeCloud, issuer } from "../support/fakeCloud.ts";
import { newPair } from "../support/ids.ts";
import { assign } from "../support/models/azure.ts";
import { expectNothingLeft } from "../support/remains.ts";
import { operator } from "../support/teams.ts";

let cloud: FakeCloud;
let acceptance: TestAcceptanceContext;
let writes: string[];

beforeEach(() => {
  cloud = createFakeCloud();
  providePorts(cloud.ports);
  acceptance = createAcceptanceContext(cloud);
  writes = [];
});

const workload = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [
    { server: "sql-dev", database: "messages", roles: ["reader"] },
    { server: "sql-dev", database: "orders", roles: ["writer", "executor"] },
  ],
});
const pod = OnboardingRequest.parse({ ...workload, identityMode: "podIdentity" });
const name = identityName(workload);

function record(): NamespaceRecord {
  const found = cloud.namespaces.get("aks-dev/team-a");
  if (!found) throw new Error("it is not onboarded");
  const { etag: _, ...rest } = found;
  return rest;
}

async function onboard(request: OnboardingRequest): Promise<void> {
  await acceptOnboarding(acceptance, request);
  await acceptance.run();
  expect(record().state).toBe("Onboarded");
  cloud.onWrite = ({ what, when }) => {
    if (when === "before") writes.push(what);
  };
}

async function offboard(options: { ignoreDependants?: boolean } = {}) {
  const { operation } = await acceptOffboarding(acceptance, workload, options);
  await acceptance.run();
  return { operation: cloud.operations.get(operation), steps: await cloud.ports.registry.listSteps(operation) };
}

function identity() {
  const found = cloud.identities.get(name);
  if (!found) throw new Error("there is no identity");
  return found;
}

type Metadata = KubernetesObject["metadata"] & { readonly ownerReferences?: readonly object[] };

function put(apiVersion: string, kind: string, object: Metadata, more: object = {}): KubernetesObject {
  const made = {
    apiVersion,
    kind,
    metadata: { namespace: "team-a", uid: `uid of ${object.name}`, ...object },
    ...more,
  };
  cloud.objects.set(`${apiVersion} ${kind} ${made.metadata.namespace}/${object.name}`, made);
  return made;
}

function federate(credential: { name: string; subject: string; issuer?: string }): void {
  const audiences = ["api://AzureADTokenExchange"];
  const others = cloud.credentials.get(name) ?? [];
  cloud.credentials.set(name, [...others, { issuer: "https://theirs.example/", audiences, ...credential }]);
}

interface Case {
  readonly what: string;
  readonly code: string;
  readonly step: string;
  readonly told: string;
  readonly request?: OnboardingRequest;
  readonly arrange: () => void;
}

const cases: readonly Case[] = [
  {
    what: "somebody else's federated credential",
    code: "IDENTITY_FEDERATED_BY_OTHERS",
    step: "removeIdentity",
    told: '"github" (repo:theirs/app:ref:refs/heads/main from https://theirs.example/)',
    arrange: () => federate({ name: "github", subject: "repo:theirs/app:ref:refs/heads/main" }),
  },
  {
    what: "a credential for another service account of this cluster",
    code: "IDENTITY_FEDERATED_BY_OTHERS",
    step: "removeIdentity",
    told: '"batch"',
    arrange: () => federate({ name: "batch", subject: "system:serviceaccount:team-z:app", issuer }),
  },
  {
    what: "a role in Azure that somebody assigned",
    code: "IDENTITY_HAS_ROLES",
    step: "removeIdentity",
    told: "4633458b-17de-408a-b874-0445c86b69e6 at /subscriptions/s/resourceGroups/vaults",
    arrange() {
      const scope = "/subscriptions/s/resourceGroups/vaults";
      const roleDefinitionId =
        "/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6";
      const { principalId } = identity();
      assign(cloud, { id: `${scope}/roleAssignments/1`, roleDefinitionId, principalId, scope });
    },
  },
  {
    what: "somebody else's service account with our client id",
    code: "IDENTITY_USED_BY_OTHERS",
    step: "removeIdentity",
    told: "team-z/theirs",
    arrange() {
      const annotations = { "azure.workload.identity/client-id": identity().clientId.toUpperCase() };
      put("v1", "ServiceAccount", { name: "theirs", namespace: "team-z", annotations });
    },
  },
  {
    what: "somebody else's binding of our AzureIdentity",
    code: "IDENTITY_BOUND_BY_OTHERS",
    step: "removePodIdentity",
    told: "theirs (selector their-app)",
    request: pod,
    arrange() {
      const spec = { azureIdentity: name, selector: "their-app" };
      put("aadpodidentity.k8s.io/v1", "AzureIdentityBinding", { name: "theirs" }, { spec });
    },
  },
];

function editUser(changes: object): void {
  const user = cloud.users.get("sql-dev/orders")?.get(name);
  if (!user) throw new Error("there is no user");
  cloud.users.get("sql-dev/orders")?.set(name, { ...user, ...changes });
}

it.each(cases)(
  "stops for $what, names it, and leaves everything as it was ($code)",
  async ({ arrange, ...expected }) => {
    await onboard(expected.request ?? workload);
    const before = record();
    arrange();

    const plan = await planOffboarding(cloud.ports, record());
    const { operation } = await offboard();

    const blocked = plan.steps.flatMap(({ name: step, action, blockers }) =>
      blockers.map(({ code, message }) => ({ step, action, code, message })),
    );
    const { step, code, told } = expected;
    expect(plan.blocked).toBe(true);
    expect(blocked).toEqual([{ step, action: "conflict", code, message: expect.stringContaining(told) }]);
    expect(operation).toMatchObject({ status: "Failed", error: { code, message: expect.stringContaining(told) } });
    expect(writes).toEqual([]);
    expect(record()).toEqual(before);
  },
);

it.each(cases)("ignores $what when the caller says so, and reports it", async ({ arrange, ...expected }) => {
  await onboard(expected.request ?? workload);
  arrange();

  const plan = await planOffboarding(cloud.ports, record(), { ignoreDependants: true });
  const { operation, steps } = await offboard({ ignoreDependants: true });

  const notice = { code: expected.code, message: expect.stringContaining(expected.told) };
  expect(plan.blocked).toBe(false);
  const isAbout = ({ code }: { code: string }) => code === expected.code;
  expect(plan.steps.flatMap(({ notices = [] }) => notices).filter(isAbout)).toMatchObject([notice]);
  expect(operation?.status, operation?.error?.message).toBe("Succeeded");
  const check = steps.find((step) => step.name === "checkDependants");
  expect(check?.notices?.filter(isAbout)).toMatchObject([notice]);
  expect(cloud.namespaces.size).toBe(0);
});

it.each([
  ["a schema that it owns", { ownedSchemas: ["shop"] }, "owns schema shop"],
  ["a role that it owns", { dependants: ["role reports"] }, "has role reports"],
])("waits for nothing that keeps a user from being dropped: %s", async (_what, changes, told) => {
  await onboard(workload);
  editUser(changes);

  const plan = await planOffboarding(cloud.ports, record());
  const { operation } = await offboard();

  const message = expect.stringContaining(told);
  const [notice] = plan.steps.flatMap(({ notices = [] }) => notices);
  expect([plan.blocked, notice]).toMatchObject([false, { code: "LEFT_TO_TIDY", message }]);
  expect(operation).toMatchObject({ status: "Succeeded", leftInPlace: [message] });
  expect(cloud.users.get("sql-dev/orders")?.get(name)).toMatchObject({ roles: [], permissions: [], isDisabled: true });
});

it.each([workload, pod])("does not mistake its own objects for somebody else's ($identityMode)", async (request) => {
  await onboard(request);
  // On its way out, owned by another object, of the cluster itself, or for the very account that was onboarded.
  put("v1", "Pod", { name: "app-1-x", ...ownedBy("apps/v1", "ReplicaSet", "app-1") });
  put("v1", "Pod", { name: "mooring-verify-x", ...ownedBy("batch/v1", "Job", "mooring-verify") });
  put("cilium.io/v2", "CiliumEndpoint", { name: "mooring-verify-x", ...ownedBy("v1", "Pod", "mooring-verify-x") });
  put("v1", "Pod", { name: "going", deletionTimestamp: "2026-11-25T00:00:00Z" });
  put("batch/v1", "Job", { name: "mooring-verify", ...ownerMetadata(workload, "op") });
  put("v1", "ConfigMap", { name: "kube-root-ca.crt" });
  put("v1", "ServiceAccount", { name: "default" });
  put("v1", "Event", { name: "app.1" });
  put("events.k8s.io/v1", "Event", { name: "app.1" });
  put("coordination.k8s.io/v1", "Lease", { name: "leader" });
  put("v1", "Endpoints", { name: "app" });
  federate({ name: "adopted", subject: "system:serviceaccount:team-a:app", issuer });
  federate({ name: federatedCredentialName(workload, "old"), subject: "system:serviceaccount:team-a:old", issuer });
  expect(bindingName(workload)).not.toBe("theirs");

  const { operation } = await offboard();

  expect(operation?.status, operation?.error?.message).toBe("Succeeded");
  expectNothingLeft(cloud);
});

const reports: readonly (readonly [string, string])[] = [
  ["wgpolicyk8s.io/v1alpha2", "PolicyReport"],
  ["openreports.io/v1alpha1", "Report"],
  ["reports.kyverno.io/v1", "EphemeralReport"],
  ["aquasecurity.github.io/v1alpha1", "VulnerabilityReport"],
  ["aquasecurity.github.io/v1alpha1", "ConfigAuditReport"],
];

it("does not keep a namespace for reports that policy controllers and scanners wrote about its objects", async () => {
  await onboard(workload);
  for (const [apiVersion, kind] of reports) {
    put(apiVersion, kind, { name: "of-account", ...ownedBy("v1", "ServiceAccount", workload.serviceAccount ?? "") });
    put(apiVersion, kind, { name: "of-namespace" });
  }

  const { operation } = await offboard();

  expect(operation?.status, operation?.error?.message).toBe("Succeeded");
  expectNothingLeft(cloud);
});

it("keeps a namespace for what somebody wrote beside such reports", async () => {
  await onboard(workload);
  put("kyverno.io/v1", "Policy", { name: "theirs" });
  put("example.com/v1", "Report", { name: "theirs" });

  const { steps } = await offboard();

  const seen = "others have in it 1 Policy.kyverno.io (theirs), 1 Report.example.com (theirs)";
  expect(steps.find((step) => step.name === "removeNamespace")).toMatchObject({
    action: "keep",
    notices: [{ code: "NAMESPACE_KEPT", message: expect.stringContaining(seen) }],
  });
});

const theirs: readonly (readonly [string, string])[] = [
  ["apps/v1", "Deployment"],
  ["v1", "ConfigMap"],
  ["v1", "Secret"],
  ["networking.k8s.io/v1", "Ingress"],
  ["v1", "ServiceAccount"],
  ["example.com/v1", "Widget"],
];

const told =
  "others have in it 1 ConfigMap (theirs), 1 Deployment (theirs), 1 Ingress (theirs), 1 ServiceAccount (theirs), 1 Widget.example.com (theirs)";

function expectKept(): void {
  for (const [apiVersion, kind] of theirs) {
    expect(cloud.objects.has(`${apiVersion} ${kind} team-a/theirs`), kind).toBe(true);
  }
  const namespace = cloud.objects.get("v1 Namespace /team-a");
  expect(namespace?.metadata.annotations).toBeUndefined();
  expect(cloud.objects.has("v1 ConfigMap team-a/mooring-databases")).toBe(false);
}

it("keeps a namespace that others use, removes the access, and names what is there", async () => {
  await onboard(workload);
  for (const [apiVersion, kind] of theirs) put(apiVersion, kind, { name: "theirs" });

  const plan = await planOffboarding(cloud.ports, record());
  const { operation, steps } = await offboard();

  const notice = { code: "NAMESPACE_KEPT", message: expect.stringContaining(told) };
  expect(plan.blocked).toBe(false);
  expect(plan.steps.find((step) => step.name === "removeNamespace")).toMatchObject({
    action: "keep",
    notices: [notice],
  });
  expect(operation?.status, operation?.error?.message).toBe("Succeeded");
  expect(steps.find((step) => step.name === "removeNamespace")).toMatchObject({ action: "keep", notices: [notice] });
  expect(cloud.identities.size).toBe(0);
  expect(cloud.namespaces.size).toBe(0);
  expectKept();
});

it("deletes it with what others have in it when the caller says so, and reports it", async () => {
  await onboard(workload);
  for (const [apiVersion, kind] of theirs) put(apiVersion, kind, { name: "theirs" });

  const plan = await planOffboarding(cloud.ports, record(), { ignoreDependants: true });
  const { operation, steps } = await offboard({ ignoreDependants: true });

  const notice = { code: "NAMESPACE_IN_USE", message: expect.stringContaining(told) };
  expect(plan.steps.flatMap(({ notices = [] }) => notices)).toMatchObject([notice]);
  expect(operation?.status, operation?.error?.message).toBe("Succeeded");
  expect(steps.find((step) => step.name === "removeNamespace")).toMatchObject({ action: "delete", notices: [notice] });
  expectNothingLeft(cloud);
});

it("counts again right before the deletion", async () => {
  await onboard(workload);
  cloud.onWrite = ({ what, when }) => {
    if (what !== "remove ConfigMap" || when !== "after") return;
    for (const [apiVersion, kind] of theirs) put(apiVersion, kind, { name: "theirs" });
  };

  const { operation, steps } = await offboard();

  expect(operation?.status, operation?.error?.message).toBe("Succeeded");
  const notice = { code: "NAMESPACE_KEPT", message: expect.stringContaining(told) };
  expect(steps.find((step) => step.name === "removeNamespace")).toMatchObject({ action: "keep", notices: [notice] });
  expectKept();
});

it("keeps a namespace of which it may not see everything, and says what", async () => {
  await onboard(workload);
  put("v1", "ConfigMap", { name: "theirs" });
  const { kubernetes } = cloud.ports;
  const listMetadata: typeof kubernetes.listMetadata = async (cluster, query) => {
    if (query.kind === "ConfigMap") throw new PermanentError("KUBERNETES_FORBIDDEN", "may not list config maps");
    return kubernetes.listMetadata(cluster, query);
  };
  providePorts({ ...cloud.ports, kubernetes: { ...kubernetes, listMetadata } });

  expect(await keptIn()).toContain("not seen: ConfigMap (Mooring may not list it)");
});

describe("Secrets, which Mooring may not read", () => {
  it("have the cluster count them before the deletion, and keep the namespace", async () => {
    await onboard(workload);
    put("v1", "Secret", { name: "theirs" });

    const plan = await planOffboarding(cloud.ports, record());
    const message = await keptIn();

    const notice = { code: "SECRETS_UNCOUNTED", message: expect.stringContaining("stays if it has Secrets") };
    expect(plan.steps.find((step) => step.name === "removeNamespace")).toMatchObject({ notices: [notice] });
    expect(message).toContain("others have in it 1 Secret.");
    expect(cloud.objects.has("v1 ResourceQuota team-a/mooring-secrets")).toBe(false);
  });

  it("leaves no counter in a namespace that stays, though an undo broke off between making and removing it", async () => {
    await onboard({ ...workload, deletePolicy: "Keep" });
    const metadata = { name: "mooring-secrets", namespace: "team-a", uid: "left" };
    cloud.objects.set("v1 ResourceQuota team-a/mooring-secrets", { apiVersion: "v1", kind: "ResourceQuota", metadata });

    expect((await offboard()).operation?.status).toBe("Succeeded");

    expect([...cloud.objects.values()].map(({ kind }) => kind)).toContain("Namespace");
    expect(cloud.objects.has("v1 ResourceQuota team-a/mooring-secrets")).toBe(false);
  });

  it.each([
    ["has gone", "KUBERNETES_REJECTED"],
    ["goes", "NAMESPACE_TERMINATING"],
  ] as const)("count for nothing in a namespace that %s before they are counted", async (fate, code) => {
    await onboard(workload);
    const { kubernetes } = cloud.ports;
    const apply: typeof kubernetes.apply = async (cluster, object, options) => {
      const key = "v1 Namespace /team-a";
      const found = cloud.objects.get(key);
      if (object.kind !== "ResourceQuota" || !found) return kubernetes.apply(cluster, object, options);
      const metadata = { ...found.metadata, deletionTimestamp: "2026-11-25T00:00:00Z" };
      if (fate === "goes") cloud.objects.set(key, { ...found, metadata });
      else cloud.objects.delete(key);
      throw new PermanentError(code, `namespace team-a ${fate}`);
    };
    providePorts({ ...cloud.ports, kubernetes: { ...kubernetes, apply } });

    const { operation, steps } = await offboard();

    expect(operation?.status, operation?.error?.message).toBe("Succeeded");
    expect(steps.find((step) => step.name === "removeNamespace")?.notices).toBeUndefined();
    expect(cloud.objects.has("v1 Namespace /team-a")).toBe(false);
  });

  it("keep a namespace in which nothing counts them", async () => {
    await onboard(workload);
    const { kubernetes } = cloud.ports;
    const apply: typeof kubernetes.apply = async (cluster, object, options) => {
      if (object.kind === "ResourceQuota") throw new PermanentError("KUBERNETES_FORBIDDEN", "may make no quota");
      return kubernetes.apply(cluster, object, options);
    };
    providePorts({ ...cloud.ports, kubernetes: { ...kubernetes, apply } });

    expect(await keptIn()).toContain(
      "not seen: Secret (Mooring may not read them, and the cluster did not count them)",
    );
  });
});

/** An object of that owner in the namespace, or in none. */
function ownedBy(apiVersion: string, kind: string, name: string): Pick<Metadata, "ownerReferences"> {
  return { ownerReferences: [{ apiVersion, kind, name, uid: uidOf(apiVersion, kind, name) }] };
}

function uidOf(apiVersion: string, kind: string, name: string): string {
  return cloud.objects.get(`${apiVersion} ${kind} team-a/${name}`)?.metadata.uid ?? `uid of ${name}`;
}

async function keptIn(): Promise<string | undefined> {
  const { operation, steps } = await offboard();
  expect(operation?.status, operation?.error?.message).toBe("Succeeded");
  expect(cloud.objects.has("v1 Namespace /team-a")).toBe(true);
  return steps.find((step) => step.name === "removeNamespace")?.notices?.[0]?.message;
}

it.each([
  ["x/v1", "Tenant", "blue"],
  ["v1", "Namespace", "team-a"],
  ["v1", "ServiceAccount", "app"],
  ["v1", "ConfigMap", "mooring-databases"],
  ["v1", "ConfigMap", "kube-root-ca.crt"],
  ["apps/v1", "ReplicaSet", "long-gone"],
])("keeps a namespace for what somebody made there, although its owner is the %s %s %s", async (...owner) => {
  await onboard(workload);
  put("v1", "ConfigMap", { name: "kube-root-ca.crt" });
  put("example.com/v1", "Widget", { name: "theirs", ...ownedBy(...owner) });

  expect(await keptIn()).toContain("others have in it 1 Widget.example.com (theirs).");
});

it("keeps a namespace for objects that own each other, or that an object of the same name once owned", async () => {
  await onboard(workload);
  put("example.com/v1", "Widget", { name: "one", ...ownedBy("example.com/v1", "Widget", "two") });
  put("example.com/v1", "Widget", { name: "two", ...ownedBy("example.com/v1", "Widget", "one") });
  put("v1", "ConfigMap", { name: "anew", uid: "second" });
  put("v1", "PodTemplate", {
    name: "old",
    ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "anew", uid: "first" }],
  });

  expect(await keptIn()).toContain(
    "others have in it 1 ConfigMap (anew), 1 PodTemplate (old), 2 Widget.example.com (one, two).",
  );
});

it("counts what somebody made, and not what that owns in its turn", async () => {
  await onboard(workload);
  put("apps/v1", "Deployment", { name: "shop" });
  put("apps/v1", "ReplicaSet", { name: "shop-1", ...ownedBy("apps/v1", "Deployment", "shop") });
  put("v1", "Pod", { name: "shop-1-x", ...ownedBy("apps/v1", "ReplicaSet", "shop-1") });
  put("v1", "ConfigMap", { name: "of-the-pod", ...ownedBy("v1", "Pod", "shop-1-x") });

  expect(await keptIn()).toContain("others have in it 1 Deployment (shop).");
});

it.each(["fails", "is canceled"])(
  "keeps what others made meanwhile when the onboarding %s, and names it",
  async (how) => {
    const { operation: id } = await acceptOnboarding(acceptance, workload);
    const { databases } = cloud.ports;
    const change: typeof databases.change = async (target, changes) => {
      if (target.database !== "orders") return databases.change(target, changes);
      for (const [apiVersion, kind] of theirs) put(apiVersion, kind, { name: "theirs" });
      if (how === "fails") throw new PermanentError("SQL_FORBIDDEN", "not today");
      await cancelOperation(cloud.ports.registry, id, { by: operator });
      return databases.change(target, changes);
    };
    providePorts({ ...cloud.ports, databases: { ...databases, change } });
    await acceptance.run();

    const operation = cloud.operations.get(id);
    expect(operation?.status).toBe(how === "fails" ? "Failed" : "Canceled");
    expect(operation?.error?.message).toContain(told);
    expect(cloud.identities.size).toBe(0);
    expectKept();
  },
);

it("keeps what others made meanwhile when a failed onboarding is undone again", async () => {
  cloud.onWrite = ({ what, when }) => {
    if (when !== "before") return;
    if (what === "change sql-dev/orders") throw new PermanentError("SQL_FORBIDDEN", "not today");
    if (what === "remove Namespace") throw new PermanentError("KUBERNETES_FORBIDDEN", "not today");
  };
  const { operation: failed } = await acceptOnboarding(acceptance, workload);
  await acceptance.run();
  expect(cloud.operations.get(failed)?.error?.code).toBe("COMPENSATION_FAILED");
  cloud.onWrite = () => undefined;
  for (const [apiVersion, kind] of theirs) put(apiVersion, kind, { name: "theirs" });

  const { operation: again } = await acceptCompensation(acceptance, failed);
  await acceptance.run();

  expect(cloud.operations.get(again)?.status).toBe("Succeeded");
  const steps = await cloud.ports.registry.listSteps(again);
  const notice = { code: "NAMESPACE_KEPT", message: expect.stringContaining(told) };
  expect(steps.find((step) => step.name === "removeNamespace")).toMatchObject({ action: "keep", notices: [notice] });
  expectKept();
});

it("checks nothing that stays: an identity and a namespace that Mooring did not create", async () => {
  const location = "westeurope";
  const ids = { ...newPair(), tenantId: cloud.ports.catalog.tenantId };
  cloud.identities.set(name, { id: `/subscriptions/s/${name}`, name, location, tags: {}, ...ids });
  const theirs = { apiVersion: "v1", kind: "Namespace", metadata: { name: "team-a", uid: "theirs" } };
  cloud.objects.set("v1 Namespace /team-a", theirs);
  await onboard(workload);
  for (const { arrange, request } of cases) if (!request) arrange();

  const { operation } = await offboard();

  expect(operation?.status, operation?.error?.message).toBe("Succeeded");
  expect(cloud.identities.has(name)).toBe(true);
});

it("does not stop for what it may not read, and says so", async () => {
  await onboard(workload);
  const refuse = () => Promise.reject(new PermanentError("ARM_FORBIDDEN", "may not read role assignments"));
  const ports = { ...cloud.ports, roleAssignments: { ...cloud.ports.roleAssignments, givenTo: refuse } };
  providePorts(ports);

  const plan = await planOffboarding(ports, record());
  const { operation, steps } = await offboard();

  const notice = {
    code: "DEPENDANTS_UNKNOWN",
    message: expect.stringContaining("lacks Microsoft.Authorization/roleAssignments/read at /subscriptions/2"),
  };
  expect(plan).toMatchObject({ blocked: false });
  expect(plan.steps.flatMap(({ notices = [] }) => notices)).toContainEqual(expect.objectContaining(notice));
  expect(operation?.status).toBe("Succeeded");
  const told = steps.find((step) => step.name === "checkDependants")?.notices;
  expect(told).toContainEqual(expect.objectContaining(notice));
});

it("can be requested again when the obstacle is gone", async () => {
  await onboard(workload);
  federate({ name: "github", subject: "repo:theirs/app" });
  await offboard();
  cloud.credentials.set(
    name,
    (cloud.credentials.get(name) ?? []).filter((each) => each.name !== "github"),
  );

  const { operation } = await offboard();

  expect(operation?.status).toBe("Succeeded");
  expectNothingLeft(cloud);
});
