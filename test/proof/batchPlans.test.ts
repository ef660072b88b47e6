/** When a batch runs, each item ends as the batch's plan said. */

import { createDice, type Dice } from "test-support/random";
import { expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptOnboarding } from "../../src/application/acceptance/acceptance.ts";
import { acceptBatch } from "../../src/application/batch/acceptBatch.ts";
import { planBatch } from "../../src/application/dryRun/planBatch.ts";
import type { Catalog } from "../../src/domain/catalog/catalog.ts";
import type { NamespaceRecord } from "../../src/domain/operation/namespaceRecord.ts";
import { toOperationError } from "../../src/domain/operation/plan.ts";
import type { Stored } from "../../src/domain/operation/records.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { createAcceptanceContext } from "../support/acceptanceContext.ts";
import { createFakeCloud } from "../support/fakeCloud.ts";
import { member, operator, catalog as withTeams } from "../support/teams.ts";

const { auth, teams } = withTeams;
const both = member("red", "blue");

const request = (namespace: string, changes: object = {}) =>
  OnboardingRequest.parse({
    cluster: "aks-dev",
    namespace,
    databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
    ...changes,
  });

function createStage({ quotas = {}, lanes = 4 }: { quotas?: Record<string, number>; lanes?: number } = {}) {
  // No approvals here, since an item that waits for one has no outcome yet; test/sandbox/batch.test.ts covers such a batch.
  const limited: Catalog["teams"] = {};
  for (const [name, team] of Object.entries(teams)) {
    limited[name] = { ...team, approval: [], quota: quotas[name] ?? 100 };
  }
  const cloud = createFakeCloud({ auth, teams: limited, batch: { lanes } });
  providePorts(cloud.ports);
  return { cloud, acceptance: createAcceptanceContext(cloud, both) };
}

type Stage = ReturnType<typeof createStage>;

async function onboard({ cloud }: Stage, wanted: OnboardingRequest, by = both): Promise<void> {
  const acceptance = createAcceptanceContext(cloud, by);
  await acceptOnboarding(acceptance, wanted);
  await acceptance.run();
}

/** Plans the batch, runs it, and returns what the plan said of each item and how it ended. */
async function planAndRun(
  { cloud, acceptance }: Stage,
  requests: readonly OnboardingRequest[],
  random: () => number,
): Promise<{ planned: string[]; became: string[] }> {
  const { items } = await planBatch(acceptance, requests);
  const planned = items.map(({ status, plan, error }) => {
    if (status === "ready") return plan?.operation === undefined ? "done" : "unchanged";
    return status === "refused" ? `refused ${error?.code}` : status;
  });
  const id = await acceptBatch(acceptance, requests, undefined, { isRemovalConfirmed: true });
  await acceptance.run({ random, together: (open) => 1 + Math.floor(random() * open) });
  const became = cloud.itemsOf(id).map(({ status, outcome, operation, error }) => {
    if (status === "Succeeded") return outcome === "unchanged" ? "unchanged" : "done";
    return operation === undefined ? `refused ${error?.code}` : "blocked";
  });
  return { planned, became };
}

it("refuses in the plan what the run refuses: sixteen requests, and one place left in the team's quota", async () => {
  const stage = createStage({ quotas: { red: 3 } });
  await onboard(stage, request("red-a"));
  await onboard(stage, request("red-b"));
  const requests = Array.from({ length: 16 }, (_, index) => request(`red-${index}`));

  const { planned, became } = await planAndRun(stage, requests, createDice(1).next);

  expect(planned).toEqual(["done", ...Array(15).fill("refused QUOTA_EXCEEDED")]);
  expect(became).toEqual(planned);
});

it("says how the quota is used up, and counts only namespaces that are new to the team", async () => {
  const stage = createStage({ quotas: { red: 2 } });
  await onboard(stage, request("red-a"));

  const { items, totals } = await planBatch(stage.acceptance, [request("red-a"), request("red-1"), request("red-2")]);

  expect(totals).toMatchObject({ ready: 2, refused: 1 });
  expect(items[2]?.error?.message).toBe(
    'Team "red" may have 2 namespaces: it has 1, and requests before this one in the batch take 1.',
  );
});

it("refuses a namespace with too many incomplete operations in the plan, as the run does", async () => {
  const stage = createStage();
  await onboard(stage, request("red-a"));
  const [key, record] = [...stage.cloud.namespaces][0] ?? [];
  if (key === undefined || record === undefined) throw new Error("nothing is onboarded");
  let half: Stored<NamespaceRecord> = record;
  for (let depth = 0; depth < 6; depth += 1) {
    const { etag, previous, ...rest } = half;
    half = { ...rest, state: "Incomplete", previous: { ...previousOf(half) }, etag } as Stored<NamespaceRecord>;
  }
  stage.cloud.namespaces.set(key, half);

  const { planned, became } = await planAndRun(stage, [request("red-a")], createDice(1).next);

  expect(planned).toEqual(["refused NAMESPACE_INCOMPLETE"]);
  expect(became).toEqual(planned);
});

function previousOf({ state, operation, request: wanted, requestHash, ...record }: NamespaceRecord) {
  const { requestedBy, acceptedTime, previous } = record;
  return {
    state,
    operation,
    request: wanted,
    requestHash,
    requestedBy,
    acceptedTime,
    ...(previous ? { previous } : {}),
  };
}

/** Sets up whatever a request may meet: something of somebody else's, or of Mooring's own. */
async function furnish(stage: Stage, dice: Dice, name: string): Promise<void> {
  const { cloud } = stage;
  const found = dice.pick(["nothing", "nothing", "nothing", "onboarded", "other", "pod", "held", "half", "foreign"]);
  if (found === "nothing") return;
  if (found === "foreign") {
    const metadata = { name: "app", namespace: name };
    cloud.objects.set(`v1 ServiceAccount ${name}/app`, { apiVersion: "v1", kind: "ServiceAccount", metadata });
    return;
  }
  if (found === "held") {
    await acceptOnboarding(createAcceptanceContext(cloud, operator), request(name, { serviceAccount: "other" }), {
      isRemovalConfirmed: true,
    });
    return;
  }
  const changes = {
    onboarded: {},
    half: {},
    other: { databases: [{ server: "sql-dev", database: "orders", roles: ["reader"] }] },
    pod: { identityMode: "podIdentity" },
  }[found];
  await onboard(stage, request(name, changes), dice.chance(0.3) ? operator : both);
  const record = cloud.namespaces.get(`aks-dev/${name}`);
  if (found !== "half" || !record) return;
  const error = toOperationError("UNEXPECTED", "broke off");
  cloud.namespaces.set(`aks-dev/${name}`, { ...record, state: "Incomplete" } as Stored<NamespaceRecord>);
  const operation = cloud.operations.get(record.operation);
  if (operation) cloud.operations.set(record.operation, { ...operation, status: "Failed", error });
}

const rounds = Array.from({ length: 60 }, (_, index) => index + 1);

it.each(rounds)("predicts the outcome of every item: %i", async (seed) => {
  const dice = createDice(seed);
  const names = dice.shuffle(
    Array.from(
      { length: 3 + dice.roll(10) },
      (_, index) => `${dice.pick(["red", "red", "blue", "shared", "green"])}-${index}`,
    ),
  );
  const open = createStage({ lanes: 1 + dice.roll(5) });
  for (const name of names) if (!/^(shared|green)/.test(name)) await furnish(open, dice, name);
  // There may already be more than the quota allows.
  const has = (team: string) => [...open.cloud.namespaces.values()].filter((record) => record.team === team).length;
  const quotas = Object.fromEntries(["red", "blue"].map((team) => [team, Math.max(1, has(team) - 1 + dice.roll(6))]));
  const catalog = createStage({ quotas, lanes: open.cloud.ports.catalog.batch.lanes }).cloud.ports.catalog;
  const ports = { ...open.cloud.ports, catalog };
  providePorts(ports);
  const stage: Stage = { cloud: { ...open.cloud, ports }, acceptance: createAcceptanceContext({ ports }, both) };
  const requests = names.map((name) =>
    request(name, {
      ...(name.startsWith("shared") && dice.chance(0.8) ? { team: dice.pick(["red", "blue"]) } : {}),
      ...(dice.chance(0.1) ? { databases: [{ server: "sql-dev", database: "orders", roles: ["writer"] }] } : {}),
    }),
  );

  const { planned, became } = await planAndRun(stage, requests, dice.next);

  expect(became).toEqual(planned);
});
