import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, it } from "vitest";
import { checkout, run } from "./support/program.ts";

it("ends with the same exit code when nobody reads standard error any more", async () => {
  const args = ["list", "--no-such-flag"];
  const { code } = await run(args);
  expect(code).toBeGreaterThan(1);

  const child = spawn(process.execPath, [join(checkout, "cli/mooring.mjs"), ...args], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  child.stderr.destroy();

  expect((await once(child, "close"))[0]).toBe(code);
});
