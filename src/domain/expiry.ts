/** When access ends, as a request says it: of the whole namespace, and of each target. */
import { z } from "zod";
import { defined } from "./defined.ts";
import { addDuration, Duration } from "./duration.ts";

/** Fields of a request and of its targets. What is kept has `expiresAt` alone: the other is made an instant when it is accepted. */
export const expiryFields = {
  expiresAt: z.iso
    .datetime({ error: "must be a time in UTC, such as 2027-01-31T00:00:00Z" })
    .exactOptional()
    .meta({ description: "When it ends, in UTC. Since 0.2.0." }),
  expiresAfter: Duration.exactOptional().meta({
    description:
      "After how long it ends, counted from the acceptance of the request: a duration of ISO 8601, such as P30D or PT12H. Since 0.2.0.",
  }),
};

export interface Expiry {
  readonly expiresAt?: string;
  readonly expiresAfter?: string;
}

export function checkExpiry({ expiresAt, expiresAfter }: Expiry, context: z.RefinementCtx): void {
  if (expiresAt === undefined || expiresAfter === undefined) return;
  const message = "excludes expiresAt: name one of them";
  context.addIssue({ code: "custom", path: ["expiresAfter"], message });
}

export function expiryOf({ expiresAt, expiresAfter }: Expiry): Expiry {
  return {
    ...defined({ expiresAt }),
    ...defined({ expiresAfter }),
  };
}

/** The instant that is meant at that time; undefined for access that does not end. Whole seconds, rounded up. */
export function endOf({ expiresAt, expiresAfter }: Expiry, now: number): string | undefined {
  if (expiresAt !== undefined) return new Date(expiresAt).toISOString();
  if (expiresAfter === undefined) return undefined;
  return new Date(Math.ceil(addDuration(now, expiresAfter) / 1_000) * 1_000).toISOString();
}

/** The same with an instant in place of a duration. */
export function resolveExpiry(expiry: Expiry, now: number): Expiry {
  const end = endOf(expiry, now);
  return defined({ expiresAt: end });
}

/** The earlier of two ends. They compare as text, since all have one format. */
export function earlier(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a < b ? a : b;
}
