/**
 * Breaks the calls of ports: before their effect, after it (the answer is lost), temporarily or permanently, or by ending
 * the process that made them. What a write without an answer does may happen later. Every call also takes a random time, so that
 * concurrent work interleaves.
 */

import { createDice, type Dice } from "test-support/random";
import { PermanentError, TransientError } from "../../../src/domain/errors.ts";

export type Wire = "arm" | "sql" | "postgres" | "kubernetes" | "tables" | "serviceBus";

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

/** An API server that is away: from this call of a cluster on, for so many. */
export interface Outage {
  readonly from: number;
  readonly calls: number;
}

/** Rare, so that the other worlds stay the same. */
export function createOutage(seed: number): Outage | undefined {
  const dice = createDice(seed ^ outageSalt);
  return dice.chance(0.08) ? { from: 1 + dice.roll(80), calls: dice.pick([5, 20, 60]) } : undefined;
}

const outageSalt = 0x0a71;

/** How a single call fails; the last two also fail all later calls of its name, until the operation has been given up. */
export const scriptedWays = [
  ...["fails before its effect", "answer lost", "answer lost, and late", "nobody foresaw it"],
  ...["dies before it", "dies after it", "refused once", "refused for good", "down for good"],
] as const;
export type ScriptedWay = (typeof scriptedWays)[number];

/** One call of the processes that may die, counted from the first one on, fails in that way. */
export interface Script {
  readonly at: number;
  readonly way: ScriptedWay;
  /** How many calls there were so far. */
  seen: number;
  /** The call that it has met. */
  met?: { readonly name: string; readonly time: number };
}

/** Longer than retries and undos take together. */
const forGoodMs = 15 * 60_000;

export interface Faults {
  plan: FaultPlan;
  /** None, unless a test wants one. */
  script: Script | undefined;
  /** None, unless a test wants one. */
  outage: Outage | undefined;
  /** Calls of a process that never dies. */
  readonly call: Call;
  live(): Life;
  /** The time passes in which what was sent may take effect. */
  landAll(): void;
  /** A log of events, if requested. */
  readonly trace: string[] | undefined;
}

export const died = Symbol("died");

/** How often, and how late, a write takes effect whose answer nobody hears. */
export interface Lateness {
  /** Separate dice, so that a world in which nothing is late stays the same. */
  readonly dice: Dice;
  readonly chance: number;
  readonly longestMs: number;
}

export function createLateness(seed: number, longestMs: number): Lateness {
  const dice = createDice(seed ^ 0x1a7e);
  return { dice, chance: dice.pick([0, 0, 0.3, 0.8]), longestMs };
}

const never: Lateness = { dice: createDice(0), chance: 0, longestMs: 0 };

/** Not of a table or a queue, which have no third party, and no question. */
const isLateWrite = /^(put|remove|set|change|apply|create|amend|grant|revoke|release|drop) /;

interface Pending {
  readonly at: number;
  readonly name: string;
  readonly effect: () => unknown;
}

export function createFaults(
  dice: Dice,
  { trace, late = never }: { trace?: string[] | undefined; late?: Lateness } = {},
): Faults {
  let clusterCalls = 0;
  /** Whether the API server is away; nobody meets it while the world is calm. */
  const isAway = (wire: Wire) => {
    const { outage } = faults;
    if (outage === undefined || wire !== "kubernetes" || faults.plan === calm) return false;
    clusterCalls += 1;
    return clusterCalls >= outage.from && clusterCalls < outage.from + outage.calls;
  };
  const pending: Pending[] = [];

  function land(isDue: (each: Pending) => boolean): void {
    for (const each of pending.filter(isDue).toSorted((a, b) => a.at - b.at)) {
      pending.splice(pending.indexOf(each), 1);
      trace?.push(`  ! ${each.name} takes effect now`);
      try {
        each.effect();
      } catch {
        // It was possible when it was sent; nobody hears of it.
      }
    }
  }

  /** The effect of a write without an answer: now or later. */
  function happen(wire: Wire, name: string, effect: () => unknown): void {
    if (!isOutward(wire) || !isLateWrite.test(name) || !late.dice.chance(late.chance)) {
      effect();
      return;
    }
    trace?.push(`  ${name}: takes effect later`);
    pending.push({ at: Date.now() + late.dice.next() * late.longestMs, name, effect });
  }

  /** The way in which the script lets this call fail. */
  function meetScript(wire: Wire, name: string): ScriptedWay | undefined {
    const { script } = faults;
    if (!script) return undefined;
    script.seen += 1;
    if (script.seen === script.at) {
      script.met = { name, time: Date.now() };
      return script.way;
    }
    const { met } = script;
    // Of what Mooring runs on, none is away for good.
    const isLasting = isOutward(wire) && script.way.endsWith("for good") && met?.name === name;
    return isLasting && Date.now() - met.time < forGoodMs ? script.way : undefined;
  }

  async function play<T>(way: ScriptedWay, { life, wire, name, effect }: Met<T>): Promise<T> {
    trace?.push(`  ${name}: ${way}, as scripted`);
    switch (way) {
      case "dies after it":
      case "dies before it":
        if (way === "dies after it") effect();
        life.isDead = true;
        life.die();
        return await silence();
      case "answer lost":
        effect();
        break;
      case "answer lost, and late":
        if (isOutward(wire) && isLateWrite.test(name))
          pending.push({ at: Date.now() + late.longestMs / 2, name, effect });
        else effect();
        break;
      case "nobody foresaw it":
        throw new TypeError(`${name}: nobody foresaw this`);
      case "refused once":
      case "refused for good":
        // As of a whole plan.
        if (wire !== "tables") throw refusal(wire, name);
        break;
    }
    throw passingError(wire, name);
  }

  async function call<T>(life: Mortal | undefined, wire: Wire, name: string, effect: () => T): Promise<T> {
    for (let wait = dice.roll(3); wait > 0; wait -= 1) await undefined;
    if (life?.isDead) return await silence();
    land(({ at }) => at <= Date.now());

    const { passing, deaths, refused, down } = faults.plan;
    if (isAway(wire)) {
      trace?.push(`  ${name}: the API server is away`);
      throw passingError(wire, name);
    }
    const scripted = life && meetScript(wire, name);
    if (scripted) return await play(scripted, { life, wire, name, effect });
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
      if (!before) happen(wire, name, effect);
      life.isDead = true;
      life.die();
      return await silence();
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
    happen(wire, name, effect);
    throw passingError(wire, name);
  }

  const faults: Faults = {
    plan: calm,
    script: undefined,
    outage: undefined,
    trace,
    landAll: () => land(() => true),
    call: (wire, name, effect) => call(undefined, wire, name, effect),
    live() {
      const { promise, resolve } = Promise.withResolvers<typeof died>();
      const life: Mortal = { die: () => resolve(died), isDead: false };
      return { died: promise, call: (wire, name, effect) => call(life, wire, name, effect) };
    },
  };
  return faults;
}

function isOutward(wire: Wire): boolean {
  return wire !== "tables" && wire !== "serviceBus";
}

interface Met<T> {
  readonly life: Mortal;
  readonly wire: Wire;
  readonly name: string;
  readonly effect: () => T;
}

interface Mortal {
  readonly die: () => void;
  isDead: boolean;
}

function silence(): Promise<never> {
  return new Promise(() => undefined);
}

const passingCodes = {
  arm: "ARM_UNAVAILABLE",
  sql: "SQL_UNAVAILABLE",
  postgres: "POSTGRES_UNAVAILABLE",
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
  postgres: "POSTGRES_FORBIDDEN",
  kubernetes: "KUBERNETES_FORBIDDEN",
  serviceBus: "SERVICE_BUS_FORBIDDEN",
} as const;

/** A write that a cluster's admission refuses, and anything else for which a right is missing. */
function refusal(wire: Exclude<Wire, "tables">, name: string): PermanentError {
  const isDenied = wire === "kubernetes" && /^(apply|remove) /.test(name);
  return new PermanentError(isDenied ? "KUBERNETES_ADMISSION_DENIED" : refusalCodes[wire], `${name}: refused`);
}
