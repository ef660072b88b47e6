/** Ownership on the whole system: what Mooring restores, keeps, removes or leaves alone. */
import { CoreV1Api, KubernetesObjectApi, PatchStrategy } from "@kubernetes/client-node";
import { expect } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import type { Plan } from "../../src/domain/operation/plan.ts";
import { kubeConfigOf } from "../support/kubeConfig.ts";
import type { SuiteSandbox } from "../support/sandbox.ts";
import { type Operation, type Service, serviceOf } from "../support/service.ts";
import { it } from "../support/sharedSandbox.ts";

let sandbox: SuiteSandbox;
let service: Service;
/** The cluster administrator's client. */
let core: CoreV1Api;
let objects: KubernetesObjectApi;

it.beforeAll(async ({ sandbox: shared }) => {
  sandbox = shared;
  service = serviceOf(sandbox);
  const config = kubeConfigOf(sandbox.cloud);
  core = config.makeApiClient(CoreV1Api);
  objects = KubernetesObjectApi.makeApiClient(config);
});

let count = 0;
function request(changes: object = {}) {
  count += 1;
  const databases = [{ server: names.sqlServer, database: "messages", roles: ["reader"] }];
  return { cluster: names.cluster, namespace: `owned-${count}`, databases, ...changes };
}

async function onboard(wanted: object): Promise<Operation> {
  const ended = await service.waitFor(await service.onboard(wanted));
  expect(ended.status, JSON.stringify(ended.error)).toBe("Succeeded");
  return ended;
}

async function offboard(namespace: string): Promise<Operation> {
  const ended = await service.waitFor(await service.offboard(names.cluster, namespace));
  expect(ended.status, JSON.stringify(ended.error)).toBe("Succeeded");
  return ended;
}

const clientIdAnnotation = "azure.workload.identity/client-id";

function account(namespace: string, clientId: string, labels: Record<string, string> = {}) {
  const metadata = { name: "app", namespace, labels, annotations: { [clientIdAnnotation]: clientId } };
  return { apiVersion: "v1", kind: "ServiceAccount", metadata };
}

/** Server-side apply, as `kubectl apply --server-side --force-conflicts`. */
async function apply(object: object, fieldManager: string): Promise<void> {
  await objects.patch(object, undefined, undefined, fieldManager, true, PatchStrategy.ServerSideApply);
}

async function annotationsOf(namespace: string) {
  return (await core.readNamespacedServiceAccount({ name: "app", namespace })).metadata?.annotations;
}

const pathOf = (namespace: string) => `/api/namespaces/${names.cluster}/${namespace}`;

async function planOf(method: string, path: string, body?: object): Promise<Plan> {
  return (await service.call(method, path, body)).body as object as Plan;
}

async function findingsOf(namespace: string) {
  const { body } = await service.call("POST", `${pathOf(namespace)}/verify`);
  return body["findings"] as readonly { code: string; target: string; found: string | null; repairable: boolean }[];
}

async function repair(namespace: string): Promise<Operation> {
  const { body } = await service.call("POST", `${pathOf(namespace)}/repair`);
  const ended = await service.waitFor(String(body["id"]));
  expect(ended.status, JSON.stringify(ended.error)).toBe("Succeeded");
  return ended;
}

function actionOf({ steps }: Pick<Plan | Operation, "steps">, name: string): string | undefined {
  return steps.find((step) => step.name === name)?.action;
}

async function auditOf({ id }: Operation, name: string): Promise<unknown> {
  const { body } = await service.call("GET", `/api/audit?operation=${id}&top=200`);
  return (body["value"] as { what: string; action: string }[]).find(({ what }) => what === name)?.action;
}

function identityOf(namespace: string) {
  const name = identityName({ cluster: names.cluster, namespace });
  return [...sandbox.cloud.world.identities.values()].find((each) => each.name === name);
}

const messages = () => sandbox.cloud.sql.database("messages");
const userOf = (namespace: string) => identityName({ cluster: names.cluster, namespace });
const hasUser = (namespace: string) =>
  messages()
    .users()
    .some(({ name }) => name === userOf(namespace));

it("restores nothing into an account that was recreated, even with its marks", async () => {
  const wanted = request({ serviceAccount: "app", adoptionPolicy: "Always" });
  const { namespace } = wanted;
  await core.createNamespace({ body: { metadata: { name: namespace } } });
  await apply(account(namespace, "hand"), "team");
  await onboard(wanted);
  // As `kubectl get -o yaml`, delete and apply do: the marks are copied, the UID is not.
  const adopted = await core.readNamespacedServiceAccount({ name: "app", namespace });
  await core.deleteNamespacedServiceAccount({ name: "app", namespace });
  const { annotations = {} } = adopted.metadata ?? {};
  await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name: "app", annotations } } });

  await offboard(namespace);

  expect(await annotationsOf(namespace)).toEqual(annotations);
});

it("restores what it replaced although its mark was removed", async () => {
  const wanted = request({ serviceAccount: "app", adoptionPolicy: "Always" });
  const { namespace } = wanted;
  await core.createNamespace({ body: { metadata: { name: namespace } } });
  await apply(account(namespace, "hand"), "team");
  await onboard(wanted);
  await unmark({ apiVersion: "v1", kind: "ServiceAccount", name: "app", namespace });
  expect(await findingsOf(namespace)).toMatchObject([{ code: "MARK_MISSING", target: "ServiceAccount app" }]);

  await offboard(namespace);

  expect(await annotationsOf(namespace)).toEqual({ [clientIdAnnotation]: "hand" });
});

const marks = ["namespace", "operation", "adopted-by", "replaced"].map((name) => `mooring.dev/${name}`);

/** Removes the marks as `kubectl label` and `kubectl annotate` do with a minus after the name. */
async function unmark({
  apiVersion,
  kind,
  ...metadata
}: Record<"apiVersion" | "kind" | "name", string> & { namespace?: string }) {
  const labels = { "app.kubernetes.io/managed-by": null };
  const annotations = Object.fromEntries(marks.map((name) => [name, null]));
  const patch = { apiVersion, kind, metadata: { ...metadata, labels, annotations } } as object;
  await objects.patch(patch, undefined, undefined, "kubectl-label", undefined, PatchStrategy.MergePatch);
}

async function unmarkAll(namespace: string): Promise<void> {
  const identity = identityOf(namespace);
  for (const tag of Object.keys(identity?.tags ?? {})) delete identity?.tags[tag];
  await unmark({ apiVersion: "v1", kind: "Namespace", name: namespace });
  await unmark({ apiVersion: "v1", kind: "ConfigMap", name: "mooring-databases", namespace });
  await unmark({ apiVersion: "v1", kind: "ServiceAccount", name: "app", namespace });
  const level = `@level0type = N'USER', @level0name = N'${userOf(namespace)}'`;
  await messages().runScript(`EXEC sys.sp_dropextendedproperty @name = N'mooring', ${level}`);
}

it("finds removed marks, restores them, and offboards by its record without them; a namespace without it stays", async () => {
  const wanted = request();
  const { namespace } = wanted;
  await onboard(wanted);
  await unmarkAll(namespace);

  const found = await findingsOf(namespace);
  const plan = await planOf("POST", `${pathOf(namespace)}/repair?dryRun=true`);
  const repaired = await repair(namespace);

  expect(found.filter(({ code, repairable }) => code === "MARK_MISSING" && repairable)).toHaveLength(4);
  expect(found).toHaveLength(4);
  for (const step of ["ensureIdentity", "applyNamespace", "applyServiceAccount", "grantDatabase"]) {
    expect(actionOf(plan, step), step).toBe("update");
    expect(actionOf(repaired, step), step).toBe("update");
    expect(await auditOf(repaired, step), step).toBe("update");
  }
  expect(await findingsOf(namespace)).toEqual([]);

  await unmarkAll(namespace);
  await offboard(namespace);

  expect(identityOf(namespace)).toBeUndefined();
  expect(hasUser(namespace)).toBe(false);
  // Whoever removed the mark from the namespace has taken it over.
  expect((await core.readNamespace({ name: namespace })).metadata?.deletionTimestamp).toBeUndefined();
});

it("leaves a user and an account that others have recreated under the same names", async () => {
  const wanted = request({ deletePolicy: "Keep" });
  const { namespace } = wanted;
  await onboard(wanted);
  const [user, sid] = [
    userOf(namespace),
    messages()
      .users()
      .find(({ name }) => name === userOf(namespace))?.sid,
  ];
  await messages().runScript(`DROP USER [${user}]; CREATE USER [${user}] WITH SID = ${sid}, TYPE = E`);
  await core.deleteNamespacedServiceAccount({ name: "app", namespace });
  await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name: "app" } } });

  await offboard(namespace);

  expect(hasUser(namespace)).toBe(true);
  expect((await core.readNamespacedServiceAccount({ name: "app", namespace })).metadata?.name).toBe("app");
  expect(identityOf(namespace)).toBeUndefined();
});

it("reports that a namespace is kept, and does not treat it as its own when it is onboarded again", async () => {
  const wanted = request({ deletePolicy: "Keep" });
  const { namespace } = wanted;
  await onboard(wanted);

  const plan = await planOf("DELETE", `${pathOf(namespace)}?dryRun=true`);
  const kept = await offboard(namespace);

  expect(actionOf(plan, "removeNamespace")).toBe("keep");
  expect(actionOf(kept, "removeNamespace")).toBe("keep");
  expect(await auditOf(kept, "removeNamespace")).toBe("keep");
  const { metadata } = await core.readNamespace({ name: namespace });
  expect(Object.keys({ ...metadata?.labels, ...metadata?.annotations })).toEqual(["kubernetes.io/metadata.name"]);

  const again = { ...wanted, deletePolicy: "Delete" };
  const adopting = await planOf("POST", "/api/onboardings?dryRun=true", again);
  const adopted = await onboard(again);
  const repaired = await repair(namespace);
  const left = await offboard(namespace);

  expect([adopting, adopted, repaired].map((each) => actionOf(each, "applyNamespace"))).toEqual([
    "adopt",
    "adopt",
    "none",
  ]);
  expect(actionOf(left, "removeNamespace")).toBe("keep");
  expect((await core.readNamespace({ name: namespace })).metadata?.uid).toBe(metadata?.uid);
});

it("does not bind a selector that another binding uses, and finds such a binding when it appears later", async () => {
  const wanted = request({ identityMode: "podIdentity", selector: "shared" });
  const { namespace } = wanted;
  const binding = {
    apiVersion: "aadpodidentity.k8s.io/v1",
    kind: "AzureIdentityBinding",
    metadata: { name: "theirs", namespace },
    spec: { azureIdentity: "their-identity", selector: "shared" },
  };
  await core.createNamespace({ body: { metadata: { name: namespace } } });
  await apply(binding, "team");

  const plan = await planOf("POST", "/api/onboardings?dryRun=true", wanted);
  const before = sandbox.cloud.faults.journal.length;
  const refused = await service.waitFor(await service.onboard(wanted));
  const calls = sandbox.cloud.faults.journal.slice(before).map(({ operation }) => operation);
  await objects.delete(binding);
  await onboard(wanted);
  await apply(binding, "team");

  expect(plan.steps.flatMap(({ blockers }) => blockers)).toMatchObject([
    { code: "SELECTOR_SHARED", message: expect.stringContaining(`${namespace}/theirs`) },
  ]);
  expect(refused).toMatchObject({ status: "Failed", error: { code: "SELECTOR_SHARED" } });
  expect(calls.filter((operation) => /^(PUT|PATCH|DELETE|CREATE|ALTER|DROP|EXEC)/i.test(operation))).toEqual([]);
  expect(await findingsOf(namespace)).toMatchObject([
    { code: "SELECTOR_SHARED", target: `AzureIdentityBinding ${namespace}/theirs`, repairable: false },
  ]);
});
