/**
 * Worlds in which a namespace that is deleted stays: for some looks, or until somebody lets it go. Either its contents have a
 * finalizer whose controller is gone, which its conditions say, or the namespace controller itself is down, and nothing says so.
 */

import { createDice } from "test-support/random";
import type { Objects } from "../../support/models/kubernetes.ts";
import type { Faults } from "./faults.ts";

export interface Holds {
  /** Set in the worlds that have them. */
  isOn: boolean;
  /** How many more looks see a namespace that is deleted now, and what its conditions say. */
  next(): { readonly goodbyes: number; readonly held?: string };
  /** Now and then, somebody removes the finalizers or starts the controller again. */
  mayEnd(): void;
  /** Somebody does, and nothing is held any more. */
  end(): void;
}

const forEver = Number.POSITIVE_INFINITY;
const finalizer =
  "Some content in the namespace has finalizers remaining: example.com/nobody-serves-it in 1 resource instances";

export function createHolds(seed: number, objects: Objects, faults: Pick<Faults, "trace">): Holds {
  const dice = createDice(seed ^ 0x401d);
  const kind = dice.pick(["finalizer", "no controller", "slow"]);
  let isOver = false;
  const letGo = () => {
    for (const [key, { goodbyes }] of objects) if (goodbyes === forEver) objects.delete(key);
  };
  return {
    isOn: false,
    next() {
      if (isOver || kind === "slow" || dice.chance(0.3)) return { goodbyes: dice.roll(8) };
      faults.trace?.push(`— a namespace is held: ${kind}`);
      return { goodbyes: forEver, ...(kind === "finalizer" ? { held: finalizer } : {}) };
    },
    mayEnd() {
      if (dice.chance(0.5)) letGo();
    },
    end() {
      isOver = true;
      letGo();
    },
  };
}

/** As long as some of the looks that see a slow one, and no longer than a step may take. */
export const namespaceDeletionMs = 60_000;

export function hasHolds(seed: number): boolean {
  return createDice(seed ^ 0x4022).chance(0.08);
}
