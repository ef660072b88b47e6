/** Migrations from every identity mode to every other: each stop, each failing write, each cancel, and the way back. */
import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptOffboarding, acceptOnboarding } from "../../src/application/acceptance/acceptance.ts";
import { planMigration } from "../../src/application/dryRun/planMigration.ts";
import { inspectNamespace } from "../../src/application/inspection/inspection.ts";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import { automaticCredential, identityName } from "../../src/domain/naming/names.ts";
import { besideOf, MigrationPhase, MigrationRequest, modeLeft } from "../../src/domain/operation/migration.ts";
import type { OperationRecord } from "../../src/domain/operation/records.ts";
import { podParts } from "../../src/domain/request/identityModes.ts";
import { IdentityMode, OnboardingRequest } from "../../src/domain/request/request.ts";
import { hashRequest } from "../../src/domain/request/requestHash.ts";
import type { KubernetesObject } from "../../src/ports/kubernetes.ts";
import { createAcceptanceContext, type TestAcceptanceContext } from "../support/acceptanceContext.ts";
import { createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { migrateAsAsked } from "../support/operations.ts";

const modes = IdentityMode.options;
const ways = modes.flatMap((from) => modes.filter((to) => to !== from).map((to) => ({ from, to })));

function requestIn(identityMode: IdentityMode): OnboardingRequest {
  return OnboardingRequest.parse({
    cluster: "aks-dev",
    namespace: "team-b",
    identityMode,
    databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
  });
}
const name = identityName(requestIn("workloadIdentity"));

let cloud: FakeCloud;
let acceptance: TestAcceptanceContext;
let written: string[];

async function onboardIn(mode: IdentityMode): Promise<void> {
  cloud = createFakeCloud();
  providePorts(cloud.ports);
  acceptance = createAcceptanceContext(cloud);
  await acceptOnboarding(acceptance, requestIn(mode));
  await acceptance.run();
  listen();
}

function listen(): void {
  written = [];
  cloud.onWrite = ({ what, when }) => {
    if (when === "before") written.push(what);
  };
}

async function migrate(to: IdentityMode, until: MigrationPhase = "retire"): Promise<OperationRecord> {
  return await migrateAsAsked(acceptance, requestIn(to), { asked: { to, until } });
}

function record() {
  const found = cloud.namespaces.get("aks-dev/team-b");
  if (!found) throw new Error("the namespace has no record");
  return found;
}

async function findings() {
  const { request, clientId, migration } = record();
  const found = await inspectNamespace(cloud.ports, { request, clientId, modeBeside: besideOf(request, migration) });
  return found.map(({ code }) => code);
}

const inNamespace: Readonly<Record<IdentityMode, readonly string[]>> = {
  podIdentity: ["AzureIdentity", "AzureIdentityBinding"],
  workloadIdentity: ["ServiceAccount"],
  identityBinding: ["ClusterRole", "ClusterRoleBinding", "ServiceAccount"],
};

/** Everything of one mode is there, and nothing of another. */
async function expectWhole(mode: IdentityMode): Promise<void> {
  expect(record()).toMatchObject({ state: "Onboarded", request: { identityMode: mode } });
  expect(record().migration).toBeUndefined();
  expect(record().requestHash).toBe(hashRequest(record().request));
  const others = ["ConfigMap", "Namespace", "MutatingWebhookConfiguration", "Pod"];
  const kinds = [...cloud.objects.values()].map(({ kind }) => kind).filter((kind) => !others.includes(kind));
  expect(kinds.toSorted()).toEqual(inNamespace[mode]);
  const credentials = (cloud.credentials.get(name) ?? []).map((each) =>
    each.name === automaticCredential ? "automatic" : "own",
  );
  expect(credentials).toEqual({ podIdentity: [], workloadIdentity: ["own"], identityBinding: ["automatic"] }[mode]);
  expect(cloud.bindings.size).toBe(mode === "identityBinding" ? 1 : 0);
  expect(await findings()).toEqual([]);
}

function runPod(mode: IdentityMode): void {
  const { metadata, spec } = podParts(requestIn(mode));
  const object: KubernetesObject = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `app-${mode}`, namespace: "team-b", ...metadata },
    spec,
    status: { phase: "Running" },
  };
  cloud.objects.set(`v1 Pod team-b/app-${mode}`, object);
}

describe.each(ways)("from $from to $to", ({ from, to }) => {
  beforeEach(() => onboardIn(from));

  it("does what was planned, at once or phase by phase", async () => {
    const wanted = MigrationRequest.parse({ to });
    const plan = await planMigration(acceptance, requestIn(to), { wanted });
    expect(plan).toMatchObject({ blocked: false });
    const operation = await migrate(to);

    expect(operation, operation.error?.message).toMatchObject({ status: "Succeeded" });
    const did = [...cloud.steps]
      .filter(([key]) => key.startsWith(`${operation.id} `))
      .map(([, step]) => `${step.name} ${step.action}`);
    expect(did).toEqual(plan.steps.map((step) => `${step.name} ${step.action}`));
    await expectWhole(to);

    await onboardIn(from);
    for (const phase of MigrationPhase.options) {
      expect((await migrate(to, phase)).error?.message).toBeUndefined();
      expect(await findings()).toEqual([]);
    }
    await expectWhole(to);
  });

  it.each(MigrationPhase.exclude(["inventory"]).options)(
    "goes back from where it has stopped after %s",
    async (phase) => {
      expect((await migrate(to, phase)).status).toBe("Succeeded");
      const stopped = record().migration;
      if (stopped) expect(modeLeft(stopped)).toBe(from);

      expect((await migrate(from)).error?.message).toBeUndefined();
      await expectWhole(from);
    },
  );

  it("keeps what pods of the mode that is left use until the last one has gone", async () => {
    runPod(from);
    cloud.ports.catalog.migration.waitForPodsMinutes = 0;
    const before = cloud.credentials.get(name)?.map((each) => each.name) ?? [];

    const blocked = await migrate(to);

    expect(blocked.error?.code).toMatch(/^PODS_STILL_USE_/);
    expect(record().migration).toMatchObject({ completed: "cutOver" });
    expect(cloud.credentials.get(name)?.map((each) => each.name) ?? []).toEqual(expect.arrayContaining(before));
    expect(await findings()).toEqual([]);
    cloud.objects.delete(`v1 Pod team-b/app-${from}`);
    runPod(to);
    expect((await migrate(to)).error?.message).toBeUndefined();
    await expectWhole(to);
  });

  it("undoes the phase in which a write is refused, whichever that is, and can go on", async () => {
    expect((await migrate(to)).status).toBe("Succeeded");
    const writes = [...new Set(written)];
    expect(writes.length).toBeGreaterThan(1);
    for (const write of writes) {
      await onboardIn(from);
      cloud.onWrite = ({ what, when }) => {
        if (what === write && when === "before") throw new PermanentError("KUBERNETES_FORBIDDEN", `${what} is refused`);
      };
      const failed = await migrate(to);
      expect(failed, write).toMatchObject({ status: "Failed" });
      listen();
      expect(await findings(), write).toEqual([]);
      expect((await migrate(to)).error?.message, write).toBeUndefined();
      await expectWhole(to);
    }
  });

  it("succeeds when the answer to a write is lost every time", async () => {
    expect((await migrate(to)).status).toBe("Succeeded");
    for (const write of new Set(written)) {
      await onboardIn(from);
      cloud.onWrite = ({ what, when }) => {
        if (what === write && when === "after") throw new TransientError("CLUSTER_UNREACHABLE", "no answer came");
      };
      expect((await migrate(to)).error?.message, write).toBeUndefined();
      await expectWhole(to);
    }
  });

  it("undoes everything when it is canceled after a write", async () => {
    expect((await migrate(to)).status).toBe("Succeeded");
    for (const write of new Set(written)) {
      await onboardIn(from);
      cloud.onWrite = ({ what, when }) => {
        if (what !== write || when !== "after") return;
        for (const each of cloud.operations.values()) {
          if (each.kind !== "migrate" || each.status !== "Running") continue;
          cloud.operations.set(each.id, { ...each, cancel: { by: "ann", time: "2026-11-24T00:00:00.000Z" } });
        }
      };
      expect(await migrate(to), write).toMatchObject({
        status: "Canceled",
        error: { message: expect.stringContaining("ann") },
      });
      listen();
      await expectWhole(from);
      expect((await migrate(to)).error?.message, write).toBeUndefined();
    }
  });
});

it.each(ways)(
  "plans, from $from to $to, that what the migration does not make has to be intact",
  async ({ from, to }) => {
    const made: Readonly<Record<string, readonly IdentityMode[]>> = {
      "v1 ConfigMap team-b/mooring-databases": [],
      "v1 ServiceAccount team-b/app": ["workloadIdentity", "identityBinding"],
    };
    for (const [key, madeBy] of Object.entries(made)) {
      await onboardIn(from);
      const object = cloud.objects.get(key);
      if (!object) continue;
      cloud.objects.set(key, { ...object, data: {}, metadata: { ...object.metadata, annotations: {} } });

      const plan = await planMigration(acceptance, requestIn(to), { wanted: MigrationRequest.parse({ to }) });
      const operation = await migrate(to);

      const isShared = madeBy.length === 0 || madeBy.includes(to);
      expect(plan.blocked, key).toBe(isShared);
      expect(operation.error?.code, key).toBe(isShared ? "VERIFICATION_FAILED" : undefined);
      if (isShared) expect(written, key).toEqual([]);
    }
  },
);

it("does not leave a stopped migration for a third mode", async () => {
  await onboardIn("workloadIdentity");
  await migrate("identityBinding", "sideBySide");

  await expect(migrate("podIdentity")).rejects.toMatchObject({ code: "MIGRATION_PENDING" });
});

it.each(ways)("offboards from $from, stopped on the way to $to, until nothing is left", async ({ from, to }) => {
  await onboardIn(from);
  await migrate(to, "sideBySide");

  await acceptOffboarding(acceptance, requestIn(from));
  await acceptance.run();

  expect(cloud.namespaces.size).toBe(0);
  expect([...cloud.objects.values()].map(({ kind }) => kind)).toEqual(["MutatingWebhookConfiguration"]);
  expect([cloud.bindings.size, cloud.identities.size, cloud.credentials.size]).toEqual([0, 0, 0]);
});
