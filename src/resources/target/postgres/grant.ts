/**
 * Giving rights on a schema: the role is made, or adopted; one that lets in an earlier identity is made anew. A repair also gives up one
 * that somebody renamed.
 */
import type { IdentityPair } from "../../../domain/naming/identityPair.ts";
import { namespaceKey } from "../../../domain/naming/names.ts";
import { printMark, type UserMark } from "../../../domain/naming/ownership.ts";
import type { Conflict } from "../../../domain/operation/plan.ts";
import { mayAdopt } from "../../../domain/request/adoption.ts";
import { type PostgresPlace, type PostgresRight, rightsOf } from "../../../domain/targets/postgres.ts";
import type { Ports } from "../../../ports/index.ts";
import type { PostgresSchema } from "../../../ports/postgres.ts";
import { joined } from "../../definitions/joined.ts";
import type { Decision, Granting } from "../../definitions/targetFamily.ts";
import { describeOther, revokeFrom, revoking } from "./revocation.ts";
import {
  actedFor,
  describeStrangers,
  inWords,
  type Looking,
  lets,
  notedAt,
  noteKey,
  type RoleAt,
  type RolesFound,
  readRoles,
  strangersIn,
  wordsOf,
} from "./role.ts";

type Granter = Looking & Pick<Ports, "catalog" | "registry">;

const onceItExists = "the principal ID of the identity, once it exists";

export async function planGrant(ports: Granter, place: PostgresPlace, input: Granting): Promise<Decision> {
  const found = await readRoles(ports, place, { about: input, principalId: input.identity?.principalId });
  const conflict = findConflict(found, place, input);
  if (conflict) return refuse(conflict);
  const notices = describeStrangers(found.own.schema, place, input);
  const installation = await ports.registry.installation();
  const given = { ...give(ports, place, { ...input, found: found.own, installation }), notices };
  if (!input.revokesSurplus) return given;
  // Then the identity comes in by its own name alone.
  const all = { ...input, keep: [], keepsResource: true };
  const revoked = joined(found.renamed.map((each) => revokeFrom(ports, place, { ...all, found: each })));
  if (revoked.conflict) return refuse(revoked.conflict);
  if (revoked.writes.length === 0) return given;
  const renamed = found.renamed.map((each) => ({ field: "role", current: each.name, desired: null }));
  return {
    action: "update",
    differences: [...given.differences, ...renamed],
    notices,
    writes: [...given.writes, ...revoked.writes],
    tidying: [...(given.tidying ?? []), ...(revoked.tidying ?? [])],
  };
}

function refuse(conflict: Conflict): Decision {
  return { action: "conflict", differences: [], conflict, writes: [] };
}

function give(
  { postgres }: Looking,
  place: PostgresPlace,
  { found, ...input }: Granting & { readonly found: RoleAt; readonly installation: string },
): Decision {
  const { identity, operation, namespaceRef } = input;
  const { name, role, schema, mark } = found;
  const owners = actedFor(schema);
  // While the identity does not exist, the role lets in an earlier one.
  const isStale = role !== undefined && (!identity || !lets(role, identity));
  const isThere = role !== undefined && !isStale;
  const opens = isThere && role.isShut === true;
  const isAdopted = isThere && (mark === undefined || mark.operation === null);
  const wanted = rightsOf(wordsOf(input.access));
  const noted = notedAt(mark, place);

  const lacks = (right: PostgresRight) => !isThere || schema?.held.includes(right) !== true;
  const missing = wanted.filter(lacks);
  // What somebody else gave an adopted role is theirs; the way into the database, Mooring may have given for another schema.
  const isOurs = (right: PostgresRight) => lacks(right) || (right === "CONNECT" && hasWayInto(place, mark));
  const unnoted = wanted.filter((right) => !noted.has(right) && (!isAdopted || isOurs(right)));
  const surplus = input.revokesSurplus ? [...noted.keys()].filter((right) => !wanted.includes(right)) : [];

  const isUnchanged = !isStale && !opens && unnoted.length + missing.length + surplus.length === 0 && !found.isMarkLost;
  const isOfOperation = [...noted.values()].every((by) => by === operation);
  const isNew = !isStale && !opens && surplus.length === 0 && isOfOperation && !found.isMarkLost;
  const add = Object.fromEntries(unnoted.map((right) => [noteKey(place, right), operation]));
  const { installation } = input;
  const fresh: UserMark = {
    berth: namespaceKey(namespaceRef),
    operation: isAdopted ? null : operation,
    installation,
    grants: {},
  };
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
      ...(opens ? [{ field: "LOGIN", current: null, desired: "granted" }] : []),
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
      ...(identity && (unnoted.length + missing.length > 0 || opens || found.isMarkLost)
        ? [
            async () => {
              const base = isThere && (mark === undefined || found.isMarkLost) ? printMark(current) : undefined;
              await postgres.amendNotes(place, { role: name, base, add, opens });
            },
          ]
        : []),
      ...(identity && isThere && surplus.length > 0
        ? revoking(postgres, place, { role: name, rights: surplus, owners })
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
    tidying: surplus.includes("CREATE") ? [() => postgres.dropHeir(place, name)] : [],
  };
}

function hasWayInto({ database }: PostgresPlace, mark: UserMark | undefined): boolean {
  return Object.keys(mark?.grants ?? {}).some((key) => key.startsWith(`${database}/`) && key.endsWith(" CONNECT"));
}

function findConflict({ own, others }: RolesFound, place: PostgresPlace, input: Granting): Conflict | undefined {
  return (
    findPlaceConflict(own.schema, place, input) ?? findRoleConflict(own, input) ?? findOtherConflict(others, input)
  );
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
  const above = [schema.databaseOwner, schema.schemaOwner];
  const strangers = strangersIn(schema).filter((owner) => above.includes(owner));
  if (strangers.length === 0) return undefined;
  const message =
    `On target "${target}", database "${database}" or schema "${name}" belongs to ${strangers.join(", ")}: ` +
    `Mooring's role "${login}" may not give rights on it.`;
  return { code: "POSTGRES_FORBIDDEN", message };
}

function findRoleConflict(
  { role, mark, name, isUnrecorded }: RoleAt,
  { namespaceRef, identity, adoptionPolicy, target }: Granting,
): Conflict | undefined {
  if (!role || (mark && mark.operation !== null)) return undefined;
  if (isUnrecorded) {
    const found = `The server of target "${target}" has a role "${name}" with Mooring's mark for ${namespaceKey(namespaceRef)}`;
    const message = `${found}; it lets in principal ${role.principalId}, which no record knows.`;
    return { code: "IDENTITY_UNRECORDED", message };
  }
  const code = "POSTGRES_ROLE_CONFLICT" as const;
  const what = `The server of target "${target}" has a role "${name}" that Mooring did not make`;
  if (!identity || !lets(role, identity)) {
    const whom = role.principalId === undefined ? "nobody of Microsoft Entra" : `principal ${role.principalId}`;
    return { code, message: `${what}; it lets in ${whom}.` };
  }
  if (mark || mayAdopt(adoptionPolicy, { isIdentical: true })) return undefined;
  return { code, message: `${what}, and adoptionPolicy is ${adoptionPolicy}.` };
}

/** The identity would keep what this one has there, whatever the namespace asks for. */
function findOtherConflict(others: readonly RoleAt[], { target }: Granting): Conflict | undefined {
  const found = others.flatMap((each) => describeOther(each, target));
  return found.length === 0 ? undefined : { code: "POSTGRES_PRINCIPAL_TAKEN", message: found.join(" ") };
}
