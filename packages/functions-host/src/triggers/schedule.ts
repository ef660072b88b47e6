import { Cron } from "croner";
import { messageOf } from "../messageOf.ts";
import { parseTimeSpan } from "../timeSpan.ts";

export interface Schedule {
  /** The first time after `after`. */
  next(after: Date): Date;
  /** Whether two runs are ever less than a minute apart; such a timer's state is not kept across restarts. */
  readonly isFrequent: boolean;
}

/**
 * A timer's schedule: NCRONTAB of six fields (five: seconds are 0) or a .NET TimeSpan. Throws with the reason when it is
 * neither.
 */
export function parseSchedule(text: string, { timeZone = "UTC" }: { timeZone?: string } = {}): Schedule {
  const interval = parseTimeSpan(text);
  if (interval !== undefined) {
    if (interval === 0) throw new Error(`"${text}" is an interval of zero`);
    return { next: (after) => new Date(after.getTime() + interval), isFrequent: interval < 60_000 };
  }
  const cron = parseCron(text, timeZone);
  const next = (after: Date): Date => {
    const found = cron.nextRun(after);
    if (found === null) throw new Error(`"${text}" never occurs`);
    return found;
  };
  return { next, isFrequent: isFrequent(next) };
}

function parseCron(text: string, timeZone: string): Cron {
  const fields = text.trim().split(/\s+/);
  // NCRONTAB has only these; croner knows more (L, W, #, ?), which Azure would refuse.
  if ((fields.length !== 5 && fields.length !== 6) || !fields.every((field) => /^[\da-z*,/-]+$/i.test(field)))
    throw new Error(`"${text}" is neither {second} {minute} {hour} {day} {month} {day of week} nor hh:mm:ss`);
  if (/[LW]/i.test(fields.join(" ").replace(/[a-z]{3,}/gi, "")))
    throw new Error(`"${text}" uses L or W, which NCRONTAB does not have`);
  const pattern = fields.length === 5 ? ["0", ...fields] : fields;
  // In NCRONTAB both days must match; in classic cron either is enough.
  try {
    return new Cron(pattern.join(" "), { timezone: timeZone, mode: "6-part", domAndDow: true, paused: true });
  } catch (error) {
    throw new Error(`"${text}": ${messageOf(error)}`);
  }
}

function isFrequent(next: (after: Date) => Date): boolean {
  let last = next(new Date());
  for (let count = 0; count < 5; count++) {
    const following = next(last);
    if (following.getTime() - last.getTime() < 60_000) return true;
    last = following;
  }
  return false;
}
