/**
 * Scripted failures and latency for every simulated wire, and a journal of the calls that arrived. A simulator calls
 * `faults.meet(call)` once per call, before it does anything, and applies the effect in the terms of its protocol.
 */
import { setTimeout as sleep } from "node:timers/promises";

export type Wire =
  | "arm"
  | "entra"
  | "sql"
  | "postgres"
  | "kubernetes"
  | "serviceBus"
  | "eventHubs"
  | "storage"
  | "keyVault"
  | "cosmos"
  | "appConfiguration"
  | "openAi"
  | "nodeIdentity"
  | "tables"
  | "durable";

/** One call as a test would name it: `{ wire: "sql", operation: "CREATE USER", target: "sql-dev/orders" }`. */
export interface Call {
  readonly wire: Wire;
  /**
   * ARM and Kubernetes: `PUT Microsoft.Sql/servers`, `PATCH serviceaccounts`; SQL: the statement's leading words, as in PostgreSQL; turns of
   * the embedded host: the name of the orchestration.
   */
  readonly operation: string;
  /** For a turn, the instance's id. */
  readonly target: string;
}

export type Effect =
  /** The simulator answers with an error in the wire's own format, before anything happens. */
  | {
      readonly kind: "error";
      readonly code: string | number;
      readonly status?: number;
      readonly message?: string;
      readonly retryAfterSeconds?: number;
    }
  /** The connection is cut before anything happens. */
  | { readonly kind: "cutBefore" }
  /** The call takes effect, and the connection is cut before the answer. */
  | { readonly kind: "cutAfter" }
  /** The connection is cut, and the call takes effect so much later: ARM and Kubernetes only. */
  | { readonly kind: "cutLate"; readonly ms: number }
  /** The call takes effect, but the answer violates the protocol: broken JSON, a wrong token. */
  | { readonly kind: "garbage" }
  | { readonly kind: "delay"; readonly ms: number }
  /** No answer; ends when the client or the simulator closes. */
  | { readonly kind: "hang" };

export interface Fault {
  readonly wire: Wire;
  /** A string must match completely, regardless of case; `*` in it stands for any characters. */
  readonly operation?: string | RegExp;
  readonly target?: string | RegExp;
  /** How many matching calls to let pass first. */
  readonly skip?: number;
  /** How many matching calls to hit; Infinity for all. Default 1. */
  readonly times?: number;
  readonly effect: Effect;
}

/** A fault in force, and what it has done so far. */
export interface ActiveFault {
  readonly id: string;
  readonly fault: Fault;
  /** How many calls it has matched, including those that it let pass. */
  readonly seen: number;
  /** How many of them it has hit. */
  readonly hits: number;
}

export interface Faults {
  /** Returns a function that removes the fault. */
  add(fault: Fault): () => void;
  /** Returns whether there was a fault with this id. */
  remove(id: string): boolean;
  clear(): void;
  /** Oldest first. */
  readonly active: readonly ActiveFault[];
  /** Whether any fault is in force on this wire. */
  has(wire: Wire): boolean;
  /** Called whenever a fault is added or removed. */
  onChange: () => void;
  /** Every call takes at least this long. */
  latencyMs: number;
  /** Waits for latency and delays, and returns the effect to apply, if any. */
  meet(call: Call): Promise<Exclude<Effect, { kind: "delay" }> | undefined>;
  /** Every call that arrived, oldest first. */
  readonly journal: readonly Call[];
  /** When each of them arrived, at the same index, in milliseconds of performance.now(). */
  readonly arrivals: readonly number[];
  /** Ids of the faults that hit a call, by the call's index in the journal. */
  readonly hits: ReadonlyMap<number, string>;
}

interface Entry extends ActiveFault {
  seen: number;
  hits: number;
}

/** Only ARM and API servers carry on with a request whose client is gone. */
export function isPossible({ wire, effect }: Pick<Fault, "wire" | "effect">): boolean {
  return effect.kind !== "cutLate" || wire === "arm" || wire === "kubernetes";
}

export function createFaults(): Faults {
  const active: Entry[] = [];
  const journal: Call[] = [];
  const arrivals: number[] = [];
  const hits = new Map<number, string>();
  let lastId = 0;
  return {
    latencyMs: 0,
    active,
    journal,
    arrivals,
    hits,
    onChange: () => undefined,
    has: (wire) => active.some(({ fault }) => fault.wire === wire),
    add(fault) {
      if (!isPossible(fault))
        throw new Error(`A call of ${fault.wire} cannot take effect after its connection was cut.`);
      lastId += 1;
      const entry = { id: String(lastId), fault, seen: 0, hits: 0 };
      active.push(entry);
      this.onChange();
      return () => void this.remove(entry.id);
    },
    remove(id) {
      const index = active.findIndex((entry) => entry.id === id);
      if (index >= 0) active.splice(index, 1);
      this.onChange();
      return index >= 0;
    },
    clear() {
      active.length = 0;
      this.onChange();
    },
    async meet(call) {
      const index = journal.push(call) - 1;
      arrivals.push(performance.now());
      // A turn is not a call to the cloud.
      if (this.latencyMs > 0 && call.wire !== "durable") await sleep(this.latencyMs);
      const hit = next(active, call);
      if (hit) hits.set(index, hit.id);
      const effect = hit?.fault.effect;
      if (effect?.kind !== "delay") return effect;
      await sleep(effect.ms);
      return undefined;
    },
  };
}

function next(active: readonly Entry[], call: Call): ActiveFault | undefined {
  for (const entry of active) {
    const { fault } = entry;
    if (fault.wire !== call.wire || !matches(fault.operation, call.operation) || !matches(fault.target, call.target))
      continue;
    entry.seen += 1;
    const skip = fault.skip ?? 0;
    if (entry.seen <= skip || entry.hits >= (fault.times ?? 1)) continue;
    entry.hits += 1;
    return entry;
  }
  return undefined;
}

function matches(pattern: string | RegExp | undefined, text: string): boolean {
  if (pattern === undefined) return true;
  return typeof pattern === "string" ? matchesWildcards(pattern.toLowerCase(), text.toLowerCase()) : pattern.test(text);
}

/**
 * Takes the first place of each part between two stars, which leaves most for the rest; so it never has to go back, as a regular
 * expression would, for an exponential time with many stars.
 */
function matchesWildcards(pattern: string, text: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return text === pattern;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
