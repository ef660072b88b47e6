/** The launcher as npm starts it: in a shell that a signal ends without notifying its children. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { isRunning } from "test-support/processes";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");

it("ends its child when its parent shell is gone", async () => {
  const shell = spawn("sh", ["-c", `node tools/run.mjs test/tools/support/waits.mjs; true`], {
    cwd: root,
    env: { ...process.env, npm_lifecycle_event: "start" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const told: string[] = [];
  shell.stdout.setEncoding("utf8").on("data", (text: string) => void told.push(text));
  const pid = () => Number(/^running as (\d+)$/m.exec(told.join(""))?.[1]);
  await expect.poll(pid).toBeGreaterThan(0);

  shell.kill("SIGTERM");
  await once(shell, "exit");

  try {
    await expect.poll(() => isRunning(pid())).toBe(false);
    expect(told.join("")).toContain("asked to end");
  } finally {
    if (isRunning(pid())) process.kill(pid(), "SIGKILL");
  }
});
