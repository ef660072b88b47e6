/** What a batch does not run in its lanes: items that wait for people or follow another's operation; and its cancel. */
import { beforeEach, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { acceptOnboarding } from "../../src/application/acceptance/acceptance.ts";
import { acceptBatch, passOn } from "../../src/application/batch/acceptBatch.ts";
import { cancelBatch } from "../../src/application/decisions/cancelBatch.ts";
import { cancelOperation } from "../../src/application/decisions/decide.ts";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import type { Ports } from "../../src/ports/index.ts";
import { requester } from "../support/acceptanceContext.ts";
import { allTogether, batchesOn, request, requests, startBy } from "../support/batches.ts";
import { runOrchestration } from "../support/durableRunner.ts";
import { createFakeCloud, type FakeCloud, catalog as plain } from "../support/fakeCloud.ts";
import { tendBatch } from "../support/reconcileBatch.ts";

let cloud: FakeCloud;
const { acceptanceContextOf, ended, ownOperations } = batchesOn(() => cloud);

beforeEach(() => {
  cloud = createFakeCloud();
});

it("does not let a lane wait for approvals", async () => {
  const approval = { ...plain.approval, databases: ["sql-dev/orders"] };
  const acceptance = acceptanceContextOf(requester, { approval, batch: { lanes: 1 } });
  const orders = { databases: [{ server: "sql-dev", database: "orders", roles: ["reader"] }] };
  const id = await acceptBatch(acceptance, [request("team-0", orders), request("team-1"), request("team-2")]);
  const seen: string[] = [];

  await acceptance.run({
    async runChild({ name, instanceId }, run) {
      if (name === "onboardNamespace") seen.push(cloud.operations.get(instanceId ?? "")?.namespace ?? "");
      return await run();
    },
    async atRest() {
      const [waiting] = ended(id).items;
      expect(ended(id).items.map(({ status }) => status)).toEqual(["Running", "Succeeded", "Succeeded"]);
      expect(ended(id).items.map(({ needsApproval }) => needsApproval)).toEqual([true, undefined, undefined]);
      // Somebody decides against it; the timer finds that it has ended.
      await cancelOperation(acceptance.ports.registry, waiting?.operation ?? "", { by: requester });
      await tendBatch(acceptance, id);
    },
  });

  expect(seen).toEqual(["team-1", "team-2"]);
  expect(ended(id).batch).toMatchObject({ status: "Failed", result: { succeeded: 2, canceled: 1 } });
});

it("waits for another's operation with the same request", async () => {
  const acceptance = acceptanceContextOf();
  const before = await acceptOnboarding(acceptance, request("team-0"));
  const id = await acceptBatch(acceptance, requests(2));
  const other = acceptance.take();

  await acceptance.run({
    async atRest() {
      await runOrchestration(other.name, other.input);
      await tendBatch(acceptance, id);
    },
  });

  const { batch, items } = ended(id);
  expect(batch.status).toBe("Succeeded");
  expect(items[0]).toMatchObject({ operation: before.operation, outcome: "onboarded" });
  expect(items[0]?.claim).not.toBe(before.operation);
  expect(ownOperations(id)).toHaveLength(1);
});

it("does not claim again for an operation that has run meanwhile", async () => {
  const approval = { ...plain.approval, databases: ["sql-dev/orders"] };
  const acceptance = acceptanceContextOf(requester, { approval, batch: { lanes: 1 } });
  const orders = { databases: [{ server: "sql-dev", database: "orders", roles: ["reader"] }] };
  const id = await acceptBatch(acceptance, [request("team-0", orders)]);
  const claims: string[] = [];
  const registry = {
    ...acceptance.ports.registry,
    async insertNamespace(record: Parameters<Ports["registry"]["insertNamespace"]>[0]) {
      claims.push(record.operation);
      return acceptance.ports.registry.insertNamespace(record);
    },
    async amendBatchItem(...asked: Parameters<Ports["registry"]["amendBatchItem"]>) {
      if (claims.length > 0) throw new TransientError("REGISTRY_UNAVAILABLE", "no answer");
      return await acceptance.ports.registry.amendBatchItem(...asked);
    },
  };

  await acceptance.run({
    async execute(name, run) {
      if (name !== "takeBatchItem" || claims.length > 0) return await run();
      providePorts({ ...acceptance.ports, registry });
      await expect(run()).rejects.toThrow();
      providePorts(acceptance.ports);
      // The timer starts what waits for people, who decide quickly, and against it.
      await cancelOperation(acceptance.ports.registry, claims[0] ?? "", { by: requester });
      for (const record of await acceptance.ports.registry.heldNamespaces()) await startBy(acceptance, record);
      throw new Error("[REGISTRY_UNAVAILABLE] no answer");
    },
  });

  expect(claims).toHaveLength(1);
  expect(ended(id).items).toMatchObject([{ status: "Canceled", operation: claims[0] }]);
  expect(cloud.namespaces.size).toBe(0);
});

it("begins nothing that a lane of a canceled batch had claimed but not started", async () => {
  const acceptance = acceptanceContextOf();
  const id = await acceptBatch(acceptance, requests(1));
  let claimed: string | undefined;

  await acceptance.run({
    async execute(name, run) {
      if (name !== "takeBatchItem" || claimed !== undefined) return await run();
      await run();
      const held = await acceptance.ports.registry.heldNamespaces();
      claimed = held[0]?.operation;
      await cancelBatch(acceptance.ports, id, { by: requester });
      for (const record of held) await startBy(acceptance, record);
      throw new Error("[REGISTRY_UNAVAILABLE] no answer");
    },
  });

  expect(cloud.operations.get(claimed ?? "")?.status).toBe("Canceled");
  expect(cloud.identities.size).toBe(0);
  expect(cloud.namespaces.size).toBe(0);
});

it("does not claim again what an earlier attempt left to another's operation, which has failed meanwhile", async () => {
  const acceptance = acceptanceContextOf();
  const before = await acceptOnboarding(acceptance, request("team-0"));
  const other = acceptance.take();
  const id = await acceptBatch(acceptance, requests(1));
  let tries = 0;

  await acceptance.run({
    async execute(name, run) {
      const answer = await run();
      if (name !== "takeBatchItem" || tries > 0) return answer;
      tries += 1;
      cloud.onWrite = () => {
        throw new PermanentError("ARM_FORBIDDEN", "no");
      };
      await runOrchestration(other.name, other.input);
      cloud.onWrite = () => undefined;
      throw new Error("[REGISTRY_UNAVAILABLE] the answer got lost");
    },
    atRest: () => tendBatch(acceptance, id),
  });

  const { batch, items } = ended(id);
  expect(items).toMatchObject([{ status: "Failed", operation: before.operation, error: { code: "ARM_FORBIDDEN" } }]);
  expect(batch.status).toBe("Failed");
  expect(ownOperations(id)).toEqual([]);
  expect(cloud.namespaces.size).toBe(0);
});

it("cancels what runs, never begins the rest, and leaves what is done", async () => {
  const acceptance = acceptanceContextOf(requester, { batch: { lanes: 2 } });
  const id = await acceptBatch(acceptance, requests(8));
  let children = 0;

  await acceptance.run({
    ...allTogether,
    async execute(name, run) {
      if (name === "preflight") {
        children += 1;
        if (children === 5) {
          await cancelBatch(acceptance.ports, id, { by: requester, comment: "wrong list" });
          await passOn(acceptance.ports, acceptance.client, ended(id).batch, { warn: acceptance.warn });
        }
      }
      return await run();
    },
  });

  const { batch, items } = ended(id);
  const statuses = items.map(({ status }) => status);
  expect(statuses.slice(0, 3)).toEqual(Array(3).fill("Succeeded"));
  expect(statuses.slice(6)).toEqual(["Canceled", "Canceled"]);
  expect(items.slice(6).every(({ operation }) => operation === undefined)).toBe(true);
  const canceled = statuses.filter((status) => status === "Canceled").length;
  expect(batch).toMatchObject({ status: "Canceled", error: { code: "OPERATION_CANCELED" }, result: { canceled } });
  expect(batch.error?.message).toContain("wrong list");
  const succeeded = statuses.filter((status) => status === "Succeeded").length;
  expect(succeeded + canceled).toBe(8);
  expect(cloud.identities.size).toBe(succeeded);
  expect(cloud.namespaces.size).toBe(succeeded);
});

it("begins nothing when it is canceled before it begins", async () => {
  const acceptance = acceptanceContextOf();
  const id = await acceptBatch(acceptance, requests(3));
  await cancelBatch(acceptance.ports, id, { by: requester });

  await acceptance.run();

  expect(ended(id)).toMatchObject({
    batch: { status: "Canceled", result: { canceled: 3 } },
    items: Array(3).fill({ status: "Canceled", error: { code: "OPERATION_CANCELED" } }),
  });
  expect(cloud.operations.size).toBe(0);
});

it("cancels what a lane had claimed, even if the lane never recorded that", async () => {
  const acceptance = acceptanceContextOf(requester, { batch: { lanes: 1 } });
  const id = await acceptBatch(acceptance, requests(2));
  let claims = 0;

  await acceptance.run({
    async execute(name, run) {
      if (name !== "takeBatchItem" || claims > 0) return await run();
      // The process dies after it has claimed the namespace; before another attempt, somebody cancels.
      const registry = {
        ...acceptance.ports.registry,
        async insertNamespace(record: Parameters<Ports["registry"]["insertNamespace"]>[0]) {
          claims += 1;
          await acceptance.ports.registry.insertNamespace(record);
          throw new TransientError("REGISTRY_UNAVAILABLE", "the process died");
        },
      };
      providePorts({ ...acceptance.ports, registry });
      await expect(run()).rejects.toThrow();
      providePorts(acceptance.ports);
      await cancelBatch(acceptance.ports, id, { by: requester });
      await passOn(acceptance.ports, acceptance.client, ended(id).batch, { warn: acceptance.warn });
      throw new Error("[REGISTRY_UNAVAILABLE] the process died");
    },
    atRest: () => tendBatch(acceptance, id),
  });

  const { batch, items } = ended(id);
  const [first, second] = items;
  expect(claims).toBe(1);
  expect(batch).toMatchObject({ status: "Canceled", result: { canceled: 2 } });
  expect(first).toMatchObject({ status: "Canceled", operation: first?.claim });
  expect(second).not.toHaveProperty("operation");
  expect([...cloud.operations.values()].map(({ status }) => status)).toEqual(["Canceled"]);
  expect(cloud.namespaces.size + cloud.identities.size).toBe(0);
});

it("stops following another's operation once it is canceled", async () => {
  const acceptance = acceptanceContextOf();
  const before = await acceptOnboarding(acceptance, request("team-0"));
  const id = await acceptBatch(acceptance, requests(1));
  const other = acceptance.take();

  await acceptance.run({
    async atRest() {
      await cancelBatch(acceptance.ports, id, { by: requester });
      acceptance.raise("settled");
    },
  });
  await runOrchestration(other.name, other.input);

  expect(ended(id).batch.status).toBe("Canceled");
  expect(cloud.operations.get(before.operation)?.status).toBe("Succeeded");
});
