/** Offboarding stops with a reason when others depend on something, before it has removed anything. */
import { beforeEach, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { planOffboarding } from "../../src/application/plan/planOffboarding.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import { bindingName, federatedCredentialName, identityName } from "../../src/domain/naming/names.ts";
import { ownerMetadata } from "../../src/domain/naming/ownership.ts";
import type { NamespaceRecord } from "../../src/domain/operation/namespaceRecord.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { acceptOffboarding, acceptOnboarding } from "../../src/functions/acceptance/acceptance.ts";
import type { KubernetesObject } from "../../src/ports.ts";
import { createAcceptanceContext, type TestAcceptanceContext } from "../support/acceptanceContext.ts";
import { createFakeCloud, type FakeCloud, issuer } from "../support/fakeCloud.ts";
import { expectNothingLeft } from "../support/remains.ts";

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
      cloud.roleAssignments.push({ id: `${scope}/roleAssignments/1`, roleDefinitionId, principalId, scope });
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
  {
    what: "a deployment and its data in a namespace that would be deleted",
    code: "NAMESPACE_IN_USE",
    step: "removeNamespace",
    told: "Deployment app, PersistentVolumeClaim data",
    arrange() {
      put("apps/v1", "Deployment", { name: "app" });
      put("v1", "PersistentVolumeClaim", { name: "data" });
      const ownerReferences = [
        { apiVersion: "apps/v1", kind: "ReplicaSet", name: "app-1", uid: "r", controller: true },
      ];
      put("v1", "Pod", { name: "app-1-x", ownerReferences }, { status: { phase: "Running" } });
    },
  },
  {
    what: "a schema that the user owns",
    code: "SQL_USER_OWNS_SCHEMA",
    step: "revokeDatabase",
    told: "owns schema shop",
    arrange: () => editUser({ ownedSchemas: ["shop"] }),
  },
  {
    what: "a role that the user owns",
    code: "SQL_USER_HAS_DEPENDANTS",
    step: "revokeDatabase",
    told: "has role reports",
    arrange: () => editUser({ dependants: ["role reports"] }),
  },
];

function editUser(changes: object): void {
  const user = cloud.users.get("sql-dev/orders")?.get(name);
  if (!user) throw new Error("there is no user");
  cloud.users.get("sql-dev/orders")?.set(name, { ...user, ...changes });
}

const deliberate = cases.filter(({ code }) => !code.startsWith("SQL_"));

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

it.each(deliberate)("ignores $what when the caller says so, and reports it", async ({ arrange, ...expected }) => {
  await onboard(expected.request ?? workload);
  arrange();

  const plan = await planOffboarding(cloud.ports, record(), { ignoreDependants: true });
  const { operation, steps } = await offboard({ ignoreDependants: true });

  const notice = { code: expected.code, message: expect.stringContaining(expected.told) };
  expect(plan.blocked).toBe(false);
  expect(plan.steps.flatMap(({ notices = [] }) => notices)).toMatchObject([notice]);
  expect(operation?.status, operation?.error?.message).toBe("Succeeded");
  expect(steps.find((step) => step.name === "checkDependants")?.notices).toMatchObject([notice]);
  expect(cloud.namespaces.size).toBe(0);
});

it("cannot ignore what SQL would refuse", async () => {
  await onboard(workload);
  editUser({ ownedSchemas: ["shop"] });

  const { operation } = await offboard({ ignoreDependants: true });

  expect(operation).toMatchObject({ status: "Failed", error: { code: "SQL_USER_OWNS_SCHEMA" } });
  expect(writes).toEqual([]);
});

it.each([workload, pod])("does not mistake its own objects for somebody else's ($identityMode)", async (request) => {
  await onboard(request);
  // Finished, on its way out, owned by a controller, or for the very account that was onboarded.
  put("v1", "Pod", { name: "done" }, { status: { phase: "Succeeded" } });
  put("batch/v1", "Job", { name: "done" }, { status: { completionTime: "2026-11-25T00:00:00Z" } });
  put("v1", "Pod", { name: "going", deletionTimestamp: "2026-11-25T00:00:00Z" }, { status: { phase: "Running" } });
  put("batch/v1", "Job", { name: "mooring-verify", ...ownerMetadata(workload, "op") });
  put("v1", "ConfigMap", { name: "settings" });
  federate({ name: "adopted", subject: "system:serviceaccount:team-a:app", issuer });
  federate({ name: federatedCredentialName(workload, "old"), subject: "system:serviceaccount:team-a:old", issuer });
  expect(bindingName(workload)).not.toBe("theirs");

  const { operation } = await offboard();

  expect(operation?.status, operation?.error?.message).toBe("Succeeded");
  expectNothingLeft(cloud);
});

it("checks nothing that stays: an identity and a namespace that Mooring did not create", async () => {
  const location = "westeurope";
  const [clientId, principalId] = ["55555555-5555-4555-8555-555555555555", "66666666-6666-4666-8666-666666666666"];
  const ids = { clientId, principalId, tenantId: cloud.ports.catalog.tenantId };
  cloud.identities.set(name, { id: `/subscriptions/s/${name}`, name, location, tags: {}, ...ids });
  const theirs = { apiVersion: "v1", kind: "Namespace", metadata: { name: "team-a", uid: "theirs" } };
  cloud.objects.set("v1 Namespace /team-a", theirs);
  await onboard(workload);
  for (const { arrange, request } of deliberate) if (!request) arrange();

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

  const notice = { code: "DEPENDANTS_UNKNOWN", message: "may not read role assignments" };
  expect(plan).toMatchObject({ blocked: false });
  expect(plan.steps.flatMap(({ notices = [] }) => notices)).toMatchObject([notice]);
  expect(operation?.status).toBe("Succeeded");
  expect(steps.find((step) => step.name === "checkDependants")?.notices).toMatchObject([notice]);
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
