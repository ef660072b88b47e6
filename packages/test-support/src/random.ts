/** Random numbers that a seed reproduces (mulberry32). */
export interface Dice {
  /** 0 ≤ value < 1 */
  next(): number;
  /** 0 ≤ value < sides, whole. */
  roll(sides: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** A copy in random order. */
  shuffle<T>(list: readonly T[]): T[];
}

export function createDice(seed: number): Dice {
  // Neighbouring seeds must not start alike.
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const roll = (sides: number) => Math.floor(next() * sides);
  return {
    next,
    roll,
    chance: (probability) => next() < probability,
    pick(list) {
      const index = roll(list.length);
      if (index >= list.length) throw new RangeError("there is nothing to pick from");
      return list[index] as (typeof list)[number];
    },
    shuffle(list) {
      const rest = [...list];
      return list.map(() => rest.splice(roll(rest.length), 1)[0] as (typeof list)[number]);
    },
  };
}
