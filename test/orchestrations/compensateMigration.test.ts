/** Failed undos of a migration are run again by name, which leads back; calling migrate again leads forward. */
import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptCompensation, acceptOffboarding, acceptUpkeep } from "../../src/application/acceptance/acceptance.ts";
import { cancelOperation } from "../../src/application/decisions/decide.ts";
import { planCompensationOf } from "../../src/application/dryRun/planDecision.ts";
import { inspectNamespace } from "../../src/application/inspection/inspection.ts";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { besideOf, type MigrationPhase, migrated } from "../../src/domain/operation/migration.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { hashRequest } from "../../src/domain/request/requestHash.ts";
import { createAcceptanceContext, requester, type TestAcceptanceContext } from "../support/acceptanceContext.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { operate } from "../support/operations.ts";
import { expectNothingLeft } from "../support/remains.ts";

const pod = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-b",
  identityMode: "podIdentity",
  selector: "messages",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});
/** A separate service account, so that the undos remove what is the migration's and not the request's. */
const started = { until: "retire", serviceAccount: "worker", selector: "messages" } as const;
const workload = migrated(pod, started);
/** The previous mode, as inspected with knowledge of the new one beside it. */
const bothWays = { ...pod, serviceAccount: started.serviceAccount };
const everyUndo = ["returnPodIdentity", "undoCutOver", "unfederateIdentity", "removeServiceAccount"];
const undoWrites = ["apply AzureIdentity", "apply AzureIdentityBinding", "remove credential", "remove ServiceAccount"];

let cloud: FakeCloud;
let acceptance: TestAcceptanceContext;

beforeEach(async () => {
  cloud = createFakeCloud();
  acceptance = createAcceptanceContext(cloud);
  providePorts(cloud.ports);
  await operate(cloud, "onboard", pod);
});

function migrate(until: MigrationPhase = "retire") {
  return operate(cloud, "migrate", pod, { migration: { ...started, until } });
}

function record() {
  const found = cloud.namespaces.get("aks-dev/team-b");
  if (!found) throw new Error("the namespace has no record");
  return found;
}

/** Everything that an undo may touch, without the versions of objects. */
function world() {
  const objects = [...cloud.objects].map(([key, { metadata, ...rest }]) => [key, metadata.labels, rest]);
  const { request, requestHash, state, migration, clientId } = record();
  return {
    objects: objects.toSorted(([a], [b]) => String(a).localeCompare(String(b))),
    credentials: cloud.credentials.get(identityName(pod)) ?? [],
    record: { request, requestHash, state, completed: migration?.completed },
    clientId,
  };
}

/** Labels name the operation that made an object, and returned objects have a new one. */
const withoutMakers = ({ objects, ...rest }: ReturnType<typeof world>) => ({
  ...rest,
  objects: objects.map(([key, _labels, object]) => [key, object]),
});

function refuse(...refused: string[]) {
  cloud.onWrite = ({ what, when }) => {
    if (when === "before" && refused.includes(what)) throw new PermanentError("KUBERNETES_FORBIDDEN", `${what} fails`);
  };
}

/** Cancels when the last phase has done its work; from then on the undos fail, including the one in the registry. */
function cancelAndRefuse(...refused: string[]) {
  const { registry } = cloud.ports;
  let isCanceled = false;
  cloud.onWrite = ({ what, when }) => {
    if (isCanceled && when === "before" && refused.includes(what)) {
      throw new PermanentError("KUBERNETES_FORBIDDEN", `${what} fails`);
    }
    if (what !== "remove AzureIdentity" || when !== "after") return;
    isCanceled = true;
    for (const operation of cloud.operations.values()) {
      if (operation.kind !== "migrate" || operation.status !== "Running") continue;
      cloud.operations.set(operation.id, { ...operation, cancel: { by: "ann", time: "2026-11-24T00:00:00.000Z" } });
    }
  };
  const replaceNamespace: typeof registry.replaceNamespace = async (next) => {
    const isUndo = next.state === "Migrating" && next.request.identityMode === "podIdentity";
    if (isCanceled && isUndo && refused.includes("undoCutOver")) {
      throw new TransientError("REGISTRY_UNAVAILABLE", "the table says no");
    }
    return await registry.replaceNamespace(next);
  };
  providePorts({ ...cloud.ports, registry: { ...registry, replaceNamespace } });
}

function clear() {
  cloud.onWrite = () => undefined;
  providePorts(cloud.ports);
}

async function compensate(id: string) {
  const accepted = await acceptCompensation(acceptance, id);
  const { calls } = await acceptance.run();
  return { ...accepted, calls, ended: cloud.operations.get(accepted.operation) };
}

async function findings(request: OnboardingRequest, isMigrating: boolean) {
  const modeBeside = besideOf(request, isMigrating ? {} : undefined);
  return await inspectNamespace(cloud.ports, { request, clientId: record().clientId, modeBeside });
}

it("restores a namespace whose migration was canceled, whichever undos had failed", async () => {
  const before = world();
  cancelAndRefuse("undoCutOver", ...undoWrites);
  const { operation } = await migrate();
  expect(operation).toMatchObject({
    status: "Failed",
    error: { code: "COMPENSATION_FAILED", fix: expect.stringContaining("/compensate") },
    leftUndone: everyUndo,
  });
  expect(record()).toMatchObject({ state: "Onboarded", request: workload });
  clear();

  const { kind, calls, ended } = await compensate(operation.id);

  expect(kind).toBe("compensate");
  expect(calls).toEqual(["announceStart", ...everyUndo, "recordOutcome"]);
  expect(ended).toMatchObject({ status: "Succeeded", compensates: { of: operation.id, createdBy: operation.id } });
  expect(withoutMakers(world())).toEqual(withoutMakers(before));
  expect(Object.keys(record())).not.toEqual(expect.arrayContaining(["migration"]));
  expect(record().compensates).toBeUndefined();
  expect(await findings(pod, false)).toEqual([]);
});

/** Which undo fails, one at a time. */
describe.each([
  { undo: "returnPodIdentity", refused: ["apply AzureIdentity", "apply AzureIdentityBinding"] },
  { undo: "undoCutOver", refused: ["undoCutOver"] },
  { undo: "unfederateIdentity", refused: ["remove credential"] },
  { undo: "removeServiceAccount", refused: ["remove ServiceAccount"] },
])("when $undo failed after a cancel", ({ undo, refused }) => {
  it("runs only that undo, and the record is as before the migration", async () => {
    const before = world();
    cancelAndRefuse(...refused);
    const { operation } = await migrate();
    expect(operation.leftUndone).toEqual([undo]);
    expect(record().migration, "something is left that an offboarding has to know of").toBeDefined();
    clear();

    const { calls } = await compensate(operation.id);

    expect(calls).toEqual(["announceStart", undo, "recordOutcome"]);
    expect(withoutMakers(world())).toEqual(withoutMakers(before));
    expect((await migrate()).operation.status).toBe("Succeeded");
    expect(await findings(workload, false)).toEqual([]);
  });

  it("can be continued by migrate instead, which closes the way back", async () => {
    cancelAndRefuse(...refused);
    const { operation } = await migrate();
    clear();
    // As always, the previous mode has to be intact before a migration begins.
    await operate(cloud, "repair", record().request);

    expect((await migrate()).operation.status).toBe("Succeeded");

    expect(await findings(workload, false)).toEqual([]);
    await expect(acceptCompensation(acceptance, operation.id)).rejects.toMatchObject({ code: "NOTHING_TO_COMPENSATE" });
  });

  it("can be offboarded instead, and nothing is left", async () => {
    cancelAndRefuse(...refused);
    await migrate();
    clear();

    await acceptOffboarding(acceptance, pod);
    await acceptance.run();

    expectNothingLeft(cloud);
    expect(cloud.namespaces.size).toBe(0);
  });

  it("does what was planned, and planning writes nothing", async () => {
    cancelAndRefuse(...refused);
    const { operation } = await migrate();
    clear();
    const before = world();

    const plan = await planCompensationOf(acceptance, operation.id);
    expect(world()).toEqual(before);
    const { operation: id } = await compensate(operation.id);

    const done = await cloud.ports.registry.listSteps(id);
    const told = ({
      name,
      target,
      action,
      differences,
    }: { [K in "name" | "target" | "action" | "differences"]?: unknown }) => {
      return { name, target, action, differences };
    };
    expect(plan.steps.map(told)).toEqual(done.map(told));
    expect(plan.steps[0]?.action).not.toBe("none");
    expect(plan.estimate?.most).toBeGreaterThan(0);
  });
});

it("returns to the phase in which the migration had been stopped before", async () => {
  await migrate("cutOver");
  const before = world();
  cancelAndRefuse(...undoWrites);
  const { operation } = await migrate();
  expect(operation.leftUndone).toEqual(["returnPodIdentity"]);
  clear();

  await compensate(operation.id);

  expect(withoutMakers(world())).toEqual(withoutMakers(before));
  expect(record().migration).toMatchObject({ completed: "cutOver" });
  expect(await findings(bothWays, true)).toEqual([]);
  expect(await findings(workload, true)).toEqual([]);
});

it.each([
  { failing: "put credential", undo: "remove ServiceAccount", completed: undefined },
  { failing: "remove AzureIdentity", undo: "apply AzureIdentityBinding", completed: "cutOver" },
])("undoes only the phase in which $failing was refused", async ({ failing, undo, completed }) => {
  refuse(failing, undo);
  const { operation } = await migrate();
  expect(operation.error?.code).toBe("COMPENSATION_FAILED");
  clear();

  const { ended } = await compensate(operation.id);

  expect(ended?.status).toBe("Succeeded");
  expect(record()).toMatchObject({ state: "Onboarded", request: completed ? workload : pod });
  expect(record().migration?.completed).toBe(completed);
  expect(await findings(completed ? bothWays : pod, completed !== undefined)).toEqual([]);
  if (completed) expect(await findings(workload, true)).toEqual([]);
  expect((await migrate()).operation.status).toBe("Succeeded");
});

it("reports by name what fails again, leaves the namespace onboarded, and allows a third attempt", async () => {
  const before = world();
  cancelAndRefuse("undoCutOver", ...undoWrites);
  const { operation } = await migrate();
  clear();
  refuse("remove ServiceAccount");

  const second = await compensate(operation.id);

  expect(second.ended).toMatchObject({
    status: "Failed",
    error: { code: "COMPENSATION_FAILED", message: expect.stringContaining("removeServiceAccount") },
    leftUndone: ["removeServiceAccount"],
  });
  expect(record()).toMatchObject({ state: "Onboarded", request: pod, requestHash: hashRequest(pod) });
  expect(record().migration).toBeDefined();
  expect(record().compensates).toBeUndefined();
  await expect(acceptCompensation(acceptance, operation.id)).rejects.toMatchObject({
    code: "NOTHING_TO_COMPENSATE",
    details: { operation: second.operation },
  });
  clear();

  const third = await compensate(second.operation);

  expect(third.ended?.compensates).toMatchObject({ of: second.operation, createdBy: operation.id });
  expect(third.ended?.status).toBe("Succeeded");
  expect(withoutMakers(world())).toEqual(withoutMakers(before));
});

it("still reports what one migration left when the next is canceled before it has done anything", async () => {
  const keeping = { ...pod, deletePolicy: "Keep" as const };
  await cloud.ports.registry.replaceNamespace({ ...record(), request: keeping });
  refuse("put credential", "remove ServiceAccount");
  await migrate();
  clear();
  const { operation } = await operate(cloud, "migrate", pod, {
    migration: started,
    async execute(name, run) {
      const [held] = await cloud.ports.registry.heldNamespaces();
      if (name === "takeInventory") {
        await cancelOperation(cloud.ports.registry, held?.operation ?? "", { by: requester });
      }
      return await run();
    },
  });
  expect(operation.status).toBe("Canceled");
  expect(record().migration).toBeDefined();

  await acceptOffboarding(acceptance, pod);
  await acceptance.run();

  expect([...cloud.objects.keys()].filter((key) => key.includes("ServiceAccount"))).toEqual([]);
});

it("is one operation however often it is requested, and nothing else begins meanwhile", async () => {
  cancelAndRefuse("remove credential");
  const { operation } = await migrate();
  clear();

  const [first, second] = await Promise.all([
    acceptCompensation(acceptance, operation.id),
    acceptCompensation(createAcceptanceContext(cloud), operation.id),
  ]);

  expect(first.operation).toBe(second.operation);
  expect([first.isNew, second.isNew].toSorted()).toEqual([false, true]);
  const prepare = () => ({ migration: { ...started, until: "retire" as const } });
  await expect(acceptUpkeep(acceptance, "Migrating", { namespaceRef: pod, prepare })).rejects.toMatchObject({
    code: "OPERATION_IN_PROGRESS",
  });
});

it("is possible after a repair, which does not block the way back", async () => {
  const before = world();
  cancelAndRefuse("undoCutOver", ...undoWrites);
  const { operation } = await migrate();
  clear();
  const repair = await operate(cloud, "repair", record().request);
  expect(repair.operation.status).toBe("Succeeded");

  const { calls, ended } = await compensate(operation.id);

  expect(calls).toEqual(["announceStart", ...everyUndo, "recordOutcome"]);
  expect(ended?.status).toBe("Succeeded");
  expect(withoutMakers(world())).toEqual(withoutMakers(before));
  expect(await findings(pod, false)).toEqual([]);
});

it("returns pod identity for the identity that exists, which a repair may have remade", async () => {
  cancelAndRefuse("undoCutOver", ...undoWrites);
  const { operation } = await migrate();
  clear();
  cloud.identities.delete(identityName(pod));
  cloud.credentials.delete(identityName(pod));
  await operate(cloud, "repair", record().request);
  const { clientId } = record();
  expect(clientId).toBe(cloud.identities.get(identityName(pod))?.clientId);
  expect(clientId).not.toBe(operation.result?.clientId);
  const plan = await planCompensationOf(acceptance, operation.id);

  const { operation: id, ended } = await compensate(operation.id);

  expect(ended?.status).toBe("Succeeded");
  expect(ended?.compensates?.migrating).toMatchObject({ clientId });
  const azureIdentity = cloud.objects.get(`aadpodidentity.k8s.io/v1 AzureIdentity team-b/${identityName(pod)}`);
  expect(azureIdentity?.["spec"]).toMatchObject({ clientID: clientId });
  expect(await findings(pod, false)).toEqual([]);
  const done = await cloud.ports.registry.listSteps(id);
  expect(plan.steps.map(({ differences }) => differences)).toEqual(done.map(({ differences = [] }) => differences));
});

it("leaves what a repair created for the new mode as findings for the next repair to remove", async () => {
  cancelAndRefuse("undoCutOver");
  const { operation } = await migrate();
  clear();
  await operate(cloud, "repair", record().request);

  const { ended } = await compensate(operation.id);

  expect(ended?.status).toBe("Succeeded");
  expect(record().request).toEqual(pod);
  const left = await findings(bothWays, false);
  expect(left.map(({ code }) => code).toSorted()).toEqual(["ACCOUNT_SURPLUS", "CREDENTIAL_SURPLUS"]);
});

it("is refused once another migration of the namespace has run", async () => {
  cancelAndRefuse("remove credential");
  const { operation } = await migrate();
  clear();
  await operate(cloud, "repair", pod);
  const { operation: later } = await migrate();

  await expect(acceptCompensation(acceptance, operation.id)).rejects.toMatchObject({
    code: "NOTHING_TO_COMPENSATE",
    details: { operation: later.id },
  });
});

it.each(["before", "after"] as const)("succeeds when the answers are lost %s the writes", async (when) => {
  const before = world();
  cancelAndRefuse("undoCutOver", ...undoWrites);
  const { operation } = await migrate();
  clear();
  const lost = new Set<string>();
  cloud.onWrite = (write) => {
    if (write.when !== when || lost.has(write.what)) return;
    lost.add(write.what);
    throw new TransientError("CLUSTER_UNREACHABLE", "no answer came");
  };

  const { ended } = await compensate(operation.id);

  expect(lost.size).toBeGreaterThan(2);
  expect(ended?.status).toBe("Succeeded");
  expect(withoutMakers(world())).toEqual(withoutMakers(before));
});

it("keeps the namespace's record when its end is recorded twice", async () => {
  cancelAndRefuse("remove credential");
  const { operation } = await migrate();
  clear();

  await acceptCompensation(acceptance, operation.id);
  await acceptance.run({
    async execute(name, run) {
      const first = await run();
      return name === "recordOutcome" ? await run() : first;
    },
  });

  expect(record()).toMatchObject({ state: "Onboarded", request: pod });
});
