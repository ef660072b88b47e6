/**
 * Turns for calls whose rate limit all instances of the service share: the next free turn of each kind.
 *
 * | table       | partition | row  |
 * | MooringPace | `turns`   | kind |
 */
import type { Turns } from "../../ports/registry.ts";
import { openTables, type Table, type TableSettings, table } from "./tables.ts";

export interface Pace {
  /** When the next free turn begins. */
  readonly freeTime: string;
}

export function createTurns(settings: TableSettings): Turns {
  return createTurnsOn(table(openTables(settings), "MooringPace", settings.unreadable));
}

const partition = "turns";
const mostTries = 10;
/** No line is longer: a later time means that the clock of the instance that wrote it was wrong. */
const longestLineMs = 120_000;

export function createTurnsOn(
  paces: Pick<Table<Pace>, "get" | "insert" | "replace">,
  { now }: { now: () => number } = Date,
): Turns {
  return {
    async reserve(kind, { count, intervalMs }) {
      const row = encodeURIComponent(kind);
      for (let tries = 1; tries <= mostTries; tries += 1) {
        const pace = await paces.get(partition, row);
        const asked = now();
        const wait = pace ? Math.max(0, Date.parse(pace.freeTime) - asked) : 0;
        const first = wait <= longestLineMs ? asked + wait : asked;
        const reserved: Pace = { freeTime: new Date(first + count * intervalMs).toISOString() };
        const isOurs = pace
          ? await paces.replace(partition, row, { ...reserved, etag: pace.etag })
          : await paces.insert(partition, row, reserved);
        if (isOurs) return Math.max(0, first - now());
        await new Promise((over) => setTimeout(over, Math.random() * 20 * tries));
      }
      throw new Error(`Other instances reserved every turn of "${kind}".`);
    },
  };
}
