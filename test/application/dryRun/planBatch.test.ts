import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { planBatch } from "../../../src/application/dryRun/planBatch.ts";
import { Refusal } from "../../../src/domain/policy/refusal.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import type { Ports } from "../../../src/ports/index.ts";
import { requester } from "../../support/acceptanceContext.ts";
import { createFakeCloud } from "../../support/fakeCloud.ts";

const { ports } = createFakeCloud();
const claimContext = { ports, by: requester };
const requests = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    OnboardingRequest.parse({
      cluster: "aks-dev",
      namespace: `team-${index}`,
      databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
    }),
  );
const good = { steps: [], blocked: false, needsApproval: [] };

it("plans a few at a time, and returns the plans in the order of the requests", async () => {
  let running = 0;
  let most = 0;
  const plan = async () => {
    running += 1;
    most = Math.max(most, running);
    await sleep(Math.random() * 5);
    running -= 1;
    return good;
  };

  const { totals, items } = await planBatch(claimContext, requests(50), { plan });

  expect(most).toBe(8);
  expect(items.map(({ index, namespace }) => `${index} ${namespace}`)).toEqual(
    requests(50).map(({ namespace }, index) => `${index} ${namespace}`),
  );
  expect(totals).toEqual({ requests: 50, ready: 50, blocked: 0, refused: 0, notPlanned: 0 });
});

it("labels each item ready, blocked, refused, or not planned for lack of time", async () => {
  const plan = async (_claimContext: unknown, { namespace }: OnboardingRequest) => {
    if (namespace === "team-1") throw new Refusal("MODE_CHANGE_REFUSED", "no");
    if (namespace === "team-7") await sleep(60);
    return { ...good, blocked: namespace === "team-2" };
  };

  const { totals, items } = await planBatch(claimContext, requests(4), { plan });
  const late = await planBatch(claimContext, requests(4), { plan, limitMs: 0 });

  expect(items.map(({ status }) => status)).toEqual(["ready", "refused", "blocked", "ready"]);
  expect(items[1]).toMatchObject({ error: { code: "MODE_CHANGE_REFUSED" } });
  expect(totals).toMatchObject({ ready: 2, blocked: 1, refused: 1 });
  expect(late.totals).toMatchObject({ notPlanned: 4 });
});

it("refuses an item in object form by its own field names", async () => {
  const plan = async () => {
    throw new Refusal("NOT_ALLOWED", "/databases/0/server is not yours; /namespace is not, either");
  };

  const { items } = await planBatch(claimContext, requests(2), {
    plan,
    sentAs: [{}, { namespaceField: "/metadata/name" }],
  });

  expect(items.map(({ error }) => error?.message)).toEqual([
    "/databases/0/server is not yours; /namespace is not, either",
    "/spec/databases/0/server is not yours; /metadata/name is not, either",
  ]);
});

it("does not hide an unexpected error", async () => {
  const plan = async () => {
    throw new TypeError("defect");
  };

  await expect(planBatch(claimContext, requests(3), { plan })).rejects.toThrow("defect");
});

const step = { name: "ensureIdentity" as const, target: "x", action: "create" as const, differences: [], blockers: [] };

it("estimates each item and all that are ready, and reads recent durations once", async () => {
  let lists = 0;
  const registry: Ports["registry"] = {
    ...ports.registry,
    listOperations(query) {
      lists += 1;
      return ports.registry.listOperations(query);
    },
  };
  const plan = async (_claimContext: unknown, { namespace }: OnboardingRequest) => {
    if (namespace === "team-0") throw new Refusal("MODE_CHANGE_REFUSED", "no");
    const needsApproval = namespace === "team-2" ? ["Role owner needs approval."] : [];
    return { ...good, steps: [step], blocked: namespace === "team-1", needsApproval };
  };

  const { estimate, items } = await planBatch({ ...claimContext, ports: { ...ports, registry } }, requests(53), {
    plan,
  });

  expect(lists).toBe(3);
  expect(estimate).toMatchObject({
    lanes: ports.catalog.batch.lanes,
    namespaces: 50,
    leftOut: { blocked: 1, refused: 1, notPlanned: 0, awaitingApproval: 1 },
    approvalMinutes: ports.catalog.approval.timeoutMinutes,
    assumedSteps: 100,
  });
  const [refused, blocked, waiting, first] = items;
  expect([refused, blocked].map((item) => item?.plan?.estimate)).toEqual([undefined, undefined]);
  expect(waiting?.plan?.estimate?.approvalMinutes).toBe(ports.catalog.approval.timeoutMinutes);
  const own = first?.plan?.estimate;
  expect(own).toMatchObject({ least: expect.any(Number), operationsAhead: ports.catalog.batch.lanes - 1 });
  // Azure's limit on their identity writes takes longer than their rounds of lanes.
  const { intervalMs } = ports.identities.pace("");
  expect(estimate?.least).toBe((49 * intervalMs) / 1_000);
  expect(estimate?.least).toBeGreaterThan(3 * (own?.least ?? 0));
  expect(items.slice(4).every((item) => item.plan?.estimate?.least === own?.least)).toBe(true);
});

it("has no estimate when nothing is ready", async () => {
  const blocked = await planBatch(claimContext, requests(2), { plan: async () => ({ ...good, blocked: true }) });

  expect(blocked.totals).toMatchObject({ ready: 0, blocked: 2 });
  expect(blocked).not.toHaveProperty("estimate");
});
