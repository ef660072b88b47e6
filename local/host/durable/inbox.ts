/** Which of an instance's waiting messages come next. */
import { EventType } from "./history.ts";
import type { Ledger } from "./ledger.ts";
import type { InstanceRow, WaitingMessage } from "./records.ts";

export interface Step {
  /** Stale: for another execution, or completing what is already complete. */
  readonly dropped: readonly WaitingMessage[];
  /** Terminate, suspend, resume: handled without asking the orchestrator. */
  readonly control?: WaitingMessage;
  readonly batch: readonly WaitingMessage[];
}

/** How many messages may be delivered in one turn. */
export type BatchLimit = (ledger: Ledger) => number;

/**
 * While a retried task is open, one. The SDK takes a retry's hidden ids between those of the new actions, in the order
 * of the completions; with several completions in one turn the host sees the new actions but not where between them
 * the hidden ids belong. Without an open retry there are no hidden ids, and any number is safe.
 */
export const limitBatch: BatchLimit = (ledger) => (ledger.hasOpenRetry ? 1 : Number.POSITIVE_INFINITY);

export function nextStep(
  row: InstanceRow,
  ledger: Ledger,
  waiting: readonly WaitingMessage[],
  limit: BatchLimit = limitBatch,
): Step {
  const dropped: WaitingMessage[] = [];
  const fresh: WaitingMessage[] = [];
  for (const message of waiting) {
    const isCurrent = message.execution === null || message.execution === row.execution;
    if (!isCurrent || !ledger.expects(message.event)) dropped.push(message);
    // An event may have come before the new generation that it meets; the SDK wants the start first.
    else if (message.event.EventType === EventType.ExecutionStarted) fresh.unshift(message);
    else fresh.push(message);
  }
  const terminate = fresh.find(({ event }) => event.EventType === EventType.ExecutionTerminated);
  if (terminate !== undefined) return { dropped, control: terminate, batch: [] };

  if (row.status === "Suspended") {
    const resume = fresh.find(({ event }) => event.EventType === EventType.ExecutionResumed);
    return resume === undefined ? { dropped, batch: [] } : { dropped, control: resume, batch: [] };
  }
  const control = fresh.findIndex(({ event }) => isControl(event.EventType));
  const first = fresh[0];
  if (control === 0 && first !== undefined) return { dropped, control: first, batch: [] };
  return { dropped, batch: fresh.slice(0, Math.min(control < 0 ? fresh.length : control, limit(ledger))) };
}

function isControl(type: number): boolean {
  return type === EventType.ExecutionSuspended || type === EventType.ExecutionResumed;
}
