/** Imitates the runtime failing an orchestration while its workers are replaced, and the timer that finds it then. */
import { type DurableClient, OrchestrationRuntimeStatus } from "durable-functions";
import { recoverOperation } from "../../src/application/recovery/recoverOperation.ts";
import type { TestAcceptanceContext } from "./acceptanceContext.ts";
import { type RunOptions, runOrchestration } from "./durableRunner.ts";

export const noWorkers = "Orchestrator function 'it' failed: Did not find any initialized language workers";

/** Runs the accepted orchestration until the given activity has run, or is about to; nothing runs after that. */
export async function breakOff(
  acceptance: TestAcceptanceContext,
  activity: string,
  { when = "after", ...options }: RunOptions & { when?: "before" | "after" } = {},
): Promise<void> {
  const { name, input } = acceptance.take();
  const { execute = (_name, run) => run() } = options;
  const broken = Promise.withResolvers<void>();
  let isBroken = false;
  const stop = () => {
    isBroken = true;
    broken.resolve();
    return new Promise<never>(() => undefined);
  };
  const run = runOrchestration(name, input, {
    ...options,
    async execute(called, work) {
      if (isBroken || (called === activity && when === "before")) return await stop();
      const answer = execute(called, work);
      await answer.catch(() => undefined);
      return called === activity ? await stop() : await answer;
    },
  });
  await Promise.race([broken.promise, run]);
  if (!isBroken) throw new Error(`${name} never called ${activity}`);
}

export interface Found {
  /** The runtime no longer has the instance, as after a purge or with another task hub. */
  readonly isMissing?: boolean;
  readonly runtimeStatus?: OrchestrationRuntimeStatus;
  readonly output?: unknown;
  readonly lastUpdatedTime?: Date;
  readonly now?: number;
}

/** Runs the timer, which finds every held operation's instance like this; what it starts is added to the acceptance. */
export async function comeByTimer(acceptance: TestAcceptanceContext, found: Found = {}): Promise<void> {
  const {
    runtimeStatus = OrchestrationRuntimeStatus.Failed,
    output = noWorkers,
    lastUpdatedTime = new Date(0),
    isMissing = false,
    now,
  } = found;
  const client: Partial<DurableClient> = {
    startNew: (name, options) => acceptance.client.startNew(name, options),
    getStatus: async () => {
      if (isMissing) throw new Error("The operation failed with an unexpected status code: HTTP 404.");
      const status = { runtimeStatus, output, lastUpdatedTime };
      return status as Awaited<ReturnType<DurableClient["getStatus"]>>;
    },
    raiseEvent: async (_id, name) => acceptance.raise(name),
  };
  const recovery = {
    ports: acceptance.ports,
    client: client as DurableClient,
    warn: () => undefined,
    ...(now === undefined ? {} : { now: () => now }),
  };
  for (const record of await acceptance.ports.registry.heldNamespaces()) await recoverOperation(recovery, record);
}
