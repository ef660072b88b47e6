/** The walk-through that `npm run demo` shows, from the first refusal to the last. */
import { setTimeout as sleep } from "node:timers/promises";
import { names } from "../cloud.ts";
import { compareInventories, type Inventory, takeInventory } from "./inventory.ts";
import { withBinding, withOwnSettings } from "./pods.ts";
import { sendToQueue } from "./queue.ts";
import { readExample, type Stage } from "./stage.ts";

const rows = ["my message", "new message"];
const workloadIdentityPod = "pod.workload-identity.yaml";
const podIdentityPod = "pod.pod-identity.yaml";
/** In the name, the tags, the labels or the annotations of everything that Mooring makes or adopts. */
const mark = "mooring";
const onboard = { route: "POST /api/onboardings" } as const;

export async function walkThrough(stage: Stage): Promise<void> {
  const before = await refuseAtFirst(stage);
  const clientId = await onboardOverHttp(stage);
  await onboardOverQueue(stage);
  await failAndUndo(stage);
  await offboard(stage, { before, clientId });
}

/** Returns what there was before Mooring did anything. */
async function refuseAtFirst(stage: Stage): Promise<Inventory> {
  const { cluster, sandbox } = stage;
  stage.chapter(
    1,
    "The app alone is refused",
    `Team A has a namespace, and an app that reads the table messagelist in ${names.sqlServer}/messages. It holds no password, and nobody has given it an identity.`,
  );
  stage.tell({ event: "command", command: "kubectl create namespace team-a" });
  await cluster.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "team-a" } });
  const server = `localhost,${sandbox.cloud.sql.port}`;
  await stage.runWorkload({
    manifest: workloadIdentityPod,
    namespace: "team-a",
    note: "with SERVER_NAME and DATABASE_NAME written into the pod",
    change: (pod) => withOwnSettings(pod, { SERVER_NAME: server, DATABASE_NAME: "messages" }),
  });
  stage.tell({ event: "check", what: "Refused", found: "the app has no identity" });
  return takeInventory(sandbox.cloud, cluster);
}

/** Returns the client id of the identity that the app has from now on. */
async function onboardOverHttp(stage: Stage): Promise<string> {
  const { file, request } = await readExample("team-a.workload-identity.json");
  stage.chapter(
    2,
    "One request connects the namespace",
    "Workload identity: a token of the pod's service account is exchanged for one of a managed identity.",
  );
  stage.tell({ event: "request", to: "POST /api/onboardings", file, body: request });
  const id = await stage.service.start({ ...onboard, body: request });
  const { result } = await stage.follow(id, "Succeeded");
  const { injected } = await stage.runWorkload({ manifest: workloadIdentityPod, namespace: "team-a", rows });
  await stage.runWorkload({
    ...{ sample: "upload-app", manifest: workloadIdentityPod, namespace: "team-a" },
    note: "which leaves a file in the container that the request asks for",
    rows: ["greeting.txt"],
  });
  stage.check(
    "No secret, only what Kubernetes gave it",
    injected.includes("AZURE_FEDERATED_TOKEN_FILE"),
    `${injected.join(", ")}, and what the ConfigMap says of database and container`,
  );
  return result?.clientId ?? "";
}

async function onboardOverQueue(stage: Stage): Promise<void> {
  const { cluster, sandbox, service } = stage;
  const { file, request } = await readExample("team-b.pod-identity.json");
  stage.chapter(
    3,
    "The older mode, requested through a queue",
    "Pod identity: the node hands tokens to pods with a label. Team B has no namespace yet and sends a message, with a Microsoft Entra token that may send to this queue and nothing else.",
  );
  stage.tell({ event: "request", to: `Service Bus queue ${names.queue}`, file, body: request });
  await sendToQueue(sandbox.cloud, request);
  await stage.follow(await service.findOperation(request), "Succeeded");

  for (const kind of ["AzureIdentity", "AzureIdentityBinding"]) {
    const found = await cluster.list("aadpodidentity.k8s.io/v1", kind);
    const own = found.filter(({ metadata }) => metadata.namespace === request.namespace);
    stage.check(kind, own.length === 1, own.map(({ metadata }) => metadata.name).join(", ") || "none");
  }
  await stage.runWorkload({
    manifest: podIdentityPod,
    namespace: "team-b",
    change: (pod) => withBinding(pod, "team-b"),
    rows,
  });
  await stage.runWorkload({
    manifest: podIdentityPod,
    namespace: "team-b",
    name: "stranger",
    note: "named stranger, with the label aadpodidbinding: another-team",
    change: (pod) => withBinding(pod, "another-team"),
  });
  stage.tell({ event: "check", what: "Refused", found: "the label aadpodidbinding of this pod matches no binding" });
}

async function failAndUndo(stage: Stage): Promise<void> {
  const { cluster, sandbox, service } = stage;
  const { cloud } = sandbox;
  const { file, request } = await readExample("team-c.two-databases.json");
  stage.chapter(
    4,
    "What fails partway is undone",
    `From now on ${names.sqlServer}/orders refuses to create users. Reading still works, so the preflight passes, and the failure comes halfway through.`,
  );
  const before = await takeInventory(cloud, cluster);
  const restore = cloud.faults.add({
    wire: "sql",
    operation: "CREATE USER",
    target: `${names.sqlServer}/orders`,
    times: Number.POSITIVE_INFINITY,
    effect: { kind: "error", code: 15247, message: "User does not have permission to perform this action." },
  });
  stage.tell({ event: "request", to: "POST /api/onboardings", file, body: request });
  const operation = await stage.follow(await service.start({ ...onboard, body: request }), "Failed");
  restore();

  const failed = operation.steps.find(({ status }) => status === "Failed");
  stage.check(
    "The status names the step",
    failed?.name === "grantDatabase" && failed.error?.code === operation.error?.code,
    `${failed?.name} ${failed?.target}, ${failed?.error?.code}`,
  );
  await checkUnchanged(stage, before, "Nothing is left behind, and nothing else has changed");
}

async function offboard(stage: Stage, { before, clientId }: { before: Inventory; clientId: string }): Promise<void> {
  const { service, sandbox } = stage;
  stage.chapter(
    5,
    "Offboarding removes everything again",
    "Both namespaces leave. Team A created its namespace and keeps it; Mooring created team B's, so it goes.",
  );
  for (const namespace of ["team-a", "team-b"]) {
    const call = {
      route: "DELETE /api/namespaces/{cluster}/{namespace}",
      at: { cluster: names.cluster, namespace },
    } as const;
    stage.tell({ event: "request", to: `DELETE /api/namespaces/${names.cluster}/${namespace}` });
    await stage.follow(await service.start(call), "Succeeded");
  }
  const server = `localhost,${sandbox.cloud.sql.port}`;
  await stage.runWorkload({
    manifest: workloadIdentityPod,
    namespace: "team-a",
    note: "with the client id that it had, as if someone had kept it",
    change: (pod) =>
      withOwnSettings(pod, { SERVER_NAME: server, DATABASE_NAME: "messages", AZURE_CLIENT_ID: clientId }),
  });
  stage.tell({ event: "check", what: "Refused again", found: "no identity has that client id now" });
  await checkRemains(stage, before);
}

/** Checks every section of the inventory for what is in it now. */
async function checkRemains(stage: Stage, before: Inventory): Promise<void> {
  const after = await checkUnchanged(stage, before, "Compared with the beginning");
  for (const { title, items } of after) {
    const ofMooring = [...items].filter(([name, content]) => `${name} ${content}`.includes(mark));
    stage.check(
      title,
      ofMooring.length === 0,
      ofMooring.length > 0
        ? `still there: ${ofMooring.map(([name]) => name).join(", ")}`
        : `none of Mooring's${items.size > 0 ? `, ${items.size} of others` : ""}`,
    );
  }
  const known = await stage.service.listNamespaces();
  stage.check("namespaces that Mooring knows", known.length === 0, known.join(", ") || "none");
}

/** A cluster with a real API server takes some seconds to end a namespace and what is in it. */
const settlingMs = 60_000;

async function settledInventory(stage: Stage, before: Inventory) {
  const deadline = performance.now() + settlingMs;
  for (;;) {
    const after = await takeInventory(stage.sandbox.cloud, stage.cluster);
    const differences = compareInventories(before, after);
    const isEnding = differences.some(
      ({ title, name }) => title.includes("Kubernetes") && name.startsWith("Namespace "),
    );
    if (!isEnding || performance.now() > deadline) return { after, differences };
    await sleep(500);
  }
}

async function checkUnchanged(stage: Stage, before: Inventory, what: string): Promise<Inventory> {
  const { after, differences } = await settledInventory(stage, before);
  const total = after.reduce((sum, { items }) => sum + items.size, 0);
  stage.check(
    what,
    differences.length === 0,
    differences.length === 0
      ? `${total} things compared, all unchanged`
      : differences.map(({ title, name, change }) => `${title}: ${name} was ${change}`).join("; "),
  );
  return after;
}
