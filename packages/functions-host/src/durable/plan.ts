/**
 * What a turn adds to the history and does to the world, in the order of the sequence ids: first the hidden ids of the
 * delivered completions, then the new actions.
 */
import { type Action, ActionType, describeAction } from "./actions.ts";
import { NonDeterminismError, OrchestrationError, UnknownFunctionError } from "./failures.ts";
import type { DurableFunctions } from "./functions.ts";
import { EventType, type Failure, type HiddenMark, type HistoryEvent, type TaskMark } from "./history.ts";
import { storedId } from "./ids.ts";
import { isRecord, toJson } from "./json.ts";
import type { Ledger, Retry } from "./ledger.ts";
import { asPassed } from "./payloads.ts";
import type { InstanceRow } from "./records.ts";
import { decideRetry } from "./retries.ts";
import type { DurableSettings } from "./settings.ts";

/** What happens once the turn is on disk. */
export interface Effects {
  readonly tasks: { readonly id: number; readonly name: string; readonly input: string }[];
  readonly timers: { readonly id: number; readonly fireAt: number }[];
  readonly cancelledTimers: number[];
  readonly children: {
    readonly taskId: number;
    readonly id: string;
    readonly name: string;
    readonly version: string | null;
    readonly input: string;
  }[];
  /** Completions that this host invents, for the orchestration itself. */
  readonly completions: HistoryEvent[];
}

export function noEffects(): Effects {
  return { tasks: [], timers: [], cancelledTimers: [], children: [], completions: [] };
}

export interface PlanContext {
  readonly row: InstanceRow;
  readonly ledger: Ledger;
  readonly functions: DurableFunctions;
  readonly settings: DurableSettings;
  /** The orchestration's time in this turn. */
  readonly now: number;
}

export class TurnPlan {
  readonly events: HistoryEvent[] = [];
  readonly effects = noEffects();
  readonly #context: PlanContext;
  readonly #timestamp: string;

  constructor(context: PlanContext) {
    this.#context = context;
    this.#timestamp = new Date(context.now).toISOString();
  }

  /** Records a delivered event, and its consequences that do not need the orchestrator. */
  deliver(event: HistoryEvent, numbered: readonly Action[]): void {
    const { ledger } = this.#context;
    switch (event.EventType) {
      case EventType.TaskFailed:
      case EventType.SubOrchestrationInstanceFailed: {
        const retry = ledger.retryOf(event.TaskScheduledId);
        ledger.apply(event);
        if (retry !== undefined) this.#waitForRetry(retry, this.#actionOf(retry.root, numbered));
        return;
      }
      case EventType.TimerFired: {
        const retry = ledger.retryOf(event.TimerId);
        ledger.apply(event);
        if (retry !== undefined && !retry.last) this.#tryAgain(retry, this.#actionOf(retry.root, numbered));
        return;
      }
      default:
        ledger.apply(event);
    }
  }

  /** Gives ids to the new actions up to `end`, and compares the others with what they were. */
  schedule(numbered: readonly Action[], end = numbered.length): void {
    const { atoms } = this.#context.ledger;
    if (numbered.length > this.#context.settings.maxOrchestrationActions) {
      throw new OrchestrationError(
        `The orchestrator asked for ${numbered.length} actions; at most ${this.#context.settings.maxOrchestrationActions} are allowed.`,
      );
    }
    const known = atoms.length;
    for (const [position, atom] of atoms.entries()) {
      const action = numbered[position];
      const description = action === undefined ? "nothing" : describeAction(action);
      if (description !== atom.description) {
        throw new NonDeterminismError(
          `Non-Deterministic workflow detected: a previous execution scheduled ${atom.description} with sequence ID ` +
            `${atom.id}, but the replay scheduled ${description} there. Was a change made to the orchestrator code after ` +
            "this instance had started?",
        );
      }
      if (action?.["isCanceled"] === true && this.#context.ledger.isOpen(atom.id)) this.#cancelTimer(atom.id);
    }
    for (const action of numbered.slice(known, end)) this.#scheduleNew(action);
  }

  /** After an orchestrator has thrown, nothing new starts. */
  cancelTimers(numbered: readonly Action[]): void {
    const { ledger } = this.#context;
    for (const [position, { id }] of ledger.atoms.entries()) {
      if (numbered[position]?.["isCanceled"] === true && ledger.isOpen(id)) this.#cancelTimer(id);
    }
  }

  #scheduleNew(action: Action): void {
    switch (action["actionType"]) {
      case ActionType.CallActivity:
        this.#startTask(action);
        break;
      case ActionType.CallActivityWithRetry:
        this.#startTask(action, { retried: true });
        break;
      case ActionType.CallSubOrchestrator:
        this.#startChild(action);
        break;
      case ActionType.CallSubOrchestratorWithRetry:
        this.#startChild(action, { retried: true });
        break;
      case ActionType.CreateTimer: {
        const { fireAt } = action;
        if (!(fireAt instanceof Date)) throw new OrchestrationError("A timer needs a Date.");
        this.#startTimer(fireAt.getTime(), undefined, action["isCanceled"] === true);
        break;
      }
      case ActionType.CallEntity:
      case ActionType.SignalEntity:
      case ActionType.LockEntities:
        throw new OrchestrationError(
          `Entities are not served by this host (${entitiesIn(action)}); start the app with Azure Functions Core Tools.`,
        );
      case ActionType.CallHttp:
        throw new OrchestrationError(
          "callHttp is not served by this host; make the request in an activity, or start the app with Azure Functions Core Tools.",
        );
      default:
        throw new OrchestrationError(`This host does not know actions of type ${String(action["actionType"])}.`);
    }
  }

  #startTask(action: Action, mark?: TaskMark): void {
    const name = String(action["functionName"]);
    this.#require("activity", name);
    const id = this.#context.ledger.nextId;
    const input = taskInput(action);
    this.#record({
      ...this.#stamp(EventType.TaskScheduled, id),
      Name: name,
      Version: null,
      ...(mark === undefined ? {} : { Host: mark }),
    });
    this.effects.tasks.push({ id, name, input });
  }

  #startChild(action: Action, mark?: TaskMark): void {
    const child = this.#describeChild(action, this.#context.ledger.nextId);
    this.#record({
      ...this.#stamp(EventType.SubOrchestrationInstanceCreated, child.taskId),
      Name: child.name,
      Version: child.version,
      InstanceId: child.id,
      ...(mark === undefined ? {} : { Host: mark }),
    });
    this.effects.children.push(child);
  }

  #describeChild(action: Action, taskId: number): Effects["children"][number] {
    const { row, settings } = this.#context;
    const name = String(action["functionName"]);
    this.#require("orchestrator", name);
    const given = action["instanceId"];
    const id = typeof given === "string" && given !== "" ? storedId(given) : `${row.execution}:${taskId}`;
    if (id === row.id || id === row.parent?.id) {
      throw new OrchestrationError(`Sub-orchestration '${name}' cannot have the instance ID of its parent ('${id}').`);
    }
    // DurableOrchestrationContext.cs, CallDurableTaskFunctionAsync.
    if (id.startsWith("@")) throw new OrchestrationError("Orchestration instance ids must not start with @");
    const version = typeof action["version"] === "string" ? action["version"] : settings.defaultVersion;
    return { taskId, id, name, version, input: asPassed(toJson(action["input"])) };
  }

  #startTimer(time: number, mark?: HiddenMark, isCancelled = false): void {
    const id = this.#context.ledger.nextId;
    // In whole milliseconds, which is all that the store takes: a back-off may end in between.
    const fireAt = new Date(time);
    this.#record({
      ...this.#stamp(EventType.TimerCreated, id),
      FireAt: fireAt.toISOString(),
      ...(mark === undefined ? {} : { Host: mark }),
    });
    if (isCancelled) this.#context.ledger.cancelTimer(id);
    else this.effects.timers.push({ id, fireAt: fireAt.getTime() });
  }

  #cancelTimer(id: number): void {
    this.#context.ledger.cancelTimer(id);
    this.effects.cancelledTimers.push(id);
  }

  #waitForRetry(retry: Retry, action: Action | undefined): void {
    const { fireAt, last, expired } = decideRetry(action, retry, this.#context.now);
    this.#startTimer(fireAt, {
      retryOf: retry.root,
      ...(last ? { last } : {}),
      ...(expired ? { expired } : {}),
    });
  }

  #tryAgain(retry: Retry, action: Action | undefined): void {
    if (action === undefined) return;
    const mark = { retryOf: retry.root };
    const id = this.#context.ledger.nextId;
    const isTask = action["actionType"] === ActionType.CallActivityWithRetry;
    if (!retry.expired || retry.failure === undefined) {
      if (isTask) this.#startTask(action, mark);
      else this.#startChild(action, mark);
      return;
    }
    const scheduled = isTask ? EventType.TaskScheduled : EventType.SubOrchestrationInstanceCreated;
    const shared = { EventId: id, Timestamp: this.#timestamp, Name: String(action["functionName"]), Host: mark };
    if (scheduled === EventType.TaskScheduled) this.#record({ EventType: scheduled, Version: null, ...shared });
    else this.#record({ EventType: scheduled, Version: null, InstanceId: "", ...shared });
    this.effects.completions.push({
      EventType: isTask ? EventType.TaskFailed : EventType.SubOrchestrationInstanceFailed,
      EventId: -1,
      Timestamp: this.#timestamp,
      TaskScheduledId: id,
      ...pickFailure(retry.failure),
    });
  }

  #record(event: HistoryEvent): void {
    this.events.push(event);
    this.#context.ledger.apply(event);
  }

  #stamp<T extends number>(type: T, id: number): { EventType: T; EventId: number; Timestamp: string } {
    return { EventType: type, EventId: id, Timestamp: this.#timestamp };
  }

  #actionOf(id: number, numbered: readonly Action[]): Action | undefined {
    const position = this.#context.ledger.positionOf(id);
    return position === undefined ? undefined : numbered[position];
  }

  #require(kind: "activity" | "orchestrator", name: string): void {
    const { functions } = this.#context;
    if (functions.find(kind, name) !== undefined) return;
    throw new UnknownFunctionError(
      `${functions.explainUnknown(kind, name)} In Azure this orchestration would not fail: it would wait forever.`,
    );
  }
}

/** The SDK encodes strings itself, so that a string stays a string through the JSON.parse on the other side. */
function taskInput(action: Action): string {
  const input = action["input"];
  return asPassed(typeof input === "string" ? input : toJson(input));
}

/** The ids in an action on entities, such as `@counter@key`. */
function entitiesIn({ instanceId, lockSet }: Action): string {
  const set = Array.isArray(lockSet) ? lockSet.filter(isRecord) : [];
  return lockSet === undefined ? String(instanceId) : set.map(({ name, key }) => `@${name}@${key}`).join(", ");
}

function pickFailure({ Reason, Details, FailureDetails }: Failure): Failure {
  return { Reason, Details, ...(FailureDetails === undefined ? {} : { FailureDetails }) };
}
