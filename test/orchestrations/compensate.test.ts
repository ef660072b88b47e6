/** Failed undos are run again by name, and the namespace's record is settled when nothing is left. */
import { beforeEach, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import {
  acceptCompensation,
  acceptOffboarding,
  acceptOnboarding,
} from "../../src/application/acceptance/acceptance.ts";
import { cancelOperation } from "../../src/application/decisions/decide.ts";
import { planCompensationOf } from "../../src/application/dryRun/planDecision.ts";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { createAcceptanceContext, requester, type TestAcceptanceContext } from "../support/acceptanceContext.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { expectNothingLeft } from "../support/remains.ts";

let cloud: FakeCloud;
let acceptance: TestAcceptanceContext;

beforeEach(() => {
  cloud = createFakeCloud();
  acceptance = createAcceptanceContext(cloud);
  providePorts(cloud.ports);
});

const database = (name: string) => ({ server: "sql-dev", database: name, roles: ["reader"] });
const request = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [database("messages"), database("orders")],
});

/** Refuses these writes, and dropping users of databases named here. */
function refuse(...refused: string[]) {
  cloud.onWrite = ({ what, when }) => {
    if (when === "before" && refused.includes(what)) throw new PermanentError("ARM_FORBIDDEN", `${what} is refused`);
  };
}

/** Onboards until verification fails; then the given undos fail. */
async function failAndLeave(wanted: OnboardingRequest, ...refused: string[]): Promise<string> {
  const { operation } = await acceptOnboarding(acceptance, wanted);
  await acceptance.run({
    async execute(name, run) {
      if (name !== "verifyAndConclude") return await run();
      refuse(...refused);
      return { failure: { code: "VERIFICATION_FAILED", message: "something differs" } };
    },
  });
  return operation;
}

async function compensate(id: string) {
  const accepted = await acceptCompensation(acceptance, id);
  const { calls } = await acceptance.run();
  return { ...accepted, calls, record: cloud.operations.get(accepted.operation) };
}

it("runs only the failed undos again, and removes the record when nothing is left", async () => {
  const failed = await failAndLeave(request, "remove identity", "change sql-dev/orders");
  expect(cloud.operations.get(failed)).toMatchObject({
    error: { code: "COMPENSATION_FAILED" },
    leftUndone: ["revokeDatabase sql-dev/orders", "removeIdentity"],
  });
  refuse();

  const { kind, calls, record } = await compensate(failed);

  expect(kind).toBe("compensate");
  expect(calls).toEqual(["announceStart", "revokeDatabase", "removeIdentity", "recordOutcome"]);
  expect(record).toMatchObject({ status: "Succeeded", compensates: { of: failed } });
  expectNothingLeft(cloud);
  expect(cloud.namespaces.size).toBe(0);
});

it("reports by name what fails again, and allows a third attempt", async () => {
  const failed = await failAndLeave(request, "remove identity", "change sql-dev/orders");
  refuse("remove identity");
  const second = await compensate(failed);
  expect(second.record).toMatchObject({
    status: "Failed",
    error: { code: "COMPENSATION_FAILED", message: expect.stringContaining("removeIdentity") },
    leftUndone: ["removeIdentity"],
  });
  expect(cloud.namespaces.get("aks-dev/team-a")?.state).toBe("Incomplete");
  refuse();
  await expect(acceptCompensation(acceptance, failed)).rejects.toMatchObject({
    code: "NOTHING_TO_COMPENSATE",
    details: { operation: second.operation },
  });

  const third = await compensate(second.operation);

  expect(third.record?.status).toBe("Succeeded");
  expectNothingLeft(cloud);
  expect(cloud.namespaces.size).toBe(0);
});

it("is one operation however often it is requested, and cannot be canceled", async () => {
  const failed = await failAndLeave(request, "remove identity");
  refuse();

  const first = await acceptCompensation(acceptance, failed);
  const second = await acceptCompensation(acceptance, failed);

  expect(second).toEqual({ ...first, isNew: false });
  await expect(cancelOperation(cloud.ports.registry, first.operation, { by: requester })).rejects.toMatchObject({
    code: "CANCEL_TOO_LATE",
  });
  await expect(acceptOnboarding(acceptance, request)).rejects.toMatchObject({ code: "OPERATION_IN_PROGRESS" });
  await expect(acceptOffboarding(acceptance, request)).rejects.toMatchObject({ code: "OPERATION_IN_PROGRESS" });
});

it("restores the previous state of a namespace whose change failed", async () => {
  const { operation } = await acceptOnboarding(acceptance, { ...request, databases: request.databases.slice(0, 1) });
  await acceptance.run();
  const was = { users: [...(cloud.users.get("sql-dev/messages") ?? [])], objects: [...cloud.objects] };
  const failed = await failAndLeave(request, "change sql-dev/orders", "apply ConfigMap");
  expect(cloud.namespaces.get("aks-dev/team-a")).toMatchObject({ state: "Incomplete", operation: failed });
  expect(cloud.operations.get(failed)?.leftUndone).toEqual(["revokeDatabase sql-dev/orders", "restoreNamespace"]);
  refuse();

  const { record } = await compensate(failed);

  expect(record?.status).toBe("Succeeded");
  expect({ users: [...(cloud.users.get("sql-dev/messages") ?? [])], objects: [...cloud.objects] }).toEqual(was);
  expect(cloud.users.get("sql-dev/orders")?.size).toBe(0);
  const { etag: _etag, ...settled } = cloud.namespaces.get("aks-dev/team-a") ?? {};
  expect(settled).toMatchObject({ state: "Onboarded", operation });
  expect(Object.keys(settled)).not.toEqual(expect.arrayContaining(["compensates"]));
});

it("waits for the moment between the end that the operation shows and its release of the namespace", async () => {
  const key = "aks-dev/team-a";
  let held: ReturnType<typeof cloud.namespaces.get>;
  cloud.onWrite = ({ what }) => {
    if (what === "apply ConfigMap") held = cloud.namespaces.get(key);
  };
  const failed = await failAndLeave(request, "remove identity");
  const free = cloud.namespaces.get(key);
  if (!held || !free) throw new Error("the record is missing");
  expect([held.state, free.state]).toEqual(["Onboarding", "Incomplete"]);
  const plan = () => planCompensationOf({ ports: cloud.ports, by: requester }, failed, {});
  const endWhile = async <T>(act: () => Promise<T>): Promise<T> => {
    cloud.namespaces.set(key, held as NonNullable<typeof held>);
    const acting = act();
    await new Promise((resolve) => setTimeout(resolve, 20));
    cloud.namespaces.set(key, free);
    return await acting;
  };
  refuse();

  expect(await endWhile(plan)).toMatchObject({ steps: [{ name: "removeIdentity", action: "delete" }] });
  expect(await endWhile(() => acceptCompensation(acceptance, failed))).toMatchObject({ isNew: true });
});

it("is refused as in progress where the namespace is not released", async () => {
  let held: ReturnType<typeof cloud.namespaces.get>;
  cloud.onWrite = ({ what }) => {
    if (what === "apply ConfigMap") held = cloud.namespaces.get("aks-dev/team-a");
  };
  const failed = await failAndLeave(request, "remove identity");
  if (held) cloud.namespaces.set("aks-dev/team-a", held);

  await expect(acceptCompensation(acceptance, failed)).rejects.toMatchObject({
    code: "OPERATION_IN_PROGRESS",
    details: { operation: failed },
  });
});

it("refuses an operation that left nothing undone, and one that does not exist", async () => {
  const { operation } = await acceptOnboarding(acceptance, request);
  await acceptance.run();

  await expect(acceptCompensation(acceptance, operation)).rejects.toMatchObject({ code: "NOTHING_TO_COMPENSATE" });
  await expect(acceptCompensation(acceptance, "nothing")).rejects.toMatchObject({ code: "NOT_FOUND" });
});

it("is reported by name, and can be run again, when it did not even reach its first undo", async () => {
  const failed = await failAndLeave(request, "remove identity");
  refuse();
  const { publish } = cloud.ports.events;
  const down = async () => {
    throw new PermanentError("SERVICE_BUS_FORBIDDEN", "publish is refused");
  };
  providePorts({ ...cloud.ports, events: { publish: down } });

  const second = await acceptCompensation(acceptance, failed);
  await acceptance.run();

  expect(cloud.operations.get(second.operation)).toMatchObject({
    status: "Failed",
    error: { code: "COMPENSATION_FAILED", message: expect.stringContaining("removeIdentity") },
    leftUndone: ["removeIdentity"],
  });
  expect(cloud.namespaces.get("aks-dev/team-a")?.state).toBe("Incomplete");
  providePorts({ ...cloud.ports, events: { publish } });
  await compensate(second.operation);
  expectNothingLeft(cloud);
});

it("restores what was onboarded, even if another operation ran in between and was undone", async () => {
  const onboarded = OnboardingRequest.parse({ ...request, databases: [database("messages")] });
  const { operation } = await acceptOnboarding(acceptance, onboarded);
  await acceptance.run();
  const failed = await failAndLeave(request, "change sql-dev/orders");
  expect(cloud.namespaces.get("aks-dev/team-a")?.state).toBe("Incomplete");
  refuse();
  // The second operation must not undo what the first has left.
  await failAndLeave(request);

  const { record } = await compensate(failed);

  expect(record?.status).toBe("Succeeded");
  expect(cloud.namespaces.get("aks-dev/team-a")).toMatchObject({ state: "Onboarded", operation, request: onboarded });
  expect(cloud.users.get("sql-dev/orders")?.size).toBe(0);
});

it("keeps the result of one run of the last step when the runtime records the other run, which failed", async () => {
  const { operation } = await acceptOnboarding(acceptance, request);
  await acceptance.run({
    async execute(name, run) {
      if (name !== "verifyAndConclude") return await run();
      // This run writes the operation's end and nothing else, and the runtime records a failure instead.
      const replaceNamespace = async () => {
        throw new TransientError("REGISTRY_UNAVAILABLE", "the tables are away");
      };
      providePorts({ ...cloud.ports, registry: { ...cloud.ports.registry, replaceNamespace } });
      await run();
      providePorts(cloud.ports);
      return { failure: { code: "ARM_UNAVAILABLE", message: "no answer" } };
    },
  });

  const [identity] = cloud.identities.values();
  const uid = cloud.objects.get("v1 Namespace /team-a")?.metadata.uid;
  expect(uid).toBeDefined();
  expect(cloud.operations.get(operation)?.status).toBe("Succeeded");
  expect(cloud.namespaces.get("aks-dev/team-a")).toMatchObject({
    state: "Onboarded",
    clientId: identity?.clientId,
    namespaceUid: uid,
  });
});
