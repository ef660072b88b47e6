import { setTimeout as sleep } from "node:timers/promises";
import type { RegisteredFunction } from "../app.ts";
import { ConfigurationError } from "../configurationError.ts";
import { messageOf } from "../messageOf.ts";
import { parseSchedule, type Schedule } from "./schedule.ts";
import { checkPastDue, createStatusStore, type ScheduleStatus, type StatusStore } from "./scheduleStatus.ts";
import type { Listener, TriggerContext } from "./trigger.ts";

interface Timer {
  readonly definition: RegisteredFunction;
  readonly schedule: Schedule;
  readonly runsOnStartup: boolean;
  /** Undefined when its state is not kept. */
  readonly store: StatusStore | undefined;
}

/** Checks every schedule first; `start` then runs the timers. The runs of one timer never overlap. */
export function createTimers(context: TriggerContext, { dataDirectory }: { dataDirectory: string }) {
  const store = createStatusStore(dataDirectory);
  const timers = context.functions
    .filter(({ trigger }) => trigger.type.toLowerCase() === "timertrigger")
    .map((definition) => describe(definition, { timeZone: context.settings["WEBSITE_TIME_ZONE"], store }));
  return {
    start(): Listener {
      const ending = new AbortController();
      const loops = timers.map((timer) => runTimer(timer, { context, signal: ending.signal }));
      return {
        async close() {
          ending.abort();
          await Promise.all(loops);
        },
      };
    },
  };
}

function describe(
  definition: RegisteredFunction,
  { timeZone, store }: { timeZone: string | undefined; store: StatusStore },
): Timer {
  const { schedule, runOnStartup, useMonitor } = definition.trigger;
  try {
    const parsed = parseSchedule(String(schedule), timeZone === undefined ? {} : { timeZone });
    const isMonitored = useMonitor !== false && !parsed.isFrequent;
    return {
      definition,
      schedule: parsed,
      runsOnStartup: runOnStartup === true,
      store: isMonitored ? store : undefined,
    };
  } catch (error) {
    const reason = messageOf(error);
    throw new ConfigurationError(`Function "${definition.name}" has a schedule that cannot be used: ${reason}`);
  }
}

async function runTimer(
  timer: Timer,
  { context, signal }: { context: TriggerContext; signal: AbortSignal },
): Promise<void> {
  const { definition, schedule, store } = timer;
  const { status, isPastDue } = checkPastDue(await store?.read(definition.name), { schedule, now: new Date() });
  let current = status;
  const keep = async (given: ScheduleStatus) => {
    current = given;
    await store?.write(definition.name, given).catch((error: unknown) =>
      context.log.error("a timer's state could not be written; a run may be repeated after a restart", {
        function: definition.name,
        error: String(error),
      }),
    );
  };
  const fire = async (isLate: boolean) => {
    const firedAt = new Date();
    const data = toTimerData(store === undefined ? undefined : current, isLate);
    // The failure is already in the log; the next run comes all the same.
    await context.invoke(definition, { trigger: { json: data } }).catch(() => {});
    await keep({ last: firedAt, next: schedule.next(firedAt), lastUpdated: firedAt });
  };

  await keep(current);
  if (isPastDue) context.log.info("a run was missed; running it now", { function: definition.name });
  if ((isPastDue || timer.runsOnStartup) && !signal.aborted) await fire(isPastDue);
  while (await waitUntil(schedule.next(new Date()), signal)) await fire(false);
}

/** The clock decides, not the timer: Node's timers may be a millisecond early, and the machine may sleep meanwhile. */
async function waitUntil(due: Date, signal: AbortSignal): Promise<boolean> {
  for (;;) {
    if (signal.aborted) return false;
    const left = due.getTime() - Date.now();
    if (left <= 0) return true;
    await sleep(Math.min(left, 30_000), undefined, { signal }).catch(() => {});
  }
}

/** .NET's default time means "never". */
const never = "0001-01-01T00:00:00+00:00";

function toTimerData(status: ScheduleStatus | undefined, isPastDue: boolean): string {
  return JSON.stringify({
    Schedule: { AdjustForDST: true },
    ScheduleStatus:
      status === undefined
        ? null
        : {
            Last: status.last?.toISOString() ?? never,
            Next: status.next.toISOString(),
            LastUpdated: status.lastUpdated.toISOString(),
          },
    IsPastDue: isPastDue,
  });
}
