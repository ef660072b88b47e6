/** A machine without Chromium: nothing fails, and nobody takes that for a proof. */
import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { findChromium } from "./support/browser.ts";

const root = dirname(dirname(import.meta.dirname));

it("looks where PLAYWRIGHT_CHROMIUM says, or on the PATH, and says why there is none", () => {
  expect(findChromium({ PLAYWRIGHT_CHROMIUM: process.execPath })).toEqual({ executable: process.execPath });
  expect(findChromium({ PLAYWRIGHT_CHROMIUM: "/nowhere", PATH: process.env["PATH"] })).toEqual({
    reason: 'PLAYWRIGHT_CHROMIUM is "/nowhere", where nothing is.',
  });
  expect(findChromium({ PATH: root })).toEqual({ reason: expect.stringContaining("no Chromium on the PATH") });
});

it("is told by the report of the run, at its end", async () => {
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [vitest, "run", "test/dashboard/easyAuth.test.ts"],
    { cwd: root, env: { ...process.env, PLAYWRIGHT_CHROMIUM: "/nowhere" } },
  );

  expect(stderr.trim().split("\n").at(-1)).toBe(
    'NOT RUN: no page of the dashboard was opened: PLAYWRIGHT_CHROMIUM is "/nowhere", where nothing is.',
  );
  expect(stdout).toMatch(/3 skipped/);
});
