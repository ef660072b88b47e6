/** Decides which of an instance's waiting messages come next. */
import { type Gathering, waitsForMore } from "./gathering.ts";
import { EventType } from "./history.ts";
import type { Ledger } from "./ledger.ts";
import type { InstanceRow, WaitingMessage } from "./records.ts";

export interface Step {
  /** Stale: for another execution, or for a task that is already complete. */
  readonly dropped: readonly WaitingMessage[];
  /** Terminate, suspend, resume: handled without a replay. */
  readonly control?: WaitingMessage;
  readonly batch: readonly WaitingMessage[];
}

/** The order in which waiting messages are delivered in one turn. */
export type Arrange = (ledger: Ledger, waiting: readonly WaitingMessage[]) => readonly WaitingMessage[];

/**
 * First the messages that take a hidden id: the failed attempt of a retried task, and the end of the wait after it. The SDK
 * takes these ids in between those of the new actions, in the order of the completions, and the host sees the new actions but
 * not where between them the hidden ids belong. Neither message wakes the orchestrator; so when all of them come first, their
 * ids precede those of every new action, on both sides.
 */
export const hiddenIdsFirst: Arrange = (ledger, waiting) => {
  const takesHiddenId = ({ event }: WaitingMessage) => ledger.takesHiddenId(event);
  return waiting.some(takesHiddenId)
    ? [...waiting.filter(takesHiddenId), ...waiting.filter((message) => !takesHiddenId(message))]
    : waiting;
};

export function nextStep(
  { row, ledger, gathering }: { row: InstanceRow; ledger: Ledger; gathering?: Gathering | undefined },
  waiting: readonly WaitingMessage[],
  arrange: Arrange = hiddenIdsFirst,
): Step {
  const dropped: WaitingMessage[] = [];
  const fresh: WaitingMessage[] = [];
  for (const message of waiting) {
    const isCurrent = message.execution === null || message.execution === row.execution;
    if (!isCurrent || !ledger.expects(message.event)) dropped.push(message);
    // An event may have arrived before the new generation that receives it; the SDK needs the start first.
    else if (message.event.EventType === EventType.ExecutionStarted) fresh.unshift(message);
    else fresh.push(message);
  }
  const terminate = fresh.find(({ event }) => event.EventType === EventType.ExecutionTerminated);
  if (terminate !== undefined) return { dropped, control: terminate, batch: [] };

  if (row.status === "Suspended") {
    const resumed = fresh.findIndex(({ event }) => event.EventType === EventType.ExecutionResumed);
    // It was suspended several times during one turn: it is, and one resume is enough.
    const earlier = resumed < 0 ? fresh : fresh.slice(0, resumed);
    dropped.push(...earlier.filter(({ event }) => event.EventType === EventType.ExecutionSuspended));
    const resume = fresh[resumed];
    return resume === undefined ? { dropped, batch: [] } : { dropped, control: resume, batch: [] };
  }
  const isWanted = ({ event }: WaitingMessage) =>
    event.EventType !== EventType.EventRaised || ledger.leavesAfter(event.Name);
  const wanted = ledger.leaving === undefined ? fresh : fresh.filter(isWanted);
  const control = wanted.findIndex(({ event }) => isControl(event.EventType));
  const first = wanted[0];
  if (control === 0 && first !== undefined) return { dropped, control: first, batch: [] };
  const batch = control < 0 ? wanted : wanted.slice(0, control);
  if (gathering !== undefined && waitsForMore(gathering, ledger, batch)) {
    const interruption = wanted[batch.length];
    return interruption === undefined ? { dropped, batch: [] } : { dropped, control: interruption, batch: [] };
  }
  return { dropped, batch: arrange(ledger, batch) };
}

function isControl(type: number): boolean {
  return type === EventType.ExecutionSuspended || type === EventType.ExecutionResumed;
}
