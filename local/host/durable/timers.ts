/** Messages that have to wait for their time: a heap, and one system timer for the earliest. */
import type { Clock } from "./clock.ts";
import type { WaitingMessage } from "./records.ts";

export interface Timers {
  /** `message.due` must be set. */
  arm(message: WaitingMessage): void;
  /** Calls off one timer of an orchestration and gives back its message, if it was waiting. */
  cancel(instance: number, timerId: number): WaitingMessage | undefined;
  cancelAll(instance: number): WaitingMessage[];
  close(): void;
}

interface Entry {
  readonly due: number;
  readonly message: WaitingMessage;
  cancelled: boolean;
}

export function createTimers(clock: Clock, onDue: (message: WaitingMessage) => void): Timers {
  const heap: Entry[] = [];
  const byInstance = new Map<number, Map<number, Entry>>();
  let armed: { readonly due: number; readonly callOff: () => void } | undefined;

  const timerIdOf = ({ event }: WaitingMessage) => ("TimerId" in event ? event.TimerId : -1);

  function arm(): void {
    let top = heap[0];
    while (top?.cancelled === true) {
      pop(heap);
      top = heap[0];
    }
    if (armed !== undefined && armed.due === top?.due) return;
    armed?.callOff();
    armed = top === undefined ? undefined : { due: top.due, callOff: clock.after(top.due - clock.now(), fire) };
  }

  /** Looks at the clock, because a system timer may come early: the orchestration's time must not lie before FireAt. */
  function fire(): void {
    armed = undefined;
    const now = clock.now();
    for (let top = heap[0]; top !== undefined && (top.cancelled || top.due <= now); top = heap[0]) {
      pop(heap);
      if (top.cancelled) continue;
      forget(top);
      onDue(top.message);
    }
    arm();
  }

  function forget({ message }: Entry): void {
    const entries = byInstance.get(message.instance);
    entries?.delete(timerIdOf(message));
    if (entries?.size === 0) byInstance.delete(message.instance);
  }

  return {
    arm(message) {
      const entry: Entry = { due: message.due ?? 0, message, cancelled: false };
      push(heap, entry);
      const entries = byInstance.get(message.instance) ?? new Map<number, Entry>();
      entries.set(timerIdOf(message), entry);
      byInstance.set(message.instance, entries);
      arm();
    },
    cancel(instance, timerId) {
      const entry = byInstance.get(instance)?.get(timerId);
      if (entry === undefined) return undefined;
      entry.cancelled = true;
      forget(entry);
      arm();
      return entry.message;
    },
    cancelAll(instance) {
      const entries = [...(byInstance.get(instance)?.values() ?? [])];
      for (const entry of entries) entry.cancelled = true;
      if (byInstance.delete(instance)) arm();
      return entries.map(({ message }) => message);
    },
    close() {
      armed?.callOff();
      armed = undefined;
      heap.length = 0;
    },
  };
}

function push(heap: Entry[], entry: Entry): void {
  let index = heap.length;
  heap.push(entry);
  while (index > 0) {
    const above = (index - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || isBefore(parent, entry)) break;
    heap[index] = parent;
    heap[above] = entry;
    index = above;
  }
}

function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    const left = heap[2 * index + 1];
    const right = heap[2 * index + 2];
    const child = right !== undefined && left !== undefined && isBefore(right, left) ? 2 * index + 2 : 2 * index + 1;
    const smaller = heap[child];
    if (smaller === undefined || isBefore(last, smaller)) break;
    heap[index] = smaller;
    index = child;
  }
  heap[index] = last;
}

/** Timers of one millisecond fire in the order in which they were made. */
function isBefore(a: Entry, b: Entry): boolean {
  return a.due < b.due || (a.due === b.due && a.message.key <= b.message.key);
}
