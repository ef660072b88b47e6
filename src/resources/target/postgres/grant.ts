/** Giving rights on a schema: the role is made, or adopted; one that lets in an earlier identity is made anew. */
import type { IdentityPair } from "../../../domain/naming/identityPair.ts";
import { berthKey } from "../../../domain/naming/names.ts";
import { printMark, type UserMark } from "../../../domain/naming/ownership.ts";
import type { Conflict } from "../../../domain/operation/plan.ts";
import { type PostgresPlace, type PostgresRight, rightsOf } from "../../../domain/targets/postgres.ts";
import type { PostgresSchema } from "../../../ports/postgres.ts";
import type { Decision, Granting } from "../../definitions/targetFamily.ts";
import { inWords, type Looking, lets, notedAt, noteKey, type RoleAt, readRole, wordsOf } from "./role.ts";

const onceItExists = "the principal ID of the identity, once it exists";

export async function planGrant({ postgres }: Looking, place: PostgresPlace, input: Granting): Promise<Decision> {
  const { identity, operation, berth } = input;
  const found = await readRole({ postgres }, place, { about: input, principalId: identity?.principalId });
  const conflict = findConflict(found, place, input);
  if (conflict) return { action: "conflict", differences: [], conflict, writes: [] };
  const { name, role, schema, mark } = found;
  const owners = actedFor(schema);
  // While the identity does not exist, the role lets in an earlier one.
  const isStale = role !== undefined && (!identity || !lets(role, identity));
  const isThere = role !== undefined && !isStale;
  const isAdopted = isThere && (mark === undefined || mark.operation === null);
  const wanted = rightsOf(wordsOf(input.access));
  const noted = notedAt(mark, place);

  const lacks = (right: PostgresRight) => !isThere || schema?.held.includes(right) !== true;
  const missing = wanted.filter(lacks);
  // What somebody else gave an adopted role is theirs.
  const unnoted = wanted.filter((right) => !noted.has(right) && (!isAdopted || lacks(right)));
  const surplus = input.takesBack ? [...noted.keys()].filter((right) => !wanted.includes(right)) : [];

  const isUnchanged = !isStale && unnoted.length + missing.length + surplus.length === 0 && !found.isMarkLost;
  const isOfOperation = [...noted.values()].every((by) => by === operation);
  const isNew = !isStale && surplus.length === 0 && isOfOperation && !found.isMarkLost;
  const add = Object.fromEntries(unnoted.map((right) => [noteKey(place, right), operation]));
  const fresh: UserMark = { berth: berthKey(berth), operation: isAdopted ? null : operation, grants: {} };
  const current = mark ?? fresh;
  const made = ({ principalId }: IdentityPair) => ({
    principalId,
    comment: printMark({ ...current, grants: { ...current.grants, ...add } }),
  });
  return {
    action: isNew ? (isAdopted ? "adopt" : "create") : isUnchanged ? "none" : "update",
    differences: [
      ...(isStale
        ? [{ field: "principal ID", current: role.principalId ?? null, desired: identity?.principalId ?? onceItExists }]
        : []),
      ...(found.isMarkLost ? [{ field: "comment", current: role?.comment ?? null, desired: "Mooring's mark" }] : []),
      ...inWords(wanted.filter((right) => missing.includes(right) || unnoted.includes(right))).map((field) => ({
        field,
        current: schema?.heldPartly.some((right) => right === field) ? "granted on a part" : null,
        desired: "granted",
      })),
      ...inWords(surplus).map((field) => ({ field, current: "granted", desired: null })),
    ],
    writes: [
      ...(identity && role && isStale
        ? [() => postgres.replace(place, { ...role, ...made(identity), role: name })]
        : []),
      ...(identity && !role ? [() => postgres.create(place, { role: name, ...made(identity) })] : []),
      // The mark says it before the role has it. Another target's step may have made the role meanwhile.
      ...(identity && (unnoted.length > 0 || found.isMarkLost)
        ? [
            async () => {
              const base = isThere && (mark === undefined || found.isMarkLost) ? printMark(current) : undefined;
              await postgres.amendNotes(place, { role: name, base, add });
            },
          ]
        : []),
      ...(identity && isThere && surplus.length > 0
        ? [() => postgres.revoke(place, { role: name, rights: surplus, owners })]
        : []),
      // Tables that it has just given up are tables like any other.
      ...(identity && (missing.length > 0 || surplus.includes("CREATE"))
        ? [() => postgres.grant(place, { role: name, rights: wanted, owners })]
        : []),
      ...(identity && surplus.length > 0
        ? [
            async () => {
              const remove = surplus.map((right) => noteKey(place, right));
              await postgres.amendNotes(place, { role: name, base: undefined, remove });
            },
          ]
        : []),
    ],
  };
}

function findConflict(found: RoleAt, place: PostgresPlace, input: Granting): Conflict | undefined {
  return findPlaceConflict(found.schema, place, input) ?? findRoleConflict(found, input);
}

/** What keeps anybody from getting rights there. */
export function findPlaceConflict(
  schema: PostgresSchema | undefined,
  { database, schema: name, login }: PostgresPlace,
  { target }: { readonly target: string },
): Conflict | undefined {
  if (!schema) {
    const message = `The server of target "${target}" has no database "${database}" with a schema "${name}".`;
    return { code: "POSTGRES_MISSING", message };
  }
  const strangers = schema.owners.filter(({ isActedFor }) => !isActedFor).map((owner) => owner.name);
  if (strangers.length === 0) return undefined;
  const message =
    `On target "${target}", tables in schema "${name}" belong to ${strangers.join(", ")}, or will: ` +
    `Mooring's role "${login}" may not give rights on them.`;
  return { code: "POSTGRES_FORBIDDEN", message };
}

function findRoleConflict({ role, mark, name }: RoleAt, { identity, adoptionPolicy, target }: Granting) {
  if (!role || (mark && mark.operation !== null)) return undefined;
  const code = "POSTGRES_ROLE_CONFLICT" as const;
  const what = `The server of target "${target}" has a role "${name}" that Mooring did not make`;
  if (!identity || !lets(role, identity)) {
    const whom = role.principalId === undefined ? "nobody of Microsoft Entra" : `principal ${role.principalId}`;
    return { code, message: `${what}; it lets in ${whom}.` };
  }
  if (mark || adoptionPolicy !== "Never") return undefined;
  return { code, message: `${what}, and adoptionPolicy is Never.` };
}

/** Those of all owners for whom Mooring may act. */
export function actedFor(schema: PostgresSchema | undefined): readonly string[] {
  return schema?.owners.filter(({ isActedFor }) => isActedFor).map(({ name }) => name) ?? [];
}
