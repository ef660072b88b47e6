/** Pod statuses as a kubelet writes them. */
import { timestamp } from "../kubernetes/object.ts";
import type { Container } from "./pod.ts";

export function waitingStatus({ name, image }: Container, reason: string, message: string) {
  return {
    phase: "Pending",
    containerStatuses: [
      { name, image, imageID: "", ready: false, restartCount: 0, state: { waiting: { reason, message } } },
    ],
  };
}

export function runningStatus(
  { name, image }: Container,
  { startedAt, restartCount }: { startedAt: Date; restartCount: number },
) {
  const state = { running: { startedAt: timestamp(startedAt) } };
  return {
    phase: "Running",
    startTime: timestamp(startedAt),
    conditions: [{ type: "Ready", status: "True", lastTransitionTime: timestamp(startedAt) }],
    containerStatuses: [{ name, image, imageID: image, ready: true, started: true, restartCount, state }],
  };
}

export function terminatedStatus(
  { name, image, terminationMessagePolicy }: Container,
  {
    startedAt,
    exitCode,
    restartCount,
    log,
    message,
    willRestart,
  }: {
    startedAt: Date;
    exitCode: number;
    restartCount: number;
    log: string;
    /** What the container wrote to its termination log. */
    message: string;
    willRestart: boolean;
  },
) {
  const now = timestamp(new Date());
  const fallsBack = message === "" && exitCode !== 0 && terminationMessagePolicy === "FallbackToLogsOnError";
  const said = fallsBack ? log.slice(-2048) : message;
  const terminated = {
    exitCode,
    reason: exitCode === 0 ? "Completed" : "Error",
    startedAt: timestamp(startedAt),
    finishedAt: now,
    ...(said ? { message: said } : {}),
  };
  const waiting = { reason: "CrashLoopBackOff", message: `back-off restarting failed container ${name}` };
  const state = willRestart ? { state: { waiting }, lastState: { terminated } } : { state: { terminated } };
  const ended = exitCode === 0 ? "Succeeded" : "Failed";
  return {
    phase: willRestart ? "Running" : ended,
    conditions: [{ type: "Ready", status: "False", lastTransitionTime: now }],
    containerStatuses: [{ name, image, imageID: image, ready: false, started: false, restartCount, ...state }],
  };
}
