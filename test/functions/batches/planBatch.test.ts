import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { PermanentError } from "../../../src/domain/errors.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { planBatch } from "../../../src/functions/batches/planBatch.ts";
import { requester } from "../../support/desk.ts";
import { createFakeCloud } from "../../support/fakeCloud.ts";

const { ports } = createFakeCloud();
const clerk = { ports, by: requester };
const requests = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    OnboardingRequest.parse({
      cluster: "aks-dev",
      namespace: `team-${index}`,
      databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
    }),
  );
const good = { steps: [], blocked: false, needsApproval: [] };

it("plans a few at a time, and gives the plans in the order of the requests", async () => {
  let running = 0;
  let most = 0;
  const plan = async () => {
    running += 1;
    most = Math.max(most, running);
    await sleep(Math.random() * 5);
    running -= 1;
    return good;
  };

  const { totals, items } = await planBatch(clerk, requests(50), { plan });

  expect(most).toBe(8);
  expect(items.map(({ index, namespace }) => `${index} ${namespace}`)).toEqual(
    requests(50).map(({ namespace }, index) => `${index} ${namespace}`),
  );
  expect(totals).toEqual({ requests: 50, ready: 50, blocked: 0, refused: 0, notPlanned: 0 });
});

it("says of each what it is: ready, blocked, refused, or not planned for want of time", async () => {
  const plan = async (_clerk: unknown, { namespace }: OnboardingRequest) => {
    if (namespace === "team-1") throw new PermanentError("MODE_CHANGE_REFUSED", "no");
    if (namespace === "team-7") await sleep(60);
    return { ...good, blocked: namespace === "team-2" };
  };

  const { totals, items } = await planBatch(clerk, requests(4), { plan });
  const late = await planBatch(clerk, requests(4), { plan, limitMs: 0 });

  expect(items.map(({ status }) => status)).toEqual(["ready", "refused", "blocked", "ready"]);
  expect(items[1]).toMatchObject({ error: { code: "MODE_CHANGE_REFUSED" } });
  expect(totals).toMatchObject({ ready: 2, blocked: 1, refused: 1 });
  expect(late.totals).toMatchObject({ notPlanned: 4 });
});

it("does not hide an error that nobody foresaw", async () => {
  const plan = async () => {
    throw new TypeError("defect");
  };

  await expect(planBatch(clerk, requests(3), { plan })).rejects.toThrow("defect");
});
