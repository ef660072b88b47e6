/** Acceptance with teams, on the fake cloud: ownership, quotas, and what is checked again when the operation runs. */
import { beforeEach, expect, it } from "vitest";
import { providePorts } from "../../../src/activities/host.ts";
import { acceptOffboarding, acceptOnboarding } from "../../../src/application/acceptance/acceptance.ts";
import type { Caller } from "../../../src/domain/access/caller.ts";
import type { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { createSerial } from "../../../src/domain/serial.ts";
import type { Ports } from "../../../src/ports/index.ts";
import { confirmed, createAcceptanceContext, type TestAcceptanceContext } from "../../support/acceptanceContext.ts";
import { createFakeCloud, type FakeCloud } from "../../support/fakeCloud.ts";
import { member, operator, catalog as withTeams } from "../../support/teams.ts";

let cloud: FakeCloud;

beforeEach(() => {
  cloud = createFakeCloud();
});

/** On an instance of the service of its own. */
function acceptanceContextOf(by: Caller, catalog: Catalog = withTeams): TestAcceptanceContext {
  const ports: Ports = { ...cloud.ports, admissions: createSerial(), catalog };
  providePorts(ports);
  return createAcceptanceContext({ ports }, by);
}

const request = (namespace: string, changes: object = {}) =>
  OnboardingRequest.parse({
    cluster: "aks-dev",
    namespace,
    databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
    ...changes,
  });

async function onboard(by: Caller, wanted: OnboardingRequest, options = {}): Promise<string> {
  const acceptance = acceptanceContextOf(by);
  const { operation } = await acceptOnboarding(acceptance, wanted, options);
  await acceptance.run();
  return operation;
}

it("records the namespace's team and UID", async () => {
  await onboard(member("red"), request("red-1"));

  const uid = cloud.objects.get("v1 Namespace /red-1")?.metadata.uid;
  expect(cloud.namespaces.get("aks-dev/red-1")).toMatchObject({ team: "red", namespaceUid: uid, state: "Onboarded" });
  expect([...cloud.operations.values()]).toMatchObject([{ team: "red", status: "Succeeded" }]);
});

it("treats a request that names the team like one that does not", async () => {
  const first = await onboard(member("red"), request("red-1"));

  const again = await acceptOnboarding(acceptanceContextOf(member("red")), request("red-1", { team: "red" }));

  expect(again).toEqual({ operation: first, kind: "onboard", isNew: false, isUnchanged: true });
});

it("lets a team have as many namespaces as its quota when fifty requests arrive concurrently", async () => {
  const acceptance = acceptanceContextOf(member("red"));
  const outcomes = await Promise.allSettled(
    Array.from({ length: 50 }, (_, index) => acceptOnboarding(acceptance, request(`red-${index}`))),
  );

  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "QUOTA_EXCEEDED" });
  }
  expect(cloud.namespaces.size).toBe(3);
  await expect(acceptOnboarding(acceptanceContextOf(member("blue")), request("blue-1"))).resolves.toMatchObject({
    isNew: true,
  });
});

it("gives the same request the same operation, even when it fills its team's quota", async () => {
  const { registry } = cloud.ports;
  for (const name of ["red-a", "red-b"]) await registry.insertNamespace(other(name));
  const acceptance = acceptanceContextOf(member("red"));
  // Another instance of the service has its own admission queue.
  const there = { ...acceptance, ports: { ...acceptance.ports, admissions: createSerial() } };

  const answers = await Promise.all(
    [acceptance, acceptance, there].map((each) => acceptOnboarding(each, request("red-c"))),
  );

  expect(new Set(answers.map(({ operation }) => operation)).size).toBe(1);
  expect(cloud.namespaces.size).toBe(3);
});

it("gives a repeated take-over the same operation", async () => {
  await onboard(member("red"), request("shared-1"));
  const wanted = request("shared-1", { team: "blue" });

  const first = await acceptOnboarding(acceptanceContextOf(operator), wanted, { takeOver: true });

  const again = await acceptOnboarding(acceptanceContextOf(operator), wanted, { takeOver: true });

  expect(first.isNew).toBe(true);
  expect(again).toMatchObject({ operation: first.operation, isNew: false });
});

it("withdraws when another instance was faster, and fails the operation for everyone who got its id", async () => {
  const acceptance = acceptanceContextOf(member("red"));
  const wanted = request("red-mine");
  // Meanwhile the same request arrives a second time.
  const racing = overtaken(acceptance.ports, () => acceptOnboarding(acceptanceContextOf(member("red")), wanted));

  await expect(acceptOnboarding({ ...acceptance, ports: racing }, wanted)).rejects.toMatchObject({
    code: "QUOTA_EXCEEDED",
  });

  expect(cloud.namespaces.has("aks-dev/red-mine")).toBe(false);
  expect([...cloud.operations.values()]).toMatchObject([
    { namespace: "red-mine", status: "Failed", error: { code: "QUOTA_EXCEEDED" } },
  ]);
});

it("fails the operation of a later request that read the record just before it was withdrawn", async () => {
  const acceptance = acceptanceContextOf(member("red"));
  const { registry } = acceptance.ports;
  const wanted = request("red-mine");
  const racing = overtaken(acceptance.ports);
  // The second request reads the record while it exists, and records its operation once the first has been refused.
  const slow: Ports = {
    ...acceptance.ports,
    registry: {
      ...registry,
      async insertOperation(record) {
        await first.catch(() => undefined);
        await registry.insertOperation(record);
      },
    },
  };
  const removeNamespace = Promise.withResolvers<void>();
  const first: Promise<unknown> = acceptOnboarding(
    {
      ...acceptance,
      ports: {
        ...racing,
        registry: {
          ...racing.registry,
          async removeNamespace(record) {
            removeNamespace.resolve();
            await new Promise((resolve) => setImmediate(resolve));
            return registry.removeNamespace(record);
          },
        },
      },
    },
    wanted,
  );
  first.catch(() => undefined);
  await removeNamespace.promise;

  const second = await acceptOnboarding({ ...acceptanceContextOf(member("red")), ports: slow }, wanted);

  await expect(first).rejects.toMatchObject({ code: "QUOTA_EXCEEDED" });
  expect(await registry.getOperation(second.operation)).toMatchObject({
    status: "Failed",
    error: { code: "QUOTA_EXCEEDED" },
  });
});

/** Ports of an instance that finds room in the quota, and whose team has filled it elsewhere by the second count. */
function overtaken(ports: Ports, meanwhile: () => Promise<unknown> = async () => undefined): Ports {
  const { registry } = ports;
  let counted = 0;
  return {
    ...ports,
    registry: {
      ...registry,
      async countNamespaces(team) {
        counted += 1;
        if (counted === 2) {
          for (const name of ["red-a", "red-b", "red-c"]) await registry.insertNamespace(other(name));
          await meanwhile();
        }
        return registry.countNamespaces(team);
      },
    },
  };
}

function other(namespace: string) {
  return {
    cluster: "aks-dev",
    namespace,
    state: "Onboarded" as const,
    operation: namespace,
    request: request(namespace),
    requestHash: namespace,
    requestedBy: "other",
    acceptedTime: "2026-11-24T00:00:00.000Z",
    team: "red",
  };
}

it("stops an operation whose team may no longer request it when it runs", async () => {
  const acceptance = acceptanceContextOf(member("red"));
  const { operation } = await acceptOnboarding(acceptance, request("red-1"));
  const { red: _red, ...others } = withTeams.teams;
  providePorts({ ...cloud.ports, catalog: { ...withTeams, teams: others } });

  await acceptance.run();

  expect(cloud.operations.get(operation)).toMatchObject({ status: "Failed", error: { code: "NOT_ALLOWED" } });
  expect(cloud.identities.size).toBe(0);
});

it("hides another team's namespace from an offboarding, and accepts the offboarding from an operator", async () => {
  await onboard(member("red"), request("red-1"));

  await expect(acceptOffboarding(acceptanceContextOf(member("blue")), request("red-1"))).rejects.toMatchObject({
    code: "NOT_ONBOARDED",
  });
  await expect(acceptOffboarding(acceptanceContextOf(operator), request("red-1"))).resolves.toMatchObject({
    isNew: true,
  });
});

it("keeps what an operator onboarded for no team from every team until the operator gives it to one", async () => {
  await onboard(operator, request("shared-1"));

  await expect(acceptOnboarding(acceptanceContextOf(member("red")), request("shared-1"))).rejects.toMatchObject({
    code: "NAMESPACE_TAKEN",
  });
  await onboard(operator, request("shared-1", { team: "red" }), { takeOver: true });

  expect(cloud.namespaces.get("aks-dev/shared-1")).toMatchObject({ team: "red", state: "Onboarded" });
  await expect(acceptOnboarding(acceptanceContextOf(member("red")), request("shared-1"))).resolves.toMatchObject({
    isNew: false,
  });
});

it("leaves a namespace with its first owner, resources intact, when a take-over fails", async () => {
  await onboard(member("red"), request("shared-1"));
  const acceptance = acceptanceContextOf(operator);
  const { operation } = await acceptOnboarding(acceptance, request("shared-1", { team: "blue" }), { takeOver: true });
  const { blue: _blue, ...others } = withTeams.teams;
  providePorts({ ...cloud.ports, catalog: { ...withTeams, teams: others } });

  await acceptance.run();

  expect(cloud.operations.get(operation)?.status).toBe("Failed");
  expect(cloud.namespaces.get("aks-dev/shared-1")).toMatchObject({ state: "Onboarded", team: "red" });
  expect(cloud.identities.size).toBe(1);
});

it("refuses to take over a namespace that an operation holds; a take-over with another request is a change", async () => {
  await acceptOnboarding(acceptanceContextOf(member("red")), request("shared-1"));
  await expect(
    acceptOnboarding(acceptanceContextOf(operator), request("shared-1"), { takeOver: true }),
  ).rejects.toMatchObject({
    code: "OPERATION_IN_PROGRESS",
  });

  await onboard(member("blue"), request("blue-1"));
  const other = request("blue-1", { serviceAccount: "other" });
  await expect(
    acceptOnboarding(acceptanceContextOf(operator), other, { ...confirmed, takeOver: true }),
  ).resolves.toMatchObject({
    kind: "change",
  });
});
