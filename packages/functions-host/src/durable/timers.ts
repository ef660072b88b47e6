/** Messages that wait for their time: a heap, and one system timer for the earliest. */
import type { Clock } from "./clock.ts";
import type { WaitingMessage } from "./records.ts";

export interface Timers {
  /** `message.due` must be set. */
  arm(message: WaitingMessage): void;
  /** Cancels one timer of an orchestration and returns its message, if it was waiting. */
  cancel(instance: number, timerId: number): WaitingMessage | undefined;
  cancelAll(instance: number): WaitingMessage[];
  close(): void;
  /** How many orchestrations wait for some. */
  readonly size: number;
}

interface Entry {
  readonly due: number;
  readonly message: WaitingMessage;
  cancelled: boolean;
}

/**
 * When the message of a timer comes: the queue of the real host counts whole seconds and leaves out the rest, so a timer wakes its
 * orchestration up to a second early. One of less than a second, which would come at once there, keeps its time here.
 */
export function dueAt(fireAt: number, now: number): number {
  const wait = fireAt - now;
  return wait < 1_000 ? fireAt : now + Math.floor(wait / 1_000) * 1_000;
}

export function createTimers(clock: Clock, onDue: (message: WaitingMessage) => void): Timers {
  let heap: Entry[] = [];
  const byInstance = new Map<number, Map<number, Entry>>();
  let cancelled = 0;
  let armed: { readonly due: number; readonly callOff: () => void } | undefined;

  const timerIdOf = ({ event }: WaitingMessage) => ("TimerId" in event ? event.TimerId : -1);

  function arm(): void {
    let top = heap[0];
    while (top?.cancelled === true) {
      pop(heap);
      cancelled -= 1;
      top = heap[0];
    }
    if (armed !== undefined && armed.due === top?.due) return;
    armed?.callOff();
    armed = top === undefined ? undefined : { due: top.due, callOff: clock.after(top.due - clock.now(), fire) };
  }

  /** Checks the clock, because a system timer may fire early, and the orchestration's time must not be before FireAt. */
  function fire(): void {
    armed = undefined;
    const now = clock.now();
    for (let top = heap[0]; top !== undefined && (top.cancelled || top.due <= now); top = heap[0]) {
      pop(heap);
      if (top.cancelled) {
        cancelled -= 1;
        continue;
      }
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

  /** A cancelled timer leaves the heap when it reaches the top; long timers may never reach it, so there is a limit. */
  function drop(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    for (const entry of entries) entry.cancelled = true;
    cancelled += entries.length;
    if (cancelled > 100 && cancelled > heap.length / 2) {
      // A sorted array is a heap, too.
      heap = heap.filter((entry) => !entry.cancelled).sort((a, b) => (isBefore(a, b) ? -1 : 1));
      cancelled = 0;
    }
    arm();
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
      forget(entry);
      drop([entry]);
      return entry.message;
    },
    cancelAll(instance) {
      const entries = [...(byInstance.get(instance)?.values() ?? [])];
      byInstance.delete(instance);
      drop(entries);
      return entries.map(({ message }) => message);
    },
    close() {
      armed?.callOff();
      armed = undefined;
      heap = [];
    },
    get size() {
      return byInstance.size;
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

/** Timers for the same millisecond fire in the order in which they were created. */
function isBefore(a: Entry, b: Entry): boolean {
  return a.due < b.due || (a.due === b.due && a.message.key <= b.message.key);
}
