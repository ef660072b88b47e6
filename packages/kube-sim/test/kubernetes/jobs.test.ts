import * as k8s from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually, startCluster, type TestCluster } from "./cluster.ts";

let cluster: TestCluster;
let batch: k8s.BatchV1Api;
beforeAll(async () => {
  cluster = await startCluster();
  batch = cluster.config.makeApiClient(k8s.BatchV1Api);
});
afterAll(() => cluster.simulator.close());

const namespace = "default";
const createJob = (name: string, { backoffLimit = 6, serviceAccountName = "default" } = {}) =>
  batch.createNamespacedJob({
    namespace,
    body: {
      metadata: { name },
      spec: {
        backoffLimit,
        template: {
          metadata: { labels: { app: name } },
          spec: { restartPolicy: "Never", serviceAccountName, containers: [{ name: "main", image: "app" }] },
        },
      },
    },
  });
const podsOf = async (name: string) =>
  (await cluster.simulator.objects.list("v1", "Pod", namespace)).filter(
    (pod) => pod.metadata.labels?.["job-name"] === name,
  );
const nextPod = (name: string) =>
  eventually(async () => (await podsOf(name)).find((pod) => JSON.stringify(pod["status"]).includes("Pending")));
const jobStatus = async (name: string) => (await batch.readNamespacedJob({ namespace, name })).status;

/** Ends a pod as a kubelet would. */
async function end(name: string, phase: "Succeeded" | "Failed") {
  const pod = await nextPod(name);
  await cluster.core.patchNamespacedPodStatus(
    { namespace, name: pod.metadata.name, body: { status: { phase } } },
    k8s.setHeaderOptions("Content-Type", k8s.PatchStrategy.MergePatch),
  );
}

test("a job creates a pod from its template and owns it", async () => {
  const job = await createJob("makes");

  const pod = await nextPod("makes");

  expect(pod).toMatchObject({
    metadata: {
      name: expect.stringMatching(/^makes-[a-z0-9]{5}$/),
      labels: { app: "makes", "batch.kubernetes.io/job-name": "makes", "controller-uid": job.metadata?.uid },
      ownerReferences: [{ kind: "Job", name: "makes", uid: job.metadata?.uid, controller: true }],
    },
    spec: { restartPolicy: "Never" },
  });
  await eventually(async () => ((await jobStatus("makes"))?.active === 1 ? true : undefined));
});

test("a job is complete when its pod has succeeded", async () => {
  await createJob("good");
  await end("good", "Succeeded");

  const status = await eventually(async () => {
    const seen = await jobStatus("good");
    return seen?.completionTime === undefined ? undefined : seen;
  });

  expect(status.conditions).toMatchObject([
    { type: "SuccessCriteriaMet", status: "True" },
    { type: "Complete", status: "True" },
  ]);
  expect(status.active).toBeUndefined();
  expect(status.completionTime).toBeInstanceOf(Date);
  expect(await podsOf("good")).toHaveLength(1);
});

test("a job retries up to its backoffLimit, and then fails", async () => {
  await createJob("bad", { backoffLimit: 1 });
  await end("bad", "Failed");
  await end("bad", "Failed");

  const status = await eventually(async () => {
    const seen = await jobStatus("bad");
    return seen?.conditions?.length === 2 ? seen : undefined;
  });

  expect(status).toMatchObject({
    failed: 2,
    conditions: [{ type: "FailureTarget" }, { type: "Failed", reason: "BackoffLimitExceeded" }],
  });
  expect(await podsOf("bad")).toHaveLength(2);
});

test("a job whose pod is refused reports it in an event, and continues once the reason is gone", async () => {
  await createJob("waits", { serviceAccountName: "later" });
  const event = await eventually(async () =>
    (await cluster.simulator.objects.list("v1", "Event", namespace)).find(
      ({ metadata, reason }) => metadata.name.startsWith("waits.") && reason === "FailedCreate",
    ),
  );
  expect(event).toMatchObject({ reason: "FailedCreate", message: expect.stringContaining('"later" not found') });

  await cluster.create({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "later", namespace } });

  await nextPod("waits");
});

test("a deleted job leaves its pods, with a warning, unless the deletion cascades", async () => {
  await createJob("leaves");
  await nextPod("leaves");
  const path = `/apis/batch/v1/namespaces/${namespace}/jobs/leaves`;
  const { headers } = await cluster.request("DELETE", path);
  expect(headers["warning"]).toContain("child pods are preserved by default");
  await createJob("takes");
  await nextPod("takes");

  await batch.deleteNamespacedJob({ namespace, name: "takes", propagationPolicy: "Background" });

  await eventually(async () => ((await podsOf("takes")).length === 0 ? true : undefined));
  expect(await podsOf("leaves")).toHaveLength(1);
});
