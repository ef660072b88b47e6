/** The rights on a schema that no request names, of every role on the server that lets the identity in. */

import { postgresRoleName } from "../../../domain/naming/names.ts";
import { isSamePlace } from "../../../domain/targets/namedTarget.ts";
import type { PostgresPlace, PostgresRight } from "../../../domain/targets/postgres.ts";
import type { PostgresRole, PostgresState } from "../../../ports/postgres.ts";
import type { Reaching } from "../../definitions/targetFamily.ts";
import { inWords, type Looking, lets } from "./role.ts";

/** With these alone, a role has nothing. */
const wayIn: readonly PostgresRight[] = ["CONNECT", "USAGE"];

export async function reachedInSchema(
  { postgres }: Looking,
  place: PostgresPlace,
  { berth, principalId, asked }: Reaching,
): Promise<readonly string[]> {
  if (asked.some((each) => isSamePlace(each.place, place))) return [];
  const role = postgresRoleName(berth);
  const seen = await postgres.inspect(place, { role, principalId });
  const found = await Promise.all(
    seen.roles
      .filter((each) => lets(each, { principalId }))
      .map(async ({ name }) => {
        const { schema } = name === role ? seen : await postgres.inspect(place, { role: name, principalId });
        return describe(name, schema, place);
      }),
  );
  return found.flat();
}

function describe(
  name: PostgresRole["name"],
  schema: PostgresState["schema"],
  { resourceId, database, schema: schemaName }: PostgresPlace,
): readonly string[] {
  const { held = [], heldPartly = [], owned = [] } = schema ?? {};
  const has = [...held, ...heldPartly].some((right) => !wayIn.includes(right)) || owned.length > 0;
  if (!has) return [];
  const what = [...inWords([...held, ...heldPartly]), ...owned].join(", ");
  return [`role ${name} (${what}) in ${database}/${schemaName} at ${resourceId}`];
}
