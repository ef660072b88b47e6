/** What tests of batches share: batches on the in-memory cloud of each test. */
import type { DurableClient } from "durable-functions";
import { providePorts } from "../../src/activities/host.ts";
import { recoverOperation } from "../../src/application/recovery/recoverOperation.ts";
import type { Caller } from "../../src/domain/access/caller.ts";
import type { Catalog } from "../../src/domain/catalog/catalog.ts";
import type { BatchItem, BatchRecord } from "../../src/domain/operation/records.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";
import type { Ports } from "../../src/ports/index.ts";
import { createAcceptanceContext, requester, type TestAcceptanceContext } from "./acceptanceContext.ts";
import type { RunOptions } from "./durableRunner.ts";
import { type Run, runOrchestration } from "./durableRunner.ts";
import { type FakeCloud, catalog as plain } from "./fakeCloud.ts";

export const request = (namespace: string, changes: object = {}) =>
  OnboardingRequest.parse({
    cluster: "aks-dev",
    namespace,
    databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
    ...changes,
  });

export const requests = (count: number) => Array.from({ length: count }, (_, index) => request(`team-${index}`));

/** Everything that is open runs at the same time, as on a host. */
export const allTogether: RunOptions = { together: (open) => open };

export async function twice(_name: string, run: () => Promise<unknown>): Promise<unknown> {
  await run();
  return await run();
}

/** For a random order that a seed repeats. */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x80000000;
  };
}

export function batchesOn(cloudOf: () => FakeCloud) {
  return {
    acceptanceContextOf(by: Caller = requester, changes: Partial<Catalog> = {}): TestAcceptanceContext {
      const ports: Ports = { ...cloudOf().ports, catalog: { ...plain, batch: { lanes: 4 }, ...changes } };
      providePorts(ports);
      return createAcceptanceContext({ ports }, by);
    },
    ended(id: string): { batch: BatchRecord; items: readonly BatchItem[] } {
      const batch = cloudOf().batches.get(id);
      if (!batch) throw new Error(`no batch ${id}`);
      return { batch, items: cloudOf().itemsOf(id) };
    },
    ownOperations: (id: string) => [...cloudOf().operations.values()].filter(({ batch }) => batch === id),
  };
}

/** Starts what was claimed, as the timer does, and runs it. */
export async function startBy(
  acceptance: TestAcceptanceContext,
  record: Parameters<typeof recoverOperation>[1],
): Promise<void> {
  const runs: Promise<Run>[] = [];
  const client: Partial<DurableClient> = {
    async getStatus() {
      throw new Error("HTTP 404");
    },
    async startNew(name, options) {
      runs.push(runOrchestration(name, options?.input));
      return options?.instanceId ?? "";
    },
  };
  await recoverOperation({ ports: acceptance.ports, client: client as DurableClient, warn: () => undefined }, record);
  await Promise.all(runs);
}
