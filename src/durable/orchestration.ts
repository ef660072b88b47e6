import { app, type DurableClient, type DurableOrchestrationStatus, type OrchestrationContext } from "durable-functions";
import type { z } from "zod";
import type { Durable } from "./step.ts";

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
    return yield* run(context, input.parse(context.df.getInput()));
  });
  return { orchestrationName: name, input };
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
  client: DurableClient,
  instanceId: string,
): Promise<DurableOrchestrationStatus | undefined> {
  try {
    return await client.getStatus(instanceId);
  } catch (error) {
    if (error instanceof Error && error.message.includes("HTTP 404")) return undefined;
    throw error;
  }
}
