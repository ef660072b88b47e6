/** The table that the sample workload reads, as an application's own deployment would have created it. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Cloud } from "./cloud.ts";

export async function createMessageList({ sql }: Pick<Cloud, "sql">): Promise<void> {
  await sql.database("messages").runScript(await readScript());
}

/** With the operator's own catalog, the sample may be pointed at any database. */
export async function createMessageLists({ world, sqlServers }: Pick<Cloud, "world" | "sqlServers">): Promise<void> {
  const script = await readScript();
  for (const sql of sqlServers.values()) {
    for (const name of world.sqlServers.get(sql.server)?.databases ?? []) await sql.database(name).runScript(script);
  }
}

async function readScript(): Promise<string> {
  return await readFile(join(dirname(import.meta.dirname), "examples/messagelist.sql"), "utf8");
}
