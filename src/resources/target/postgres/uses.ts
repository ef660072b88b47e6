/** What a role can use in a schema: by itself, as a member of others, and what it owns there. */
import type { PostgresRight } from "../../../domain/targets/postgres.ts";
import type { PostgresSchema } from "../../../ports/postgres.ts";
import { inWords } from "./role.ts";

/** With these alone, a role has nothing; everybody may have them. */
export const wayIn: readonly PostgresRight[] = ["CONNECT", "USAGE"];

/** In words; empty if it can use nothing. `given` are rights that do not count. */
export function usesIn(schema: PostgresSchema | undefined, given: readonly PostgresRight[] = []): readonly string[] {
  const { held = [], heldPartly = [], inherited = [], owned = [] } = schema ?? {};
  const rights = [...new Set([...held, ...heldPartly, ...inherited])].filter((right) => !given.includes(right));
  const isUsed = rights.some((right) => !wayIn.includes(right)) || owned.length > 0;
  return isUsed ? [...inWords(rights), ...owned] : [];
}
