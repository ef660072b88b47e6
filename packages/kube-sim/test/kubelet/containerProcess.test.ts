import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { isRunning } from "../../../../test/support/processes.ts";

/** Starts a container that would run forever, prints its process id, and exits without stopping it. */
const careless = `
  import { startContainer } from ${JSON.stringify(new URL("../../src/kubelet/containerProcess.ts", import.meta.url))};
  startContainer({
    image: { command: process.execPath, args: ["-e", "console.log(process.pid); setInterval(() => {}, 1000)"] },
    environment: {},
    folder: ${JSON.stringify(tmpdir())},
    onOutput: (text) => process.stdout.write(text, () => process.exit(0)),
  });
`;

test("leaves no container behind when this process exits without stopping it", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", careless]);
  const pid = Number(stdout);

  expect(pid).toBeGreaterThan(0);
  await expect.poll(() => isRunning(pid)).toBe(false);
});
