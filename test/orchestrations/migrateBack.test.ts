/** The way back of a migration, from wherever it has stopped: what it plans, does, undoes and waits for. */
import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptCompensation, acceptOnboarding, acceptUpkeep } from "../../src/application/acceptance/acceptance.ts";
import { cancelOperation } from "../../src/application/decisions/decide.ts";
import { planMigration } from "../../src/application/dryRun/planMigration.ts";
import { inspectNamespace } from "../../src/application/inspection/inspection.ts";
import { prepareMigration } from "../../src/application/migration/prepareMigration.ts";
import { ApprovalPolicy, type Catalog } from "../../src/domain/catalog/catalog.ts";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { besideOf, MigrationRequest } from "../../src/domain/operation/migration.ts";
import type { NamespaceRecord } from "../../src/domain/operation/namespaceRecord.ts";
import type { OperationRecord, StepRecord } from "../../src/domain/operation/records.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { hashRequest } from "../../src/domain/request/requestHash.ts";
import type { KubernetesObject } from "../../src/ports/kubernetes.ts";
import { createAcceptanceContext, requester, type TestAcceptanceContext } from "../support/acceptanceContext.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { migrateAsAsked } from "../support/operations.ts";

const pod = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-b",
  identityMode: "podIdentity",
  selector: "messages",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});
const name = identityName(pod);
const podWay = ["AzureIdentity", "AzureIdentityBinding"];

let cloud: FakeCloud;
let acceptance: TestAcceptanceContext;
let written: string[];

function createStage(changes: Partial<Catalog> = {}): void {
  cloud = createFakeCloud(changes);
  providePorts(cloud.ports);
  acceptance = createAcceptanceContext(cloud);
  written = [];
}

beforeEach(async () => {
  createStage();
  await onboard();
});

async function onboard(request = pod): Promise<void> {
  await acceptOnboarding(acceptance, request);
  await acceptance.run();
  cloud.onWrite = ({ what, when }) => {
    if (when === "before") written.push(what);
  };
}

type Asked = Partial<MigrationRequest>;
type Options = Parameters<TestAcceptanceContext["run"]>[0];

async function migrate(asked: Asked = {}, options: Options = {}): Promise<OperationRecord> {
  return await migrateAsAsked(acceptance, pod, { asked, ...options });
}

const goBack = (asked: Asked = {}, options: Options = {}) => migrate({ to: "podIdentity", ...asked }, options);

function planBack(asked: Asked = {}) {
  return planMigration(acceptance, pod, { wanted: MigrationRequest.parse({ to: "podIdentity", ...asked }) });
}

function record(): NamespaceRecord {
  const found = cloud.namespaces.get("aks-dev/team-b");
  if (!found) throw new Error("the namespace has no record");
  return found;
}

function kinds(): string[] {
  return [...cloud.objects.values()]
    .filter(({ kind, metadata }) => metadata.namespace === "team-b" && kind !== "Pod")
    .map(({ kind }) => kind)
    .toSorted();
}

const stepsOf = ({ id }: OperationRecord): StepRecord[] =>
  [...cloud.steps].filter(([key]) => key.startsWith(`${id} `)).map(([, step]) => step);

async function findings(isMigrating: boolean) {
  const { request, clientId } = record();
  return await inspectNamespace(cloud.ports, {
    request,
    clientId,
    modeBeside: besideOf(request, isMigrating ? {} : undefined),
  });
}

async function expectWholePodIdentity(selector = "messages"): Promise<void> {
  expect(record()).toMatchObject({ state: "Onboarded", request: { identityMode: "podIdentity" } });
  expect(record().migration).toBeUndefined();
  expect(record().request.selector ?? "team-b").toBe(selector);
  expect(record().requestHash).toBe(hashRequest(record().request));
  expect(kinds()).toEqual(["ConfigMap", ...podWay].toSorted());
  expect(cloud.credentials.get(name) ?? []).toEqual([]);
  expect(await findings(false)).toEqual([]);
}

function runPod(podName: string, labels: Record<string, string> = { "azure.workload.identity/use": "true" }): void {
  const object: KubernetesObject = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: podName, namespace: "team-b", labels },
    spec: { serviceAccountName: "app" },
    status: { phase: "Running" },
  };
  cloud.objects.set(`v1 Pod team-b/${podName}`, object);
}

/** From each phase in which a migration may have stopped; migrateModes.test.ts has the way back from one that has ended. */
const writes = ["remove credential", "remove ServiceAccount"];
const stops = ["sideBySide", "cutOver"] as const;

describe.each(stops)("from a migration that has stopped after %s", (until) => {
  beforeEach(async () => {
    expect((await migrate({ until })).status).toBe("Succeeded");
    written.length = 0;
  });

  it("does what was planned, and leaves pod identity intact and nothing else", async () => {
    const { clientId } = record();

    const plan = await planBack();
    expect(written).toEqual([]);
    const operation = await goBack();

    expect(plan).toMatchObject({ blocked: false });
    expect(operation, operation.error?.message).toMatchObject({
      status: "Succeeded",
      kind: "migrate",
      migration: { to: "podIdentity" },
      result: {
        clientId,
        manifest: expect.stringContaining("aadpodidbinding"),
        migration: { completed: "retire", podsToMove: [] },
      },
    });
    expect(written).toEqual(writes);
    const did = stepsOf(operation).map((step) => `${step.name} ${step.action}`);
    expect(did).toEqual(plan.steps.map((step) => `${step.name} ${step.action}`));
    await expectWholePodIdentity();
  });

  it("also stops after a phase, continues from there, and can turn back again", async () => {
    const stopped = await goBack({ until: "cutOver" });

    expect(stopped).toMatchObject({ status: "Succeeded", result: { migration: { completed: "cutOver" } } });
    expect(record()).toMatchObject({
      request: { identityMode: "podIdentity" },
      migration: { to: "podIdentity", completed: "cutOver" },
    });
    expect(kinds()).toEqual(["ConfigMap", "ServiceAccount", ...podWay].toSorted());
    expect(await findings(true)).toEqual([]);

    expect((await migrate()).status).toBe("Succeeded");
    expect(record()).toMatchObject({ request: { identityMode: "workloadIdentity" } });
    expect(record().migration).toBeUndefined();
    expect(kinds()).toEqual(["ConfigMap", "ServiceAccount"]);
    expect(await findings(false)).toEqual([]);
  });

  it.each(writes)(
    "undoes the phase in which %s is refused, and the namespace's current mode still works",
    async (write) => {
      cloud.onWrite = ({ what, when }) => {
        if (what === write && when === "before") throw new PermanentError("KUBERNETES_FORBIDDEN", `${what} is refused`);
      };

      const operation = await goBack();

      expect(operation).toMatchObject({ status: "Failed", error: { code: "KUBERNETES_FORBIDDEN" } });
      expect(await findings(record().migration !== undefined)).toEqual([]);
      cloud.onWrite = () => undefined;
      expect((await goBack()).status).toBe("Succeeded");
      await expectWholePodIdentity();
    },
  );

  it.each(writes)("succeeds when the answer to %s is lost every time", async (write) => {
    cloud.onWrite = ({ what, when }) => {
      if (what === write && when === "after") throw new TransientError("CLUSTER_UNREACHABLE", "no answer came");
    };

    expect((await goBack()).status).toBe("Succeeded");
    await expectWholePodIdentity();
  });

  it.each(writes)("undoes everything when it is canceled at %s", async (write) => {
    const before = { kinds: kinds(), mode: record().request.identityMode };
    cloud.onWrite = ({ what, when }) => {
      if (what !== write || when !== "after") return;
      for (const each of cloud.operations.values()) {
        if (each.kind !== "migrate" || each.status !== "Running") continue;
        cloud.operations.set(each.id, { ...each, cancel: { by: "ann", time: "2026-11-24T00:00:00.000Z" } });
      }
    };

    const operation = await goBack();

    expect(operation, operation.error?.message).toMatchObject({ status: "Canceled" });
    expect(record().request.identityMode).toBe(before.mode);
    expect(kinds()).toEqual(before.kinds);
    expect(await findings(record().migration !== undefined)).toEqual([]);
    cloud.onWrite = () => undefined;
    expect((await goBack()).status).toBe("Succeeded");
    await expectWholePodIdentity();
  });
});

describe("after pod identity was retired", () => {
  beforeEach(async () => {
    await migrate();
    written.length = 0;
  });

  it.each([
    [{}, "team-b"],
    [{ selector: "messages" }, "messages"],
  ])("uses the namespace's name when the selector is unknown, unless another is given: %j", async (asked, selector) => {
    expect((await goBack(asked)).status).toBe("Succeeded");

    await expectWholePodIdentity(selector);
  });

  it("runs failed undos again, and is then where it began", async () => {
    cloud.onWrite = ({ what, when }) => {
      if (when === "before" && (what === "remove ServiceAccount" || what === "put credential"))
        throw new PermanentError("KUBERNETES_FORBIDDEN", `${what} is refused`);
    };
    const failed = await goBack();
    expect(failed).toMatchObject({
      status: "Failed",
      error: { code: "COMPENSATION_FAILED" },
      leftUndone: ["returnCredential"],
    });

    cloud.onWrite = () => undefined;
    const { operation } = await acceptCompensation(acceptance, failed.id);
    await acceptance.run();

    expect(cloud.operations.get(operation)?.status).toBe("Succeeded");
    expect(cloud.credentials.get(name)).toHaveLength(1);
    expect(record()).toMatchObject({ migration: { to: "podIdentity", completed: "cutOver" } });
    expect(await findings(true)).toEqual([]);
  });

  it("goes back although workload identity is broken, but not when what both modes need is", async () => {
    cloud.credentials.delete(name);
    cloud.objects.delete("v1 ServiceAccount team-b/app");
    expect((await planBack()).blocked).toBe(false);

    const users = cloud.users.get("sql-dev/messages");
    const kept = [...(users ?? [])];
    users?.clear();
    expect((await planBack()).steps[0]?.blockers).toMatchObject([{ code: "VERIFICATION_FAILED" }]);
    expect(await goBack()).toMatchObject({ status: "Failed", error: { code: "VERIFICATION_FAILED" } });
    expect(written).toEqual([]);

    for (const [key, user] of kept) users?.set(key, user);
    expect((await goBack()).status).toBe("Succeeded");
    await expectWholePodIdentity("team-b");
  });

  it("needs aad-pod-identity in the cluster, its mode in the catalog, and its roles", async () => {
    const { ports } = cloud;
    const kubernetes = { ...ports.kubernetes, kinds: async () => [] };
    acceptance = createAcceptanceContext({ ports: { ...ports, kubernetes } });
    expect((await planBack()).steps[0]?.blockers).toMatchObject([{ code: "POD_IDENTITY_NOT_INSTALLED" }]);

    const { "aks-dev": cluster } = ports.catalog.clusters;
    if (!cluster) throw new Error("no cluster");
    const kubeletObjectId = "99999999-9999-4999-8999-999999999999";
    const strict = { ...cluster, podIdentity: { mode: "standard" as const, kubeletObjectId } };
    acceptance = createAcceptanceContext({
      ports: { ...ports, catalog: { ...ports.catalog, clusters: { "aks-dev": strict } } },
    });
    const { blocked, steps } = await planBack();
    expect(blocked).toBe(true);
    expect(steps[0]?.blockers[0]).toMatchObject({ code: "KUBELET_ROLE_MISSING" });

    const only = { ...cluster, identityModes: ["workloadIdentity" as const] };
    acceptance = createAcceptanceContext({
      ports: { ...ports, catalog: { ...ports.catalog, clusters: { "aks-dev": only } } },
    });
    await expect(planBack()).rejects.toMatchObject({ code: "MODE_NOT_ALLOWED" });
  });

  it("stops before the first write when the binding is somebody else's", async () => {
    const metadata = { name: `${name}-binding`, namespace: "team-b" };
    const apiVersion = "aadpodidentity.k8s.io/v1";
    const theirs = { apiVersion, kind: "AzureIdentityBinding", metadata, spec: { azureIdentity: "x", selector: "y" } };
    cloud.objects.set(`${apiVersion} AzureIdentityBinding team-b/${name}-binding`, theirs);

    expect((await planBack()).blocked).toBe(true);
    expect(await goBack()).toMatchObject({ status: "Failed", error: { code: "KUBERNETES_CONFLICT" } });
    expect(written).toEqual([]);
  });

  it("refuses another account than the existing one", async () => {
    await expect(planBack({ serviceAccount: "other" })).rejects.toMatchObject({
      code: "INVALID_REQUEST",
      details: { errors: [{ pointer: "/serviceAccount" }] },
    });
  });
});

it("has nothing to go back from where only pod identity exists", async () => {
  await expect(planBack()).rejects.toMatchObject({ code: "NOTHING_TO_MIGRATE" });
});

it("does not answer a migration in the other direction", async () => {
  const wanted = MigrationRequest.parse({});
  const prepare = (current: NamespaceRecord) => ({ migration: prepareMigration(acceptance.ports, current, wanted) });
  const { operation } = await acceptUpkeep(acceptance, "Migrating", { namespaceRef: pod, prepare });

  await expect(planBack()).rejects.toMatchObject({ code: "OPERATION_IN_PROGRESS", details: { operation } });
  expect(await planMigration(acceptance, pod, { wanted })).toMatchObject({ operation });
});

it("asks for no approval: what the identity may do was approved when it was onboarded", async () => {
  createStage({ approval: ApprovalPolicy.parse({ databases: ["sql-dev/messages"], timeoutMinutes: 60 }) });
  const { catalog, ...ports } = cloud.ports;
  providePorts({ ...ports, catalog: { ...catalog, approval: ApprovalPolicy.parse({}) } });
  await onboard();
  providePorts(cloud.ports);
  await migrate();

  expect((await planBack()).needsApproval).toEqual([]);
  expect((await goBack()).status).toBe("Succeeded");
});

/** Both directions wait for pods in their last phase. */
describe.each([
  {
    way: "on",
    asked: {},
    labels: { aadpodidbinding: "messages" },
    code: "PODS_STILL_USE_POD_IDENTITY",
    first: undefined,
  },
  {
    way: "back",
    asked: { to: "podIdentity", selector: "messages" },
    labels: { "azure.workload.identity/use": "true" },
    code: "PODS_STILL_USE_WORKLOAD_IDENTITY",
    first: {},
  },
] as const)("in the last phase, going $way", ({ asked, labels, code, first }) => {
  beforeEach(async () => {
    if (first) await migrate(first);
    written.length = 0;
    runPod("web-1", labels);
  });

  const checkPods = () => [...cloud.steps.values()].findLast((step) => step.name === "checkPods");

  it("waits until no pod uses the mode that it leaves, and says which still do", async () => {
    const plan = await planMigration(acceptance, pod, { wanted: MigrationRequest.parse(asked) });
    const waiting: (StepRecord | undefined)[] = [];

    const operation = await migrate(asked, {
      atRest() {
        waiting.push(checkPods());
        if (waiting.length === 1) runPod("web-2", labels);
        if (waiting.length === 3) cloud.objects.delete("v1 Pod team-b/web-1");
        if (waiting.length === 4) cloud.objects.delete("v1 Pod team-b/web-2");
      },
    });

    expect(plan.blocked).toBe(false);
    expect(plan.steps.find((step) => step.name === "checkPods")?.notices).toMatchObject([
      { code: "WAITS_FOR_PODS", message: expect.stringMatching(/web-1.*up to 60 minute/s) },
    ]);
    expect(waiting.map((step) => step?.notices?.[0]?.message.split(": ")[1])).toEqual([
      "web-1.",
      "web-1, web-2.",
      "web-1, web-2.",
      "web-2.",
    ]);
    for (const step of waiting) {
      expect(step).toMatchObject({ status: "Running", nextRetryTime: expect.any(String) });
      expect(step?.error).toBeUndefined();
    }
    expect(operation).toMatchObject({ status: "Succeeded", result: { migration: { podsToMove: ["web-1"] } } });
    expect(checkPods()).toMatchObject({ status: "Succeeded", notices: [] });
  });

  it("gives up after the catalog's time, and keeps the cut-over", async () => {
    let rests = 0;
    const seconds: number[] = [];

    const operation = await migrate(asked, {
      atRest(now) {
        rests += 1;
        seconds.push((now.getTime() - Date.parse("2026-11-24T00:00:00Z")) / 1_000);
      },
    });

    expect(operation).toMatchObject({ status: "Failed", error: { code, message: expect.stringContaining("web-1.") } });
    expect(checkPods()).toMatchObject({ status: "Failed", error: { code }, notices: [] });
    expect(record().migration).toMatchObject({ completed: "cutOver" });
    expect(rests).toBeLessThan(90);
    // The last timer fires slightly early, and no further wait follows for the remainder.
    expect(seconds.at(-1)).toBeLessThan(59.9 * 60);
    expect(seconds.at(-1)).toBeGreaterThanOrEqual(58 * 60);
  });

  it("is canceled while it waits, and undoes everything", async () => {
    const before = kinds();
    let rests = 0;

    const operation = await migrate(asked, {
      async atRest() {
        rests += 1;
        if (rests !== 2) return;
        const running = [...cloud.operations.values()].find(({ status }) => status === "Running");
        await cancelOperation(cloud.ports.registry, running?.id ?? "", { by: requester });
        acceptance.raise("decision");
      },
    });

    expect(operation.status).toBe("Canceled");
    expect(rests).toBe(2);
    expect(kinds()).toEqual(before);
  });

  it("looks once when the catalog says not to wait", async () => {
    const { catalog } = cloud.ports;
    const ports = { ...cloud.ports, catalog: { ...catalog, migration: { waitForPodsMinutes: 0 } } };
    providePorts(ports);
    const impatient = createAcceptanceContext({ ports });
    Object.assign(acceptance, impatient);

    const plan = await planMigration(acceptance, pod, { wanted: MigrationRequest.parse(asked) });
    const operation = await migrate(asked);

    expect(plan.steps.find((step) => step.name === "checkPods")?.blockers).toMatchObject([{ code }]);
    expect(operation).toMatchObject({ status: "Failed", error: { code } });
  });
});

it("does not wait for a pod of another service account, or one that has ended", async () => {
  await migrate();
  runPod("other");
  const other = cloud.objects.get("v1 Pod team-b/other");
  if (other) cloud.objects.set("v1 Pod team-b/other", { ...other, spec: { serviceAccountName: "worker" } });
  runPod("done");
  const done = cloud.objects.get("v1 Pod team-b/done");
  if (done) cloud.objects.set("v1 Pod team-b/done", { ...done, status: { phase: "Succeeded" } });

  expect(await goBack({ selector: "messages" })).toMatchObject({
    status: "Succeeded",
    result: { migration: { podsToMove: [] } },
  });
});
