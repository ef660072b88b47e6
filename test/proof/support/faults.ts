/**
 * Breaks the calls of ports: before their effect, after it (the answer is lost), temporarily or permanently, or by ending
 * the process that made them. Every call also takes a random time, so that concurrent work interleaves.
 */
import { PermanentError, TransientError } from "../../../src/domain/errors.ts";
import type { Dice } from "./random.ts";

export type Wire = "arm" | "sql" | "kubernetes" | "tables" | "serviceBus";

export interface FaultPlan {
  /** The probability of a transient failure of a call. */
  readonly passing: number;
  /** The probability that the process dies in a call. */
  readonly deaths: number;
  /** Calls that are refused every time, by name. */
  readonly refused: RegExp | undefined;
  /** Calls that fail with a transient error every time. */
  readonly down: RegExp | undefined;
}

export const calm: FaultPlan = { passing: 0, deaths: 0, refused: undefined, down: undefined };

/** Makes a call: `effect` is its atomic change of the world. */
export type Call = <T>(wire: Wire, name: string, effect: () => T) => Promise<T>;

/** A process that may die in the middle of its work, the rest of which is then never done. */
export interface Life {
  readonly call: Call;
  readonly died: Promise<typeof died>;
}

export interface Faults {
  plan: FaultPlan;
  /** Calls of a process that never dies. */
  readonly call: Call;
  live(): Life;
  /** A log of events, if requested. */
  readonly trace: string[] | undefined;
}

export const died = Symbol("died");

export function createFaults(dice: Dice, trace?: string[]): Faults {
  async function call<T>(life: Mortal | undefined, wire: Wire, name: string, effect: () => T): Promise<T> {
    for (let wait = dice.roll(3); wait > 0; wait -= 1) await undefined;
    if (life?.isDead) return await never();

    const { passing, deaths, refused, down } = faults.plan;
    if (down?.test(name)) {
      trace?.push(`  ${name}: down`);
      throw passingError(wire, name);
    }
    if (refused?.test(name) && wire !== "tables") {
      trace?.push(`  ${name}: refused`);
      throw refusal(wire, name);
    }
    if (life && dice.chance(deaths)) {
      const before = dice.chance(0.5);
      trace?.push(`  ${name}: process dies ${before ? "before" : "after"} it`);
      if (!before) effect();
      life.isDead = true;
      life.die();
      return await never();
    }
    if (!dice.chance(passing)) {
      trace?.push(`  ${name}`);
      return effect();
    }
    if (dice.chance(0.5)) {
      trace?.push(`  ${name}: fails before its effect`);
      throw wire !== "tables" && dice.chance(0.1)
        ? new TypeError(`${name}: nobody foresaw this`)
        : passingError(wire, name);
    }
    trace?.push(`  ${name}: answer lost`);
    effect();
    throw passingError(wire, name);
  }

  const faults: Faults = {
    plan: calm,
    trace,
    call: (wire, name, effect) => call(undefined, wire, name, effect),
    live() {
      const { promise, resolve } = Promise.withResolvers<typeof died>();
      const life: Mortal = { die: () => resolve(died), isDead: false };
      return { died: promise, call: (wire, name, effect) => call(life, wire, name, effect) };
    },
  };
  return faults;
}

interface Mortal {
  readonly die: () => void;
  isDead: boolean;
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}

const passingCodes = {
  arm: "ARM_UNAVAILABLE",
  sql: "SQL_UNAVAILABLE",
  kubernetes: "CLUSTER_UNREACHABLE",
  tables: "REGISTRY_UNAVAILABLE",
  serviceBus: "SERVICE_BUS_UNAVAILABLE",
} as const;

function passingError(wire: Wire, name: string): TransientError {
  return new TransientError(passingCodes[wire], `${name}: no answer`);
}

const refusalCodes = {
  arm: "ARM_FORBIDDEN",
  sql: "SQL_FORBIDDEN",
  kubernetes: "KUBERNETES_FORBIDDEN",
  serviceBus: "SERVICE_BUS_FORBIDDEN",
} as const;

function refusal(wire: Exclude<Wire, "tables">, name: string): PermanentError {
  return new PermanentError(refusalCodes[wire], `${name}: refused`);
}
