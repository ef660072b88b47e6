import { expect, it } from "vitest";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import type { Leftover } from "../../src/domain/operation/leftover.ts";
import { tidyAfterwards } from "../../src/resources/definitions/tidying.ts";
import { createFakeCloud } from "../support/fakeCloud.ts";

const about = {
  ...{ operation: "op", cluster: "aks-dev", namespace: "team-a", resource: "target", target: "ledger" },
  place: { kind: "postgresql", resourceId: "/subscriptions/s" },
} as const satisfies Omit<Leftover, "since" | "what">;
const inUse = async () => {
  throw new PermanentError("POSTGRES_ROLE_IN_USE", "role r has something in postgres");
};
const unavailable = async () => {
  throw new TransientError("POSTGRES_UNAVAILABLE", "no answer");
};
const isLastTry = (is: boolean) => ({ isLastTry: async () => is });

it("goes on after what fails, names it and remembers it", async () => {
  const { ports } = createFakeCloud();
  const done: string[] = [];
  const tidied = async () => void done.push("second");
  const notices = await tidyAfterwards(ports, isLastTry(true), about, [inUse, tidied, unavailable]);
  expect(done).toEqual(["second"]);
  expect(notices.map(({ code, message }) => `${code}: ${message}`)).toEqual([
    "LEFT_TO_TIDY: role r has something in postgres",
    "LEFT_TO_TIDY: no answer",
  ]);
  const what = ["role r has something in postgres", "no answer"];
  expect(await ports.registry.listLeftovers()).toMatchObject([{ ...about, what }]);
});

it("is tried again with its step while that may help, and only what Mooring knows is named", async () => {
  const { ports } = createFakeCloud();
  await expect(tidyAfterwards(ports, isLastTry(false), about, [unavailable])).rejects.toThrow("no answer");
  const defect = async () => {
    throw new TypeError("a defect");
  };
  await expect(tidyAfterwards(ports, isLastTry(true), about, [defect])).rejects.toThrow("a defect");
  expect(await ports.registry.listLeftovers()).toEqual([]);
});

it("remembers a place once, and forgets nothing that was written since it was read", async () => {
  const { registry } = createFakeCloud().ports;
  const first = { ...about, since: "2026-12-01T00:00:00.000Z", what: ["before"] };
  await registry.rememberLeftover(first);
  const [read] = await registry.listLeftovers();
  await registry.rememberLeftover({ ...first, operation: "later", what: ["after"] });
  if (read) await registry.forgetLeftover(read);
  const found = await registry.listLeftovers();
  expect(found).toMatchObject([{ operation: "later", what: ["after"] }]);
  for (const each of found) await registry.forgetLeftover(each);
  expect(await registry.listLeftovers()).toEqual([]);
});
