/**
 * What a cluster does to an onboarding without being broken: policies, quotas, Pod Security, webhooks that are slow or behind. And
 * with `MOORING_API_SERVER=real`, an API server that is killed in the middle of onboardings, and one whose etcd is.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { CoreV1Api, KubernetesObjectApi } from "@kubernetes/client-node";
import { usesRealApiServer } from "kube-sim";
import { sayNotRun } from "test-support/notRun";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { createMessageList } from "../../sandbox/messageList.ts";
import { listFaults, listRemains } from "../proof/support/remains.ts";
import { kubeConfigOf } from "../support/kubeConfig.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Operation, type Service, serviceOf } from "../support/service.ts";

let sandbox: SuiteSandbox;
let service: Service;
let core: CoreV1Api;
let objects: KubernetesObjectApi;

/** Shorter than the webhook below takes, and longer than anything else here. */
const callTimeoutMs = 3_000;

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "its cluster fails for everybody",
    verificationJob: { image: "message-app", timeoutSeconds: 10 },
    settings: { MOORING_CALL_TIMEOUT_MS: `${callTimeoutMs}` },
  });
  service = serviceOf(sandbox);
  const config = kubeConfigOf(sandbox.cloud);
  core = config.makeApiClient(CoreV1Api);
  objects = KubernetesObjectApi.makeApiClient(config);
  await createMessageList(sandbox.cloud);
});
afterEach(() => sandbox.cloud.faults.clear());
afterAll(() => sandbox?.close());

const always = Number.POSITIVE_INFINITY;
const databases = [{ server: names.sqlServer, database: "messages", roles: ["reader"] }];

async function onboard(namespace: string, changes: object = {}): Promise<Operation> {
  const request = { cluster: names.cluster, namespace, databases, ...changes };
  return await service.waitFor(await service.onboard(request), 120_000);
}

async function findingsOf(namespace: string): Promise<unknown> {
  return (await service.call("GET", `/api/namespaces/${names.cluster}/${namespace}`)).body["findings"] ?? [];
}

const remainsOf = (namespace: string) => listRemains(sandbox.cloud, namespace, ["messages"]);
const faultsOf = (namespace: string) =>
  listFaults(sandbox.cloud, { namespace, mode: "workloadIdentity", databases: ["messages"] });

const kinds = ["namespaces", "configmaps", "serviceaccounts", "azureidentities", "azureidentitybindings"] as const;
const policy = "house-rules";
const group = "admissionregistration.k8s.io/v1";

/** Each kind in a namespace of its own name, and deletions of service accounts in another. */
const houseRules = [
  {
    apiVersion: group,
    kind: "ValidatingAdmissionPolicy",
    metadata: { name: policy },
    spec: {
      failurePolicy: "Fail",
      matchConstraints: {
        resourceRules: [
          { apiGroups: ["*"], apiVersions: ["*"], resources: ["*"], operations: ["CREATE", "UPDATE", "DELETE"] },
        ],
      },
      matchConditions: [
        { name: "clients", expression: "!request.userInfo.groups.exists(group, group == 'system:masters')" },
      ],
      validations: [
        {
          expression: `request.operation == 'DELETE' || [request.namespace, request.name].all(place, place != 'refused-' + request.resource.resource)`,
          message: "not here",
        },
        {
          expression:
            "request.operation != 'DELETE' || request.namespace != 'undeletable' || request.resource.resource != 'serviceaccounts'",
          message: "it stays",
        },
      ],
    },
  },
  {
    apiVersion: group,
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: { name: policy },
    spec: { policyName: policy, validationActions: ["Deny"] },
  },
];

/** The simulated server stores policies and evaluates none: there it answers as the real one does. */
async function lay(): Promise<void> {
  if (usesRealApiServer) {
    for (const each of houseRules) await objects.create(each);
    // It reads a new policy some time after it was made; an administrator is exempt from it, so only time tells.
    await sleep(3_000);
    return;
  }
  const denied = (why: string) =>
    `it is forbidden: ValidatingAdmissionPolicy '${policy}' with binding '${policy}' denied request: ${why}`;
  const refuse = (operation: RegExp, target: RegExp, why: string) =>
    sandbox.cloud.faults.add({
      ...{ wire: "kubernetes", operation, target, times: always },
      effect: { kind: "error", code: "Invalid", status: 422, message: denied(why) },
    });
  for (const kind of [...kinds, "jobs"]) {
    refuse(new RegExp(`^(DRY-RUN )?PATCH ${kind}$`), new RegExp(`/refused-${kind}(/|$)`), "not here");
  }
  refuse(/^(DRY-RUN )?DELETE serviceaccounts$/, /\/undeletable\//, "it stays");
}

async function lift(): Promise<void> {
  sandbox.cloud.faults.clear();
  if (usesRealApiServer) for (const each of houseRules) await objects.delete(each);
}

it("stops at an admission policy that refuses a write, whichever it is, and leaves nothing", async () => {
  expect((await onboard("undeletable")).status).toBe("Succeeded");
  await lay();

  const refused = await Promise.all(
    kinds.map(async (kind) => {
      const changes = { identityMode: kind.startsWith("azure") ? "podIdentity" : "workloadIdentity" };
      const { status, error } = await onboard(`refused-${kind}`, changes);
      return { kind, status, code: error?.code, message: error?.message, left: await remainsOf(`refused-${kind}`) };
    }),
  );
  const withoutJob = await onboard("refused-jobs");
  const undeletable = await service.waitFor(await service.offboard(names.cluster, "undeletable"));

  const denied = { status: "Failed", code: "KUBERNETES_ADMISSION_DENIED", message: expect.stringContaining(policy) };
  expect(refused).toEqual(kinds.map((kind) => ({ kind, ...denied, left: [] })));
  expect(withoutJob.status, JSON.stringify(withoutJob.error)).toBe("Succeeded");
  expect(await findingsOf("refused-jobs")).toMatchObject([
    { code: "LOGIN_UNPROVEN", found: expect.stringContaining("KUBERNETES_ADMISSION_DENIED") },
  ]);
  expect(undeletable).toMatchObject({ status: "Failed", error: { code: "KUBERNETES_ADMISSION_DENIED" } });

  await lift();
  const again = async () => (await service.waitFor(await service.offboard(names.cluster, "undeletable"))).status;
  await expect.poll(again, { timeout: 30_000 }).toBe("Succeeded");
  expect(await remainsOf("undeletable")).toEqual([]);
}, 300_000);

async function createNamespace(name: string, labels: Record<string, string> = {}): Promise<void> {
  await core.createNamespace({ body: { metadata: { name, labels } } });
}

it("onboards a namespace whose quota allows no login, and says that nothing proves it", async () => {
  const quotas = [
    { name: "no-jobs", hard: { "count/jobs.batch": "0" }, why: "KUBERNETES_QUOTA_EXCEEDED" },
    { name: "no-pods", hard: { pods: "0" }, why: "FailedCreate" },
  ];
  const tried = quotas.map(async ({ name, hard, why }) => {
    await createNamespace(name);
    await core.createNamespacedResourceQuota({ namespace: name, body: { metadata: { name: "none" }, spec: { hard } } });

    const { status, error } = await onboard(name);

    expect(status, JSON.stringify(error)).toBe("Succeeded");
    const findings = await findingsOf(name);
    expect(findings).toMatchObject([{ code: "LOGIN_UNPROVEN", found: expect.stringContaining(why) }]);
    expect(JSON.stringify(findings)).toContain("exceeded quota: none");
  });
  await Promise.all(tried);
}, 120_000);

if (usesRealApiServer) {
  it("logs in from a namespace with Pod Security's strictest level", async () => {
    await createNamespace("restricted", { "pod-security.kubernetes.io/enforce": "restricted" });

    const { status, error } = await onboard("restricted");

    expect(status, JSON.stringify(error)).toBe("Succeeded");
    expect(await findingsOf("restricted")).toEqual([]);
    // The level is in force: a pod without these settings is refused.
    const body = { metadata: { name: "plain" }, spec: { containers: [{ name: "app", image: "message-app" }] } };
    await expect(core.createNamespacedPod({ namespace: "restricted", body })).rejects.toThrow("violates PodSecurity");
  }, 120_000);
} else sayNotRun("Pod Security on the verification Job: the simulated API server does not check it");

it("waits for a webhook that has not seen the service account yet", async () => {
  const { unseenAccounts } = sandbox.cloud.kubernetes;
  unseenAccounts.add("behind/app");
  const onboarding = onboard("behind");
  const refusals = async () =>
    (await core.listNamespacedEvent({ namespace: "behind" })).items.map(({ message }) => message).join("\n");
  await expect.poll(refusals, { timeout: 60_000 }).toContain('serviceaccounts "app" not found');

  unseenAccounts.clear();
  const { status, error } = await onboarding;

  expect(status, JSON.stringify(error)).toBe("Succeeded");
  expect(await findingsOf("behind")).toEqual([]);
}, 120_000);

it("rides out a webhook that answers later than Mooring waits", async () => {
  const { webhooks } = sandbox.cloud.kubernetes;
  const delayMs = ({ namespace }: { namespace?: string | undefined }) =>
    namespace === "late" ? callTimeoutMs + 1_000 : 0;
  await webhooks.install({ name: "late.example.com", sideEffects: "None", delayMs, deny: () => undefined });
  const onboarding = onboard("late");
  await sleep(callTimeoutMs + 2_000);

  await webhooks.clear();
  const { status, error } = await onboarding;

  expect(status, JSON.stringify(error)).toBe("Succeeded");
  expect(await faultsOf("late")).toEqual([]);
}, 120_000);

const programs = () => {
  const found = sandbox.cloud.kubernetes.programs;
  if (!found) throw new Error("a real API server has programs");
  return found;
};

if (usesRealApiServer) {
  it.each(["kube-apiserver", "etcd"] as const)(
    "ends what is under way when %s is killed and started again, and leaves nothing of what failed",
    async (program) => {
      const namespaceRefs = Array.from({ length: 8 }, (_, index) => `killed-${program}-${index}`);
      const onboardings = namespaceRefs.map((namespace) => onboard(namespace));
      const { journal } = sandbox.cloud.faults;
      const from = journal.length;
      const writes = () =>
        journal.slice(from).filter(({ wire, operation }) => wire === "kubernetes" && operation.startsWith("PATCH"))
          .length;
      await expect.poll(writes, { timeout: 60_000, interval: 5 }).toBeGreaterThan(3);

      await programs().kill(program);
      await sleep(4_000);
      await programs().start(program);
      const ended = await Promise.all(onboardings);

      for (const [index, { status, error }] of ended.entries()) {
        const namespace = namespaceRefs[index] ?? "";
        if (status === "Succeeded") expect(await faultsOf(namespace)).toEqual([]);
        else
          expect({ code: error?.code, left: await remainsOf(namespace) }).toEqual({
            code: "CLUSTER_UNREACHABLE",
            left: [],
          });
      }
      expect((await onboard(`after-${program}`)).status).toBe("Succeeded");
    },
    300_000,
  );
} else {
  sayNotRun("a killed API server, and its etcd: only a real one has them (batch.test.ts has its answers)");
}
