/** A namespace that is deleted and held: an offboarding waits and says what holds it, and so does the next onboarding. */
import { CoreV1Api, KubernetesObjectApi, PatchStrategy } from "@kubernetes/client-node";
import { usesRealApiServer } from "kube-sim";
import { afterAll, beforeAll, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { kubeConfigOf } from "../support/kubeConfig.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Operation, type Service, serviceOf } from "../support/service.ts";

let sandbox: SuiteSandbox;
let service: Service;
let core: CoreV1Api;
let objects: KubernetesObjectApi;

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "it waits only briefly for namespaces that go",
    retry: { namespaceDeletionMs },
  });
  service = serviceOf(sandbox);
  const config = kubeConfigOf(sandbox.cloud);
  core = config.makeApiClient(CoreV1Api);
  objects = KubernetesObjectApi.makeApiClient(config);
});
afterAll(() => sandbox?.close());

/** A real namespace controller says what is left after some 5 s. */
const namespaceDeletionMs = usesRealApiServer ? 20_000 : 4_000;
const finalizer = "example.com/nobody-serves-it";

const request = (namespace: string) => ({
  ...{ cluster: names.cluster, namespace },
  databases: [{ server: names.sqlServer, database: "messages", roles: ["reader"] }],
});

async function hold(namespace: string, finalizers: string[]): Promise<void> {
  const metadata = { name: "mooring-databases", namespace, finalizers };
  const patch = { apiVersion: "v1", kind: "ConfigMap", metadata };
  await objects.patch(patch, undefined, undefined, "somebody", undefined, PatchStrategy.MergePatch);
}

async function onboard(namespace: string): Promise<Operation> {
  return await service.waitFor(await service.onboard(request(namespace)));
}

async function stepOf(id: string, name: string) {
  return (await service.operation(id)).steps.find((step) => step.name === name);
}

function isTold(id: string, step: string) {
  return expect
    .poll(async () => (await stepOf(id, step))?.notices, { timeout: namespaceDeletionMs + 6_000, interval: 50 })
    .toMatchObject([{ code: "NAMESPACE_GOING", message: expect.stringContaining(finalizer) }]);
}

async function deleteHeld(namespace: string): Promise<string> {
  expect((await onboard(namespace)).status).toBe("Succeeded");
  const metadata = { name: namespace, finalizers: [finalizer] };
  const patch = { apiVersion: "v1", kind: "Namespace", metadata };
  await objects.patch(patch, undefined, undefined, "somebody", undefined, PatchStrategy.MergePatch);
  return await service.offboard(names.cluster, namespace);
}

async function isGone(namespace: string): Promise<boolean> {
  const { items } = await core.listNamespace({ fieldSelector: `metadata.name=${namespace}` });
  return items.length === 0;
}

it("waits until what holds the namespace is gone, and says what that is", async () => {
  expect((await onboard("held-for-a-while")).status).toBe("Succeeded");
  await hold("held-for-a-while", [finalizer]);

  const id = await service.offboard(names.cluster, "held-for-a-while");
  await isTold(id, "removeNamespace");
  await hold("held-for-a-while", []);
  const ended = await service.waitFor(id);

  expect(ended.status, JSON.stringify(ended.error)).toBe("Succeeded");
  expect(await isGone("held-for-a-while")).toBe(true);
});

it("names what holds it: finalizers of the namespace itself, and the objects in it by name", async () => {
  const id = await deleteHeld("held-itself");
  await isTold(id, "removeNamespace");
  const ended = await service.waitFor(id);
  expect(ended.error?.message).toContain(`Its own finalizers keep it: ${finalizer}.`);

  expect((await onboard("held-inside")).status).toBe("Succeeded");
  await hold("held-inside", [finalizer]);
  const failed = await service.waitFor(await service.offboard(names.cluster, "held-inside"));
  expect(failed.error?.message).toContain(`ConfigMap mooring-databases (finalizers: ${finalizer})`);
});

it("goes on waiting while the API server is away", async () => {
  const id = await deleteHeld("held-alone");
  await isTold(id, "removeNamespace");
  const { faults } = sandbox.cloud;
  faults.add({ wire: "kubernetes", times: Number.POSITIVE_INFINITY, effect: { kind: "cutBefore" } });
  await expect.poll(() => faults.active[0]?.hits, { timeout: namespaceDeletionMs }).toBeGreaterThan(0);
  faults.clear();
  const patch = { apiVersion: "v1", kind: "Namespace", metadata: { name: "held-alone", finalizers: [] } };
  await objects.patch(patch, undefined, undefined, "somebody", undefined, PatchStrategy.MergePatch);

  const ended = await service.waitFor(id);
  expect(ended.status, JSON.stringify(ended.error)).toBe("Succeeded");
});

it("waits in a namespace that stays until what Mooring put into it is gone, and says what holds it", async () => {
  const kept = { ...request("kept"), deletePolicy: "Keep" };
  expect((await service.waitFor(await service.onboard(kept))).status).toBe("Succeeded");
  await hold("kept", [finalizer]);

  const failed = await service.waitFor(await service.offboard(names.cluster, "kept"));
  expect(failed).toMatchObject({
    status: "Failed",
    error: { code: "NAMESPACE_HELD", message: expect.stringContaining(`ConfigMap kept/mooring-databases`) },
  });
  expect(failed.error?.message).toContain(finalizer);
  const id = await service.offboard(names.cluster, "kept");
  await isTold(id, "removeNamespace");
  await hold("kept", []);
  const ended = await service.waitFor(id);

  expect(ended.status, JSON.stringify(ended.error)).toBe("Succeeded");
  expect(await isGone("kept")).toBe(false);
  const { items } = await core.listNamespacedConfigMap({ namespace: "kept" });
  expect(items.map(({ metadata }) => metadata?.name)).not.toContain("mooring-databases");
});

it("keeps a namespace while the cluster's controllers are down, since nobody counts its Secrets", async () => {
  expect((await onboard("abandoned")).status).toBe("Succeeded");
  const { controllers } = sandbox.cloud.kubernetes;
  await controllers.stop();

  const id = await service.offboard(names.cluster, "abandoned");
  const ended = await service.waitFor(id);
  await controllers.start();

  expect(ended.status, JSON.stringify(ended.error)).toBe("Succeeded");
  expect((await stepOf(id, "removeNamespace"))?.notices).toMatchObject([
    { code: "NAMESPACE_KEPT", message: expect.stringContaining("the cluster did not count them") },
  ]);
  expect(await isGone("abandoned")).toBe(false);
});

it("fails after the catalog's time and names what holds it; the next onboarding waits for it", async () => {
  expect((await onboard("held")).status).toBe("Succeeded");
  await hold("held", [finalizer]);

  const failed = await service.waitFor(await service.offboard(names.cluster, "held"));
  expect(failed).toMatchObject({
    status: "Failed",
    error: { code: "NAMESPACE_HELD", message: expect.stringContaining(finalizer) },
  });

  const id = await service.onboard(request("held"));
  await isTold(id, "preflight");
  await hold("held", []);
  const onboarded = await service.waitFor(id);
  expect(onboarded.status, JSON.stringify(onboarded.error)).toBe("Succeeded");
  expect((await stepOf(id, "preflight"))?.notices ?? []).not.toContainEqual(
    expect.objectContaining({ code: "NAMESPACE_GOING" }),
  );
  expect((await service.waitFor(await service.offboard(names.cluster, "held"))).status).toBe("Succeeded");
  expect(await isGone("held")).toBe(true);
});

it("gives up an onboarding after the catalog's time, and writes nothing", async () => {
  await core.createNamespace({ body: { metadata: { name: "going", finalizers: [finalizer] } } });
  await core.createNamespacedConfigMap({
    namespace: "going",
    body: { metadata: { name: "theirs", finalizers: [finalizer] } },
  });
  await core.deleteNamespace({ name: "going" });

  const failed = await onboard("going");

  expect(failed).toMatchObject({
    status: "Failed",
    error: { code: "NAMESPACE_TERMINATING", message: expect.stringContaining(finalizer) },
  });
});
