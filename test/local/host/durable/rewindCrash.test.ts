/** A crash in the middle of a rewind, seen from what the store holds after each of its commits. */
import { copyFileSync, mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { createClock } from "../../../../local/host/durable/clock.ts";
import { createEngine } from "../../../../local/host/durable/engine.ts";
import { createManagement } from "../../../../local/host/durable/management.ts";
import { rewindInstance } from "../../../../local/host/durable/rewind.ts";
import { parseDurableSettings } from "../../../../local/host/durable/settings.ts";
import { createMemoryLog } from "../support/memoryLog.ts";
import { createStoreFolder, loadTestApp, startDurableHost } from "./support/durableHost.ts";

test("rewinds a parent and its child both or not at all", async () => {
  const app = await loadTestApp("basic");
  const directory = await createStoreFolder();
  const engine = createEngine({
    app,
    directory,
    clientPayload: () => "",
    settings: parseDurableSettings({}),
    clock: createClock(),
    log: createMemoryLog().log,
  });
  const management = createManagement(engine);
  engine.start();
  const row = await management.start({ name: "failThenSwitchParent", input: '{"key":"crash"}' });
  await expect.poll(() => management.status(row.id)?.status).toBe("Failed");

  const copies: string[] = [];
  const flush = () => {
    engine.commit.flush();
    const copy = join(directory, `copy${copies.length}`);
    mkdirSync(copy);
    for (const file of [engine.file, `${engine.file}-wal`]) copyFileSync(file, join(copy, basename(file)));
    copies.push(copy);
  };
  const failed = management.find(row.id) ?? row;
  expect(rewindInstance({ ...engine, commit: { ...engine.commit, flush } }, failed, "fixed")).toBeUndefined();
  await engine.close(0);

  const ends: string[] = [];
  for (const copy of copies) {
    const host = await startDurableHost(app, { directory: copy });
    host.seen.switches.add("crash");
    ends.push((await host.finished(row.id)).runtimeStatus);
    await host.close();
  }
  expect(ends).toEqual(["Failed", "Completed"]);
  await rm(directory, { recursive: true });
});
