/** The calls that arrived at the simulated cloud, newest last, and which of them a fault has hit. */
import { z } from "zod";
import type { Faults } from "../../packages/azure-sim/src/faults.ts";

const Query = z.strictObject({
  wire: z.string().optional(),
  /** Part of the operation or of the target; case does not matter. */
  contains: z.string().optional(),
  /** Only calls after the one with this number. */
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(10_000).default(100),
});

export function viewJournal({ journal, arrivals, hits }: Faults, parameters: Record<string, string>) {
  const { wire, contains = "", after, limit } = Query.parse(parameters);
  const part = contains.toLowerCase();
  const matching = journal
    .map((call, index) => ({ number: index + 1, ...call }))
    .slice(after)
    .filter((call) => wire === undefined || call.wire === wire)
    .filter(({ operation, target }) => `${operation} ${target}`.toLowerCase().includes(part));
  return {
    /** The number of calls so far; as the next request's `after` it misses none. */
    total: journal.length,
    /** Whether older calls match, too. */
    isCut: matching.length > limit,
    value: matching.slice(-limit).map(({ number, ...call }) => ({
      number,
      at: new Date(performance.timeOrigin + (arrivals[number - 1] ?? 0)).toISOString(),
      ...call,
      ...(hits.has(number - 1) ? { fault: hits.get(number - 1) } : {}),
    })),
  };
}
