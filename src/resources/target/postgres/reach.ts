/** The rights on a schema that no request names, of every role on the server that lets the identity in. */

import { namespaceKey, postgresRoleName } from "../../../domain/naming/names.ts";
import { readMark } from "../../../domain/naming/ownership.ts";
import { isSamePlace } from "../../../domain/targets/namedTarget.ts";
import type { PostgresPlace } from "../../../domain/targets/postgres.ts";
import type { Reached, Reaching } from "../../definitions/targetFamily.ts";
import { type Looking, lets, type RoleAt } from "./role.ts";
import { usesIn } from "./uses.ts";

export async function reachedInSchema(
  { postgres }: Looking,
  place: PostgresPlace,
  { namespaceRef, principalId, asked }: Reaching,
): Promise<readonly Reached[]> {
  if (asked.some((each) => isSamePlace(each.place, place))) return [];
  const role = postgresRoleName(namespaceRef);
  const seen = await postgres.inspect(place, { role, principalId });
  const found = await Promise.all(
    seen.roles
      .filter((each) => each.canLogIn && lets(each, { principalId }))
      .map(async ({ name, comment }) => {
        const { schema } = name === role ? seen : await postgres.inspect(place, { role: name, principalId });
        const what = describeUse({ name, schema }, place);
        return what === undefined
          ? undefined
          : { what, place, isOurs: readMark(comment)?.berth === namespaceKey(namespaceRef) };
      }),
  );
  return found.filter((each) => each !== undefined);
}

/** Undefined if it can use nothing there. */
export function describeUse(
  { name, schema }: Pick<RoleAt, "name" | "schema">,
  { resourceId, database, schema: schemaName }: PostgresPlace,
): string | undefined {
  const uses = usesIn(schema);
  return uses.length === 0
    ? undefined
    : `role ${name} (${uses.join(", ")}) in ${database}/${schemaName} at ${resourceId}`;
}
