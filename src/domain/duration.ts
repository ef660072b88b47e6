/** ISO 8601 durations, such as P30D or PT12H. Years and months are those of the calendar, in UTC. */
import { z } from "zod";

/** Without look-ahead, which a CustomResourceDefinition's patterns do not have; so it also matches `P` and `P1DT`. */
const pattern =
  /^P(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?$/;
const inWords = "must be a duration of ISO 8601, such as P30D, P6M or PT12H";

const dayMs = 86_400_000;
const longestMs = 100 * 366 * dayMs;

export const Duration = z
  .string()
  .regex(pattern, { error: inWords, abort: true })
  .refine((text) => !/[PT]$/.test(text), { error: inWords, abort: true })
  .refine((text) => isUsable(text), "must be more than nothing, and at most 100 years");

function isUsable(text: string): boolean {
  const ms = addDuration(0, text);
  return ms > 0 && ms <= longestMs;
}

/** The instant that much later. A month is over on the same day of the next one, or on its last. */
export function addDuration(from: number, duration: string): number {
  const [years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = partsOf(duration);
  const start = new Date(from);
  const month = start.getUTCMonth() + 12 * years + months;
  const lastDay = new Date(Date.UTC(start.getUTCFullYear(), month + 1, 0)).getUTCDate();
  const whole = new Date(from);
  whole.setUTCFullYear(start.getUTCFullYear(), month, Math.min(start.getUTCDate(), lastDay));
  return whole.getTime() + (weeks * 7 + days) * dayMs + ((hours * 60 + minutes) * 60 + seconds) * 1_000;
}

function partsOf(duration: string): readonly number[] {
  const [, ...parts] = pattern.exec(duration) ?? [];
  return parts.map((each) => Number(each ?? 0));
}
