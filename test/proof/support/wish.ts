/**
 * `MOORING_DEED='renames the role'` makes what others do (drift.ts, postgresDeeds.ts), or `loses a row`, happen again and again, in worlds
 * with the targets that it needs.
 */
import { onPostgres } from "./postgresDeeds.ts";
import type { WorldChanges } from "./simulate.ts";
import type { World } from "./world.ts";

const deed = process.env["MOORING_DEED"];

export const wish: WorldChanges = deed === undefined ? {} : { deed, moreActs: 2 };

/** Whether it can happen there. */
export function mayHappen({ postgresDice }: Pick<World, "postgresDice">, wished: string): boolean {
  return !Object.hasOwn(onPostgres, wished) || postgresDice !== undefined;
}
