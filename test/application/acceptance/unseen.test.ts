/**
 * Response time must not reveal what a caller may not see. Counted in calls of the registry: a namespace of another team
 * costs the same ones as one that does not exist, whatever its state.
 */
import { beforeEach, describe, expect, it } from "vitest";
import { providePorts } from "../../../src/activities/host.ts";
import {
  type AcceptanceContext,
  acceptOffboarding,
  acceptOnboarding,
  acceptUpkeep,
} from "../../../src/application/acceptance/acceptance.ts";
import { planDeletion } from "../../../src/application/dryRun/planDeletion.ts";
import { planMigration } from "../../../src/application/dryRun/planMigration.ts";
import { planRepairOf } from "../../../src/application/dryRun/planRepairOf.ts";
import { planRequest } from "../../../src/application/dryRun/planRequest.ts";
import { MigrationRequest } from "../../../src/domain/operation/migration.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import type { Registry } from "../../../src/ports/registry.ts";
import { createAcceptanceContext } from "../../support/acceptanceContext.ts";
import { createFakeCloud, type FakeCloud } from "../../support/fakeCloud.ts";
import { member, catalog as withTeams } from "../../support/teams.ts";

let cloud: FakeCloud;
let calls: string[];
let blue: AcceptanceContext;

beforeEach(() => {
  cloud = createFakeCloud();
  calls = [];
  const { registry } = cloud.ports;
  const counting = new Proxy<Registry>(registry, {
    get(target, name: keyof Registry) {
      const call = target[name];
      return (...args: never[]) => {
        calls.push(name);
        return (call as (...args: never[]) => unknown)(...args);
      };
    },
  });
  blue = createAcceptanceContext({ ports: { ...cloud.ports, registry: counting, catalog: withTeams } }, member("blue"));
});

const request = (namespace: string) =>
  OnboardingRequest.parse({
    cluster: "aks-dev",
    namespace,
    databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
  });
const there = request("shared-there");
const notThere = request("shared-nowhere");

/** Red's namespace, and the operation that holds it: running, or ended before the namespace was released. */
const states: Readonly<Record<string, () => Promise<void>>> = {
  "is onboarded": async () => await onboardForRed(),
  "is held by an operation that runs": async () => {
    await onboardForRed();
    await acceptOffboarding(acceptanceContextOfRed(), there);
  },
  "is held by an operation that has just ended": async () => {
    await onboardForRed();
    const { operation } = await acceptOffboarding(acceptanceContextOfRed(), there);
    await cloud.ports.registry.updateOperation(operation, { status: "Failed" });
  },
};

function acceptanceContextOfRed() {
  const ports = { ...cloud.ports, catalog: withTeams };
  providePorts(ports);
  return createAcceptanceContext({ ports }, member("red"));
}

async function onboardForRed(): Promise<void> {
  const acceptance = acceptanceContextOfRed();
  await acceptOnboarding(acceptance, there);
  await acceptance.run();
}

async function callsOf(ask: () => Promise<unknown>): Promise<{ calls: readonly string[]; code: unknown }> {
  calls.length = 0;
  const code: unknown = await ask().then(
    () => "accepted",
    (error: unknown) => (error instanceof Error && "code" in error ? error.code : error),
  );
  return { calls: [...calls], code };
}

const asks: Readonly<Record<string, (namespace: OnboardingRequest) => Promise<unknown>>> = {
  repair: (namespaceRef) => acceptUpkeep(blue, "Repairing", { namespaceRef, prepare: () => ({}) }),
  "dry run of a repair": (namespaceRef) => planRepairOf(blue, namespaceRef),
  offboarding: (namespaceRef) => acceptOffboarding(blue, namespaceRef),
  "dry run of an offboarding": (namespaceRef) => planDeletion(blue, namespaceRef),
  "dry run of a migration": (namespaceRef) => planMigration(blue, namespaceRef, { wanted: MigrationRequest.parse({}) }),
};

describe.each(Object.entries(states))("another team's namespace that %s", (_state, come) => {
  it.each(Object.entries(asks))("costs the same calls as one that does not exist: %s", async (_what, ask) => {
    await come();

    const unseen = await callsOf(() => ask(there));

    expect(unseen.code).toBe("NOT_ONBOARDED");
    expect(unseen).toEqual(await callsOf(() => ask(notThere)));
  });

  it("is refused before the operation that holds it is looked up", async () => {
    await come();

    for (const ask of [() => acceptOnboarding(blue, there), () => planRequest(blue, there)]) {
      expect(await callsOf(ask)).toEqual({ code: "NAMESPACE_TAKEN", calls: ["getNamespace"] });
    }
  });
});
