/** Reading the role and its rights on a schema back. */
import { PermanentError } from "../../../domain/errors.ts";
import { type Finding, finding } from "../../../domain/finding.ts";
import { type PostgresPlace, type PostgresRight, rightsOf } from "../../../domain/targets/postgres.ts";
import type { Inspecting } from "../../definitions/targetFamily.ts";
import { findPlaceConflict } from "./grant.ts";
import { describeUse } from "./reach.ts";
import { inWords, type Looking, lets, notedAt, type RolesFound, readRoles, thingOf, wordsOf } from "./role.ts";
import { usesIn } from "./uses.ts";

export async function inspectRole(
  ports: Looking,
  place: PostgresPlace,
  input: Inspecting,
): Promise<readonly Finding[]> {
  const { target, note } = input;
  const identity = await input.identity();
  const roles = await readRoles(ports, place, { about: input, principalId: identity?.principalId });
  const { role, schema, mark, ...found } = roles.own;
  const conflict = findPlaceConflict(schema, place, input);
  if (conflict || !schema) throw new PermanentError(conflict?.code ?? "POSTGRES_MISSING", conflict?.message ?? target);
  if (role && mark)
    note({
      thing: thingOf(place, role.name),
      id: role.id,
      mark: found.isMarkLost ? undefined : role.comment,
      field: "comment",
    });
  // That the identity is gone is a finding of its own.
  if (!identity) return [];
  const words = wordsOf(input.access);
  const noted = notedAt(mark, place);
  const namesakes = inspectNamesakes(roles, place, target);
  if (!role) return [...words.map((word) => missing(word, null)), ...namesakes];
  if (!lets(role, identity)) {
    const stale = { field: "role", expected: identity.principalId, found: role.principalId ?? null };
    return [finding("GRANT_STALE", target, stale), ...namesakes];
  }
  const lacking = (word: (typeof words)[number]) => rightsOf([word]).filter((right) => !schema.held.includes(right));
  const wanted = rightsOf(words);
  const isAdded = (right: PostgresRight) => !wanted.includes(right) && !noted.has(right);
  const added = [...schema.held, ...schema.heldPartly].filter(isAdded);
  const inherited = schema.inherited.filter((right) => isAdded(right) && !added.includes(right));
  return [
    ...(role.canLogIn ? [] : [finding("USER_DISABLED", target, { field: "LOGIN", expected: "granted", found: null })]),
    ...words
      .filter((word) => lacking(word).length > 0)
      .map((word) => missing(word, `without ${lacking(word).join(", ")}`)),
    ...inWords([...noted.keys()].filter((right) => !wanted.includes(right))).map((field) =>
      finding("GRANT_SURPLUS", target, { field, expected: null, found: "granted by Mooring" }),
    ),
    ...added.map((field) =>
      finding("GRANT_ADDED", target, { field, expected: null, found: "granted by somebody else" }),
    ),
    ...inherited.map((field) =>
      finding("GRANT_ADDED", target, { field, expected: null, found: "by another role, of which it is a member" }),
    ),
    ...namesakes,
  ];

  function missing(field: string, how: string | null): Finding {
    return finding("GRANT_MISSING", target, { field, expected: "granted", found: how });
  }
}

/** Under whatever other name the identity comes in. */
function inspectNamesakes(
  { own, renamed, others }: RolesFound,
  place: PostgresPlace,
  target: string,
): readonly Finding[] {
  return [
    ...renamed
      .filter((each) => usesIn(each.schema).length > 0)
      .map(({ name }) => finding("ROLE_RENAMED", target, { field: "role", expected: own.name, found: name })),
    ...others.map((each) => {
      const found = describeUse(each, place);
      return found === undefined
        ? finding("GRANT_ADDED", target, { field: "role", expected: null, found: each.name })
        : finding("TARGET_REACHED", target, { field: "access", expected: null, found });
    }),
  ];
}
