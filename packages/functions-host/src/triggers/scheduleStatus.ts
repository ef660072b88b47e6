import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import type { Schedule } from "./schedule.ts";

/** When a timer last ran and should run next; kept on disk, so that a run missed while the host was down is noticed. */
export interface ScheduleStatus {
  /** Undefined until the first run. */
  readonly last: Date | undefined;
  readonly next: Date;
  readonly lastUpdated: Date;
}

export interface StatusStore {
  read(timer: string): Promise<ScheduleStatus | undefined>;
  write(timer: string, status: ScheduleStatus): Promise<void>;
}

const date = v.pipe(
  v.string(),
  v.isoTimestamp(),
  v.transform((text) => new Date(text)),
);
const schema = v.object({ last: v.optional(date), next: date, lastUpdated: date });

export function createStatusStore(dataDirectory: string): StatusStore {
  const folder = join(dataDirectory, "timers");
  const pathOf = (timer: string) => join(folder, `${encodeURIComponent(timer)}.json`);
  return {
    async read(timer) {
      const text = await readFile(pathOf(timer), "utf8").catch(() => undefined);
      if (text === undefined) return undefined;
      const parsed = v.safeParse(schema, parseJson(text));
      // A file that cannot be read counts as missing: the timer starts afresh.
      return parsed.success ? { ...parsed.output, last: parsed.output.last } : undefined;
    },
    async write(timer, status) {
      await mkdir(folder, { recursive: true });
      const path = pathOf(timer);
      // Renamed into place: a crash leaves the old status or the new one, never half of one.
      await writeFile(`${path}.new`, JSON.stringify(status));
      await rename(`${path}.new`, path);
    },
  };
}

/**
 * The status at start, and whether a run was missed. A schedule that was changed while the host was down begins anew and is
 * not past due (as in the timer extension's ScheduleMonitor).
 */
export function checkPastDue(
  stored: ScheduleStatus | undefined,
  { schedule, now }: { schedule: Schedule; now: Date },
): { status: ScheduleStatus; isPastDue: boolean } {
  if (stored === undefined)
    return { status: { last: undefined, next: schedule.next(now), lastUpdated: now }, isPastDue: false };
  const reference = stored.last ?? stored.lastUpdated;
  const expected = schedule.next(reference);
  if (expected.getTime() === stored.next.getTime()) return { status: stored, isPastDue: now > stored.next };
  const isGone = now > expected;
  return {
    status: {
      last: undefined,
      next: isGone ? schedule.next(now) : expected,
      lastUpdated: isGone ? now : reference,
    },
    isPastDue: false,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
