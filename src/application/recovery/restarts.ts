/** How often, and when, an orchestration that ended without an outcome is restarted. */
import { count } from "../../domain/count.ts";
import { hasPassed } from "../../domain/hasPassed.ts";
import { type Instance, isTerminated } from "../../durable/orchestration.ts";

/** A deployment or a scale-in can take minutes, and fails whatever is due in that time. */
const mostRestarts = 5;
/** An error thrown by its own code will recur, unless the cause has changed. */
const mostAfterDefect = 2;
const firstPauseMs = 15_000;

/** Messages of the runtime for faults that a new run may not meet. */
const ofRuntime = [
  /Did not find any initialized language workers/i,
  // The code that began the orchestration has been replaced: a new run has no history.
  /Non-Deterministic workflow detected/i,
];

type Ended = Pick<Instance, "runtimeStatus" | "output" | "lastUpdatedTime">;

/** The first restart is immediate; later ones wait longer each time. An instance that somebody terminated is left alone. */
export function mayRestart(instance: Ended, restarts: number, now: number): "now" | "later" | "never" {
  if (isTerminated(instance)) return "never";
  const reason = reasonOf(instance);
  const most = ofRuntime.some((words) => words.test(reason)) ? mostRestarts : mostAfterDefect;
  if (restarts >= most) return "never";
  const pauseMs = restarts === 0 ? 0 : firstPauseMs * 2 ** (restarts - 1);
  return hasPassed(new Date(instance.lastUpdatedTime).getTime(), pauseMs, now) ? "now" : "later";
}

const longestReason = 300;

/** What the instance says about its end. */
export function reasonOf({ output, runtimeStatus }: Ended): string {
  const text = typeof output === "string" ? output : JSON.stringify(output ?? null);
  return text === "null" ? `It ended as ${runtimeStatus}.` : text.slice(0, longestReason);
}

export function describeEnd(instance: Ended, restarts: number): string {
  const { runtimeStatus } = instance;
  const often = restarts === 0 ? "" : `, after it had been resumed ${count(restarts, "time")}`;
  return `The orchestration ended as ${runtimeStatus} without an outcome${often}: ${reasonOf(instance)}`;
}
