/** The timer (functions/operations/startAccepted.ts) at a batch that runs, and the host that runs what it starts. */
import type { DurableClient } from "durable-functions";
import { tendBatches } from "../../src/functions/batches/tendBatches.ts";
import { mend } from "../../src/functions/operations/startAccepted.ts";
import type { TestDesk } from "./desk.ts";
import { type Run, type RunOptions, runOrchestration } from "./durableRunner.ts";

export async function tendBatch(desk: TestDesk, id: string, options?: RunOptions): Promise<void> {
  const instances = new Map<string, Promise<Run>>();
  const client: Partial<DurableClient> = {
    async getStatus(instance: string) {
      // The batch runs; of others there is what this timer has started.
      if (instance === id) return { runtimeStatus: "Running" } as Awaited<ReturnType<DurableClient["getStatus"]>>;
      throw new Error("HTTP 404");
    },
    async startNew(name, started) {
      instances.set(started?.instanceId ?? "", runOrchestration(name, started?.input, options));
      return started?.instanceId ?? "";
    },
    raiseEvent: async (_id, name) => desk.raise(name),
  };
  const mender = { ports: desk.ports, client: client as DurableClient, warn: () => undefined };
  for (const record of await desk.ports.registry.heldNamespaces()) await mend(mender, record);
  await Promise.all(instances.values());
  const held = await desk.ports.registry.heldNamespaces();
  await tendBatches(mender, { held, before: Date.now() + 60_000 });
}
