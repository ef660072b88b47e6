/** On a machine without Chromium, nothing fails, and the report says that nothing was proved. */
import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { findChromium } from "./support/browser.ts";

const root = dirname(dirname(import.meta.dirname));

it("looks for it in PLAYWRIGHT_CHROMIUM and on the PATH, and says why it is missing", () => {
  expect(findChromium({ PLAYWRIGHT_CHROMIUM: process.execPath })).toEqual({ executable: process.execPath });
  expect(findChromium({ PLAYWRIGHT_CHROMIUM: "/nowhere", PATH: process.env["PATH"] })).toEqual({
    reason: 'PLAYWRIGHT_CHROMIUM is "/nowhere", where nothing is.',
  });
  expect(findChromium({ PATH: root })).toEqual({ reason: expect.stringContaining("no Chromium on the PATH") });
});

it("is reported at the end of the run", async () => {
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
