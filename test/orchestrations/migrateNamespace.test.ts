import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptOffboarding, acceptUpkeep } from "../../src/application/acceptance/acceptance.ts";
import { cancelOperation } from "../../src/application/decisions/decide.ts";
import { inspectNamespace } from "../../src/application/inspection/inspection.ts";
import { planMigration } from "../../src/application/plan/planMigration.ts";
import { planOffboarding } from "../../src/application/plan/planOffboarding.ts";
import { planRepair } from "../../src/application/plan/planRepair.ts";
import { plannedSteps } from "../../src/application/process/programs.ts";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { besideOf, MigrationPhase, migrated } from "../../src/domain/operation/migration.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { hashRequest } from "../../src/domain/request/requestHash.ts";
import type { KubernetesObject } from "../../src/ports/kubernetes.ts";
import { unknownIdentity } from "../../src/resources/definitions/operationFacts.ts";
import { createAcceptanceContext, requester } from "../support/acceptanceContext.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { operate } from "../support/operations.ts";

const pod = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-b",
  identityMode: "podIdentity",
  selector: "messages",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});
const name = identityName(pod);
const start = { until: "retire", serviceAccount: "app", selector: "messages" } as const;
const workload = migrated(pod, start);

let cloud: FakeCloud;
let written: string[];

beforeEach(async () => {
  cloud = createFakeCloud();
  providePorts(cloud.ports);
  await operate(cloud, "onboard", pod);
  written = [];
  cloud.onWrite = ({ what, when }) => {
    if (when === "before") written.push(what);
  };
});

function migrate(until: MigrationPhase = "retire") {
  return operate(cloud, "migrate", pod, { migration: { ...start, until } });
}

function record() {
  const found = cloud.namespaces.get("aks-dev/team-b");
  if (!found) throw new Error("the namespace has no record");
  return found;
}

function kinds() {
  return [...cloud.objects.values()]
    .filter(({ metadata }) => metadata.namespace === "team-b")
    .map(({ kind }) => kind)
    .toSorted();
}

const podWay = ["AzureIdentity", "AzureIdentityBinding"];

async function findings(request: OnboardingRequest, isMigrating: boolean) {
  const modeBeside = besideOf(request, isMigrating ? {} : undefined);
  return await inspectNamespace(cloud.ports, { request, clientId: record().clientId, modeBeside });
}

function runPod(podName: string, phase = "Running", labels: Record<string, string> = { aadpodidbinding: "messages" }) {
  const object: KubernetesObject = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: podName, namespace: "team-b", labels },
    status: { phase },
  };
  cloud.objects.set(`v1 Pod team-b/${podName}`, object);
}

it("moves a namespace without a pod in one go, and grants nothing again", async () => {
  const { clientId } = record();

  const { operation, run } = await migrate();

  expect(operation).toMatchObject({
    status: "Succeeded",
    migration: { until: "retire" },
    result: {
      clientId,
      manifest: expect.stringContaining("azure.workload.identity/use"),
      migration: { completed: "retire", podsToMove: [] },
    },
  });
  expect(written).toEqual([
    "apply ServiceAccount",
    "put credential",
    "remove AzureIdentityBinding",
    "remove AzureIdentity",
  ]);
  expect(record()).toMatchObject({
    state: "Onboarded",
    request: workload,
    requestHash: hashRequest(workload),
    clientId,
  });
  expect(record().migration).toBeUndefined();
  expect(kinds()).toEqual(["ConfigMap", "ServiceAccount"]);
  expect(await findings(workload, false)).toEqual([]);
  expect(run.calls).toEqual([
    ...plannedSteps({ kind: "migrate", request: pod }).map((step) => step.name),
    "recordOutcome",
  ]);
});

it("has no findings in the middle of a migration to another service account, and reports a foreign credential", async () => {
  const migration = { ...start, until: "sideBySide", serviceAccount: "its-own" } as const;
  await operate(cloud, "migrate", pod, { migration });
  expect(record().migration).toMatchObject({ completed: "sideBySide" });

  expect(await findings(pod, true)).toEqual([]);
  const [own] = cloud.credentials.get(name) ?? [];
  if (!own) throw new Error("no credential");
  cloud.credentials.set(name, [own, { ...own, name: "theirs", subject: "system:serviceaccount:team-b:theirs" }]);
  expect(await findings(pod, true)).toMatchObject([{ code: "CREDENTIAL_ADDED", field: "credential theirs" }]);
  cloud.credentials.set(name, [{ ...own, subject: "system:serviceaccount:evil:its-own" }]);
  expect(await findings(pod, true)).toMatchObject([{ code: "CREDENTIAL_ADDED" }]);
});

describe.each(MigrationPhase.options.filter((phase) => phase !== "retire"))(
  "a migration that stopped after %s",
  (until) => {
    const isOver = until === "cutOver";
    const current = isOver ? workload : pod;
    const hasAdded = until !== "inventory";

    it("has the previous mode intact, shows what it planned, and says where it stands", async () => {
      const { operation } = await migrate(until);

      expect(operation).toMatchObject({
        status: "Succeeded",
        migration: { until },
        result: { migration: { completed: until } },
      });
      expect(record()).toMatchObject({ state: "Onboarded", request: current });
      expect(record().migration).toEqual(hasAdded ? { ...start, until, completed: until } : undefined);
      expect(kinds()).toEqual(expect.arrayContaining(podWay));
      expect(await findings(pod, hasAdded)).toEqual([]);
      expect(await findings(current, hasAdded)).toEqual([]);
      const steps = [...cloud.steps].filter(([id]) => id.startsWith(`${operation.id} `)).map(([, step]) => step.name);
      expect(steps).toEqual(
        plannedSteps({ kind: "migrate", request: pod, migration: { ...start, until } }).map((step) => step.name),
      );
    });

    it("continues when it is requested again, and writes only what is left", async () => {
      await migrate(until);
      const before = written.length;

      const { operation } = await migrate();

      expect(operation.status).toBe("Succeeded");
      const left = written.slice(before);
      expect(left.filter((what) => /ServiceAccount|credential/.test(what))).toHaveLength(hasAdded ? 0 : 2);
      expect(left.slice(-2)).toEqual(["remove AzureIdentityBinding", "remove AzureIdentity"]);
      expect(await findings(workload, false)).toEqual([]);
      expect(record().migration).toBeUndefined();
    });

    it("can be offboarded, and leaves nothing of either mode", async () => {
      await migrate(until);

      const { operation } = await operate(cloud, "offboard", pod);

      expect(operation.status).toBe("Succeeded");
      expect([...cloud.objects.values()].map(({ kind }) => kind)).toEqual(["MutatingWebhookConfiguration"]);
      expect(cloud.identities.size).toBe(0);
      expect([...cloud.users.values()].flatMap((users) => [...users.keys()])).toEqual([]);
    });

    it("can be repaired between phases, and a repair treats neither mode as a leftover", async () => {
      await migrate(until);
      cloud.users.get("sql-dev/messages")?.clear();
      const before = written.length;

      const { operation } = await operate(cloud, "repair", pod);

      expect(operation.status).toBe("Succeeded");
      expect(written.slice(before)).toEqual(["change sql-dev/messages"]);
      expect(kinds()).toEqual(expect.arrayContaining(podWay));
    });
  },
);

it("refuses to retire while pods use the previous mode, names them, and keeps the cut-over", async () => {
  runPod("web-1");
  runPod("web-2", "Pending");
  runPod("done", "Succeeded");
  runPod("moved", "Running", { "azure.workload.identity/use": "true" });

  const { operation } = await migrate();

  expect(operation).toMatchObject({
    status: "Failed",
    error: { code: "PODS_STILL_USE_POD_IDENTITY", message: expect.stringContaining("web-1, web-2.") },
    result: {
      manifest: expect.stringContaining("azure.workload.identity/use"),
      migration: { completed: "cutOver", podsToMove: ["web-1", "web-2"] },
    },
  });
  expect(record()).toMatchObject({ state: "Onboarded", request: workload, migration: { completed: "cutOver" } });
  expect(kinds()).toEqual(expect.arrayContaining(podWay));

  for (const each of ["web-1", "web-2"]) cloud.objects.delete(`v1 Pod team-b/${each}`);
  const again = await migrate();

  expect(again.operation.status).toBe("Succeeded");
  expect(kinds()).not.toEqual(expect.arrayContaining(podWay));
});

it("refuses to retire while somebody else's binding gives the identity to other pods", async () => {
  const spec = { azureIdentity: name, selector: "their-app" };
  const binding = { apiVersion: "aadpodidentity.k8s.io/v1", kind: "AzureIdentityBinding" };
  const theirs = { ...binding, metadata: { name: "theirs", namespace: "team-b" }, spec };
  cloud.objects.set("aadpodidentity.k8s.io/v1 AzureIdentityBinding team-b/theirs", theirs);
  const { clientId = unknownIdentity.clientId } = record();

  const plan = await planMigration(cloud.ports, { operation: "dry", request: pod, migration: start, clientId });
  const { operation } = await migrate();

  const blocker = { code: "IDENTITY_BOUND_BY_OTHERS", message: expect.stringContaining("their-app") };
  expect(plan.steps[5]).toMatchObject({ name: "checkPods", action: "conflict", blockers: [blocker] });
  expect(operation).toMatchObject({ status: "Failed", error: blocker });
  expect(record()).toMatchObject({ state: "Onboarded", request: workload, migration: { completed: "cutOver" } });
  expect(kinds()).toEqual(expect.arrayContaining(podWay));
});

it("plans without writing, and says which pods it will wait for", async () => {
  runPod("web-1");
  const { clientId = unknownIdentity.clientId } = record();

  const plan = await planMigration(cloud.ports, { operation: "dry", request: pod, migration: start, clientId });

  expect(written).toEqual([]);
  expect(plan.steps.map(({ name: step, action }) => `${step} ${action}`)).toEqual([
    "takeInventory none",
    "applyServiceAccount create",
    "federateIdentity create",
    "verifySideBySide none",
    "cutOver update",
    "checkPods none",
    "removePodIdentity delete",
    "verify none",
  ]);
  expect(plan.steps[5]?.notices).toMatchObject([{ code: "WAITS_FOR_PODS", message: expect.stringContaining("web-1") }]);
});

it("stops before the first write when the namespace is broken", async () => {
  cloud.users.get("sql-dev/messages")?.clear();

  const { operation } = await migrate();

  expect(operation.error).toMatchObject({ code: "VERIFICATION_FAILED", message: expect.stringContaining("Repair") });
  expect(written).toEqual([]);
  expect(record().migration).toBeUndefined();
});

it("stops before the first write when the service account is somebody else's", async () => {
  const theirs = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "app", namespace: "team-b" } };
  cloud.objects.set("v1 ServiceAccount team-b/app", theirs);

  const { operation } = await migrate();

  expect(operation.error?.code).toBe("KUBERNETES_CONFLICT");
  expect(written).toEqual([]);
  expect(cloud.objects.get("v1 ServiceAccount team-b/app")).toEqual(theirs);
});

/** What remains when a write is refused: the completed phases, and nothing of its own phase. */
const refusals = [
  { write: "apply ServiceAccount", completed: undefined, added: [] },
  { write: "put credential", completed: undefined, added: [] },
  { write: "remove AzureIdentityBinding", completed: "cutOver", added: ["ServiceAccount"] },
  { write: "remove AzureIdentity", completed: "cutOver", added: ["ServiceAccount"] },
] as const;

it.each(refusals)(
  "undoes the phase in which $write is refused, and the previous mode still works",
  async ({ write, completed, added }) => {
    cloud.onWrite = ({ what, when }) => {
      if (what === write && when === "before") throw new PermanentError("KUBERNETES_FORBIDDEN", `${what} is refused`);
    };

    const { operation, run } = await migrate();

    expect(operation).toMatchObject({ status: "Failed", error: { code: "KUBERNETES_FORBIDDEN" } });
    expect(run.customStatuses).toContainEqual({ phase: "compensating" });
    expect(record().migration?.completed).toBe(completed);
    expect(kinds()).toEqual(["ConfigMap", ...podWay, ...added].toSorted());
    expect(cloud.credentials.get(name) ?? []).toHaveLength(added.length);
    expect(await findings(pod, completed !== undefined)).toEqual([]);

    cloud.onWrite = () => undefined;
    expect((await migrate()).operation.status).toBe("Succeeded");
  },
);

it("keeps the cut-over out of the record when the registry stops answering in the middle of it", async () => {
  const { registry } = cloud.ports;
  let refused = 0;
  const replaceNamespace: typeof registry.replaceNamespace = async (next) => {
    if (next.migration?.completed === "cutOver" && next.state === "Migrating") {
      refused += 1;
      throw new TransientError("REGISTRY_UNAVAILABLE", "table says no");
    }
    return await registry.replaceNamespace(next);
  };
  providePorts({ ...cloud.ports, registry: { ...registry, replaceNamespace } });

  const { operation } = await migrate();

  expect(refused).toBeGreaterThan(1);
  expect(operation).toMatchObject({ status: "Failed", error: { code: "REGISTRY_UNAVAILABLE" } });
  expect(record()).toMatchObject({ state: "Onboarded", request: pod, migration: { completed: "verify" } });
  expect(await findings(pod, true)).toEqual([]);
});

it("does not even begin to cut over when it was canceled before", async () => {
  const { registry } = cloud.ports;
  const modes: string[] = [];
  const replaceNamespace: typeof registry.replaceNamespace = async (next) => {
    modes.push(next.request.identityMode);
    return await registry.replaceNamespace(next);
  };
  providePorts({ ...cloud.ports, registry: { ...registry, replaceNamespace } });

  const { operation } = await operate(cloud, "migrate", pod, {
    migration: start,
    async execute(activity, run) {
      const id = [...cloud.operations.values()].find(({ kind }) => kind === "migrate")?.id ?? "";
      if (activity === "cutOver") await cancelOperation(registry, id, { by: requester });
      return await run();
    },
  });

  expect(operation.status).toBe("Canceled");
  expect(modes).not.toContain("workloadIdentity");
});

/** Somebody cancels right after the write. */
function cancelAt(write: string) {
  cloud.onWrite = ({ what, when }) => {
    if (what !== write || when !== "after") return;
    for (const operation of cloud.operations.values()) {
      if (operation.kind !== "migrate" || operation.cancel || operation.status === "Succeeded") continue;
      cloud.operations.set(operation.id, { ...operation, cancel: { by: "ann", time: "2026-11-24T00:00:00.000Z" } });
    }
  };
}

it("returns to where it began, and no further, when it is canceled after an earlier stop", async () => {
  await migrate("cutOver");
  cancelAt("remove AzureIdentity");

  const { operation } = await migrate();

  expect(operation.status).toBe("Canceled");
  expect(record()).toMatchObject({ state: "Onboarded", request: workload, migration: { completed: "cutOver" } });
  expect(kinds()).toEqual(["ConfigMap", "ServiceAccount", ...podWay].toSorted());
  expect(await findings(pod, true)).toEqual([]);
  expect(await findings(workload, true)).toEqual([]);
});

it.each([
  { failing: "put credential", undo: "remove ServiceAccount" },
  { failing: "remove AzureIdentity", undo: "apply AzureIdentityBinding" },
])(
  "continues from what an undo has left when $failing and $undo are refused, and says so",
  async ({ failing, undo }) => {
    cloud.onWrite = ({ what, when }) => {
      if (when === "before" && (what === failing || what === undo))
        throw new PermanentError("KUBERNETES_FORBIDDEN", `${what} is refused`);
    };

    const { operation } = await migrate();

    expect(operation.error).toMatchObject({
      code: "COMPENSATION_FAILED",
      fix: expect.stringContaining("/migrate "),
    });
    cloud.onWrite = () => undefined;
    // A new call, as the fix says.
    const again = await migrate();
    expect(again.operation.status, again.operation.error?.message).toBe("Succeeded");
    expect(await findings(workload, false)).toEqual([]);
    expect(kinds()).not.toEqual(expect.arrayContaining(podWay));
  },
);

it("records what it could not undo, so that an offboarding finds it", async () => {
  cloud.onWrite = ({ what, when }) => {
    if (when === "before" && (what === "put credential" || what === "remove ServiceAccount"))
      throw new PermanentError("KUBERNETES_FORBIDDEN", `${what} is refused`);
  };

  const { operation } = await migrate();

  expect(operation.error).toMatchObject({ code: "COMPENSATION_FAILED" });
  expect(record()).toMatchObject({ state: "Onboarded", migration: { completed: "inventory" } });
  cloud.onWrite = () => undefined;
  await operate(cloud, "offboard", pod);
  expect([...cloud.objects.values()].map(({ kind }) => kind)).toEqual(["MutatingWebhookConfiguration"]);
});

it("is Failed, not Canceled, when it failed before the cancel came, and the earlier phases stay", async () => {
  runPod("app-1");

  const { operation } = await operate(cloud, "migrate", pod, {
    migration: start,
    async execute(activity, run) {
      const id = [...cloud.operations.values()].find(({ kind }) => kind === "migrate")?.id ?? "";
      if (activity === "recordOutcome") await cancelOperation(cloud.ports.registry, id, { by: requester });
      return await run();
    },
  });

  expect(operation).toMatchObject({ status: "Failed", error: { code: "PODS_STILL_USE_POD_IDENTITY" } });
  expect(record().migration?.completed).toBe("cutOver");
});

it("sees a pod that came after the plan, before it takes its mode away", async () => {
  await migrate("sideBySide");

  const { operation } = await operate(cloud, "migrate", pod, {
    migration: start,
    async execute(activity, run) {
      if (activity === "cutOver") runPod("late");
      return await run();
    },
  });

  expect(operation).toMatchObject({ status: "Failed", error: { code: "PODS_STILL_USE_POD_IDENTITY" } });
});

it("takes away between two phases what Mooring gave elsewhere, and keeps what either mode needs", async () => {
  await migrate("sideBySide");
  const own = cloud.users.get("sql-dev/messages")?.get(name);
  if (!own) throw new Error("there is no user");
  cloud.users.get("sql-dev/orders")?.set(name, { ...own, roles: ["db_owner"] });
  expect(await findings(pod, true)).toMatchObject([{ code: "GRANT_SURPLUS", target: "sql-dev/orders" }]);

  const planned = await planRepair(cloud.ports, {
    operation: "plan",
    request: pod,
    clientId: record().clientId,
    modeBeside: "workloadIdentity",
  });
  expect(planned.steps).toContainEqual(expect.objectContaining({ name: "removeLeftovers", action: "delete" }));
  expect((await operate(cloud, "repair", pod)).operation.status).toBe("Succeeded");

  expect(cloud.users.get("sql-dev/orders")?.has(name)).toBe(false);
  expect(await findings(pod, true)).toEqual([]);
  expect(kinds()).toEqual([...podWay, "ConfigMap", "ServiceAccount"]);
});

it("plans no leftovers for a repair between two phases, and removes the migration's own account in the end", async () => {
  await migrate("inventory");
  await operate(cloud, "migrate", pod, { migration: { ...start, until: "sideBySide", serviceAccount: "worker" } });
  const acceptance = createAcceptanceContext(cloud);

  const { operation } = await acceptUpkeep(acceptance, "Repairing", { namespaceRef: pod, prepare: () => ({}) });
  await acceptance.run();

  const repaired = cloud.operations.get(operation);
  expect(repaired?.status).toBe("Succeeded");
  const planned = plannedSteps({ kind: "repair", request: pod, modeBeside: besideOf(pod, repaired?.migration) });
  expect(planned.map((step) => step.name)).not.toContain("removeLeftovers");

  // The namespace and the identity stay, so only what is removed by name goes.
  const keeping = { ...record(), request: { ...pod, deletePolicy: "Keep" as const } };
  await cloud.ports.registry.replaceNamespace(keeping);
  await acceptOffboarding(acceptance, pod);
  await acceptance.run();
  expect(kinds()).toEqual([]);
  expect((await planOffboarding(cloud.ports, keeping)).steps.map(({ action }) => action)).not.toContain("delete");
});
