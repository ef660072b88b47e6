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

export interface OrchestrationDefinition<I, O> {
  /** The registered name; the file and the export carry the same. */
  readonly name: string;
  readonly input: z.ZodType<I>;
  readonly run: (context: OrchestrationContext, input: I) => Durable<O>;
}

export interface Orchestration<I> {
  readonly orchestrationName: string;
  readonly input: z.ZodType<I>;
}

/** Registers an orchestration and returns the handle by which `start` starts it. */
export function orchestration<I, O>({ name, input, run }: OrchestrationDefinition<I, O>): Orchestration<I> {
  app.orchestration(name, function* (context) {
    return yield* withPatience(createPatience(context), run(context, input.parse(context.df.getInput())));
  });
  return { orchestrationName: name, input };
}

/**
 * Runs an orchestration as a part of this one. Its output is not looked at: what it has to say, it has recorded. An
 * instance id must be nobody else's: the Durable extension lets a parent wait for ever for one that runs already.
 */
export function child<I>(
  context: OrchestrationContext,
  { orchestrationName }: Orchestration<I>,
  { instanceId, input }: { instanceId?: string; input: I },
): Step<void> {
  return step(context.df.callSubOrchestrator(orchestrationName, input, instanceId), { decode: () => undefined });
}

/** Starts an orchestration under a given instance id. A wrong input does not compile. */
export async function start<I>(
  client: DurableClient,
  { orchestrationName }: Orchestration<I>,
  { instanceId, input }: { instanceId: string; input: I },
): Promise<void> {
  await client.startNew(orchestrationName, { instanceId, input });
}

/** The instance, or undefined when the hub has none of that id: the SDK throws on 404 and keeps the status in the text. */
export async function findInstance(
  client: Pick<DurableClient, "getStatus">,
  instanceId: string,
): Promise<DurableOrchestrationStatus | undefined> {
  try {
    return await client.getStatus(instanceId);
  } catch (error) {
    if (error instanceof Error && error.message.includes("HTTP 404")) return undefined;
    throw error;
  }
}

/** Nothing more will come of it. */
export function hasEnded({ runtimeStatus }: DurableOrchestrationStatus): boolean {
  return endedStatuses.includes(runtimeStatus);
}

export const endedStatuses: readonly OrchestrationRuntimeStatus[] = [
  OrchestrationRuntimeStatus.Completed,
  OrchestrationRuntimeStatus.Failed,
  OrchestrationRuntimeStatus.Terminated,
  OrchestrationRuntimeStatus.Canceled,
];
