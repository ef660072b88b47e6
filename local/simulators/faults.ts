/**
 * Scripted failures and latency for every simulated wire, and the journal of the calls that arrived. A simulator asks
 * `faults.meet(call)` once per call, before it does anything, and acts out the effect in the terms of its protocol.
 */
import { setTimeout as sleep } from "node:timers/promises";

export type Wire = "arm" | "entra" | "sql" | "kubernetes" | "serviceBus" | "nodeIdentity" | "tables" | "durable";

/** One call as a test would name it: `{ wire: "sql", operation: "CREATE USER", target: "sql-dev/orders" }`. */
export interface Call {
  readonly wire: Wire;
  /**
   * ARM and Kubernetes: `PUT Microsoft.Sql/servers`, `PATCH serviceaccounts`; SQL: the statement's leading words; of the
   * embedded host's turns, the name of the orchestration.
   */
  readonly operation: string;
  /** Of a turn, the instance's id. */
  readonly target: string;
}

export type Effect =
  /** Answered with an error of the wire's own kind, before anything happens. */
  | {
      readonly kind: "error";
      readonly code: string | number;
      readonly status?: number;
      readonly message?: string;
      readonly retryAfterSeconds?: number;
    }
  /** The connection is cut before anything happens. */
  | { readonly kind: "cutBefore" }
  /** The effect happens and the connection is cut before the answer. */
  | { readonly kind: "cutAfter" }
  /** The answer is not of the protocol: broken JSON, a wrong token. The effect happens. */
  | { readonly kind: "garbage" }
  | { readonly kind: "delay"; readonly ms: number }
  /** No answer, ever; ends when the client or the simulator closes. */
  | { readonly kind: "hang" };

export interface Fault {
  readonly wire: Wire;
  /** A string is compared whole and without regard to case. */
  readonly operation?: string | RegExp;
  readonly target?: string | RegExp;
  /** How many matching calls pass first. */
  readonly skip?: number;
  /** How many matching calls are hit; Infinity for all. Default 1. */
  readonly times?: number;
  readonly effect: Effect;
}

export interface Faults {
  /** Returns a function that takes the fault back. */
  add(fault: Fault): () => void;
  clear(): void;
  /** Whether a fault of that wire is there. */
  has(wire: Wire): boolean;
  /** Told whenever faults come or go. */
  onChange: () => void;
  /** Every call takes at least this long. */
  latencyMs: number;
  /** Waits out latency and delays, and returns the effect to act out, if any. */
  meet(call: Call): Promise<Exclude<Effect, { kind: "delay" }> | undefined>;
  /** Every call that arrived, oldest first. */
  readonly journal: readonly Call[];
  /** When each of them arrived, at the same index, in milliseconds of performance.now(). */
  readonly arrivals: readonly number[];
}

export function createFaults(): Faults {
  const active: { fault: Fault; seen: number }[] = [];
  const journal: Call[] = [];
  const arrivals: number[] = [];
  return {
    latencyMs: 0,
    journal,
    arrivals,
    onChange: () => undefined,
    has: (wire) => active.some(({ fault }) => fault.wire === wire),
    add(fault) {
      const entry = { fault, seen: 0 };
      active.push(entry);
      this.onChange();
      return () => {
        const index = active.indexOf(entry);
        if (index >= 0) active.splice(index, 1);
        this.onChange();
      };
    },
    clear() {
      active.length = 0;
      this.onChange();
    },
    async meet(call) {
      journal.push(call);
      arrivals.push(performance.now());
      // A turn is no call to the cloud.
      if (this.latencyMs > 0 && call.wire !== "durable") await sleep(this.latencyMs);
      const effect = next(active, call);
      if (effect?.kind !== "delay") return effect;
      await sleep(effect.ms);
      return undefined;
    },
  };
}

function next(active: { fault: Fault; seen: number }[], call: Call): Effect | undefined {
  for (const entry of active) {
    const { fault } = entry;
    if (fault.wire !== call.wire || !matches(fault.operation, call.operation) || !matches(fault.target, call.target))
      continue;
    entry.seen += 1;
    const skip = fault.skip ?? 0;
    if (entry.seen > skip && entry.seen <= skip + (fault.times ?? 1)) return fault.effect;
  }
  return undefined;
}

function matches(pattern: string | RegExp | undefined, text: string): boolean {
  if (pattern === undefined) return true;
  return typeof pattern === "string" ? pattern.toLowerCase() === text.toLowerCase() : pattern.test(text);
}
