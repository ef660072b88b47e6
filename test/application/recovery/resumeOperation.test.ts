/** What happens to an operation whose orchestration was ended by the runtime, by a defect, or by a person. */
import { OrchestrationRuntimeStatus } from "durable-functions";
import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../../src/activities/host.ts";
import {
  acceptCompensation,
  acceptOffboarding,
  acceptOnboarding,
  acceptUpkeep,
} from "../../../src/application/acceptance/acceptance.ts";
import { cancelOperation, decideApproval } from "../../../src/application/decisions/decide.ts";
import { ApprovalPolicy } from "../../../src/domain/catalog/catalog.ts";
import { PermanentError, TransientError } from "../../../src/domain/errors.ts";
import { identityName } from "../../../src/domain/naming/names.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import {
  approver,
  confirmed,
  createAcceptanceContext,
  requester,
  type TestAcceptanceContext,
} from "../../support/acceptanceContext.ts";
import { breakOff, comeByTimer, type Found } from "../../support/breakOff.ts";
import { createFakeCloud, type FakeCloud } from "../../support/fakeCloud.ts";
import { expectNothingLeft } from "../../support/remains.ts";

const databases = [
  { server: "sql-dev", database: "messages", roles: ["reader"] },
  { server: "sql-dev", database: "orders", roles: ["writer", "executor"] },
];
const request = OnboardingRequest.parse({ cluster: "aks-dev", namespace: "team-a", databases });
const pod = OnboardingRequest.parse({ ...request, identityMode: "podIdentity" });
const smaller = OnboardingRequest.parse({ ...request, databases: databases.slice(0, 1) });

let cloud: FakeCloud;
let acceptance: TestAcceptanceContext;
let writes: string[];

function begin(settings: Parameters<typeof createFakeCloud>[0] = {}): void {
  cloud = createFakeCloud(settings);
  acceptance = createAcceptanceContext(cloud);
  providePorts(cloud.ports);
  writes = [];
  cloud.onWrite = ({ what, when }) => {
    if (when === "before") writes.push(what);
  };
}
beforeEach(() => begin());

const count = (what: string) => writes.filter((each) => each === what).length;
const operationOf = (id: string) => cloud.operations.get(id);
const stateOf = () => [...cloud.namespaces.values()][0]?.state;
const entries = (id: string) => cloud.audit.filter(({ operation }) => operation === id);
const decisions = (id: string, action: string) => entries(id).filter((each) => each.action === action);
const cancel = (id: string) => cancelOperation(cloud.ports.registry, id, { by: requester });

function refuse(...refused: string[]): void {
  cloud.onWrite = ({ what, when }) => {
    if (when === "before") writes.push(what);
    if (when === "before" && refused.includes(what)) throw new PermanentError("ARM_FORBIDDEN", `${what} is refused`);
  };
}

/** Breaks off the operation until it ends; the timer runs after each time, a day later. */
async function breakOffAgainAndAgain(activity: string, found: Found = {}): Promise<number> {
  for (let restarts = 0; ; restarts += 1) {
    await breakOff(acceptance, activity);
    await comeByTimer(acceptance, { ...found, now: Date.now() + restarts * 86_400_000 });
    if ([...cloud.operations.values()].every(({ endTime }) => endTime !== undefined)) return restarts;
  }
}

async function onboard(wanted = request): Promise<string> {
  const { operation } = await acceptOnboarding(acceptance, wanted);
  await acceptance.run();
  return operation;
}

async function migrate(): Promise<string> {
  await onboard(pod);
  const migration = { until: "retire", serviceAccount: "app", selector: "team-a" } as const;
  return (await acceptUpkeep(acceptance, "Migrating", { namespaceRef: pod, prepare: () => ({ migration }) })).operation;
}

it.each(["preflight", "prepareNamespace", "grantDatabase", "connectWorkload", "verifyAndConclude"])(
  "finishes an onboarding that the runtime failed after %s, and creates nothing a second time",
  async (activity) => {
    const { operation } = await acceptOnboarding(acceptance, request);

    await breakOff(acceptance, activity);
    await comeByTimer(acceptance);
    if (activity !== "verifyAndConclude") await acceptance.run();

    expect(operationOf(operation)).toMatchObject({ status: "Succeeded" });
    expect(stateOf()).toBe("Onboarded");
    expect(count("put identity")).toBe(1);
    const effects = entries(operation).filter(({ kind }) => kind === "effect");
    expect(effects.map(({ what }) => what).toSorted()).toEqual([
      "applyNamespace",
      "applyServiceAccount",
      "ensureIdentity",
      "federateIdentity",
      "grantDatabase",
      "grantDatabase",
    ]);
    expect(decisions(operation, "accepted")).toHaveLength(1);
    expect(decisions(operation, "ended")).toHaveLength(1);
    // An operation that had already ended needs no other run.
    expect(decisions(operation, "takenUp")).toHaveLength(activity === "verifyAndConclude" ? 0 : 1);
  },
);

it.each(["Succeeded", "Failed"] as const)(
  "only releases the namespace of an operation that has %s if the runtime has forgotten the instance",
  async (status) => {
    const { operation } = await acceptOnboarding(acceptance, request);
    if (status === "Failed") refuse("put credential");
    const { registry } = cloud.ports;
    const lost = () => Promise.reject(new TransientError("REGISTRY_UNAVAILABLE", "no answer"));
    const replaceNamespace: typeof registry.replaceNamespace = (record) =>
      record.state === "Onboarding" ? registry.replaceNamespace(record) : lost();
    const held = { ...registry, replaceNamespace, removeNamespace: lost };
    providePorts({ ...cloud.ports, registry: held });
    await acceptance.run();
    providePorts(cloud.ports);
    expect(operationOf(operation)).toMatchObject({ status });
    expect(stateOf()).toBe("Onboarding");

    await comeByTimer(acceptance, { isMissing: true });

    expect(stateOf()).toBe(status === "Succeeded" ? "Onboarded" : undefined);
    expect(operationOf(operation)).toMatchObject({ status });
    expect(() => acceptance.take(), "nothing runs again").toThrow("no accepted orchestration");
  },
);

it("records in the audit trail why it was resumed", async () => {
  const { operation } = await acceptOnboarding(acceptance, request);

  await breakOff(acceptance, "prepareNamespace");
  await comeByTimer(acceptance);

  expect(decisions(operation, "takenUp")).toMatchObject([
    { what: "onboard", outcome: "Running", reason: expect.stringContaining("initialized language workers") },
  ]);
  expect(operationOf(operation)?.restarts).toBe(1);
});

it("undoes what the first run had made when the second one is stopped by its first look", async () => {
  const { operation } = await acceptOnboarding(acceptance, request);
  await breakOff(acceptance, "prepareNamespace");
  const user = {
    name: identityName(request),
    type: "S",
    sid: "0x01",
    roles: [],
    permissions: [],
    ownedSchemas: [],
    mark: undefined,
  };
  cloud.users.get("sql-dev/orders")?.set(user.name, user);

  await comeByTimer(acceptance);
  await acceptance.run();

  expect(operationOf(operation)).toMatchObject({ status: "Failed", error: { code: "SQL_USER_CONFLICT" } });
  expect(cloud.users.get("sql-dev/orders")?.get(user.name)).toBe(user);
  cloud.users.get("sql-dev/orders")?.delete(user.name);
  expectNothingLeft(cloud);
});

it("continues the undos, and ends with the original error", async () => {
  const { operation } = await acceptOnboarding(acceptance, request);
  refuse("put credential");
  await breakOff(acceptance, "revokeDatabase");
  refuse();
  writes = [];

  await comeByTimer(acceptance);
  await acceptance.run();

  expect(operationOf(operation)).toMatchObject({ status: "Failed", error: { code: "ARM_FORBIDDEN" } });
  // Counts the Secrets before the namespace goes.
  const given = writes.filter((what) => what.startsWith("put") || what.startsWith("apply"));
  expect(given.filter((what) => what !== "apply ResourceQuota")).toEqual([]);
  expectNothingLeft(cloud);
});

it("undoes after a permanent failure even if no undo had begun", async () => {
  const { operation } = await acceptOnboarding(acceptance, request);
  refuse("put credential");
  await breakOff(acceptance, "connectWorkload");
  refuse();

  await comeByTimer(acceptance);
  await acceptance.run();

  expect(operationOf(operation)).toMatchObject({ status: "Failed", error: { code: "ARM_FORBIDDEN" } });
  expectNothingLeft(cloud);
});

it("cancels an operation that was canceled before it broke off", async () => {
  const { operation } = await acceptOnboarding(acceptance, request);
  await breakOff(acceptance, "prepareNamespace");
  await cancel(operation);

  await comeByTimer(acceptance);
  await acceptance.run();

  expect(operationOf(operation)).toMatchObject({ status: "Canceled", error: { code: "OPERATION_CANCELED" } });
  expectNothingLeft(cloud);
});

describe("an operation that needs approval", () => {
  beforeEach(() => begin({ approval: ApprovalPolicy.parse({ databases: ["sql-dev/orders"] }) }));

  const asked = () => cloud.events.filter(({ type }) => type === "mooring.operation.approval-requested.v1");
  const approve = (id: string) => {
    const requestHash = operationOf(id)?.approval?.requestHash;
    return decideApproval(cloud.ports.registry, id, { kind: "approved", by: approver, requestHash });
  };

  it("is not put to approvers again once it was approved", async () => {
    const { operation } = await acceptOnboarding(acceptance, request);
    await breakOff(acceptance, "preflight");
    await approve(operation);

    await comeByTimer(acceptance);
    await acceptance.run();

    expect(asked()).toHaveLength(1);
    expect(operationOf(operation)?.status).toBe("Succeeded");
  });

  it("stays refused when it was rejected", async () => {
    const { operation } = await acceptOnboarding(acceptance, request);
    await breakOff(acceptance, "preflight");
    await decideApproval(cloud.ports.registry, operation, { kind: "rejected", by: approver });

    await comeByTimer(acceptance);
    await acceptance.run();

    expect(operationOf(operation)).toMatchObject({ status: "Failed", error: { code: "REJECTED" } });
  });

  it("keeps waiting for a decision, until the original deadline", async () => {
    const { operation } = await acceptOnboarding(acceptance, request);
    await breakOff(acceptance, "preflight");
    const before = operationOf(operation)?.approval;

    await comeByTimer(acceptance);
    await acceptance.run({
      async atRest() {
        await approve(operation);
        acceptance.raise("decision");
      },
    });

    expect(operationOf(operation)?.approval).toMatchObject({ ...before, decision: { kind: "approved" } });
    expect(new Set(asked().map(({ id }) => id)).size).toBe(1);
    expect(operationOf(operation)?.status).toBe("Succeeded");
  });
});

it.each(["verify", "retireDatabase"])(
  "moves a change that broke off after %s forward, and never back",
  async (activity) => {
    await onboard();
    const { operation } = await acceptOnboarding(acceptance, smaller, confirmed);
    await breakOff(acceptance, activity);

    await comeByTimer(acceptance);
    await acceptance.run();

    expect(operationOf(operation)?.status).toBe("Succeeded");
    expect(cloud.users.get("sql-dev/orders")?.size).toBe(0);
    expect(cloud.users.get("sql-dev/messages")?.size).toBe(1);
  },
);

it("keeps the new state of a change that can no longer be finished", async () => {
  await onboard();
  const { operation } = await acceptOnboarding(acceptance, smaller, confirmed);
  await breakOff(acceptance, "verify");
  // The new run meets this first.
  refuse("change sql-dev/orders");
  const [namespace] = [...cloud.objects.keys()].filter((key) => key.startsWith("v1 Namespace"));
  const object = cloud.objects.get(namespace ?? "");
  if (!namespace || !object) throw new Error("there is no namespace");
  const metadata = { ...object.metadata, deletionTimestamp: "2026-11-26T00:00:00Z" };
  cloud.objects.set(namespace, { ...object, metadata });

  await comeByTimer(acceptance);
  await acceptance.run();

  expect(operationOf(operation)).toMatchObject({ status: "Failed", error: { code: "CHANGE_INCOMPLETE" } });
  expect(stateOf()).toBe("Incomplete");
  expect(cloud.users.get("sql-dev/messages")?.size).toBe(1);
});

it("does not treat an offboarding that had removed something as untouched", async () => {
  await onboard();
  const { operation } = await acceptOffboarding(acceptance, request);
  await breakOff(acceptance, "removeServiceAccount");
  await cancel(operation);

  await comeByTimer(acceptance);
  await acceptance.run();

  expect(operationOf(operation)?.status).toBe("Canceled");
  expect(stateOf()).toBe("Incomplete");
});

it.each(["checkDependants", "revokeDatabase", "removeIdentity", "verifyRemoval"])(
  "finishes an offboarding that broke off after %s",
  async (activity) => {
    await onboard();
    const { operation } = await acceptOffboarding(acceptance, request);
    await breakOff(acceptance, activity);

    await comeByTimer(acceptance);
    await acceptance.run();

    expect(operationOf(operation)?.status).toBe("Succeeded");
    expectNothingLeft(cloud);
  },
);

it("finishes a repair", async () => {
  await onboard();
  cloud.identities.clear();
  const { operation } = await acceptUpkeep(acceptance, "Repairing", { namespaceRef: request, prepare: () => ({}) });
  await breakOff(acceptance, "prepareNamespace");

  await comeByTimer(acceptance);
  await acceptance.run();

  expect(operationOf(operation)?.status).toBe("Succeeded");
  expect(cloud.identities.size).toBe(1);
});

it("finishes a compensation", async () => {
  refuse("put credential", "remove identity");
  const failed = await onboard();
  refuse();
  const { operation } = await acceptCompensation(acceptance, failed);
  await breakOff(acceptance, "removeIdentity");

  await comeByTimer(acceptance);
  await acceptance.run();

  expect(operationOf(operation)?.status).toBe("Succeeded");
  expectNothingLeft(cloud);
});

describe("a migration", () => {
  it.each([
    "takeInventory",
    "applyServiceAccount",
    "federateIdentity",
    "verifySideBySide",
    "cutOver",
    "removePodIdentity",
  ])("that broke off after %s is finished", async (activity) => {
    const operation = await migrate();
    await breakOff(acceptance, activity);

    await comeByTimer(acceptance);
    await acceptance.run();

    expect(operationOf(operation)).toMatchObject({
      status: "Succeeded",
      result: { migration: { completed: "retire" } },
    });
    expect([...cloud.namespaces.values()][0]?.request.identityMode).toBe("workloadIdentity");
    const steps = await cloud.ports.registry.listSteps(operation);
    expect(steps.find(({ name }) => name === "cutOver")?.action).toBe("update");
  });

  it.each(["federateIdentity", "cutOver", "removePodIdentity"])(
    "that was canceled after %s is undone entirely",
    async (activity) => {
      const operation = await migrate();
      const before = [...cloud.objects.keys()].toSorted();
      await breakOff(acceptance, activity);
      await cancel(operation);

      await comeByTimer(acceptance);
      await acceptance.run();

      expect(operationOf(operation)?.status).toBe("Canceled");
      expect([...cloud.objects.keys()].toSorted()).toEqual(before);
      expect([...cloud.namespaces.values()][0]?.request.identityMode).toBe("podIdentity");
      expect([...cloud.namespaces.values()][0]?.migration).toBeUndefined();
    },
  );

  it("keeps the completed phases when a later run fails in its first look", async () => {
    const operation = await migrate();
    await breakOff(acceptance, "cutOver");
    cloud.users.get("sql-dev/orders")?.clear();

    await comeByTimer(acceptance);
    await acceptance.run();

    expect(operationOf(operation)).toMatchObject({ status: "Failed", error: { code: "VERIFICATION_FAILED" } });
    expect([...cloud.namespaces.values()][0]?.migration?.completed).toBe("cutOver");
    expect(cloud.credentials.get(identityName(request))).toHaveLength(1);
  });
});

describe("an operation that breaks off repeatedly", () => {
  it("ends after a bounded number of runs, naming what is left, and a compensation removes that", async () => {
    const { operation } = await acceptOnboarding(acceptance, request);

    const restarts = await breakOffAgainAndAgain("prepareNamespace");

    expect(restarts).toBe(5);
    expect(operationOf(operation)).toMatchObject({
      status: "Failed",
      error: { code: "ORCHESTRATION_FAILED", message: expect.stringContaining("removeIdentity, removeNamespace") },
      leftUndone: ["removeIdentity", "removeNamespace"],
    });
    expect(stateOf()).toBe("Incomplete");
    expect(decisions(operation, "takenUp")).toHaveLength(5);
    await acceptCompensation(acceptance, operation);
    await acceptance.run();
    expectNothingLeft(cloud);
  });

  it("ends sooner when its own code throws", async () => {
    await acceptOnboarding(acceptance, request);

    const output = "Orchestrator function 'onboardNamespace' failed: nothing undoes as mistake";
    expect(await breakOffAgainAndAgain("prepareNamespace", { output })).toBe(2);
  });

  it("leaves no record of the namespace when it has only looked", async () => {
    const { operation } = await acceptOnboarding(acceptance, request);

    await breakOffAgainAndAgain("preflight");

    expect(operationOf(operation)).toMatchObject({ status: "Failed", error: { code: "ORCHESTRATION_FAILED" } });
    expect(operationOf(operation)?.leftUndone).toBeUndefined();
    expect(cloud.namespaces.size).toBe(0);
  });

  it("names what a migration began and did not complete, which a compensation undoes", async () => {
    const operation = await migrate();

    await breakOffAgainAndAgain("applyServiceAccount");

    expect(operationOf(operation)?.leftUndone).toEqual(["removeServiceAccount"]);
    expect(stateOf()).toBe("Onboarded");
    await acceptCompensation(acceptance, operation);
    await acceptance.run();
    expect([...cloud.objects.keys()].filter((key) => key.includes("ServiceAccount"))).toEqual([]);
    expect([...cloud.namespaces.values()][0]?.migration).toBeUndefined();
  });

  it("is resumed only after a growing pause", async () => {
    const { operation } = await acceptOnboarding(acceptance, request);
    const failed = new Date("2026-11-26T12:00:00Z");
    const at = (seconds: number) => ({ lastUpdatedTime: failed, now: failed.getTime() + seconds * 1_000 });
    const restarts = () => operationOf(operation)?.restarts;

    await breakOff(acceptance, "preflight");
    await comeByTimer(acceptance, at(0));
    expect(restarts()).toBe(1);
    await breakOff(acceptance, "preflight");
    await comeByTimer(acceptance, at(14));
    expect(restarts()).toBe(1);
    await comeByTimer(acceptance, at(15));
    expect(restarts()).toBe(2);
    await breakOff(acceptance, "preflight");
    await comeByTimer(acceptance, at(29));
    expect(restarts()).toBe(2);
    await comeByTimer(acceptance, at(30));
    expect(restarts()).toBe(3);
  });
});

it("leaves alone what somebody has terminated", async () => {
  const { operation } = await acceptOnboarding(acceptance, request);
  await breakOff(acceptance, "prepareNamespace");

  await comeByTimer(acceptance, { runtimeStatus: OrchestrationRuntimeStatus.Terminated, output: "enough" });

  expect(() => acceptance.take()).toThrow();
  expect(operationOf(operation)).toMatchObject({ status: "Failed", leftUndone: ["removeIdentity", "removeNamespace"] });
  expect(decisions(operation, "takenUp")).toEqual([]);
  expect(cloud.identities.size).toBe(1);
  expect(stateOf()).toBe("Incomplete");
});

it("is resumed once when two callers find it at the same time", async () => {
  const { operation } = await acceptOnboarding(acceptance, request);
  await breakOff(acceptance, "prepareNamespace");

  await Promise.all([comeByTimer(acceptance), comeByTimer(acceptance)]);

  expect(operationOf(operation)?.restarts).toBe(1);
  acceptance.take();
  expect(() => acceptance.take()).toThrow();
});

it("releases the namespace as the recorded end says when only that was missing", async () => {
  const { operation } = await acceptOnboarding(acceptance, request);
  refuse("put credential");
  const { registry } = cloud.ports;
  providePorts({
    ...cloud.ports,
    registry: { ...registry, removeNamespace: () => new Promise<never>(() => undefined) },
  });
  const stuck = acceptance.run();
  await expect.poll(() => operationOf(operation)?.status).toBe("Failed");
  providePorts(cloud.ports);

  await comeByTimer(acceptance);

  expect(operationOf(operation)).toMatchObject({ status: "Failed", error: { code: "ARM_FORBIDDEN" } });
  expect(cloud.namespaces.size).toBe(0);
  stuck.catch(() => undefined);
});

it("prevents an activity left in a queue from creating anything once the operation was canceled", async () => {
  const { operation } = await acceptOnboarding(acceptance, request);
  let late: (() => Promise<unknown>) | undefined;
  await breakOff(acceptance, "grantDatabase", {
    together: () => 1,
    async execute(name, run) {
      if (name === "prepareNamespace") late = run;
      return await run();
    },
  });
  await cancel(operation);
  await comeByTimer(acceptance);
  await acceptance.run();
  expectNothingLeft(cloud);

  expect(await late?.()).toMatchObject({ failure: { code: "OPERATION_ENDED" } });

  expectNothingLeft(cloud);
});

it("prevents it from creating anything after a failed operation, too", async () => {
  const { operation } = await acceptOnboarding(acceptance, request);
  let late: (() => Promise<unknown>) | undefined;
  refuse("put credential");
  await acceptance.run({
    async execute(name, run) {
      if (name === "prepareNamespace") late = run;
      return await run();
    },
  });
  expect(operationOf(operation)?.status).toBe("Failed");
  refuse();

  expect(await late?.()).toMatchObject({ failure: { code: "OPERATION_ENDED" } });

  expectNothingLeft(cloud);
});
