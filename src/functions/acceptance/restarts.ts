/** How often an orchestration that ended without an outcome is started again, and when. */
import { type DurableOrchestrationStatus, OrchestrationRuntimeStatus } from "durable-functions";

/** A deployment or a scale-in may go on for minutes, and fails what is due in each of them. */
const mostRestarts = 5;
/** What its own code threw it throws again, unless what it met has changed. */
const mostAfterDefect = 2;
const firstPauseMs = 15_000;

/** The runtime's own words, of what a new run need not meet. */
const ofRuntime = [
  /Did not find any initialized language workers/i,
  // The code that began it is not the code that is there: a new run has no history.
  /Non-Deterministic workflow detected/i,
];

type Ended = Pick<DurableOrchestrationStatus, "runtimeStatus" | "output" | "lastUpdatedTime">;

/** The first time at once; then the pauses grow. What somebody has terminated is left alone. */
export function mayRestart(instance: Ended, restarts: number, now: number): "now" | "later" | "never" {
  if (isTerminated(instance)) return "never";
  const reason = reasonOf(instance);
  const most = ofRuntime.some((words) => words.test(reason)) ? mostRestarts : mostAfterDefect;
  if (restarts >= most) return "never";
  const pauseMs = restarts === 0 ? 0 : firstPauseMs * 2 ** (restarts - 1);
  return now < new Date(instance.lastUpdatedTime).getTime() + pauseMs ? "later" : "now";
}

function isTerminated({ runtimeStatus }: Pick<Ended, "runtimeStatus">): boolean {
  return (
    runtimeStatus === OrchestrationRuntimeStatus.Terminated || runtimeStatus === OrchestrationRuntimeStatus.Canceled
  );
}

const longestReason = 300;

/** What the instance says of its end. */
export function reasonOf({ output, runtimeStatus }: Ended): string {
  const text = typeof output === "string" ? output : JSON.stringify(output ?? null);
  return text === "null" ? `It ended as ${runtimeStatus}.` : text.slice(0, longestReason);
}

export function describeEnd(instance: Ended, restarts: number): string {
  const { runtimeStatus } = instance;
  const often = restarts === 0 ? "" : `, after it had been taken up again ${restarts} time(s)`;
  return `The orchestration ended as ${runtimeStatus} without an outcome${often}: ${reasonOf(instance)}`;
}
