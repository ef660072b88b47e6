import {
  app,
  type DurableClient,
  type DurableOrchestrationStatus,
  type OrchestrationContext,
  OrchestrationRuntimeStatus,
} from "durable-functions";
import type { z } from "zod";
import { createPatience, withPatience } from "./patience.ts";
import { type Durable, type Step, step } from "./step.ts";

/** The runtime's client, as far as code that is not replayed needs it. */
export type RuntimeClient = Pick<DurableClient, "startNew" | "getStatus" | "raiseEvent">;

export type RuntimeStatus = OrchestrationRuntimeStatus;
export type Instance = DurableOrchestrationStatus;

export interface OrchestrationDefinition<I, O, N extends string, Given> {
  /** The registered name, also that of the file and the export. */
  readonly name: N;
  readonly input: z.ZodType<I, Given>;
  readonly run: (context: OrchestrationContext, input: I) => Durable<O>;
}

/** `I` is what it is given: fields with a default may be absent. */
export interface Orchestration<I, N extends string = string> {
  readonly orchestrationName: N;
  readonly input: z.ZodType<unknown, I>;
}

/** Registers an orchestration and returns its handle. */
export function orchestration<I, O, N extends string, Given>({
  name,
  input,
  run,
}: OrchestrationDefinition<I, O, N, Given>): Orchestration<Given, N> {
  app.orchestration(name, function* (context) {
    return yield* withPatience(createPatience(context), run(context, input.parse(context.df.getInput())));
  });
  return { orchestrationName: name, input };
}

/**
 * Runs an orchestration as part of this one. Its output is ignored, because it records its own outcome. The instance id must
 * be unused: with the Durable extension, a parent waits forever for an instance that is already running.
 */
export function child<I>(
  context: OrchestrationContext,
  { orchestrationName }: Orchestration<I>,
  { instanceId, input }: { instanceId?: string; input: I },
): Step<void> {
  return step(context.df.callSubOrchestrator(orchestrationName, input, instanceId), { decode: () => undefined });
}

/** The instance, or undefined if the hub has none with that id: the SDK throws on 404 and has the status only in the text. */
export async function findInstance(
  client: Pick<RuntimeClient, "getStatus">,
  instanceId: string,
): Promise<Instance | undefined> {
  try {
    return await client.getStatus(instanceId);
  } catch (error) {
    if (error instanceof Error && error.message.includes("HTTP 404")) return undefined;
    throw error;
  }
}

/** Whether the instance will never run again. */
export function hasEnded({ runtimeStatus }: Instance): boolean {
  return endedStatuses.includes(runtimeStatus);
}

/** Somebody ended it from outside. */
export function isTerminated({ runtimeStatus }: Pick<Instance, "runtimeStatus">): boolean {
  return (
    runtimeStatus === OrchestrationRuntimeStatus.Terminated || runtimeStatus === OrchestrationRuntimeStatus.Canceled
  );
}

export const endedStatuses: readonly OrchestrationRuntimeStatus[] = [
  OrchestrationRuntimeStatus.Completed,
  OrchestrationRuntimeStatus.Failed,
  OrchestrationRuntimeStatus.Terminated,
  OrchestrationRuntimeStatus.Canceled,
];
