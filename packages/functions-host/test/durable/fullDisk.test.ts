/** A store that cannot be written: its files cannot grow, as on a full disk, until space is freed. */
import { execFileSync } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startCrashHost } from "./support/crashHost.ts";
import { createStoreFolder } from "./support/durableHost.ts";

/** Limits files to 2,000 blocks; ignoring the signal makes the write fail, as on a full disk. */
const limited = ["sh", "-c", `trap "" XFSZ; ulimit -S -f 2000; exec "$@"`, "sh"];

test("answers 503 while the disk is full, recovers by itself afterwards, and loses nothing that it acknowledged", {
  timeout: 60_000,
}, async () => {
  const directory = await createStoreFolder();
  await writeFile(join(directory, "attempts.txt"), "");
  const host = await startCrashHost(directory, limited);
  const start = (n: number) =>
    fetch(`${host.url}/orchestrators/everything/full-${n}`, { method: "POST", body: String(n) });
  const acknowledged: number[] = [];
  let refusal: Response | undefined;
  onTestFinished(() => host.kill());
  for (let n = 0; refusal === undefined && n < 20_000; n += 50) {
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const response = await start(n + index);
        if (response.status === 202) acknowledged.push(n + index);
        else refusal ??= response;
      }),
    );
  }

  expect(refusal?.status).toBe(503);
  expect(refusal?.headers.get("retry-after")).toBe("1");
  expect(await refusal?.json()).toEqual({ Message: expect.stringContaining("The durable store cannot be written (") });
  execFileSync("prlimit", ["--pid", String(host.pid), "--fsize=unlimited"]);
  await expect.poll(async () => (await start(100_000)).status).toBe(202);

  for (const n of [...acknowledged, 100_000]) {
    await expect
      .poll(async () => await (await fetch(`${host.url}/instances/full-${n}`)).json(), { interval: 10 })
      .toMatchObject({ runtimeStatus: "Completed" });
  }
  // How many fit depends on how far each has got by then: fewer on a busy machine.
  expect(acknowledged.length).toBeGreaterThan(0);
  await host.kill();
  await rm(directory, { recursive: true });
});
