/** Every obstacle is named in the plan, and stops the operation before its first write. */

import { readFile } from "node:fs/promises";
import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { planOnboarding } from "../../src/application/plan/planOnboarding.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import { federatedCredentialName, identityName } from "../../src/domain/naming/names.ts";
import { ownerMetadata, ownerTags } from "../../src/domain/naming/ownership.ts";
import type { StepPlan } from "../../src/domain/operation/plan.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import type { Ports } from "../../src/ports/index.ts";
import type { KubernetesObject } from "../../src/ports/kubernetes.ts";
import { helm } from "../../tools/azure/podIdentity.ts";
import { createFakeCloud, type FakeCloud, catalog as plain } from "../support/fakeCloud.ts";
import { newPair } from "../support/ids.ts";
import { assign } from "../support/models/azure.ts";
import { operate } from "../support/operations.ts";

const kubelet = "33333333-3333-4333-8333-333333333333";
const roles = {
  operator: "f1a07417-d97a-45cb-824c-7a7467783830",
  machines: "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
  contributor: "b24988ac-6180-42a0-ab88-20f7382dd24c",
  acrPull: "7f951dda-4ed3-4680-a7ca-43fe172d538d",
  custom: "44444444-4444-4444-8444-444444444444",
};
const subscription = "/subscriptions/22222222-2222-4222-8222-222222222222";
const identityGroup = `${subscription}/resourceGroups/MC_rg_aks-dev_westeurope`;
const nodeGroup = `${subscription}/resourceGroups/nodes`;

function catalogWith(podIdentity: object | undefined): Catalog {
  const { "aks-dev": cluster } = plain.clusters;
  return Catalog.parse({ ...plain, clusters: { "aks-dev": { ...cluster, ...(podIdentity ? { podIdentity } : {}) } } });
}

const workload = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [
    { server: "sql-dev", database: "messages", roles: ["reader"] },
    { server: "sql-dev", database: "orders", roles: ["writer", "executor"] },
  ],
});
const executing = OnboardingRequest.parse({
  ...workload,
  databases: [{ server: "sql-dev", database: "orders", roles: ["executor"] }],
});
const pod = OnboardingRequest.parse({ ...workload, identityMode: "podIdentity" });
const name = identityName(workload);

let cloud: FakeCloud;
let writes: string[];

beforeEach(() => useCatalog(catalogWith({ kubeletObjectId: kubelet, nodeResourceGroup: "nodes" })));

function useCatalog(catalog: Catalog): void {
  cloud = createFakeCloud(catalog);
  writes = [];
  cloud.onWrite = ({ what, when }) => {
    if (when === "before") writes.push(what);
  };
  give(roles.operator, identityGroup);
  give(roles.machines, nodeGroup);
  providePorts(cloud.ports);
}

function give(role: string, scope: string): void {
  const roleDefinitionId = `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role}`;
  const id = `${scope}/providers/Microsoft.Authorization/roleAssignments/${cloud.roleAssignments.size}`;
  assign(cloud, { id, roleDefinitionId, principalId: kubelet, scope });
}

function take(role: string): void {
  for (const { id, roleDefinitionId } of cloud.roleAssignments.values())
    if (roleDefinitionId.endsWith(role)) cloud.roleAssignments.delete(id);
}

function put(object: KubernetesObject): void {
  const { apiVersion, kind, metadata } = object;
  cloud.objects.set(`${apiVersion} ${kind} ${metadata.namespace ?? ""}/${metadata.name}`, object);
}

function putIdentity(tags: Record<string, string> = {}, location = "westeurope"): void {
  const id = `${identityGroup}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
  cloud.identities.set(name, { id, name, location, tags, ...newPair(), tenantId: plain.tenantId });
}

it("names an obstacle that several looks have found once", async () => {
  answer("kubernetes", { get: refuse("KUBERNETES_FORBIDDEN") });

  const { steps } = await planOnboarding(cloud.ports, { operation: "dry", request: workload });

  const { blockers = [] } = steps.find((step) => step.name === "preflight") ?? {};
  expect(blockers.map(({ code }) => code)).toEqual(["KUBERNETES_FORBIDDEN"]);
});

function putUser(sid: string): void {
  const user = { name, type: "E", sid, roles: [], permissions: [], ownedSchemas: [], mark: undefined };
  cloud.users.get("sql-dev/orders")?.set(name, user);
}

/** Overrides methods of a port. */
function answer<P extends keyof Ports>(port: P, changes: Partial<Ports[P]>): void {
  const ports = { ...cloud.ports, [port]: Object.assign({}, cloud.ports[port], changes) };
  Object.assign(cloud, { ports });
  providePorts(cloud.ports);
}

const refuse = (code: ConstructorParameters<typeof PermanentError>[0]) => () =>
  Promise.reject(new PermanentError(code, `refused: ${code}`));

/** Names an administrator in the catalog for a server that has none. */
function giveAdministrator(): void {
  const entraAdmin = { login: "administrators", objectId: kubelet };
  const { "sql-dev": server } = plain.sqlServers;
  useCatalog(Catalog.parse({ ...plain, sqlServers: { "sql-dev": { ...server, entraAdmin } } }));
  answer("sqlServers", { inspect: async () => ({ ...sqlServer, entraAdmin: undefined }) });
}

const sqlServer = {
  location: "westeurope",
  fullyQualifiedDomainName: "sql-dev.database.windows.net",
  entraAdmin: { login: "mooring", objectId: kubelet },
  databases: ["messages", "orders"],
};

interface Obstacle {
  readonly what: string;
  readonly code: string;
  readonly request?: OnboardingRequest;
  readonly arrange: () => void;
}

const obstacles: readonly Obstacle[] = [
  {
    what: "a database of another environment, since the catalog has changed",
    code: "ENVIRONMENT_CROSSED",
    arrange() {
      const { "aks-dev": cluster } = plain.clusters;
      const { "sql-dev": server } = plain.sqlServers;
      useCatalog(
        Catalog.parse({
          ...plain,
          clusters: { "aks-dev": { ...cluster, environment: "dev" } },
          sqlServers: { "sql-dev": { ...server, environment: "prod" } },
        }),
      );
    },
  },
  {
    what: "an identity with 20 federated credentials",
    code: "FEDERATED_CREDENTIAL_LIMIT",
    arrange() {
      putIdentity();
      const audiences = ["api://AzureADTokenExchange"];
      const credential = (i: number) => ({
        name: `c${i}`,
        issuer: "https://other.example/",
        subject: `s${i}`,
        audiences,
      });
      cloud.credentials.set(
        name,
        Array.from({ length: 20 }, (_, index) => credential(index)),
      );
    },
  },
  {
    what: "a cluster whose OIDC issuer is off",
    code: "OIDC_ISSUER_MISMATCH",
    arrange: () => answer("kubernetes", { issuer: async () => "https://kubernetes.default.svc.cluster.local" }),
  },
  {
    what: "a catalog that writes the issuer without its slash",
    code: "OIDC_ISSUER_MISMATCH",
    arrange: () =>
      answer("kubernetes", { issuer: async () => `${plain.clusters["aks-dev"]?.oidcIssuer?.replace(/\/$/, "")}` }),
  },
  {
    what: "a cluster without the workload identity webhook",
    code: "WORKLOAD_IDENTITY_NOT_INSTALLED",
    arrange: () => cloud.objects.clear(),
  },
  {
    what: "a cluster without the CRDs of aad-pod-identity",
    code: "POD_IDENTITY_NOT_INSTALLED",
    request: pod,
    arrange: () => answer("kubernetes", { kinds: async () => [] }),
  },
  {
    what: "a kubelet that may not assign identities",
    code: "KUBELET_ROLE_MISSING",
    request: pod,
    arrange: () => take(roles.operator),
  },
  {
    what: "a kubelet that may not write virtual machines",
    code: "KUBELET_ROLE_MISSING",
    request: pod,
    arrange() {
      take(roles.machines);
      give(roles.acrPull, subscription);
    },
  },
  {
    what: "a SQL server without an Entra administrator",
    code: "SQL_ADMIN_MISSING",
    arrange: () => answer("sqlServers", { inspect: async () => ({ ...sqlServer, entraAdmin: undefined }) }),
  },
  {
    what: "a SQL server that does not exist in Azure",
    code: "SQL_SERVER_MISSING",
    arrange: () => answer("sqlServers", { inspect: async () => undefined }),
  },
  {
    what: "a database that does not exist on the server",
    code: "UNKNOWN_DATABASE",
    arrange: () => answer("sqlServers", { inspect: async () => ({ ...sqlServer, databases: ["messages"] }) }),
  },
  {
    what: "a firewall that lets nobody in",
    code: "SQL_FIREWALL",
    arrange: () => answer("databases", { inspect: refuse("SQL_FIREWALL") }),
  },
  {
    what: "a database without the role",
    code: "SQL_ROLE_MISSING",
    arrange: () => answer("databases", { inspect: async () => ({ users: [], roles: ["db_owner"] }) }),
  },
  {
    what: "a database without Mooring's roles, where Mooring may not give fixed ones",
    code: "SQL_ROLE_MISSING",
    arrange() {
      const roles = ["db_owner", "db_datareader", "db_datawriter"];
      answer("databases", { inspect: async () => ({ users: [], roles, mayChangeRoles: false }) });
    },
  },
  {
    what: "a database where Mooring may not create users",
    code: "SQL_FORBIDDEN",
    request: executing,
    arrange: () => answer("databases", { inspect: async () => ({ users: [], roles: [], mayMakeUsers: false }) }),
  },
  {
    what: "a database with Mooring's roles, where it may not change their members",
    code: "SQL_FORBIDDEN",
    arrange() {
      const roles = ["db_owner", "mooring_reader", "mooring_writer", "mooring_executor"];
      answer("databases", { inspect: async () => ({ users: [], roles, changeableRoles: [], mayChangeRoles: false }) });
    },
  },
  {
    what: "a database without Mooring's roles, where Mooring may not grant permissions",
    code: "SQL_ROLE_MISSING",
    request: executing,
    arrange: () => answer("databases", { inspect: async () => ({ users: [], roles: [], mayGrant: false }) }),
  },
  {
    what: "a role bundle that the catalog no longer allows",
    code: "ROLE_NOT_ALLOWED",
    request: OnboardingRequest.parse({
      ...workload,
      databases: [{ server: "sql-dev", database: "messages", roles: ["owner"] }],
    }),
    arrange: () => undefined,
  },
  {
    what: "an identity with this name in another region",
    code: "IDENTITY_CONFLICT",
    arrange: () => putIdentity({}, "northeurope"),
  },
  {
    what: "an identity with this name that belongs to another namespace",
    code: "IDENTITY_CONFLICT",
    arrange: () => putIdentity(ownerTags({ cluster: "aks-new", namespace: "team-z" }, "somebody")),
  },
  {
    what: "a credential with the same subject for another audience",
    code: "FEDERATED_CREDENTIAL_CONFLICT",
    arrange() {
      putIdentity();
      const issuer = plain.clusters["aks-dev"]?.oidcIssuer ?? "";
      const subject = "system:serviceaccount:team-a:app";
      cloud.credentials.set(name, [{ name: "theirs", issuer, subject, audiences: ["api://other"] }]);
      expect(federatedCredentialName(workload, "app")).not.toBe("theirs");
    },
  },
  {
    what: "a database user with this name and another SID",
    code: "SQL_USER_CONFLICT",
    arrange: () => putUser("0x00FF"),
  },
  {
    what: "a service account that somebody created differently",
    code: "KUBERNETES_CONFLICT",
    arrange: () =>
      put({
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: {
          name: "app",
          namespace: "team-a",
          annotations: { "azure.workload.identity/client-id": "77777777-7777-4777-8777-777777777777" },
        },
      }),
  },
  {
    what: "a namespace that another onboarding created",
    code: "KUBERNETES_CONFLICT",
    arrange: () =>
      put({
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: "team-a", ...ownerMetadata({ cluster: "aks-dev", namespace: "team-z" }, "somebody") },
      }),
  },
  {
    what: "a namespace that is being deleted",
    code: "NAMESPACE_TERMINATING",
    arrange: () =>
      put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "team-a", deletionTimestamp: "2026-11-25" } }),
  },
  {
    what: "a lack of permission to read identities",
    code: "ARM_FORBIDDEN",
    arrange: () => answer("identities", { get: refuse("ARM_FORBIDDEN") }),
  },
  {
    what: "a refusal in Azure to write identities that only a write would reveal",
    code: "ARM_FORBIDDEN",
    arrange: () => answer("roleAssignments", { ownPermissions: async () => [{ actions: ["*/read"], notActions: [] }] }),
  },
  {
    what: "a role that excludes writing credentials",
    code: "ARM_FORBIDDEN",
    arrange() {
      const actions = ["Microsoft.ManagedIdentity/*"];
      const notActions = ["microsoft.managedidentity/userAssignedIdentities/federatedIdentityCredentials/write"];
      answer("roleAssignments", { ownPermissions: async () => [{ actions, notActions }] });
    },
  },
  {
    what: "a SQL server whose administrator Mooring may not set",
    code: "ARM_FORBIDDEN",
    arrange() {
      giveAdministrator();
      answer("roleAssignments", {
        ownPermissions: async (scope) => [
          { actions: scope.includes("Microsoft.Sql") ? ["*/read"] : ["*"], notActions: [] },
        ],
      });
    },
  },
  {
    what: "a cluster whose RBAC refuses",
    code: "KUBERNETES_FORBIDDEN",
    arrange: () => answer("kubernetes", { get: refuse("KUBERNETES_FORBIDDEN") }),
  },
  {
    what: "a cluster that rejects Mooring's token",
    code: "CLUSTER_UNAUTHORIZED",
    arrange: () =>
      answer("kubernetes", { get: refuse("CLUSTER_UNAUTHORIZED"), issuer: refuse("CLUSTER_UNAUTHORIZED") }),
  },
  {
    what: "a server that refuses Mooring's login",
    code: "SQL_LOGIN_FAILED",
    arrange: () => answer("databases", { inspect: refuse("SQL_LOGIN_FAILED") }),
  },
];

it.each(obstacles)("names $what in the plan, and stops for it with nothing written ($code)", async (obstacle) => {
  const { code, request = workload, arrange } = obstacle;
  arrange();

  const plan = await planOnboarding(cloud.ports, { operation: "planned", request });
  const { operation } = await operate(cloud, "onboard", request);

  const blockers = plan.steps.flatMap((step) => step.blockers);
  expect(plan.blocked).toBe(true);
  expect([...new Set(blockers.map((blocker) => blocker.code))]).toEqual([code]);
  expect(operation).toMatchObject({ status: "Failed", error: { code } });
  expect(writes).toEqual([]);
  for (const { message } of blockers) expect(operation.error?.message).toContain(message);
});

describe("of targets besides databases", () => {
  const ofTargets = OnboardingRequest.parse({
    ...{ ...workload, databases: [] },
    targets: [
      { target: "uploads", access: ["read"] },
      { target: "jobs", access: ["send"] },
    ],
  });
  const planned = async () =>
    (await planOnboarding(cloud.ports, { operation: "planned", request: ofTargets })).steps.find(
      (step) => step.name === "preflight",
    );

  it.each(["find", "locksAt", "usage"] as const)("stops where Azure does not answer (%s)", async (call) => {
    const message = "Azure Resource Manager answered 503.";
    const down = () => Promise.reject(new TransientError("ARM_UNAVAILABLE", message));
    if (call === "usage") answer("roleAssignments", { usage: down });
    else answer("azureResources", { [call]: down });

    expect((await planned())?.blockers).toEqual([expect.objectContaining({ code: "ARM_UNAVAILABLE", message })]);
    const { operation } = await operate(cloud, "onboard", ofTargets);
    expect(operation).toMatchObject({ status: "Failed", error: { code: "ARM_UNAVAILABLE" } });
    expect(writes).toEqual([]);
  });

  it.each([
    ["what it may not read", "ARM_FORBIDDEN"],
    ["that Azure does not count", "ARM_REJECTED"],
  ] as const)("says %s, and goes on", async (_what, uncounted) => {
    const forbidden = refuse("ARM_FORBIDDEN");
    answer("azureResources", { find: forbidden, locksAt: forbidden });
    answer("roleAssignments", { usage: refuse(uncounted) });

    const { blockers, notices = [] } = (await planned()) ?? {};
    expect(blockers).toEqual([]);
    expect(new Set(notices.map(({ code }) => code))).toEqual(new Set(["TARGET_UNSEEN"]));
    const { operation } = await operate(cloud, "onboard", ofTargets);
    expect(operation).toMatchObject({ status: "Succeeded" });
    const steps = await cloud.ports.registry.listSteps(operation.id);
    const told = steps.find(({ name }) => name === "preflight")?.notices ?? [];
    expect(told.map(({ code }) => code)).toContain("TARGET_UNSEEN");
  });
});

it("names every obstacle, and not only the first of each service", async () => {
  cloud.roleAssignments.clear();
  answer("kubernetes", { kinds: async () => [] });
  answer("sqlServers", {
    inspect: async () => ({ ...sqlServer, entraAdmin: undefined, databases: [] }),
  });
  answer("databases", { inspect: refuse("SQL_FIREWALL") });
  putIdentity({}, "northeurope");

  const { steps } = await planOnboarding(cloud.ports, { operation: "planned", request: pod });
  const { operation } = await operate(cloud, "onboard", pod);

  expect(steps.flatMap((step) => step.blockers.map(({ code }) => code)).toSorted()).toEqual([
    "IDENTITY_CONFLICT",
    "KUBELET_ROLE_MISSING",
    "KUBELET_ROLE_MISSING",
    "POD_IDENTITY_NOT_INSTALLED",
    "SQL_ADMIN_MISSING",
    "SQL_FIREWALL",
    "SQL_FIREWALL",
    "UNKNOWN_DATABASE",
    "UNKNOWN_DATABASE",
  ]);
  expect(operation.error?.message).toMatch(/northeurope.*|.*AzureIdentity.*/s);
  expect(writes).toEqual([]);
});

it("gives the command that assigns the kubelet its missing role", async () => {
  take(roles.machines);

  const { steps } = await planOnboarding(cloud.ports, { operation: "planned", request: pod });
  const { operation } = await operate(cloud, "onboard", pod);

  const command = `az role assignment create --assignee-object-id ${kubelet} --assignee-principal-type ServicePrincipal --role "Virtual Machine Contributor" --scope ${nodeGroup}`;
  expect(steps.flatMap((step) => step.blockers)).toMatchObject([{ code: "KUBELET_ROLE_MISSING", fix: command }]);
  expect(operation.error?.message).toContain(`Run: ${command}`);
});

it.each([
  { what: "Contributor on the subscription", arrange: () => give(roles.contributor, subscription) },
  {
    what: "Managed Identity Operator on the identity itself",
    arrange() {
      putIdentity();
      give(roles.operator, cloud.identities.get(name)?.id ?? "");
      give(roles.machines, nodeGroup);
    },
  },
])("accepts $what as sufficient", async ({ arrange }) => {
  cloud.roleAssignments.clear();
  arrange();

  const { blocked, steps } = await planOnboarding(cloud.ports, { operation: "planned", request: pod });

  expect({ blocked, notices: kubeletNotices(steps) }).toEqual({ blocked: false, notices: [] });
});

it.each([
  {
    what: "the catalog does not name the kubelet's identity",
    why: "podIdentity.kubeletObjectId",
    arrange: () => useCatalog(catalogWith(undefined)),
  },
  {
    what: "Mooring may not read role assignments",
    why: "refused: ARM_FORBIDDEN",
    arrange: () => answer("roleAssignments", { heldAt: refuse("ARM_FORBIDDEN") }),
  },
  {
    what: "the kubelet has a custom role of the operator's",
    why: roles.custom,
    arrange() {
      cloud.roleAssignments.clear();
      give(roles.custom, subscription);
    },
  },
])("says that the kubelet's roles are unknown when $what, and continues", async ({ why, arrange }) => {
  arrange();

  const { blocked, steps } = await planOnboarding(cloud.ports, { operation: "planned", request: pod });
  const { operation } = await operate(cloud, "onboard", pod);

  const notice = { code: "KUBELET_ROLES_UNKNOWN", message: expect.stringContaining(why) };
  expect(blocked).toBe(false);
  expect(steps.find((step) => step.name === "preflight")?.notices?.[0]).toMatchObject(notice);
  const [record] = await cloud.ports.registry.listSteps(operation.id);
  expect(record).toMatchObject({ name: "preflight", status: "Succeeded" });
  expect(record?.notices?.[0]).toMatchObject(notice);
  expect(operation.status).toBe("Succeeded");
});

it("requires no roles of the kubelet in managed mode, nor for workload identity", async () => {
  useCatalog(catalogWith({ mode: "managed" }));
  answer("roleAssignments", { heldAt: refuse("ARM_FORBIDDEN") });

  for (const request of [pod, workload]) {
    const { blocked, steps } = await planOnboarding(cloud.ports, { operation: "planned", request });
    expect({ blocked, notices: kubeletNotices(steps) }).toEqual({ blocked: false, notices: [] });
  }
});

it("does not stop when it may not read its own permissions, and says so", async () => {
  answer("roleAssignments", { ownPermissions: refuse("ARM_FORBIDDEN") });

  const { blocked, steps } = await planOnboarding(cloud.ports, { operation: "planned", request: workload });

  expect(blocked).toBe(false);
  expect(kubeletNotices(steps)).toMatchObject([{ code: "PERMISSIONS_UNKNOWN" }]);
});

it("does not stop when it cannot tell whether it may set an administrator", async () => {
  giveAdministrator();
  answer("roleAssignments", {
    ownPermissions: async (scope) => {
      if (scope.includes("Microsoft.Sql")) throw new PermanentError("ARM_FORBIDDEN", `${scope} is not to be read`);
      return [{ actions: ["*"], notActions: [] }];
    },
  });

  const { blocked, steps } = await planOnboarding(cloud.ports, { operation: "planned", request: workload });

  expect(blocked).toBe(false);
  const { notices } = steps.find(({ name: step }) => step === "ensureSqlAdmin") ?? {};
  expect(notices).toMatchObject([{ code: "PERMISSIONS_UNKNOWN" }]);
});

/** Notices about objects in the namespace are left out, since most of these worlds do not have the namespace yet. */
function kubeletNotices(steps: readonly StepPlan[]) {
  return steps.flatMap(({ notices = [] }) => notices).filter(({ code }) => code !== "NAMESPACE_NOT_THERE_YET");
}

it("names the command, or the chart, that adds what a cluster or a server lacks", async () => {
  const fixes = async (request: OnboardingRequest) =>
    (await planOnboarding(cloud.ports, { operation: "plan", request })).steps.flatMap(({ blockers }) =>
      blockers.map(({ fix }) => fix),
    );
  answer("sqlServers", { inspect: async () => ({ ...sqlServer, entraAdmin: undefined }) });
  expect(await fixes(workload)).toEqual([
    expect.stringMatching(
      /^az sql server ad-admin create --subscription \S+ --resource-group \S+ --server \S+ --display-name <group>/,
    ),
  ]);

  useCatalog(catalogWith({ kubeletObjectId: kubelet, nodeResourceGroup: "nodes" }));
  cloud.objects.clear();
  expect(await fixes(workload)).toEqual([
    expect.stringContaining(
      "az aks update --resource-group <group> --name <cluster> --enable-oidc-issuer --enable-workload-identity",
    ),
  ]);
  answer("kubernetes", { kinds: async () => [] });
  const sample = await readFile("infra/sample/README.md", "utf8");
  expect(helm).toContain("--version 4.1.18");
  expect(sample).toContain(helm);
  expect(await fixes(pod)).toEqual([expect.stringContaining(helm)]);
});
