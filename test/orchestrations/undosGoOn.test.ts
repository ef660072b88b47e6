/** Undos go on while something cannot be reached: for as long as the catalog says, visibly, and until an operator ends it. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptOnboarding } from "../../src/application/acceptance/acceptance.ts";
import { cancelOperation } from "../../src/application/decisions/decide.ts";
import { listSteps, summaryOfOperation } from "../../src/application/documents/operationDocument.ts";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import { createAcceptanceContext, requester, type TestAcceptanceContext } from "../support/acceptanceContext.ts";
import { catalog, createFakeCloud, type FakeCloud } from "../support/fakeCloud.ts";
import { inVirtualTime, useVirtualTime } from "../support/virtualTime.ts";

const request = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});
const dayMs = 86_400_000;

let cloud: FakeCloud;
let acceptance: TestAcceptanceContext;
let putBack: () => void;
let outage: { from: number; forMs: number };

beforeEach(() => {
  putBack = useVirtualTime();
  const retry = { ...catalog.retry, firstIntervalMs: 5_000, maxIntervalMs: 60_000, attempts: 3 };
  cloud = createFakeCloud({ retry: { ...retry, landingMs: 0, undoTimeoutMs: dayMs } });
  acceptance = createAcceptanceContext(cloud);
  providePorts(cloud.ports);
  outage = { from: 0, forMs: Number.POSITIVE_INFINITY };
});
afterEach(() => putBack());

/** The database refuses for good, and from then on the cluster removes no service account. */
async function failWithClusterDown(
  cause: Error | (() => Error | undefined) = new TransientError("CLUSTER_UNREACHABLE", "the API server is away"),
): Promise<string> {
  // The namespace is somebody else's, and stays.
  const metadata = { name: "team-a", uid: "theirs" };
  cloud.objects.set("v1 Namespace /team-a", { apiVersion: "v1", kind: "Namespace", metadata });
  const { operation } = await acceptOnboarding(acceptance, request);
  cloud.onWrite = ({ what, when }) => {
    if (when === "after") return;
    if (what === "change sql-dev/messages") {
      outage = { ...outage, from: outage.from || Date.now() };
      throw new PermanentError("SQL_FORBIDDEN", "refused");
    }
    if (what === "remove ServiceAccount" && Date.now() < outage.from + outage.forMs) {
      throw typeof cause === "function" ? cause() : cause;
    }
  };
  return operation;
}

it("takes away what it can reach at once, and the rest when it can be reached", async () => {
  outage.forMs = 2 * 3_600_000;
  const operation = await failWithClusterDown();
  const seen: unknown[] = [];
  await acceptance.run({
    ...inVirtualTime,
    async atRest() {
      if (seen.length > 0) return;
      const step = (await cloud.ports.registry.listSteps(operation)).find(
        (each) => each.name === "removeServiceAccount",
      );
      seen.push([...cloud.identities.keys()], cloud.operations.get(operation)?.stillToUndo, step);
    },
  });

  expect(seen).toMatchObject([
    [],
    {
      undos: ["removeServiceAccount"],
      since: expect.any(String),
      error: { code: "CLUSTER_UNREACHABLE", message: "the API server is away" },
    },
    { status: "Running", nextRetryTime: expect.any(String), error: { code: "CLUSTER_UNREACHABLE" } },
  ]);
  const { status, error, leftUndone } = cloud.operations.get(operation) ?? {};
  expect({ status, code: error?.code, leftUndone }).toEqual({
    status: "Failed",
    code: "SQL_FORBIDDEN",
    leftUndone: undefined,
  });
  expect([...cloud.objects.keys()].filter((key) => key.includes(" team-a/"))).toEqual([]);
});

it.each(["KUBERNETES_ADMISSION_DENIED", "ARM_LOCKED", "SQL_FIREWALL", "POSTGRES_FIREWALL", "NAMESPACE_HELD"] as const)(
  "waits, visibly, until somebody has changed what refuses it: %s",
  async (code) => {
    outage.forMs = 2 * 3_600_000;
    const operation = await failWithClusterDown(new PermanentError(code, "not now"));
    const seen: unknown[] = [];
    await acceptance.run({
      ...inVirtualTime,
      async atRest() {
        if (seen.length > 0) return;
        const record = cloud.operations.get(operation);
        const steps = record && listSteps(record, await cloud.ports.registry.listSteps(operation));
        seen.push(
          record && summaryOfOperation(record).stillToUndo,
          steps?.find((each) => each.name === "removeServiceAccount"),
        );
      },
    });

    const fix = expect.stringMatching(/[^ ] Mooring goes on by itself\.$/);
    const error = { code, message: "not now", retryable: true, fix };
    expect(seen).toMatchObject([
      { undos: ["removeServiceAccount"], since: expect.any(String), error },
      { status: "Running", nextRetryTime: expect.any(String), error },
    ]);
    expect(cloud.operations.get(operation)?.leftUndone).toBeUndefined();
    expect([...cloud.objects.keys()].filter((key) => key.includes(" team-a/"))).toEqual([]);
  },
);

it("says what it waits for now, not what it waited for at first", async () => {
  const reasons = [new TransientError("CLUSTER_UNREACHABLE", "away"), new PermanentError("ARM_LOCKED", "locked")];
  outage.forMs = 2 * 3_600_000;
  const operation = await failWithClusterDown(() => reasons[Date.now() - outage.from < 3_600_000 ? 0 : 1]);
  const seen: unknown[] = [];
  await acceptance.run({
    ...inVirtualTime,
    async atRest() {
      const { since, error } = cloud.operations.get(operation)?.stillToUndo ?? {};
      seen.push([since, error?.code, error?.message]);
    },
  });

  const [[since] = []] = seen as string[][];
  expect(seen[0]).toEqual([since, "CLUSTER_UNREACHABLE", "away"]);
  expect(seen.at(-1)).toEqual([since, "ARM_LOCKED", "locked"]);
});

it("gives up at once what nothing but Mooring's rights can change", async () => {
  const operation = await failWithClusterDown(new PermanentError("KUBERNETES_FORBIDDEN", "no right"));
  await acceptance.run(inVirtualTime);

  expect(cloud.operations.get(operation)?.leftUndone).toEqual(["removeServiceAccount"]);
  expect(Date.now() - outage.from).toBeLessThan(60_000);
});

it("gives up after the time that the catalog allows, with a short history", async () => {
  const operation = await failWithClusterDown();
  const { calls } = await acceptance.run(inVirtualTime);

  expect(cloud.operations.get(operation)).toMatchObject({
    status: "Failed",
    error: { code: "COMPENSATION_FAILED" },
    leftUndone: ["removeServiceAccount"],
  });
  expect(Date.now() - outage.from).toBeGreaterThan(dayMs);
  expect(calls.filter((each) => each === "removeServiceAccount").length).toBeLessThan(80);
  const step = (await cloud.ports.registry.listSteps(operation)).find((each) => each.name === "removeServiceAccount");
  expect(step?.status).toBe("Failed");
});

it("ends when an operator cancels, and says what is left", async () => {
  const operation = await failWithClusterDown();
  let rests = 0;
  await acceptance.run({
    ...inVirtualTime,
    async atRest() {
      rests += 1;
      if (rests > 1) return;
      await cancelOperation(cloud.ports.registry, operation, { by: requester });
      acceptance.raise("decision");
    },
  });

  const { error, leftUndone, givenUp } = cloud.operations.get(operation) ?? {};
  expect({ code: error?.code, leftUndone, by: givenUp?.by }).toEqual({
    code: "COMPENSATION_FAILED",
    leftUndone: ["removeServiceAccount"],
    by: requester.id,
  });
  expect(error?.message).toContain("Given up by requester");
  expect(Date.now() - outage.from).toBeLessThan(dayMs);
});

it("ends like any other when an operator who has removed everything cancels", async () => {
  const operation = await failWithClusterDown();
  let rests = 0;
  await acceptance.run({
    ...inVirtualTime,
    async atRest() {
      rests += 1;
      if (rests > 1) return;
      cloud.objects.delete("v1 ServiceAccount team-a/app");
      await cancelOperation(cloud.ports.registry, operation, { by: requester });
      acceptance.raise("decision");
    },
  });

  const { status, error, leftUndone } = cloud.operations.get(operation) ?? {};
  expect({ status, code: error?.code, leftUndone }).toEqual({
    status: "Failed",
    code: "SQL_FORBIDDEN",
    leftUndone: undefined,
  });
});
