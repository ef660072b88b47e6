import type { OrchestrationContext } from "durable-functions";
import type { Durable } from "./step.ts";

/**
 * Waits for the event until a time (RFC 3339); true if the event came first. Every wait creates its own event task and timer:
 * a second Task.any would start an already scheduled task again (azure-functions-durable-js issue 574), and a leftover timer
 * would keep the instance from ending.
 */
export function* waitForEvent(context: OrchestrationContext, name: string, until: string): Durable<boolean> {
  const event = context.df.waitForExternalEvent(name);
  const timer = context.df.createTimer(new Date(until));
  const winner = yield context.df.Task.any([event, timer]);
  if (winner !== event) return false;
  if (!timer.isCompleted) timer.cancel();
  return true;
}

/** Waits until `ms` have passed by the orchestration's clock. */
export function* pause(context: OrchestrationContext, ms: number): Durable<void> {
  yield context.df.createTimer(new Date(timeAfter(context, ms)));
}

/** Waits until a time (RFC 3339), unless it has passed. */
export function* pauseUntil(context: OrchestrationContext, time: string): Durable<void> {
  const at = new Date(time);
  if (at > context.df.currentUtcDateTime) yield context.df.createTimer(at);
}

/** RFC 3339, by the orchestration's clock. */
export function timeAfter(context: OrchestrationContext, ms: number): string {
  return new Date(context.df.currentUtcDateTime.getTime() + ms).toISOString();
}
