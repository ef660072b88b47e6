/** The orchestrations that are in memory: those that do something, and for a while those that wait. */
import { emptyHistory, type HistoryText } from "./history.ts";
import { Ledger } from "./ledger.ts";
import { type InstanceRow, isFinal } from "./records.ts";
import type { Store } from "./store/store.ts";

export interface Instance {
  row: InstanceRow;
  history: HistoryText;
  ledger: Ledger;
  /** Changes decided but not on disk yet; until they are, memory is the only truth. */
  unsaved: number;
}

export interface Instances {
  add(row: InstanceRow): Instance;
  /** Undefined when there is no such row, or when it has finished. */
  load(key: number): Instance | undefined;
  /** The newest row with this id, committed or not. */
  find(id: string): InstanceRow | undefined;
  /** Called when changes of an instance are on disk; forgets it when it has finished. */
  saved(instance: Instance): void;
  forget(instance: Instance): void;
  readonly size: number;
}

/** Waiting instances are rebuilt from the store when something arrives, so the number in memory needs no promise. */
const mostInMemory = 2000;

export function createInstances(store: Store): Instances {
  const byKey = new Map<number, Instance>();
  const byId = new Map<string, Instance>();

  const put = (instance: Instance) => {
    byKey.set(instance.row.key, instance);
    byId.set(instance.row.id, instance);
    if (byKey.size > mostInMemory) forgetOldest();
  };
  const forget = (instance: Instance) => {
    byKey.delete(instance.row.key);
    if (byId.get(instance.row.id) === instance) byId.delete(instance.row.id);
  };

  /** Maps keep the order of insertion and `load` inserts again, so the first are the longest unused. */
  function forgetOldest(): void {
    let surplus = byKey.size - mostInMemory;
    for (const instance of byKey.values()) {
      if (surplus === 0) return;
      if (instance.unsaved > 0) continue;
      forget(instance);
      surplus -= 1;
    }
  }

  return {
    add(row) {
      const instance: Instance = { row, history: emptyHistory, ledger: new Ledger(), unsaved: 0 };
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
      const { text, events } = store.history(key);
      const ledger = new Ledger();
      for (const event of events) ledger.apply(event);
      const instance: Instance = { row, history: text, ledger, unsaved: 0 };
      put(instance);
      return instance;
    },
    find: (id) => byId.get(id)?.row ?? store.instanceById(id),
    saved(instance) {
      instance.unsaved -= 1;
      if (instance.unsaved === 0 && isFinal(instance.row.status)) forget(instance);
    },
    forget,
    get size() {
      return byKey.size;
    },
  };
}
