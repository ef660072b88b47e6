/** Identity bindings: what is adopted, drifts, is repaired, undone and collected, and what stops an onboarding before it writes. */

import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptOffboarding, acceptOnboarding, acceptUpkeep } from "../../src/application/acceptance/acceptance.ts";
import { exportAzureCli, exportKubernetes } from "../../src/application/inspection/exportNamespace.ts";
import { inspectNamespace } from "../../src/application/inspection/inspection.ts";
import { planOffboarding } from "../../src/application/plan/planOffboarding.ts";
import { planOnboarding } from "../../src/application/plan/planOnboarding.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import {
  automaticCredential,
  identityBindingName,
  identityName,
  useBindingName,
  useRoleName,
} from "../../src/domain/naming/names.ts";
import type { OperationRecord } from "../../src/domain/operation/records.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import type { Ports } from "../../src/ports/index.ts";
import type { KubernetesObject } from "../../src/ports/kubernetes.ts";
import { unknownIdentity } from "../../src/resources/definitions/operationFacts.ts";
import { confirmed, createAcceptanceContext, type TestAcceptanceContext } from "../support/acceptanceContext.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { clientIdOf, principalIdOf } from "../support/ids.ts";
import { inVirtualTime, useVirtualTime } from "../support/virtualTime.ts";

const clusterId = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-dev";
const otherCluster = clusterId.replace("aks-dev", "aks-other");

function requestFor(changes: object = {}): OnboardingRequest {
  return OnboardingRequest.parse({
    cluster: "aks-dev",
    namespace: "team-b",
    identityMode: "identityBinding",
    databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
    ...changes,
  });
}
const request = requestFor();
const name = identityName(request);
const own = `${clusterId}/${identityBindingName(request)}`;
const identityId = `/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/MC_rg_aks-dev_westeurope/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
const rbac = "rbac.authorization.k8s.io/v1";
const roleKey = `${rbac} ClusterRole /${useRoleName(request)}`;
const bindingKey = `${rbac} ClusterRoleBinding /${useBindingName(request, "app")}`;

let cloud: FakeCloud;
let acceptance: TestAcceptanceContext;

beforeEach(() => {
  cloud = createFakeCloud();
  providePorts(cloud.ports);
  acceptance = createAcceptanceContext(cloud);
});

function ended(operation: string): OperationRecord {
  const found = cloud.operations.get(operation);
  if (!found) throw new Error("the operation left no record");
  return found;
}

async function onboard(changes: object = {}): Promise<OperationRecord> {
  const { operation } = await acceptOnboarding(acceptance, requestFor(changes), confirmed);
  await acceptance.run();
  return ended(operation);
}

async function repair(): Promise<OperationRecord> {
  const { operation } = await acceptUpkeep(acceptance, "Repairing", { namespaceRef: request, prepare: () => ({}) });
  await acceptance.run();
  return ended(operation);
}

async function offboard(): Promise<OperationRecord> {
  const { operation } = await acceptOffboarding(acceptance, request);
  await acceptance.run();
  return ended(operation);
}

async function findings(): Promise<readonly string[]> {
  const record = cloud.namespaces.get("aks-dev/team-b");
  if (!record) throw new Error("the namespace has no record");
  const found = await inspectNamespace(cloud.ports, { request: record.request, clientId: record.clientId });
  return found.map(({ code, field }) => `${code} ${field}`).toSorted();
}

function change(key: string, with_: object): void {
  const object = cloud.objects.get(key);
  if (!object) throw new Error(`there is no ${key}`);
  cloud.objects.set(key, { ...object, ...with_ });
}

const credentialsOf = () => (cloud.credentials.get(name) ?? []).map((each) => each.name);

describe("what drifts is found and repaired", () => {
  const drifts: Readonly<Record<string, readonly [deed: () => void, found: readonly string[]]>> = {
    "the binding is gone": [() => cloud.bindings.clear(), [`BINDING_MISSING binding ${identityBindingName(request)}`]],
    "the binding is of an earlier identity": [
      () => {
        const binding = cloud.bindings.get(own);
        if (binding)
          cloud.bindings.set(own, { ...binding, clientId: clientIdOf("99999999-2222-4222-8222-222222222222") });
      },
      [`BINDING_CHANGED binding ${identityBindingName(request)}`],
    ],
    "the binding is not ready": [
      () => {
        const binding = cloud.bindings.get(own);
        if (binding) cloud.bindings.set(own, { ...binding, isReady: false });
      },
      [`BINDING_CHANGED binding ${identityBindingName(request)}`],
    ],
    "Azure's credential is gone": [
      () => cloud.credentials.set(name, []),
      [`BINDING_CHANGED credential ${automaticCredential}`],
    ],
    "the role is gone": [() => cloud.objects.delete(roleKey), ["OBJECT_MISSING object"]],
    "the role allows another identity": [
      () =>
        change(roleKey, {
          rules: [{ verbs: ["use-managed-identity"], apiGroups: ["cid.wi.aks.azure.com"], resources: ["another"] }],
        }),
      ["OBJECT_CHANGED rules[0].resources"],
    ],
    "the role is given to another account": [
      () => change(bindingKey, { subjects: [{ kind: "ServiceAccount", name: "another", namespace: "team-b" }] }),
      ["OBJECT_CHANGED subjects[0].name"],
    ],
    "the role is another": [
      () =>
        change(bindingKey, { roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "edit" } }),
      ["OBJECT_CHANGED roleRef.name"],
    ],
    "the account has lost its identity": [
      () =>
        change("v1 ServiceAccount team-b/app", {
          metadata: { ...cloud.objects.get("v1 ServiceAccount team-b/app")?.metadata, annotations: {} },
        }),
      [
        "OBJECT_CHANGED metadata.annotations.azure.workload.identity/client-id",
        "OBJECT_CHANGED metadata.annotations.azure.workload.identity/tenant-id",
      ],
    ],
  };

  it.each(Object.keys(drifts))("%s", async (what) => {
    await onboard();
    expect(await findings()).toEqual([]);
    const [deed, found] = drifts[what] ?? [() => undefined, []];
    deed();

    expect(await findings()).toEqual(expect.arrayContaining([...found]));
    expect((await repair()).error?.message).toBeUndefined();
    expect(await findings()).toEqual([]);
    expect(cloud.bindings.size).toBe(1);
  });

  it("an account that the cluster does not let use the identity", async () => {
    await onboard();
    cloud.ports.kubernetes.mayDo = async () => false;

    expect(await findings()).toEqual([expect.stringMatching(/^IDENTITY_USE_DENIED use-managed-identity /)]);
  });

  it("what is left over in another mode", async () => {
    await onboard();
    const [objects, bindings] = [[...cloud.objects], [...cloud.bindings]];
    await offboard();
    await onboard({ identityMode: "workloadIdentity" });
    for (const [key, object] of objects) if (object.kind.startsWith("ClusterRole")) cloud.objects.set(key, object);
    for (const [key, binding] of bindings) cloud.bindings.set(key, binding);

    expect((await findings()).map((each) => each.split(" ")[0])).toEqual([
      ...["BINDING_SURPLUS", "IDENTITY_USE_SURPLUS", "IDENTITY_USE_SURPLUS"],
    ]);
    expect((await repair()).error?.message).toBeUndefined();
    expect(await findings()).toEqual([]);
    expect([cloud.bindings.size, cloud.objects.has(roleKey), cloud.objects.has(bindingKey)]).toEqual([0, false, false]);
  });
});

it("an offboarding takes a binding of Mooring's that came late, too", async () => {
  await onboard();
  const late = `${bindingKey}-late`;
  const binding = cloud.objects.get(bindingKey);
  if (!binding) throw new Error("there is no binding to copy");
  cloud.objects.set(late, { ...binding, metadata: { ...binding.metadata, name: `${binding.metadata.name}-late` } });

  expect((await offboard()).error?.message).toBeUndefined();

  expect([...cloud.objects.keys()].filter((key) => key.startsWith(rbac))).toEqual([]);
});

describe("a change of the service account", () => {
  const newKey = `${rbac} ClusterRoleBinding /${useBindingName(request, "other")}`;

  it("gives the role to the new account, and takes it from the old one at the end", async () => {
    await onboard();
    expect((await onboard({ serviceAccount: "other" })).error?.message).toBeUndefined();

    expect([cloud.objects.has(roleKey), cloud.objects.has(newKey), cloud.objects.has(bindingKey)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(await findings()).toEqual([]);
  });

  it("that fails takes back exactly what it gave", async () => {
    await onboard();
    cloud.onWrite = ({ what, when }) => {
      if (what === "apply ServiceAccount" && when === "before") throw new PermanentError("KUBERNETES_FORBIDDEN", "no");
    };
    expect((await onboard({ serviceAccount: "other" })).status).toBe("Failed");
    cloud.onWrite = () => undefined;

    expect([cloud.objects.has(roleKey), cloud.objects.has(newKey), cloud.objects.has(bindingKey)]).toEqual([
      true,
      false,
      true,
    ]);
    expect(cloud.bindings.has(own)).toBe(true);
  });
});

describe("what others have", () => {
  const theirs = { name: "theirs", identityId, clientId: undefined, isReady: true };

  it("a binding of theirs at the cluster is used, and stays with what it needs", async () => {
    const ids = {
      clientId: clientIdOf("99999999-2222-4222-8222-222222222222"),
      principalId: principalIdOf("99999999-2222-4222-8222-222222222223"),
    };
    const tenantId = cloud.ports.catalog.tenantId;
    cloud.identities.set(name, { id: identityId, name, location: "westeurope", tags: {}, tenantId, ...ids });
    cloud.bindings.set(`${clusterId}/theirs`, { ...theirs, clientId: ids.clientId });
    cloud.credentials.set(name, [{ name: automaticCredential, issuer: "i", subject: "s", audiences: ["a"] }]);

    expect((await onboard()).error?.message).toBeUndefined();
    expect([...cloud.bindings.keys()]).toEqual([`${clusterId}/theirs`]);
    expect(await findings()).toEqual([]);
    expect((await offboard()).error?.message).toBeUndefined();
    expect([[...cloud.bindings.keys()], credentialsOf()]).toEqual([[`${clusterId}/theirs`], [automaticCredential]]);
  });

  it("a binding of theirs stops an offboarding that would remove the identity", async () => {
    await onboard();
    cloud.bindings.set(`${clusterId}/theirs`, theirs);

    const plan = await planOffboarding(cloud.ports, { request });
    const blockers = plan.steps.flatMap((step) => step.blockers.map(({ code }) => code));
    expect(blockers).toEqual(["IDENTITY_FEDERATED_BY_OTHERS"]);
  });

  it("or is in the way, if the request adopts nothing", async () => {
    cloud.bindings.set(`${clusterId}/theirs`, theirs);

    const operation = await onboard({ adoptionPolicy: "Never" });
    expect(operation.error?.code).toBe("IDENTITY_BINDING_CONFLICT");
    expect(cloud.identities.size).toBe(0);
  });

  it("Mooring's name on a binding of another identity is in the way", async () => {
    cloud.bindings.set(own, { ...theirs, name: identityBindingName(request), identityId: `${identityId}x` });

    expect((await onboard()).error?.code).toBe("IDENTITY_BINDING_CONFLICT");
    expect(cloud.identities.size).toBe(0);
  });

  it("a role that they give to anyone stays, without Mooring's mark", async () => {
    await onboard();
    const theirBinding: KubernetesObject = {
      apiVersion: rbac,
      kind: "ClusterRoleBinding",
      metadata: { name: "theirs" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: useRoleName(request) },
      subjects: [{ kind: "ServiceAccount", name: "theirs", namespace: "theirs" }],
    };
    cloud.objects.set(`${rbac} ClusterRoleBinding /theirs`, theirBinding);

    expect((await offboard()).error?.message).toBeUndefined();
    const left = cloud.objects.get(roleKey);
    expect(left?.metadata.annotations).toBeUndefined();
    expect(JSON.stringify(left?.["rules"])).toContain("use-managed-identity");
    expect(cloud.objects.has(bindingKey)).toBe(false);
  });
});

describe("Azure's own credential of an adopted identity", () => {
  beforeEach(() => {
    const ids = {
      clientId: clientIdOf("99999999-2222-4222-8222-222222222222"),
      principalId: principalIdOf("99999999-2222-4222-8222-222222222223"),
    };
    const identity = {
      id: identityId,
      name,
      location: "westeurope",
      tags: {},
      tenantId: cloud.ports.catalog.tenantId,
      ...ids,
    };
    cloud.identities.set(name, identity);
    const { "aks-new": another, ...clusters } = cloud.ports.catalog.clusters;
    if (!another) throw new Error("the catalog has one cluster");
    Object.assign(cloud.ports.catalog, {
      clusters: { ...clusters, "aks-new": { ...another, identityBinding: { clusterId: otherCluster } } },
    });
  });

  it("goes with the last binding in the clusters of the catalog", async () => {
    await onboard();
    expect(credentialsOf()).toEqual([automaticCredential]);

    expect((await offboard()).error?.message).toBeUndefined();
    expect([credentialsOf(), cloud.bindings.size, cloud.identities.size]).toEqual([[], 0, 1]);
  });

  it("stays while another cluster of the catalog binds the identity", async () => {
    await onboard();
    cloud.bindings.set(`${otherCluster}/theirs`, { name: "theirs", identityId, clientId: undefined, isReady: true });

    expect((await offboard()).error?.message).toBeUndefined();
    expect(credentialsOf()).toEqual([automaticCredential]);
    expect([...cloud.bindings.keys()]).toEqual([`${otherCluster}/theirs`]);
  });

  it("is gone after an undo, too", async () => {
    cloud.onWrite = ({ what, when }) => {
      if (what === "apply ServiceAccount" && when === "before") throw new PermanentError("KUBERNETES_FORBIDDEN", "no");
    };
    expect((await onboard()).status).toBe("Failed");

    expect([credentialsOf(), cloud.bindings.size, cloud.identities.size]).toEqual([[], 0, 1]);
    expect([...cloud.objects.values()].map(({ kind }) => kind)).toEqual(["MutatingWebhookConfiguration"]);
  });

  it("goes with the offboarding after an undo that was given up half way", async () => {
    let removed = 0;
    cloud.onWrite = ({ what, when }) => {
      if (what === "apply ServiceAccount" && when === "before") throw new PermanentError("KUBERNETES_FORBIDDEN", "no");
      if (what !== "remove binding" && what !== "remove credential") return;
      if (when === "after") removed += 1;
      else if (removed > 0) throw new PermanentError("ARM_FORBIDDEN", "no");
    };
    expect((await onboard()).error?.code).toBe("COMPENSATION_FAILED");
    expect(removed).toBe(1);

    cloud.onWrite = () => undefined;
    expect((await offboard()).error?.message).toBeUndefined();
    expect([credentialsOf(), cloud.bindings.size, cloud.identities.size]).toEqual([[], 0, 1]);
  });

  it("goes with the offboarding after somebody removed the binding", async () => {
    await onboard();
    cloud.bindings.clear();

    expect((await offboard()).error?.message).toBeUndefined();
    expect([credentialsOf(), cloud.identities.size]).toEqual([[], 1]);
  });

  it("goes with the binding that a look does not find, and a later one does", async () => {
    await onboard();
    const { retry } = cloud.ports.catalog;
    Object.assign(cloud.ports.catalog, { retry: { ...retry, landingMs: 60_000, undoTimeoutMs: 600_000 } });
    const bound = new Map(cloud.bindings);
    cloud.bindings.clear();
    cloud.onWrite = ({ what, when }) => {
      if (what !== "remove credential" || when !== "after") return;
      for (const [key, binding] of bound) cloud.bindings.set(key, binding);
      bound.clear();
    };

    const putBack = useVirtualTime();
    try {
      const { operation } = await acceptOffboarding(acceptance, request);
      await acceptance.run(inVirtualTime);
      expect(ended(operation).error?.message).toBeUndefined();
    } finally {
      putBack();
    }
    expect([credentialsOf(), cloud.bindings.size]).toEqual([[], 0]);
  });

  it("stays where a repair finds it without a binding: somebody may have bound the identity elsewhere", async () => {
    cloud.credentials.set(name, [{ name: automaticCredential, issuer: "i", subject: "s", audiences: ["a"] }]);
    expect((await onboard({ identityMode: "workloadIdentity" })).status).toBe("Succeeded");

    expect((await repair()).error?.message).toBeUndefined();
    expect(credentialsOf()).toContain(automaticCredential);
  });
});

describe("before anything is written", () => {
  type Blocked = readonly [(ports: Ports) => object, RegExp];
  const resource =
    (properties: object): Ports["azureResources"]["find"] =>
    async () => ({ properties: { ...properties } });
  const webhook = (args: readonly string[]) => ({ spec: { template: { spec: { containers: [{ args }] } } } });
  const blocked: Readonly<Record<string, Blocked>> = {
    "a cluster that Azure does not have": [
      ({ azureResources }) => ({ azureResources: { ...azureResources, find: async () => undefined } }),
      /Azure has no cluster/,
    ],
    "API-server VNet integration": [
      ({ azureResources }) => ({
        azureResources: {
          ...azureResources,
          find: resource({ apiServerAccessProfile: { enableVnetIntegration: true } }),
        },
      }),
      /API-server VNet integration is on/,
    ],
    "workload identity that is off": [
      ({ azureResources }) => ({
        azureResources: {
          ...azureResources,
          find: resource({
            oidcIssuerProfile: { enabled: false },
            securityProfile: { workloadIdentity: { enabled: false } },
          }),
        },
      }),
      /its OIDC issuer is off; workload identity is off/,
    ],
    "workload identity of which Azure says nothing": [
      ({ azureResources }) => ({
        azureResources: {
          ...azureResources,
          find: resource({ oidcIssuerProfile: null, securityProfile: { workloadIdentity: null } }),
        },
      }),
      /its OIDC issuer is off; workload identity is off/,
    ],
    "a subscription without the API": [
      ({ identityBindings }) => ({
        identityBindings: {
          ...identityBindings,
          get: async () => {
            throw new PermanentError("IDENTITY_BINDING_UNAVAILABLE", "Azure answered 400 NoRegisteredProviderFound.");
          },
        },
      }),
      /NoRegisteredProviderFound/,
    ],
    "a webhook without the annotation": [
      ({ kubernetes }) => ({
        kubernetes: {
          ...kubernetes,
          get: async (...[cluster, ref]: Parameters<Ports["kubernetes"]["get"]>) =>
            ref.kind === "Deployment" ? webhook(["--log-level=info"]) : await kubernetes.get(cluster, ref),
        },
      }),
      /does not know identity bindings/,
    ],
    "no right to make bindings": [
      ({ roleAssignments }) => ({
        roleAssignments: {
          ...roleAssignments,
          ownPermissions: async (scope: string) => [
            { actions: scope === clusterId ? ["*/read"] : ["*"], notActions: [] },
          ],
        },
      }),
      /lacks Microsoft\.ContainerService\/managedClusters\/identityBindings\/write/,
    ],
  };

  it.each(Object.keys(blocked))("%s blocks the plan", async (what) => {
    const [altered, message] = blocked[what] ?? [() => ({}), /never/];
    const ports = { ...cloud.ports, ...altered(cloud.ports) };

    const plan = await planOnboarding(ports, { operation: "x", request });
    const blockers = plan.steps.flatMap((step) => step.blockers.map((each) => each.message));
    expect(blockers.join("\n")).toMatch(message);
    expect(plan.blocked).toBe(true);
  });

  it("what cannot be read is only told", async () => {
    const find = async () => {
      throw new PermanentError("ARM_FORBIDDEN", "no right to read the cluster");
    };
    const ports = { ...cloud.ports, azureResources: { ...cloud.ports.azureResources, find } };

    const plan = await planOnboarding(ports, { operation: "x", request });
    expect(plan.blocked).toBe(false);
    expect(JSON.stringify(plan)).toContain("BINDINGS_UNSEEN");
  });

  it("an identity with 18 credentials gets a hint at this mode", async () => {
    await onboard({ identityMode: "workloadIdentity" });
    const issuer = "https://theirs.example/";
    const many = Array.from({ length: 18 }, (_, index) => ({
      ...{ name: `theirs-${index}`, issuer, subject: `s${index}`, audiences: ["a"] },
    }));
    cloud.credentials.set(name, many);

    const record = cloud.namespaces.get("aks-dev/team-b");
    const plan = await planOnboarding(cloud.ports, {
      operation: "x",
      request: requestFor({ identityMode: "workloadIdentity", serviceAccount: "other" }),
      earlier: record?.request,
    });
    const told = plan.steps.flatMap(({ notices = [] }) => notices);
    expect(told.find(({ code }) => code === "CREDENTIALS_NEARLY_FULL")?.fix).toContain("identityMode identityBinding");
  });
});

it("exports what makes the same by hand", async () => {
  await onboard();
  const { clientId = unknownIdentity.clientId } = cloud.namespaces.get("aks-dev/team-b") ?? {};
  const exported = { request, clientId };

  expect(exportAzureCli(cloud.ports.catalog, exported)).toContain(
    `az aks identity-binding create --subscription s --resource-group rg --cluster-name aks-dev --name ${identityBindingName(request)} --managed-identity-resource-id ${identityId}\n`,
  );
  const objects = exportKubernetes(cloud.ports.catalog, exported);
  expect(objects.match(/^kind: .*/gm)?.toSorted()).toEqual(
    ["ClusterRole", "ClusterRoleBinding", "ConfigMap", "Namespace", "ServiceAccount"].map((kind) => `kind: ${kind}`),
  );
  expect(objects).toContain(clientId);
});
