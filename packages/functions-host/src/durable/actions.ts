/**
 * What an orchestrator asked for, as durable-functions reports it: on every turn, all actions since the beginning of this
 * generation, nested where tasks were combined.
 */
import { OrchestrationError } from "./failures.ts";
import { isRecord } from "./json.ts";

export const ActionType = {
  CallActivity: 0,
  CallActivityWithRetry: 1,
  CallSubOrchestrator: 2,
  CallSubOrchestratorWithRetry: 3,
  ContinueAsNew: 4,
  CreateTimer: 5,
  WaitForExternalEvent: 6,
  CallEntity: 7,
  CallHttp: 8,
  SignalEntity: 9,
  WhenAny: 11,
  WhenAll: 12,
  LockEntities: 13,
} as const;

export type Action = Readonly<Record<string, unknown>>;

export interface Actions {
  /** Those that take a sequence id, in the order in which the SDK numbered them. */
  readonly numbered: readonly Action[];
  /** Names of external events awaited. */
  readonly waits: readonly string[];
  readonly continueAsNew: Action | undefined;
  /** Its position among the numbered ones; undefined for everything else. */
  positionOf(action: unknown): number | undefined;
  /** As the orchestrator yielded them, unflattened. */
  readonly yielded: readonly Yielded[];
}

export interface Yielded {
  readonly action: Action;
  /** How many are numbered up to here, with those in it. */
  readonly end: number;
}

/**
 * Depth first, each object once. A task that is yielded a second time, such as the timeout in a loop of Task.any, reappears as
 * the same object. Only its identity distinguishes it from a new call, so `actions` has to be what the SDK returned, not a
 * copy.
 *
 * The Durable extension sees JSON, in which a repetition looks like a new call, and starts it again
 * (azure-functions-durable-js issue 574). `isStrict` fails what would go wrong there.
 */
export function flattenActions(actions: unknown, { isStrict = false } = {}): Actions {
  const numbered: Action[] = [];
  const waits: string[] = [];
  /** Each with its position, if it has one. */
  const seen = new Map<unknown, number | undefined>();
  let continueAsNew: Action | undefined;

  const visit = (action: unknown): void => {
    if (!isRecord(action)) return;
    if (seen.has(action)) {
      if (isStrict && seen.get(action) !== undefined) throw new OrchestrationError(explainRepetition(action));
      return;
    }
    switch (action["actionType"]) {
      case ActionType.WhenAny:
      case ActionType.WhenAll:
        seen.set(action, undefined);
        for (const member of membersOf(action)) visit(member);
        break;
      case ActionType.WaitForExternalEvent:
        seen.set(action, undefined);
        waits.push(String(action["externalEventName"]));
        break;
      case ActionType.ContinueAsNew:
        seen.set(action, undefined);
        continueAsNew = action;
        break;
      default:
        seen.set(action, numbered.length);
        numbered.push(action);
    }
  };
  const generation: unknown = Array.isArray(actions) ? actions[0] : undefined;
  const yielded: Yielded[] = [];
  for (const action of Array.isArray(generation) ? generation : []) {
    visit(action);
    if (isRecord(action)) yielded.push({ action, end: numbered.length });
  }
  const positionOf = (action: unknown) => seen.get(action);
  return { numbered, waits, continueAsNew, positionOf, yielded };
}

/** What was combined in a `Task.any` or `Task.all`. */
export function membersOf(action: Action): readonly unknown[] {
  return Array.isArray(action["compoundActions"]) ? action["compoundActions"] : [];
}

function explainRepetition(action: Action): string {
  return (
    `The orchestrator put a task that was already scheduled into Task.any or Task.all (${describeAction(action)}). ` +
    "Azure would start it again, and from then on give tasks each other's results (azure-functions-durable-js issue 574). " +
    "Yield it alone, or make a new task for each Task.any."
  );
}

/** What must be the same at the same position on every replay of the orchestrator. */
export function describeAction(action: Action): string {
  switch (action["actionType"]) {
    case ActionType.CallActivity:
      return describe.activity(String(action["functionName"]), false);
    case ActionType.CallActivityWithRetry:
      return describe.activity(String(action["functionName"]), true);
    case ActionType.CallSubOrchestrator:
      return describe.child(String(action["functionName"]), false);
    case ActionType.CallSubOrchestratorWithRetry:
      return describe.child(String(action["functionName"]), true);
    case ActionType.CreateTimer:
      return describe.timer;
    default:
      return `action of type ${String(action["actionType"])}`;
  }
}

const activities = new Map<string, string>();

/** Returns the same string object for a name, because every turn compares it for all previous activities of an orchestrator. */
function describeActivity(name: string): string {
  const known = activities.get(name);
  if (known !== undefined) return known;
  const description = `activity '${name}'`;
  activities.set(name, description);
  return description;
}

export const describe = {
  activity: (name: string, retried: boolean) => describeActivity(name) + (retried ? " with retry" : ""),
  child: (name: string, retried: boolean) => `sub-orchestration '${name}'${retried ? " with retry" : ""}`,
  timer: "timer",
};
