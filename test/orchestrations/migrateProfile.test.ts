/**
 * A migration of a namespace whose profile has a network policy: pods of both modes get their tokens as long as both are in place, and
 * in the end the policy opens what the new mode needs and nothing of the other.
 */
import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptOffboarding, acceptOnboarding, acceptUpkeep } from "../../src/application/acceptance/acceptance.ts";
import { planMigration } from "../../src/application/dryRun/planMigration.ts";
import { planRepairOf } from "../../src/application/dryRun/planRepairOf.ts";
import { inspectNamespace } from "../../src/application/inspection/inspection.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import { besideOf, MigrationPhase, MigrationRequest } from "../../src/domain/operation/migration.ts";
import type { OperationRecord } from "../../src/domain/operation/records.ts";
import { type IdentityMode, OnboardingRequest } from "../../src/domain/request/request.ts";
import { shorten } from "../../src/domain/watching/audit.ts";
import { createAcceptanceContext, type TestAcceptanceContext } from "../support/acceptanceContext.ts";
import { catalog, createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { migrateAsAsked } from "../support/operations.ts";

const [login, proxy, server] = ["20.190.128.0/18", "10.9.0.1/32", "10.1.0.4/32"];
const openedIn: Readonly<Partial<Record<IdentityMode, string>>> = { workloadIdentity: login, identityBinding: proxy };
const ways = [
  { from: "workloadIdentity", to: "identityBinding" },
  { from: "identityBinding", to: "workloadIdentity" },
] as const;

function closedCatalog(): Catalog {
  const { clusters, sqlServers } = structuredClone(catalog);
  const network = { login: { addresses: [login] }, tokenProxy: { addresses: [proxy] } };
  return Catalog.parse({
    ...structuredClone(catalog),
    clusters: { "aks-dev": { ...clusters["aks-dev"], network } },
    sqlServers: { "sql-dev": { ...sqlServers["sql-dev"], network: { addresses: [server] } } },
    profiles: { closed: { network: {} } },
  });
}

function requestIn(identityMode: IdentityMode): OnboardingRequest {
  return OnboardingRequest.parse({
    cluster: "aks-dev",
    namespace: "team-b",
    identityMode,
    namespaceProfile: "closed",
    databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
  });
}

let cloud: FakeCloud;
let acceptance: TestAcceptanceContext;

async function onboardIn(mode: IdentityMode): Promise<void> {
  cloud = createFakeCloud(closedCatalog());
  providePorts(cloud.ports);
  acceptance = createAcceptanceContext(cloud);
  const { operation } = await acceptOnboarding(acceptance, requestIn(mode));
  await acceptance.run();
  expect(cloud.operations.get(operation)?.error?.message).toBeUndefined();
}

async function migrate(to: IdentityMode, until: MigrationPhase = "retire"): Promise<OperationRecord> {
  return await migrateAsAsked(acceptance, requestIn(to), { asked: { to, until } });
}

function cancelAfter(write: string): void {
  cloud.onWrite = ({ what, when }) => {
    if (what !== write || when !== "after") return;
    for (const each of cloud.operations.values()) {
      if (each.kind !== "migrate" || each.status !== "Running") continue;
      cloud.operations.set(each.id, { ...each, cancel: { by: "ann", time: "2026-11-24T00:00:00.000Z" } });
    }
  };
}

const policy = "networking.k8s.io/v1 NetworkPolicy team-b/mooring-network";

/** The blocks that pods may reach, besides DNS. */
function opened(): readonly string[] {
  const blocks = [...JSON.stringify(cloud.objects.get(policy) ?? {}).matchAll(/"cidr":"([^"]+)"/g)].map(
    ([, block = ""]) => block,
  );
  return blocks.filter((block) => !block.startsWith("169.254.10.")).toSorted();
}

async function findings() {
  const { request, clientId, migration } = cloud.namespaces.get("aks-dev/team-b") ?? {};
  if (!request) throw new Error("the namespace has no record");
  return await inspectNamespace(cloud.ports, { request, clientId, modeBeside: besideOf(request, migration) });
}

const open = (...modes: readonly IdentityMode[]) => [server, ...modes.map((mode) => openedIn[mode])].toSorted();

describe.each(ways)("from $from to $to", ({ from, to }) => {
  beforeEach(() => onboardIn(from));

  it("does what was planned, and opens what the new mode needs alone", async () => {
    const plan = await planMigration(acceptance, requestIn(to), { wanted: MigrationRequest.parse({ to }) });
    expect(plan).toMatchObject({ blocked: false });

    const operation = await migrate(to);

    expect(operation.error?.message).toBeUndefined();
    const steps = [...cloud.steps].filter(([key]) => key.startsWith(`${operation.id} `)).map(([, step]) => step);
    expect(steps.map((step) => `${step.name} ${step.action}`)).toEqual(
      plan.steps.map((step) => `${step.name} ${step.action}`),
    );
    // The policy is closed as it was opened, and not as it was before.
    for (const name of ["openNetwork", "closeNetwork"]) {
      const [did, planned] = [steps, plan.steps].map(
        (all) => all.find((step) => step.name === name)?.differences ?? [],
      );
      expect(did, name).toEqual(shorten(planned ?? []));
    }
    expect(opened()).toEqual(open(to));
    expect(await findings()).toEqual([]);
  });

  it("lets pods of both modes get their tokens in between", async () => {
    for (const phase of MigrationPhase.options) {
      expect((await migrate(to, phase)).error?.message, phase).toBeUndefined();
      const isBoth = phase !== "inventory" && phase !== "retire";
      expect(opened(), phase).toEqual(isBoth ? open(from, to) : open(phase === "retire" ? to : from));
      expect(await findings(), phase).toEqual([]);
    }
  });

  it.each(["sideBySide", "verify", "cutOver", "retire"] as const)("goes back after %s", async (phase) => {
    await migrate(to, phase);

    expect((await migrate(from)).error?.message).toBeUndefined();
    expect(opened()).toEqual(open(from));
    expect(await findings()).toEqual([]);
  });

  it("closes again what it opened when it fails", async () => {
    cloud.onWrite = ({ what, when }) => {
      if (/^put (credential|binding)$/.test(what) && when === "before") throw new PermanentError("ARM_FORBIDDEN", what);
    };

    expect(await migrate(to)).toMatchObject({ status: "Failed", error: { code: "ARM_FORBIDDEN" } });
    expect(opened()).toEqual(open(from));
  });

  it("is as before when it is canceled after any write", async () => {
    const written = new Set<string>();
    cloud.onWrite = ({ what }) => written.add(what);
    await migrate(to);
    for (const write of written) {
      await onboardIn(from);
      cancelAfter(write);
      expect(await migrate(to), write).toMatchObject({ status: "Canceled" });
      expect(opened(), write).toEqual(open(from));
      expect(await findings(), write).toEqual([]);
    }
  });

  it("keeps open what an earlier phase opened when the next is canceled", async () => {
    await migrate(to, "verify");
    cancelAfter("apply NetworkPolicy");

    expect(await migrate(to)).toMatchObject({ status: "Canceled" });
    expect(opened()).toEqual(open(from, to));
    expect(await findings()).toEqual([]);
  });

  it.each(["sideBySide", "cutOver"] as const)("is repaired after %s with what both modes need", async (phase) => {
    await migrate(to, phase);
    cloud.objects.delete(policy);

    const plan = await planRepairOf(acceptance, requestIn(to));
    await acceptUpkeep(acceptance, "Repairing", { namespaceRef: requestIn(to), prepare: () => ({}) });
    await acceptance.run();

    expect(plan.steps.find(({ name }) => name === "applyProfile")).toMatchObject({ action: "create" });
    expect(opened()).toEqual(open(from, to));
    expect((await migrate(to)).error?.message).toBeUndefined();
    expect(opened()).toEqual(open(to));
  });

  it("offboards with everything when it has stopped between", async () => {
    await migrate(to, "cutOver");

    await acceptOffboarding(acceptance, requestIn(to));
    await acceptance.run();

    expect([...cloud.objects.values()].map(({ kind }) => kind)).toEqual(["MutatingWebhookConfiguration"]);
  });
});
