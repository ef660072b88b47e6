/** Plays scenarios and writes their histories, for the recording tools. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { keep } from "./histories.ts";
import { play } from "./scenarios.ts";

export async function recordHistories(names: readonly string[], folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of names) {
    const runs = await play(name);
    await writeFile(join(folder, `${name}.json`), `${JSON.stringify(runs.map(keep))}\n`);
  }
}
