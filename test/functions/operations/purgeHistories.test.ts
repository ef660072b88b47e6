/** What is purged, and when. That nothing is missed afterwards: test/sandbox/history.test.ts. */
import type { DurableClient } from "durable-functions";
import { expect, it } from "vitest";
import { loadConfig } from "../../../src/config.ts";
import { purgeHistories } from "../../../src/functions/operations/purgeHistories.ts";

type Filter = Parameters<DurableClient["purgeInstanceHistoryBy"]>[0];
type Window = readonly [from: number, to: number];

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const start = Date.UTC(2026, 10, 26, 12, 30);
const ended = ["Completed", "Failed", "Terminated", "Canceled"];

async function runAt(now: number, { days = 30, deleted = 0 } = {}) {
  const asked: Filter[] = [];
  const logged: string[] = [];
  await purgeHistories(
    {
      async purgeInstanceHistoryBy(filter) {
        asked.push(filter);
        return { instancesDeleted: deleted };
      },
    },
    { log: (line: string) => void logged.push(line) },
    { days, now: new Date(now) },
  );
  const windows = asked.map(
    ({ createdTimeFrom, createdTimeTo }): Window => [Number(createdTimeFrom), Number(createdTimeTo)],
  );
  return { asked, windows, logged };
}

it("purges the newest day that is old enough, only ended operations, and reports how many", async () => {
  const { asked, windows, logged } = await runAt(start, { deleted: 3 });

  expect(windows[0]).toEqual([start - 31 * dayMs, start - 30 * dayMs]);
  expect(asked.map(({ runtimeStatus }) => runtimeStatus)).toEqual([ended, ended]);
  expect(logged[0]).toBe('histories purged purged=3 from="2026-10-26T12:30:00.000Z" to="2026-10-27T12:30:00.000Z"');
  expect((await runAt(start)).logged).toEqual([]);
});

it("reaches everything older in time, two days of start times per run, and never anything newer", async () => {
  const hours = 366;
  const runs = await Promise.all(Array.from({ length: hours }, (_, hour) => runAt(start + hour * hourMs)));
  const windows = runs.map(({ windows: [newest = [0, 0], older = [0, 0]] }) => ({ newest, older }));

  for (const [hour, { newest, older }] of windows.entries()) {
    expect(newest[1]).toBe(start + hour * hourMs - 30 * dayMs);
    expect(older[1]).toBeLessThanOrEqual(newest[1]);
    expect(older[1] - older[0] === dayMs || older[0] === 0).toBe(true);
  }
  // The runs together covered everything that began before the first run's newest day, back to the beginning of time.
  const gaps = Array.from({ length: 500 }, (_, day) => start - (31 + day) * dayMs).filter(
    (moment) => !windows.some(({ older: [from, to], newest }) => isIn(moment, [from, to]) || isIn(moment, newest)),
  );
  expect(gaps).toEqual([]);
});

function isIn(moment: number, [from, to]: Window): boolean {
  return from <= moment && moment <= to;
}

it("takes the number of days, at least one, from a setting", () => {
  const settings = {
    MOORING_TABLES_ENDPOINT: "https://t.example",
    ServiceBusConnection__fullyQualifiedNamespace: "s.example",
  };

  expect(loadConfig(settings).MOORING_HISTORY_DAYS).toBe(30);
  expect(loadConfig({ ...settings, MOORING_HISTORY_DAYS: "7" }).MOORING_HISTORY_DAYS).toBe(7);
  for (const days of ["0", "0.5", "-1", "never"]) {
    expect(() => loadConfig({ ...settings, MOORING_HISTORY_DAYS: days })).toThrow("MOORING_HISTORY_DAYS");
  }
});
