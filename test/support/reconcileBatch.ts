/** Runs the timer (functions/operations/startAccepted.ts) on a running batch, and what the timer starts. */
import type { DurableClient } from "durable-functions";
import { reconcileBatches } from "../../src/application/recovery/reconcileBatches.ts";
import { recoverOperation } from "../../src/application/recovery/recoverOperation.ts";
import type { TestAcceptanceContext } from "./acceptanceContext.ts";
import { type Run, type RunOptions, runOrchestration } from "./durableRunner.ts";

export async function tendBatch(acceptance: TestAcceptanceContext, id: string, options?: RunOptions): Promise<void> {
  const instances = new Map<string, Promise<Run>>();
  const client: Partial<DurableClient> = {
    async getStatus(instance: string) {
      // Only the batch has an instance; those that this timer starts run below.
      if (instance === id) return { runtimeStatus: "Running" } as Awaited<ReturnType<DurableClient["getStatus"]>>;
      throw new Error("HTTP 404");
    },
    async startNew(name, started) {
      instances.set(started?.instanceId ?? "", runOrchestration(name, started?.input, options));
      return started?.instanceId ?? "";
    },
    raiseEvent: async (_id, name) => acceptance.raise(name),
  };
  const recovery = { ports: acceptance.ports, client: client as DurableClient, warn: () => undefined };
  for (const record of await acceptance.ports.registry.heldNamespaces()) await recoverOperation(recovery, record);
  await Promise.all(instances.values());
  const held = await acceptance.ports.registry.heldNamespaces();
  await reconcileBatches(recovery, { held, before: Date.now() + 60_000 });
}
