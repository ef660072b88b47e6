/**
 * The Durable extension goes through the actions of an orchestrator in order, and on to the next one when the last has ended: past a
 * `Task.all` when all of its tasks have, although the SDK lets the orchestrator continue at the first failure
 * (OutOfProcOrchestrationShim.cs, ProcessAsyncActionsV2). So whatever an orchestrator asks for then, and its own end, wait for the
 * other tasks, events included.
 *
 * What waits is not in the history. The SDK has numbered it, and the host gives it the same ids when the barrier falls, as long as
 * no hidden id comes in between (`Ledger.expectsHiddenIds`).
 */
import { type Action, type Actions, ActionType, membersOf } from "./actions.ts";
import { isRecord } from "./json.ts";
import type { Ledger } from "./ledger.ts";

export interface Barrier {
  /**
   * How many of the numbered actions come before it. One that something has passed, because of hidden ids or with an earlier version
   * of this host, holds up the end only.
   */
  readonly position: number;
  /** The names under which what it waits for from outside is raised. */
  awaits(): readonly string[];
}

/** `hasThrown`: the actions are copies, among which a repetition looks like something that was not started. */
export function barrierOf(actions: Actions, ledger: Ledger, { hasThrown = false } = {}): Barrier | undefined {
  const idOf = (action: unknown) => ledger.atoms[actions.positionOf(action) ?? -1]?.id;

  const hasEnded = (action: unknown): boolean => {
    if (!isRecord(action)) return true;
    switch (action["actionType"]) {
      case ActionType.WhenAll:
        return membersOf(action).every(hasEnded);
      case ActionType.WhenAny:
        return membersOf(action).length === 0 || membersOf(action).some(hasEnded);
      case ActionType.WaitForExternalEvent:
        return ledger.hasHeard(String(action["externalEventName"]));
      default: {
        const id = idOf(action);
        return id === undefined ? hasThrown : action["isCanceled"] === true || !ledger.isUnderWay(id);
      }
    }
  };

  const awaitedIn = (action: unknown): readonly string[] => {
    if (!isRecord(action) || hasEnded(action)) return [];
    if (isCombined(action)) return membersOf(action).flatMap(awaitedIn);
    return action["actionType"] === ActionType.WaitForExternalEvent ? [String(action["externalEventName"])] : [];
  };

  // The orchestrator has not gone past anything else that is open.
  const open = actions.yielded.filter(({ action }) => isCombined(action) && !hasEnded(action));
  if (open.length === 0) return undefined;
  const started = ledger.atoms.length;
  const position = open.find(({ end }) => end >= started)?.end ?? actions.numbered.length;
  return { position, awaits: () => open.flatMap(({ action }) => awaitedIn(action)) };
}

function isCombined({ actionType }: Action): boolean {
  return actionType === ActionType.WhenAll || actionType === ActionType.WhenAny;
}
