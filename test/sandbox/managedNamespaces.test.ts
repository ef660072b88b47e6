/** Namespaces that Azure manages, on the whole system: left alone where the catalog says so, and given their profile there. */
import { CoreV1Api, NetworkingV1Api } from "@kubernetes/client-node";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { kubeConfigOf } from "../support/kubeConfig.ts";
import { callManaged, managedNamespace, manageNamespace } from "../support/managedNamespaces.ts";
import { actsOn } from "../support/namespaceActs.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";
import { enforce, wanted, warn } from "./support/profiled.ts";

let sandbox: SuiteSandbox;
let service: Service;
/** Both of the cluster's administrator. */
let core: CoreV1Api;
let networking: NetworkingV1Api;

beforeAll(async () => {
  // A real API server has no AKS around it.
  sandbox = await startSandbox({
    because: "its cluster is never a real one",
    apiServer: false,
  });
  service = serviceOf(sandbox);
  const config = kubeConfigOf(sandbox.cloud);
  core = config.makeApiClient(CoreV1Api);
  networking = config.makeApiClient(NetworkingV1Api);
});
afterEach(() => sandbox.cloud.faults.clear());
afterAll(() => sandbox?.close());

const { plan, onboard, verify, repair, offboard } = actsOn(() => service);

const shown = async (namespace: string) => {
  const { tags, properties } = await managedNamespace(sandbox.cloud, namespace);
  const { defaultResourceQuota: quota, defaultNetworkPolicy: network, labels, annotations } = properties;
  return { tags, quota, network, labels, annotations };
};

const hardIn = async (namespace: string, name: string) =>
  (await core.readNamespacedResourceQuota({ name, namespace })).spec?.hard;

const theirs = {
  labels: { owner: "platform", [enforce]: "privileged" },
  annotations: { note: "theirs" },
  defaultResourceQuota: { cpuRequest: "2000m", cpuLimit: "16000m" },
  defaultNetworkPolicy: { ingress: "AllowSameNamespace", egress: "AllowAll" },
};
/** As they have it, where Mooring has never been. */
const untouched = {
  tags: {},
  quota: theirs.defaultResourceQuota,
  network: theirs.defaultNetworkPolicy,
  labels: theirs.labels,
  annotations: theirs.annotations,
};

describe("a managed namespace", () => {
  it("is used as it is: nothing of what Azure owns is written, and the plan says so", async () => {
    const namespace = "as-it-is";
    await manageNamespace(sandbox.cloud, namespace, theirs);
    const { namespaceProfile: _profile, ...request } = wanted(namespace);

    const planned = await plan(request);
    expect(planned).toMatchObject({
      blocked: false,
      steps: expect.arrayContaining([expect.objectContaining({ name: "applyNamespace", action: "adopt" })]),
    });
    expect(JSON.stringify(planned)).toContain("Azure Resource Manager manages namespace aks-dev/as-it-is.");

    await onboard(request);
    expect(await shown(namespace)).toEqual(untouched);
    expect((await core.readNamespace({ name: namespace })).metadata?.annotations).toEqual(theirs.annotations);
    expect(await verify(namespace)).toEqual([]);
    await offboard(namespace);
    expect(await shown(namespace)).toEqual(untouched);
    expect((await core.readNamespace({ name: namespace })).metadata?.deletionTimestamp).toBeUndefined();
  });

  it("whose default closes everything outside: the plan says so, unless a profile opens what the request names", async () => {
    const namespace = "shut";
    await manageNamespace(sandbox.cloud, namespace, {
      defaultNetworkPolicy: { ingress: "DenyAll", egress: "AllowSameNamespace" },
    });
    const { namespaceProfile: _profile, ...request } = wanted(namespace);
    expect(JSON.stringify(await plan(request))).toContain("NETWORK_CLOSED");
    const opening = await plan({ ...request, namespaceProfile: "isolated", adoptionPolicy: "Always" });
    expect(JSON.stringify(opening)).not.toContain("NETWORK_CLOSED");
  });

  it("that Mooring had made before Azure took it over is neither marked again nor deleted", async () => {
    const namespace = "taken-over";
    await onboard(wanted(namespace, { namespaceProfile: "small", deletePolicy: "Delete" }));
    await manageNamespace(sandbox.cloud, namespace);

    const changed = (field: string) => expect.objectContaining({ code: "OBJECT_CHANGED", field });
    expect(await verify(namespace)).toEqual([
      // What Azure can hold is wanted there now, and no longer in the cluster.
      changed("spec.hard.requests.cpu"),
      changed("spec.hard.requests.memory"),
      changed("defaultResourceQuota.cpuRequest"),
      changed("defaultResourceQuota.memoryRequest"),
    ]);
    await repair(namespace);
    expect(await verify(namespace)).toEqual([]);
    expect(await hardIn(namespace, "mooring-quota")).toEqual({ "count/jobs.batch": "5" });

    await offboard(namespace);
    const { metadata } = await core.readNamespace({ name: namespace });
    expect(metadata?.deletionTimestamp).toBeUndefined();
    expect((await shown(namespace)).tags).toEqual({});
  });
});

describe("the profile of a managed namespace", () => {
  it("is written in Azure by changing the whole, shows no drift, and is given back in the end", async () => {
    const namespace = "given";
    await manageNamespace(sandbox.cloud, namespace, theirs);
    const request = wanted(namespace, { adoptionPolicy: "Always" });
    const planned = await plan(request);
    expect(planned).toMatchObject({
      blocked: false,
      steps: expect.arrayContaining([
        expect.objectContaining({
          name: "applyProfile",
          differences: expect.arrayContaining([
            { field: "defaultResourceQuota.cpuRequest", current: "2000m", desired: "4000m" },
            { field: "defaultResourceQuota.memoryRequest", current: null, desired: "8Gi" },
            { field: `labels.${enforce}`, current: "privileged", desired: "baseline" },
            { field: `labels.${warn}`, current: null, desired: "restricted" },
          ]),
        }),
      ]),
    });

    const operation = await onboard(request);
    const step = operation.steps.find(({ name }) => name === "applyProfile");
    const ofPlan = (planned as { steps: { name: string; action: string }[] }).steps.find(
      ({ name }) => name === "applyProfile",
    );
    expect(step?.action).toBe(ofPlan?.action);
    expect(await shown(namespace)).toEqual({
      ...untouched,
      tags: {
        "mooring-namespace": `aks-dev/${namespace}`,
        "mooring-operation": operation.id,
        "mooring-replaced-quota": '{"cpuRequest":["2000m","4000m"],"memoryRequest":[null,"8Gi"]}',
        "mooring-replaced-labels": '{"enforce":["privileged","baseline"],"warn":[null,"restricted"]}',
      },
      quota: { cpuRequest: "4000m", cpuLimit: "16000m", memoryRequest: "8Gi" },
      labels: { owner: "platform", [enforce]: "baseline", [warn]: "restricted" },
    });
    expect(await hardIn(namespace, "defaultresourcequota")).toEqual({
      "requests.cpu": "4",
      "limits.cpu": "16",
      "requests.memory": "8Gi",
    });
    expect(await hardIn(namespace, "mooring-quota")).toEqual({ pods: "20" });
    expect(await verify(namespace)).toEqual([]);

    await offboard(namespace);
    expect(await shown(namespace)).toEqual(untouched);
    expect((await core.listNamespacedResourceQuota({ namespace })).items).toHaveLength(1);
  });

  it("closes in Azure what its network policy opens again", async () => {
    const namespace = "closed";
    await manageNamespace(sandbox.cloud, namespace, { ...theirs, defaultResourceQuota: null });
    const spec = { containers: [{ name: "app", image: "not-of-this-sandbox" }] };
    await core.createNamespacedPod({ namespace, body: { metadata: { name: "app" }, spec } });
    const request = wanted(namespace, { namespaceProfile: "isolated", adoptionPolicy: "Always" });
    // A pod runs there, and Azure's policy opens everything: not for long.
    const told = JSON.stringify(await plan(request));
    expect(told).toContain("NETWORK_UNSEEN");
    expect(told).not.toContain("NETWORK_OPEN");
    await onboard(request);
    expect((await shown(namespace)).network).toEqual({ ingress: "AllowSameNamespace", egress: "AllowSameNamespace" });
    const { items } = await networking.listNamespacedNetworkPolicy({ namespace });
    expect(items.map(({ metadata }) => metadata?.name).toSorted()).toEqual(["defaultnetworkpolicy", "mooring-network"]);
    expect(await verify(namespace)).toEqual([]);
    await offboard(namespace);
    expect(await shown(namespace)).toEqual({ ...untouched, quota: null });
  });

  it("is a conflict where somebody has set other values, unless adoptionPolicy is Always", async () => {
    const namespace = "contested";
    await manageNamespace(sandbox.cloud, namespace, theirs);
    expect(await plan(wanted(namespace))).toMatchObject({
      blocked: true,
      steps: expect.arrayContaining([
        expect.objectContaining({
          name: "applyProfile",
          blockers: [
            expect.objectContaining({
              code: "MANAGED_NAMESPACE_CONFLICT",
              message: expect.stringContaining("defaultResourceQuota.cpuRequest 2000m, not 4000m"),
            }),
          ],
        }),
      ]),
    });
    const failed = await service.waitFor(await service.onboard(wanted(namespace)));
    expect(failed).toMatchObject({ status: "Failed", error: { code: "MANAGED_NAMESPACE_CONFLICT" } });
    expect(await shown(namespace)).toEqual(untouched);
  });

  it("drifts in each field, and is repaired; what others change besides stays", async () => {
    const namespace = "drifted";
    await manageNamespace(sandbox.cloud, namespace, { labels: { owner: "platform" } });
    await onboard(wanted(namespace));
    const managed = await managedNamespace(sandbox.cloud, namespace);
    const { provisioningState: _state, ...properties } = managed.properties;
    await callManaged(sandbox.cloud, "PUT", namespace, {
      body: {
        tags: { ...managed.tags, cost: "42" },
        properties: {
          ...properties,
          labels: { owner: "somebody", [enforce]: "restricted" },
          defaultResourceQuota: { ...properties.defaultResourceQuota, cpuRequest: "9000m" },
        },
      },
      ifMatch: managed.eTag,
    });
    const found = (await verify(namespace)) as { code: string; field: string; found: string | null }[];
    expect(found.map(({ code, field, found: is }) => `${code} ${field} ${is}`).toSorted()).toEqual([
      "OBJECT_CHANGED defaultResourceQuota.cpuRequest 9000m",
      `OBJECT_CHANGED labels.${enforce} restricted`,
      `OBJECT_CHANGED labels.${warn} null`,
    ]);

    await repair(namespace);
    expect(await verify(namespace)).toEqual([]);
    expect(await shown(namespace)).toMatchObject({
      tags: { cost: "42" },
      labels: { owner: "somebody", [enforce]: "baseline", [warn]: "restricted" },
    });
    await offboard(namespace);
    expect(await shown(namespace)).toMatchObject({ tags: { cost: "42" }, labels: { owner: "somebody" }, quota: null });
  });
});
