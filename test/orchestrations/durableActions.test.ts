/** What an operation costs the durable runtime, and what its few large activities must not break. */
import { beforeEach, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptOnboarding } from "../../src/application/acceptance/acceptance.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { createAcceptanceContext, type TestAcceptanceContext } from "../support/acceptanceContext.ts";
import { type HistoryEvent, runOrchestration } from "../support/durableRunner.ts";
import { catalog, createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";

let cloud: FakeCloud;
let acceptance: TestAcceptanceContext;

beforeEach(() => {
  cloud = createFakeCloud();
  acceptance = createAcceptanceContext(cloud);
  providePorts(cloud.ports);
});

const database = { server: "sql-dev", database: "messages", roles: ["reader"] };
const second = { ...database, database: "orders" };
const request = OnboardingRequest.parse({ cluster: "aks-dev", namespace: "team-a", databases: [database, second] });

const isKept = ({ EventType }: HistoryEvent) => EventType === 0 || EventType === 4 || EventType === 5;

it.each([
  ["workloadIdentity", 1],
  ["workloadIdentity", 2],
  ["podIdentity", 1],
  ["podIdentity", 2],
] as const)("takes 1 + 2(N + 4) events in history: %s, N = %i", async (identityMode, count) => {
  await acceptOnboarding(acceptance, { ...request, identityMode, databases: request.databases.slice(0, count) });
  const run = await acceptance.run({ together: (open) => open });

  expect(run.calls).toHaveLength(count + 4);
  expect(run.history.filter(isKept)).toHaveLength(1 + 2 * (count + 4));
  // The start, and one turn for the end of each of the four stages, however wide the third is.
  expect(run.turns).toBe(5);
});

it("records again, without another look, when the answer of the last activity was lost", async () => {
  const { operation } = await acceptOnboarding(acceptance, request);
  const run = await acceptance.run({
    async execute(name, work) {
      if (name !== "verifyAndConclude") return await work();
      await work();
      // From here on the namespace is in use. What breaks in it now is drift, and no reason to remove it.
      cloud.users.get("sql-dev/messages")?.clear();
      return await work();
    },
  });

  expect(run.output).toMatchObject({ status: "Succeeded" });
  expect(run.calls.at(-1)).toBe("verifyAndConclude");
  expect(cloud.operations.get(operation)).toMatchObject({ status: "Succeeded" });
  expect(cloud.identities.size).toBe(1);
});

it("records the end by another activity when the last one could not", async () => {
  const { operation } = await acceptOnboarding(acceptance, request);
  const { publish } = cloud.ports.events;
  let isDown = true;
  cloud.ports.events.publish = async (event) => {
    if (event.id.endsWith("/Succeeded") && isDown) throw new Error("the topic is down");
    await publish(event);
  };
  const run = await acceptance.run({
    async execute(name, work) {
      if (name === "recordOutcome") isDown = false;
      return await work();
    },
  });

  expect(run.calls.slice(-2)).toEqual(["verifyAndConclude", "recordOutcome"]);
  expect(cloud.operations.get(operation)).toMatchObject({ status: "Succeeded" });
  expect(cloud.events.filter(({ id }) => id === `${operation}/Succeeded`)).toHaveLength(1);
});

it("undoes nothing of an operation that has succeeded", async () => {
  const { operation } = await acceptOnboarding(acceptance, request);
  await acceptance.run();
  const input = { operation: "later", request, retry: catalog.retry, requestedBy: "test" };
  const compensates = { of: operation, createdBy: operation, undos: ["removeIdentity"] };

  const { output } = await runOrchestration("compensateOperation", { ...input, compensates });

  expect(output).toMatchObject({ status: "Failed", leftUndone: ["removeIdentity"] });
  expect(cloud.identities.size).toBe(1);
});

it("stops immediately when one of two steps in an activity is refused, and keeps a row of each", async () => {
  cloud.onWrite = ({ what, when }) => {
    if (when !== "before") return;
    if (what === "put identity") throw new PermanentError("ARM_FORBIDDEN", "the identity is refused");
    if (what === "apply Namespace") throw new Error("the API server is away");
  };
  const { operation } = await acceptOnboarding(acceptance, request);
  const { calls } = await acceptance.run();

  expect(calls.filter((name) => name === "prepareNamespace")).toHaveLength(1);
  expect(cloud.operations.get(operation)).toMatchObject({ status: "Failed", error: { code: "ARM_FORBIDDEN" } });
  const rows = await cloud.ports.registry.listSteps(operation);
  expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(["ensureIdentity", "applyNamespace"]));
});
