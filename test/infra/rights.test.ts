/**
 * The rights that infra/ grants are sufficient for every kind of operation, and none is unnecessary. The sandbox gives
 * Mooring exactly these, so every other test of the whole system also shows that they are sufficient.
 */
import { readFile } from "node:fs/promises";
import { CoreV1Api } from "@kubernetes/client-node";
import { actionFor } from "azure-sim/arm";
import { type AccessAttributes, isAllowedBy, isPathAllowedBy } from "kube-sim";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse, parseAllDocuments, stringify } from "yaml";
import { names } from "../../sandbox/cloud.ts";
import { createMessageList } from "../../sandbox/messageList.ts";
import { readRights } from "../../sandbox/rights.ts";
import { kubeConfigOf } from "../support/kubeConfig.ts";
import { manageNamespace } from "../support/managedNamespaces.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Operation, type Service, serviceOf } from "../support/service.ts";

let sandbox: SuiteSandbox;
let service: Service;
/** The cluster administrator's client. */
let core: CoreV1Api;
/** Accesses that the cluster allowed. */
const allowed: AccessAttributes[] = [];

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "its catalog has another cluster",
    verificationJob: { image: "message-app", timeoutSeconds: 20 },
    // In a cluster outside Azure a service account may read more than Mooring's user.
    otherCluster: "entra",
    catalogFor: (_app, text) =>
      stringify({ ...parse(text), sharedIdentities: { [`${names.cluster}/bound`]: { clusters: [names.cluster] } } }),
  });
  service = serviceOf(sandbox);
  await createMessageList(sandbox.cloud);
  const config = kubeConfigOf(sandbox.cloud);
  core = config.makeApiClient(CoreV1Api);
  sandbox.cloud.kubernetes.restrictions.push((attributes) => {
    allowed.push(attributes);
    return false;
  });
});
afterAll(() => sandbox?.close());

const reader = { server: names.sqlServer, database: "messages", roles: ["reader"] };
const owner = { server: names.sqlServer, database: "orders", roles: ["writer", "executor"] };

async function onboard(namespace: string, changes: object = {}): Promise<Operation> {
  const request = { cluster: names.cluster, namespace, databases: [reader], deletePolicy: "Delete", ...changes };
  const plan = await service.call("POST", "/api/onboardings?dryRun=true", request);
  expect(plan.body, JSON.stringify(plan.body)).toMatchObject({ blocked: false });
  return await service.waitFor(await service.onboard(request));
}

async function run(namespace: string, what: string, body?: object): Promise<Operation> {
  const { body: accepted } = await service.call("POST", `/api/namespaces/${names.cluster}/${namespace}/${what}`, body);
  return await service.waitFor(String(accepted["id"]));
}

async function offboard(namespace: string, cluster: string = names.cluster): Promise<Operation> {
  return await service.waitFor(await service.offboard(cluster, namespace));
}

/** Verifies a namespace in which no pod may run, so that the Job's events must say why it did not start. */
async function verifyInVain(namespace: string): Promise<unknown> {
  await onboard(namespace);
  const quota = { metadata: { name: "no-pods", namespace }, spec: { hard: { pods: "0" } } };
  await core.createNamespacedResourceQuota({ namespace, body: quota });
  const { body } = await service.call("POST", `/api/namespaces/${names.cluster}/${namespace}/verify`);
  return body;
}

it("lets every kind of operation through", async () => {
  const ended: Operation[] = [];

  const inVain = verifyInVain("crowded");
  ended.push(await onboard("workload", { namespaceProfile: "standard" }));
  ended.push(await onboard("workload", { databases: [reader, owner], namespaceProfile: "isolated" }));
  // A plan says what its policy would cut off where pods run already.
  await core.createNamespace({ body: { metadata: { name: "populated" } } });
  const container = { name: "app", image: "not-of-this-sandbox" };
  await core.createNamespacedPod({
    namespace: "populated",
    body: { metadata: { name: "app" }, spec: { containers: [container] } },
  });
  ended.push(await onboard("populated", { namespaceProfile: "isolated" }));
  ended.push(await onboard("workload", { databases: [reader, owner] }));
  await core.deleteNamespacedServiceAccount({ name: "app", namespace: "workload" });
  ended.push(await run("workload", "repair"));
  const verified = await service.call("POST", `/api/namespaces/${names.cluster}/workload/verify`);
  ended.push(await offboard("workload"));
  ended.push(await onboard("pod", { identityMode: "podIdentity", selector: "first" }));
  ended.push(await onboard("pod", { identityMode: "podIdentity", selector: "second" }));
  ended.push(await run("pod", "migrate"));
  ended.push(await offboard("pod"));
  ended.push(await onboard("outside", { cluster: names.otherCluster }));
  const notices = ended.at(-1)?.steps.flatMap((step) => step.notices ?? []);
  ended.push(await offboard("outside", names.otherCluster));

  expect(notices?.map(({ message }) => message).join()).not.toContain("could not be compared");
  expect(await inVain).toMatchObject({
    findings: [{ code: "LOGIN_UNPROVEN", found: expect.stringContaining("quota") }],
  });
  expect(ended.map(({ status, error }) => error ?? status)).toEqual(ended.map(() => "Succeeded"));
  expect(verified.body).toMatchObject({ findings: [] });
});

it("lets every kind of operation on an identity binding through", async () => {
  const ended = [
    await onboard("bound", { identityMode: "identityBinding" }),
    await onboard("bound", { identityMode: "identityBinding", serviceAccount: "other" }),
    await run("bound", "repair"),
    await offboard("bound"),
  ];

  expect(ended.map(({ status, error }) => error ?? status)).toEqual(ended.map(() => "Succeeded"));
});

it("lets the profile of a managed namespace through", async () => {
  await manageNamespace(sandbox.cloud, "managed");
  const ended = [
    await onboard("managed", { namespaceProfile: "standard", adoptionPolicy: "Always" }),
    await run("managed", "repair"),
    await offboard("managed"),
  ];

  expect(ended.map(({ status, error }) => error ?? status)).toEqual(ended.map(() => "Succeeded"));
});

it("undoes everything in a failed operation", async () => {
  sandbox.cloud.faults.add({
    wire: "sql",
    operation: "CREATE USER",
    target: `${names.sqlServer}/orders`,
    times: Number.POSITIVE_INFINITY,
    effect: { kind: "error", code: 15247, message: "User does not have permission to perform this action." },
  });

  const ended = [
    await onboard("undone", { databases: [reader, owner] }),
    await onboard("undone-pod", { databases: [reader, owner], identityMode: "podIdentity" }),
    await onboard("undone-bound", { databases: [reader, owner], identityMode: "identityBinding" }),
  ];
  sandbox.cloud.faults.clear();

  expect(ended.map(({ status }) => status)).toEqual(["Failed", "Failed", "Failed"]);
  expect(ended.map(({ error }) => error?.code)).not.toContain("COMPENSATION_FAILED");
});

it("keeps every namespace, and needs no other right, where it may not list what others have", async () => {
  const { rules } = await readRights();
  const file = parseAllDocuments(await readFile("infra/kubernetes/namespace-deletion.yaml", "utf8"));
  const ofDeletion = JSON.stringify(file[0]?.toJS());
  const others = rules.filter((rule) => !ofDeletion.includes(JSON.stringify(rule)));
  expect(others.length).toBeLessThan(rules.length);
  const { restrictions, objects } = sandbox.cloud.kubernetes;
  restrictions.push((attributes) => !isAllowedBy(others, attributes));

  const ended = [await onboard("unseen"), await onboard("unseen-pod", { identityMode: "podIdentity" })];
  ended.push(await offboard("unseen"), await offboard("unseen-pod"));
  restrictions.pop();

  expect(ended.map(({ status, error }) => error ?? status)).toEqual(ended.map(() => "Succeeded"));
  for (const namespace of ["unseen", "unseen-pod"]) {
    expect((await objects.get("v1", "Namespace", namespace))?.metadata.annotations).toBeUndefined();
    expect((await objects.get("v1", "Namespace", namespace))?.metadata.deletionTimestamp).toBeUndefined();
    expect((await objects.list("v1", "ConfigMap", namespace)).map(({ metadata }) => metadata.name)).toEqual([
      "kube-root-ca.crt",
    ]);
  }
  const told = JSON.stringify(ended.at(-1)?.steps.find(({ name }) => name === "removeNamespace"));
  expect(told).toContain("NAMESPACE_KEPT");
  expect(told).toContain("ConfigMap (Mooring may not list it)");
});

it("grants no unnecessary right", async () => {
  const { bindingActions, managedActions, rules, ...rights } = await readRights();
  const actions = [...rights.actions, ...bindingActions, ...managedActions];
  const { journal } = sandbox.cloud.faults;

  const calls = new Set(journal.filter(({ wire }) => wire === "arm").map(({ operation }) => operation));
  const used = [...calls].map((operation) => actionFor(...(operation.split(" ") as [string, string])));
  expect(actions.filter((action) => !used.includes(action))).toEqual([]);

  const each = rules.flatMap((rule) =>
    rule.verbs.flatMap((verb) => [
      ...(rule.resources ?? []).map((resource) => ({ ...rule, verbs: [verb], resources: [resource] })),
      ...(rule.nonResourceURLs ?? []).map((url) => ({ verbs: [verb], nonResourceURLs: [url] })),
    ]),
  );
  const paths = journal.flatMap(({ wire, operation }) => (wire === "kubernetes" ? operation.split(" ").slice(1) : []));
  const isUsed = (rule: (typeof each)[number]) =>
    allowed.some((attributes) => isAllowedBy([rule], attributes)) ||
    paths.some((path) => isPathAllowedBy([rule], "get", path));

  expect(each.length).toBeGreaterThan(40);
  // A cluster has policies of one kind, and this one is without Cilium; nor does it serve the other two.
  const isServed = (rule: object) => !/cilium\.io|podtemplates|replicationcontrollers/.test(JSON.stringify(rule));
  expect(each.filter((rule) => !isUsed(rule) && isServed(rule))).toEqual([]);
});
