/** The PodDisruptionBudget of every namespace on the whole system: planned, made, put right, exported, and gone with the rest. */
import { CoreV1Api, KubeConfig, PolicyV1Api } from "@kubernetes/client-node";
import { expect } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import type { SuiteSandbox } from "../../test/support/sandbox.ts";
import { type Service, serviceOf } from "../../test/support/service.ts";
import { it } from "../../test/support/sharedSandbox.ts";

const namespace = "steady";
const path = `/api/namespaces/${names.cluster}/${namespace}`;
const budget = { name: "mooring-budget", namespace };
const wanted = {
  cluster: names.cluster,
  namespace,
  databases: [{ server: names.sqlServer, database: "messages", roles: ["reader"] }],
  // The namespace stays, so that the budget has to go by itself.
  deletePolicy: "Keep",
};

let sandbox: SuiteSandbox;
let service: Service;
/** Both of the cluster's administrator. */
let core: CoreV1Api;
let policy: PolicyV1Api;

it.beforeAll(({ sandbox: shared }) => {
  sandbox = shared;
  service = serviceOf(sandbox);
  const config = new KubeConfig();
  config.loadFromString(sandbox.cloud.kubernetes.kubeconfig());
  core = config.makeApiClient(CoreV1Api);
  policy = config.makeApiClient(PolicyV1Api);
});

async function mostNow() {
  return (await policy.readNamespacedPodDisruptionBudget(budget)).spec?.maxUnavailable;
}

it("comes with the namespace, is put right and exported, and goes when the namespace stays", async () => {
  const plan = await service.call("POST", "/api/onboardings?dryRun=true", wanted);
  expect(plan.body).toMatchObject({
    blocked: false,
    steps: expect.arrayContaining([
      expect.objectContaining({
        name: "applyNamespace",
        differences: expect.arrayContaining([
          { field: "metadata.name", current: null, desired: `PodDisruptionBudget ${namespace}/${budget.name}` },
        ]),
      }),
    ]),
  });

  const onboarded = await service.waitFor(await service.onboard(wanted));
  expect(onboarded.status, JSON.stringify(onboarded.error)).toBe("Succeeded");
  expect(await mostNow()).toBe("50%");

  const current = await policy.readNamespacedPodDisruptionBudget(budget);
  const body = { ...current, spec: { ...current.spec, maxUnavailable: "100%" } };
  await policy.replaceNamespacedPodDisruptionBudget({ ...budget, body });
  const verified = await service.call("POST", `${path}/verify`);
  expect(verified.body).toMatchObject({
    findings: expect.arrayContaining([
      expect.objectContaining({ code: "OBJECT_CHANGED", field: "spec.maxUnavailable", expected: "50%", found: "100%" }),
    ]),
  });
  const repair = await service.call("POST", `${path}/repair`);
  expect((await service.waitFor(String(repair.body["id"]))).status).toBe("Succeeded");
  expect(await mostNow()).toBe("50%");

  const exported = await fetch(`${sandbox.url}${path}/export?format=kubernetes`);
  expect(await exported.text()).toContain("kind: PodDisruptionBudget");

  expect((await service.waitFor(await service.offboard(names.cluster, namespace))).status).toBe("Succeeded");
  await expect(policy.readNamespacedPodDisruptionBudget(budget)).rejects.toMatchObject({ code: 404 });
  expect((await core.readNamespace({ name: namespace })).metadata?.name).toBe(namespace);
});
