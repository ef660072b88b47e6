/** The orchestrations in memory: those that are running, and for a while those that wait. */
import type { Gathering } from "./gathering.ts";
import { appendHistory, EventType, emptyHistory, type History, type HistoryEvent } from "./history.ts";
import { Ledger } from "./ledger.ts";
import { type InstanceRow, isFinal } from "./records.ts";
import type { Store } from "./store/store.ts";

export interface Instance {
  row: InstanceRow;
  history: History;
  ledger: Ledger;
  /** The tasks that its `Task.all` still waits for (gathering.ts); undefined when it waits for something else, or when that is unknown. */
  gathering?: Gathering | undefined;
  /** The parent of the orchestration's span (spans.ts). */
  readonly traceParent: string | undefined;
  /**
   * What keeps it in memory: a turn in progress, and changes that are decided but not yet on disk. A second copy, read from the
   * store meanwhile, would be outdated.
   */
  holds: number;
}

export interface Instances {
  add(row: InstanceRow, traceParent?: string): Instance;
  /** Undefined when there is no such row, or when it has finished. */
  load(key: number): Instance | undefined;
  /** Also that of an instance that has finished. */
  rowOf(key: number): InstanceRow | undefined;
  /** The newest row with this id, committed or not. */
  find(id: string): InstanceRow | undefined;
  /** Call it once for each `hold`; forgets an instance that has finished. */
  release(instance: Instance): void;
  hold(instance: Instance): void;
  /** Whether it is in memory and has had no turn. */
  isFresh(key: number): boolean;
  /** False once it has finished and is on disk; of the others, some are not in memory either, because they had to make room. */
  isInMemory(key: number): boolean;
  readonly size: number;
}

/** Waiting instances are rebuilt from the store when something arrives for them. */
export function createInstances(store: Store, mostInMemory = 2000): Instances {
  const byKey = new Map<number, Instance>();
  const byId = new Map<string, Instance>();

  const put = (instance: Instance) => {
    byKey.set(instance.row.key, instance);
    byId.set(instance.row.id, instance);
    if (byKey.size > mostInMemory) forgetOldest(instance);
  };
  const forget = (instance: Instance) => {
    byKey.delete(instance.row.key);
    if (byId.get(instance.row.id) === instance) byId.delete(instance.row.id);
  };

  /** Maps keep the order of insertion and `load` inserts again, so the first are the longest unused. */
  function forgetOldest(newest: Instance): void {
    let surplus = byKey.size - mostInMemory;
    for (const instance of byKey.values()) {
      if (surplus === 0) return;
      if (instance.holds > 0 || instance === newest) continue;
      forget(instance);
      surplus -= 1;
    }
  }

  return {
    add(row, traceParent) {
      const instance: Instance = { row, history: emptyHistory, ledger: new Ledger(), traceParent, holds: 0 };
      put(instance);
      return instance;
    },
    load(key) {
      const known = byKey.get(key);
      if (known !== undefined) {
        byKey.delete(key);
        byKey.set(key, known);
        return isFinal(known.row.status) ? undefined : known;
      }
      const row = store.instanceByKey(key);
      if (row === undefined || isFinal(row.status)) return undefined;
      const events = store.history(key);
      const ledger = new Ledger();
      for (const event of events) ledger.apply(event);
      const instance: Instance = {
        row,
        history: appendHistory(emptyHistory, events),
        ledger,
        traceParent: traceParentIn(events),
        holds: 0,
      };
      put(instance);
      return instance;
    },
    rowOf: (key) => byKey.get(key)?.row ?? store.instanceByKey(key),
    find: (id) => byId.get(id)?.row ?? store.instanceById(id),
    isFresh: (key) => byKey.get(key)?.history.count === 0,
    isInMemory: (key) => byKey.has(key),
    hold(instance) {
      instance.holds += 1;
    },
    release(instance) {
      instance.holds -= 1;
      if (instance.holds === 0 && isFinal(instance.row.status)) forget(instance);
    },
    get size() {
      return byKey.size;
    },
  };
}

function traceParentIn(events: readonly HistoryEvent[]): string | undefined {
  const started = events.find((event) => event.EventType === EventType.ExecutionStarted);
  return started?.ParentTraceContext?.TraceParent;
}
