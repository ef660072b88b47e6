/**
 * An orchestrator that waits in `Task.all` for activities and children needs no turn before the last of them has ended, or one
 * has failed: until then a turn would replay its whole history without any result. The results stay in the inbox, on disk, and
 * are delivered together. A thousand of them cost one turn, instead of one for every few that end at the same time.
 *
 * How this is known: an action enters the list of actions when the orchestrator yields its task. So as long as the last one is a
 * `Task.all` with open tasks and no failed ones, the orchestrator is waiting at that yield.
 */
import { type Actions, ActionType, membersOf } from "./actions.ts";
import { EventType } from "./history.ts";
import type { Ledger } from "./ledger.ts";
import type { WaitingMessage } from "./records.ts";

/** The ids of the open tasks; for a retried task, that of its first attempt. */
export type Gathering = ReadonlySet<number>;

const gathered = new Set<unknown>([
  ActionType.CallActivity,
  ActionType.CallActivityWithRetry,
  ActionType.CallSubOrchestrator,
  ActionType.CallSubOrchestratorWithRetry,
]);

export function gatheringOf({ yielded, positionOf, numbered }: Actions, ledger: Ledger): Gathering | undefined {
  const last = yielded.at(-1)?.action;
  if (last?.["actionType"] !== ActionType.WhenAll) return undefined;
  const open = new Set<number>();
  for (const member of membersOf(last)) {
    const position = positionOf(member);
    const id = position === undefined ? undefined : ledger.atoms[position]?.id;
    if (position === undefined || id === undefined || !gathered.has(numbered[position]?.["actionType"]))
      return undefined;
    if (ledger.hasFailed(id)) return undefined;
    if (ledger.isUnderWay(id)) open.add(id);
  }
  return open.size > 1 ? open : undefined;
}

/** Whether the orchestrator would go on waiting if these were delivered. */
export function waitsForMore(gathering: Gathering, ledger: Ledger, batch: readonly WaitingMessage[]): boolean {
  if (batch.length >= gathering.size) return false;
  return batch.every(({ event }) => {
    if (
      event.EventType !== EventType.TaskCompleted &&
      event.EventType !== EventType.SubOrchestrationInstanceCompleted
    ) {
      return false;
    }
    return gathering.has(ledger.retryOf(event.TaskScheduledId)?.root ?? event.TaskScheduledId);
  });
}
