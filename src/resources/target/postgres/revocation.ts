/** Revoking what the mark says that Mooring gave. With the last of it goes the role, and none of its tables. */
import { PermanentError } from "../../../domain/errors.ts";
import type { PrincipalId } from "../../../domain/naming/identityPair.ts";
import { printMark, type UserMark } from "../../../domain/naming/ownership.ts";
import { isSameId } from "../../../domain/naming/resourceId.ts";
import { type PostgresPlace, type PostgresRight, rightsOf } from "../../../domain/targets/postgres.ts";
import type { Ports } from "../../../ports/index.ts";
import type { PostgresRights, PostgresRole, PostgresRoles, PostgresSchema } from "../../../ports/postgres.ts";
import { joined } from "../../definitions/joined.ts";
import { knownIdentities } from "../../definitions/knownIdentities.ts";
import type { Decision, Revoking } from "../../definitions/targetFamily.ts";
import {
  actedFor,
  inWords,
  type Looking,
  lets,
  notedAt,
  notedDatabases,
  noteKey,
  type RoleAt,
  readRoles,
  wordsOf,
} from "./role.ts";
import { usesIn } from "./uses.ts";

const nothing: Decision = { action: "none", differences: [], writes: [] };

export async function planRevocation(
  ports: Looking & Pick<Ports, "catalog" | "identities" | "registry">,
  place: PostgresPlace,
  input: Revoking,
): Promise<Decision> {
  const known = (await knownIdentities(ports, input.namespaceRef)).map(({ principalId }) => principalId);
  const looks = await Promise.all(
    (known.length === 0 ? [undefined] : known).map((principalId) =>
      readRoles(ports, place, { about: input, principalId }),
    ),
  );
  const own = byName(looks.flatMap((found) => [found.own, ...found.renamed]));
  const others = byName(looks.flatMap((found) => found.others));
  const revoked = joined(own.map((found) => revokeFrom(ports, place, { ...input, found })));
  const { name } = looks[0]?.own ?? own[0] ?? { name: "" };
  const heirs = input.triesAgain === true ? [() => ports.postgres.dropHeir(place, name)] : [];
  return {
    ...revoked,
    tidying: [...(revoked.tidying ?? []), ...heirs],
    others: [
      ...others.flatMap((each) => describeOther(each, input.target)),
      ...own.flatMap((found) => describeUnmarked({ ...input, found, known })),
    ],
    lent: own.flatMap((found) => describeLent(place, { ...input, found, known })),
  };
}

function byName(roles: readonly RoleAt[]): readonly RoleAt[] {
  return [...new Map(roles.map((each) => [each.name, each])).values()];
}

/** Empty if it can use nothing there. */
export function describeOther({ name, schema }: RoleAt, target: string): readonly string[] {
  const uses = usesIn(schema);
  return uses.length === 0
    ? []
    : [`On ${target} the identity is also role ${name} (${uses.join(", ")}), which somebody else made.`];
}

interface Held extends Revoking {
  readonly found: RoleAt;
  readonly known: readonly PrincipalId[];
}

/** Nobody knows who made it: it was there before, or somebody wrote over its comment before a verification had seen it. */
function describeUnmarked({ found: { name, role, schema, mark }, known, ...input }: Held): readonly string[] {
  if (!role || mark || !known.some((principalId) => lets(role, { principalId }))) return [];
  const uses = usesIn(schema, rightsOf(wordsOf(input.keep)));
  return uses.length === 0
    ? []
    : [
        `On ${input.target} the identity is also role ${name} (${uses.join(", ")}), which does not have Mooring's mark.`,
      ];
}

/** What others gave a role that is there afterwards, too. */
function describeLent(place: PostgresPlace, { found, known, ...input }: Held): readonly string[] {
  const { role, schema, mark } = found;
  if (!role || !mark || !known.some((principalId) => lets(role, { principalId }))) return [];
  if (shareOf(mark, found, { place, input }).goesWhole) return [];
  const ours = [...notedAt(mark, place).keys(), ...rightsOf(wordsOf(input.keep))];
  // With the right to make tables, they go to the database's owner.
  const uses = usesIn(schema && (ours.includes("CREATE") ? { ...schema, owned: [] } : schema), ours);
  return uses.map((use) => `On ${input.target} somebody else gave the identity ${use}, which it would keep.`);
}

interface Share {
  readonly revoked: readonly PostgresRight[];
  /** This operation, or any, if none is asked for, made the role. */
  readonly isMade: boolean;
  /** Nothing of it is left in the mark. */
  readonly isLast: boolean;
  /** Before the first of several targets has revoked anything. */
  readonly goesWhole: boolean;
}

/** What of the role is revoked for that place. */
function shareOf(
  mark: UserMark,
  { schema, isMarkLost }: RoleAt,
  { place, input: { createdBy, keep, keepsResource } }: { readonly place: PostgresPlace; readonly input: Revoking },
): Share {
  const asked = rightsOf(wordsOf(keep));
  // The record still has the mark of a role that was given up and stays: then Mooring's rights are gone.
  const isGivenUp = (right: PostgresRight) => isMarkLost && mark.operation === null && !holds(schema, right);
  const revoked = [...notedAt(mark, place)]
    .filter(
      ([right, by]) => !asked.includes(right) && (createdBy === undefined || by === createdBy) && !isGivenUp(right),
    )
    .map(([right]) => right);
  const isMade = mark.operation !== null && (createdBy === undefined || createdBy === mark.operation);
  const isLast = Object.keys(mark.grants).length === revoked.length;
  return { revoked, isMade, isLast, goesWhole: isMade && (isLast || !keepsResource) };
}

export function revokeFrom(
  { postgres, catalog }: Looking & Pick<Ports, "catalog">,
  place: PostgresPlace,
  { found, ...input }: Revoking & { readonly found: RoleAt },
): Decision {
  const { name, role, schema, mark, isMarkLost } = found;
  if (!role || !mark) return nothing;
  const { revoked, isMade, isLast, goesWhole } = shareOf(mark, found, { place, input });
  if (revoked.length === 0 && !(isMade && isLast && input.keep.length === 0)) return nothing;

  const known = [...notedDatabases(mark), ...databasesIn(catalog, place)];
  // The way into the database goes with the last note there, which other schemas' steps may be removing right now.
  const rights = revoked.filter((right) => right !== "CONNECT");
  const leavesUnless = revoked.includes("CONNECT") ? `${place.database}/` : undefined;
  const kept = [...notedAt(mark, place).keys()].filter((right) => !revoked.includes(right));
  const databases = [...new Set(known)].filter((database) => role.databases.includes(database));
  const owners = actedFor(schema);
  const ofOthers: string[] = [];
  const shut = () => postgres.shut(place, { role: name, id: role.id });
  let left = Object.keys(mark.grants).length;
  return {
    action: "delete",
    differences: inWords(revoked).map((field) => ({ field, current: "granted", desired: null })),
    writes: [
      ...(goesWhole && role.isShut !== true ? [shut] : []),
      ...(schema && rights.length > 0
        ? revoking(postgres, place, { role: name, rights, owners, ofOthers: goesWhole ? ofOthers : undefined })
        : []),
      // Tables that it has just given up are tables like any other.
      ...(schema && rights.includes("CREATE") && kept.length > 0
        ? [() => postgres.grant(place, { role: name, rights: kept, owners })]
        : []),
      ...(revoked.length > 0 || isMarkLost
        ? [
            async () => {
              left = await postgres.amendNotes(place, {
                role: name,
                base: isMarkLost ? printMark(mark) : undefined,
                remove: revoked.map((right) => noteKey(place, right)),
                leavesUnless,
              });
              // Another target's step has removed the others meanwhile, or an undo what its operation gave to one that was shut.
              if (left === 0 && mark.operation !== null && !goesWhole) await shut();
            },
          ]
        : []),
    ],
    tidying: [
      async () => throwHeld(ofOthers),
      async () => {
        if (left > 0) return;
        if (isMade) await postgres.drop(place, { role: name, id: role.id, databases });
        else if (mark.operation === null) await postgres.removeComment(place, name);
      },
      ...(revoked.includes("CREATE") ? [() => postgres.dropHeir(place, name)] : []),
    ],
    stays: goesWhole ? describeForeign(role, known, input) : [],
  };
}

interface Revoked extends PostgresRights {
  /** Of a role as which nobody can log in any more: filled with what is left to be tidied up. For any other, that is a failure. */
  readonly ofOthers?: string[] | undefined;
}

/** Rights first, which waits for nobody; then what the role owns, if it may no longer own anything there. */
export function revoking(
  postgres: PostgresRoles,
  place: PostgresPlace,
  { ofOthers, ...revoked }: Revoked,
): Decision["writes"] {
  const { role, rights } = revoked;
  return [
    async () => {
      const left = (await postgres.revoke(place, revoked)).map(
        (what) => `In ${place.database}/${place.schema} role "${role}" still has ${what}: Mooring may not revoke it.`,
      );
      if (ofOthers) ofOthers.push(...left);
      else throwHeld(left);
    },
    ...(rights.includes("CREATE") && !ofOthers ? [() => postgres.handOver(place, role)] : []),
  ];
}

function throwHeld(left: readonly string[]): void {
  if (left.length > 0) throw new PermanentError("POSTGRES_FORBIDDEN", left.join(" "));
}

function holds(schema: PostgresSchema | undefined, right: PostgresRight): boolean {
  return schema?.held.includes(right) === true || schema?.heldPartly.includes(right) === true;
}

/** Databases of the server with targets; another one's step may have removed its notes from the mark already. */
function databasesIn({ targets }: Ports["catalog"], { resourceId, database }: PostgresPlace): readonly string[] {
  const listed = Object.values(targets).flatMap((entry) =>
    entry.kind === "postgresql" && isSameId(entry.resourceId, resourceId) ? [entry.database] : [],
  );
  return [database, ...listed];
}

/** PostgreSQL drops no role that has something in another database. It stays, shut and without rights. */
function describeForeign(
  { name, databases }: PostgresRole,
  known: readonly string[],
  { target }: { readonly target: string },
): readonly string[] {
  const foreign = databases.filter((each) => !known.includes(each));
  if (foreign.length === 0) return [];
  return [
    `On the server of target "${target}", role "${name}" also has something in ${foreign.join(", ")}: it can no longer log in, and stays.`,
  ];
}
