import { NotPossible } from "../failures.ts";
import type { Client } from "./client.ts";

export async function expectCluster(client: Client, name: string): Promise<void> {
  const { clusters } = await client.json({ route: "GET /api/catalog" }, ["clusters"]);
  if (clusters.some((cluster) => cluster.name === name)) return;
  const known = clusters.map((cluster) => cluster.name).join(", ");
  throw new NotPossible(`The catalog has no cluster "${name}" for you${known === "" ? "" : `; it has ${known}`}.`, {
    next: ["mooring catalog"],
  });
}
