import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { createDataDirectory, runHost } from "../support/runningHost.ts";

const record = `
  const runs = (globalThis.timerRuns = []);
  const handler = (timer, context) => { runs.push({ at: Date.now(), timer, metadata: context.triggerMetadata }); };
`;

interface Run {
  at: number;
  timer: { isPastDue: boolean; schedule: object; scheduleStatus: { last: string; next: string } | null };
  metadata: unknown;
}

const runs = (): Run[] => Reflect.get(globalThis, "timerRuns") ?? [];

test("runs on its NCRONTAB schedule, from a setting, and passes it to the handler", async () => {
  await runHost({
    code: `${record}app.timer("tick", { schedule: "%TICK%", handler });`,
    settings: { TICK: "* * * * * *" },
  });

  await expect.poll(() => runs().length).toBeGreaterThanOrEqual(2);

  expect(runs()[0]?.timer).toEqual({ isPastDue: false, schedule: { adjustForDST: true }, scheduleStatus: null });
  // Never before its second; how late depends on the machine.
  for (const { at } of runs()) expect(at % 1000).toBeLessThan(950);
});

test("names the function and the setting when a schedule's setting is missing, and says why a schedule is invalid", async () => {
  await expect(runHost({ code: `${record}app.timer("tick", { schedule: "%NO_SUCH%", handler });` })).rejects.toThrow(
    'Function "tick" (schedule of its timerTrigger) asks for the setting "NO_SUCH"',
  );
  await expect(runHost({ code: `${record}app.timer("tick", { schedule: "hourly", handler });` })).rejects.toThrow(
    'Function "tick" has a schedule that cannot be used: "hourly" is neither',
  );
});

test("keeps its state, and catches up on a missed run at the next start with isPastDue", async () => {
  const dataDirectory = await createDataDirectory();
  const code = `${record}app.timer("nightly", { schedule: "0 0 3 * * *", handler });`;
  const first = await runHost({ code, dataDirectory });
  await expect.poll(async () => (await readdir(join(dataDirectory, "timers"))).length).toBe(1);
  await first.close();
  expect(runs()).toHaveLength(0);

  const path = join(dataDirectory, "timers/nightly.json");
  const status = JSON.parse(await readFile(path, "utf8"));
  expect(new Date(status.next).getUTCHours()).toBe(3);
  await writeFile(path, JSON.stringify({ next: "2026-01-02T03:00:00.000Z", lastUpdated: "2026-01-01T12:00:00.000Z" }));
  const second = await runHost({ code, dataDirectory });

  await expect.poll(() => runs().length).toBe(1);
  expect(runs()[0]?.timer).toMatchObject({
    isPastDue: true,
    scheduleStatus: { last: "0001-01-01T00:00:00+00:00", next: "2026-01-02T03:00:00.000Z" },
  });
  await second.close();
  const third = await runHost({ code, dataDirectory });
  await sleep(100);
  expect(runs()).toHaveLength(0);
  await third.close();
});

test("a corrupt state file resets the timer", async () => {
  const dataDirectory = await createDataDirectory();
  await mkdir(join(dataDirectory, "timers"));
  await writeFile(join(dataDirectory, "timers/nightly.json"), "{ha");

  await runHost({ code: `${record}app.timer("nightly", { schedule: "0 0 3 * * *", handler });`, dataDirectory });

  await expect.poll(async () => await readFile(join(dataDirectory, "timers/nightly.json"), "utf8")).toContain('"next"');
  expect(runs()).toHaveLength(0);
});

test("runs once at start with runOnStartup", async () => {
  await runHost({ code: `${record}app.timer("nightly", { schedule: "0 0 3 * * *", runOnStartup: true, handler });` });

  await sleep(150);

  expect(runs()).toHaveLength(1);
  expect(runs()[0]?.timer.isPastDue).toBe(false);
});

test("never runs a timer concurrently with itself, and continues after a failure", async () => {
  await runHost({
    code: `
      const runs = (globalThis.timerRuns = []);
      app.timer("slow", { schedule: "00:00:00.1", handler: async () => {
        const run = { from: Date.now() };
        runs.push(run);
        await new Promise((resolve) => setTimeout(resolve, 250));
        run.to = Date.now();
        throw new Error("no");
      } });`,
  });

  await expect.poll(() => runs().length).toBeGreaterThanOrEqual(3);

  const spans: { from: number; to?: number }[] = Reflect.get(globalThis, "timerRuns");
  spans.slice(1).forEach((span, index) => {
    expect(span.from).toBeGreaterThanOrEqual(spans[index]?.to ?? Number.POSITIVE_INFINITY);
  });
});

test("lets a running timer finish before the host closes", async () => {
  const host = await runHost({
    code: `
      const runs = (globalThis.timerRuns = []);
      app.timer("slow", { schedule: "0 0 3 * * *", runOnStartup: true, handler: async () => {
        runs.push("began");
        await new Promise((resolve) => setTimeout(resolve, 200));
        runs.push("ended");
      } });`,
  });
  await expect.poll(() => runs().length).toBe(1);

  await host.close();

  expect(runs()).toEqual(["began", "ended"]);
});
