/** Batches on the replay engine and the in-memory cloud: lanes, outcomes, repetition, policy and quotas at an item's turn. */
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, expect, it } from "vitest";
import { acceptOnboarding } from "../../src/application/acceptance/acceptance.ts";
import { acceptBatch } from "../../src/application/batch/acceptBatch.ts";
import type { Catalog } from "../../src/domain/catalog/catalog.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import { allTogether, batchesOn, request, requests, twice } from "../support/batches.ts";
import type { Run } from "../support/durableRunner.ts";
import { createFakeCloud, type FakeCloud, catalog as plain } from "../support/fakeCloud.ts";
import { member, operator, catalog as withTeams } from "../support/teams.ts";

let cloud: FakeCloud;
const { acceptanceContextOf, ended, ownOperations } = batchesOn(() => cloud);

beforeEach(() => {
  cloud = createFakeCloud();
});

it("onboards every namespace, each by its own operation, several at a time", async () => {
  const acceptance = acceptanceContextOf();
  const id = await acceptBatch(acceptance, requests(13));
  let running = 0;
  let most = 0;

  await acceptance.run({
    ...allTogether,
    async runChild({ name }, run) {
      if (name !== "onboardNamespace") return await run();
      running += 1;
      most = Math.max(most, running);
      // Longer than lanes wait for one another when they take an item.
      await sleep(50);
      const output = await run();
      running -= 1;
      return output;
    },
  });

  const { batch, items } = ended(id);
  expect(batch).toMatchObject({ status: "Succeeded", result: { requests: 13, succeeded: 13, failed: 0 } });
  expect(batch.error).toBeUndefined();
  expect(most).toBe(4);
  expect(items.map(({ status, outcome }) => `${status} ${outcome}`)).toEqual(Array(13).fill("Succeeded onboarded"));
  const own = ownOperations(id);
  expect(own.map(({ id: each }) => each).toSorted()).toEqual(items.map(({ operation }) => operation).toSorted());
  expect(new Set(own.map(({ traceparent }) => traceparent))).toEqual(new Set([acceptance.traceparent]));
  expect([...cloud.namespaces.values()].map(({ state }) => state)).toEqual(Array(13).fill("Onboarded"));
  expect(cloud.identities.size).toBe(13);
  expect(cloud.openBatches.size).toBe(0);
});

it("announces its beginning and its end on the topic and in the audit trail, once", async () => {
  const acceptance = acceptanceContextOf();
  const id = await acceptBatch(acceptance, requests(2));

  await acceptance.run({ execute: twice });

  const own = cloud.events.filter(({ type }) => type === "mooring.batch.status-changed.v1");
  expect([...new Set(own.map((event) => event.id))]).toEqual([`${id}/Running`, `${id}/Succeeded`]);
  expect(own.at(-1)).toMatchObject({
    subject: id,
    traceparent: acceptance.traceparent,
    data: { operation: id, kind: "batch", status: "Succeeded", totals: { requests: 2, succeeded: 2 } },
  });
  const trail = cloud.audit.filter(({ operation }) => operation === id);
  expect(trail.map(({ action, outcome, target }) => `${action} ${outcome} ${target === id}`)).toEqual([
    "accepted Running true",
    "ended Succeeded true",
  ]);
  expect(trail[0]).not.toHaveProperty("namespace");
});

it("continues when one item fails, one is refused and one has nothing to do, and counts them", async () => {
  const teams = { teams: withTeams.teams, auth: withTeams.auth };
  const red = acceptanceContextOf(member("red"), teams);
  const first = await acceptOnboarding(red, request("red-1"));
  await red.run();
  const blue = acceptanceContextOf(member("blue"), teams);
  await acceptOnboarding(blue, request("shared-1"));
  await blue.run();
  cloud.onWrite = ({ what, when }) => {
    const isMeant = what === "change sql-dev/orders" && when === "before";
    if (isMeant) throw new PermanentError("SQL_FORBIDDEN", "no permission");
  };
  const acceptance = acceptanceContextOf(member("red"), { ...teams, approval: plain.approval });
  // With this catalog, its databases need no approval.
  const orders = { databases: [{ server: "sql-dev", database: "orders", roles: ["reader"] }] };
  const noApproval = { teams: { ...withTeams.teams, red: { ...withTeams.teams["red"], approval: [] } } };
  const calm = acceptanceContextOf(member("red"), { ...teams, ...(noApproval as Pick<Catalog, "teams">) });

  const id = await acceptBatch(calm, [
    request("red-1"),
    request("red-2", orders),
    request("shared-1"),
    request("blue-1"),
    request("red-3"),
  ]);
  await calm.run(allTogether);

  const { batch, items } = ended(id);
  expect(acceptance.ports.catalog.batch.lanes).toBe(4);
  expect(items).toMatchObject([
    { status: "Succeeded", outcome: "unchanged", operation: first.operation },
    { status: "Failed", error: { code: "SQL_FORBIDDEN" } },
    { status: "Failed", error: { code: "NAMESPACE_TAKEN" } },
    { status: "Failed", error: { code: "NOT_ALLOWED" } },
    { status: "Succeeded", outcome: "onboarded" },
  ]);
  expect(items[2]).not.toHaveProperty("operation");
  expect(cloud.audit.filter(({ action }) => action === "refused")).toMatchObject([
    {
      operation: id,
      team: "red",
      code: "NAMESPACE_TAKEN",
      outcome: "Refused",
      reason: expect.stringMatching(/^Refused 2 .*blue-1/),
    },
  ]);
  expect(batch).toMatchObject({
    status: "Failed",
    team: "red",
    error: { code: "BATCH_INCOMPLETE", message: expect.stringContaining("3 of 5 namespaces") },
    result: { requests: 5, succeeded: 2, unchanged: 1, failed: 3 },
  });
});

it("changes nothing and says so when the same batch is sent again", async () => {
  const acceptance = acceptanceContextOf();
  const first = await acceptBatch(acceptance, requests(5));
  await acceptance.run();
  const writes: string[] = [];
  cloud.onWrite = ({ what }) => void writes.push(what);

  const second = await acceptBatch(acceptance, requests(5));
  await acceptance.run();

  expect(ended(second).batch).toMatchObject({ status: "Succeeded", result: { succeeded: 5, unchanged: 5 } });
  expect(ended(second).items.map(({ operation }) => operation)).toEqual(
    ended(first).items.map(({ operation }) => operation),
  );
  expect(writes).toEqual([]);
});

it("passes many items that need nothing in few turns", async () => {
  const acceptance = acceptanceContextOf(member("red"), { teams: withTeams.teams, auth: withTeams.auth });
  const id = await acceptBatch(acceptance, requests(200));
  const generations: Run[] = [];

  await acceptance.run({ ...allTogether, onGeneration: (run) => generations.push(run) });

  expect(ended(id).batch).toMatchObject({ status: "Failed", result: { failed: 200 } });
  expect(generations.length).toBeLessThan(20);
});

it("changes namespaces that are onboarded with another request", async () => {
  const acceptance = acceptanceContextOf();
  await acceptBatch(acceptance, requests(2));
  await acceptance.run();
  const writer = { databases: [{ server: "sql-dev", database: "messages", roles: ["writer"] }] };

  const id = await acceptBatch(acceptance, [request("team-0", writer), request("team-1")]);
  await acceptance.run();

  expect(ended(id).items).toMatchObject([
    { kind: "change", outcome: "changed", status: "Succeeded" },
    { kind: "onboard", outcome: "unchanged" },
  ]);
});

it("checks policy again when an item begins", async () => {
  const teams = { teams: withTeams.teams, auth: withTeams.auth };
  const acceptance = acceptanceContextOf(member("red"), teams);
  const id = await acceptBatch(acceptance, [request("red-1")]);
  // The team has lost the right meanwhile.
  acceptanceContextOf(member("red"), { ...teams, teams: {} });

  await acceptance.run();

  expect(ended(id).items).toMatchObject([{ status: "Failed", error: { code: "NOT_ALLOWED" } }]);
  expect(cloud.namespaces.size).toBe(0);
});

it("refuses an item at its turn by the fields of the form in which it was sent", async () => {
  const red = withTeams.teams["red"];
  const teams = { teams: withTeams.teams, auth: withTeams.auth };
  const acceptance = acceptanceContextOf(member("red"), teams);
  const id = await acceptBatch(acceptance, [request("red-1"), request("red-2"), request("red-3")], undefined, {
    sentAs: [{}, { namespaceField: "/metadata/name" }, { namespaceField: "/metadata/namespace" }],
  });
  acceptanceContextOf(member("red"), {
    ...teams,
    teams: { red: { ...red, namespaces: ["other"], approval: [] } },
  } as never);

  await acceptance.run();

  const messages = ended(id).items.map(({ error }) => error?.message ?? "");
  expect(messages[0]).toMatch(/ \/namespace is not /);
  expect(messages[1]).toMatch(/ \/metadata\/name is not /);
  expect(messages[2]).toMatch(/ \/metadata\/namespace is not /);
});

it("counts every namespace of a batch against its team's quota", async () => {
  const acceptance = acceptanceContextOf(member("red"), { teams: withTeams.teams, auth: withTeams.auth });
  const id = await acceptBatch(
    acceptance,
    Array.from({ length: 5 }, (_, index) => request(`shared-${index}`)),
  );

  await acceptance.run(allTogether);

  const codes = ended(id).items.map(({ error }) => error?.code);
  expect(codes.filter((code) => code === "QUOTA_EXCEEDED")).toHaveLength(2);
  expect(cloud.namespaces.size).toBe(3);
});

it("takes no longer per turn the more items are done", async () => {
  const longest = async (count: number) => {
    cloud = createFakeCloud();
    const acceptance = acceptanceContextOf(operator);
    const id = await acceptBatch(acceptance, requests(count));
    const generations: Run[] = [];
    await acceptance.run({ ...allTogether, onGeneration: (run) => generations.push(run) });
    expect(ended(id).batch.status).toBe("Succeeded");
    const own = generations.filter(({ history }) => /[bB]atch/.test(JSON.stringify(history[1]?.["Name"])));
    return {
      events: Math.max(...own.flatMap(({ turnLog }) => turnLog.map(({ events }) => events))),
      actions: own.reduce((sum, { actions }) => sum + actions.length, 0),
    };
  };

  const [small, large] = [await longest(8), await longest(40)];

  expect(large.events).toBe(small.events);
  // One take, one run and one new generation for each item.
  expect(large.actions - small.actions).toBe(32 * 3);
});
