/** The table that the sample workload reads: what an application's own deployment would have created. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Cloud } from "./cloud.ts";

export async function createMessageList({ sql }: Cloud): Promise<void> {
  const script = await readFile(join(dirname(import.meta.dirname), "examples/messagelist.sql"), "utf8");
  await sql.database("messages").runScript(script);
}
