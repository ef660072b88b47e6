/** Taking back what the mark says that Mooring gave. With the last of it goes the role, and none of its tables. */
import { printMark } from "../../../domain/naming/ownership.ts";
import type { Conflict } from "../../../domain/operation/plan.ts";
import { type PostgresPlace, type PostgresRight, rightsOf } from "../../../domain/targets/postgres.ts";
import type { Ports } from "../../../ports/index.ts";
import type { PostgresRole, PostgresSchema } from "../../../ports/postgres.ts";
import type { Decision, Taking } from "../../definitions/targetFamily.ts";
import { actedFor } from "./grant.ts";
import { inWords, type Looking, notedAt, notedDatabases, noteKey, type RoleAt, readRoles, wordsOf } from "./role.ts";

const nothing: Decision = { action: "none", differences: [], writes: [] };

export async function planTaking(
  ports: Looking & Pick<Ports, "catalog" | "registry">,
  place: PostgresPlace,
  input: Taking,
): Promise<Decision> {
  const found = await readRoles(ports, place, input);
  return joined(found.map((each) => takeFrom(ports, place, { ...input, found: each })));
}

/** Nearly always there is one role. */
function joined(decisions: readonly Decision[]): Decision {
  const found = decisions.filter(({ action }) => action !== "none");
  const refused = found.find(({ conflict }) => conflict);
  if (refused) return refused;
  return {
    action: found[0]?.action ?? "none",
    differences: found.flatMap(({ differences }) => differences),
    writes: found.flatMap(({ writes }) => writes),
  };
}

function takeFrom(
  { postgres, catalog }: Looking & Pick<Ports, "catalog">,
  place: PostgresPlace,
  { found: { name, role, schema, mark, isMarkLost }, ...input }: Taking & { readonly found: RoleAt },
): Decision {
  const { createdBy } = input;
  if (!role || !mark) return nothing;
  const noted = notedAt(mark, place);
  const asked = rightsOf(wordsOf(input.keep));
  // The record still has the mark of a role that was given up and stays: then Mooring's rights are gone.
  const isGivenUp = (right: PostgresRight) => isMarkLost && mark.operation === null && !holds(schema, right);
  const taken = [...noted]
    .filter(
      ([right, by]) => !asked.includes(right) && (createdBy === undefined || by === createdBy) && !isGivenUp(right),
    )
    .map(([right]) => right);
  const isMade = mark.operation !== null && (createdBy === undefined || createdBy === mark.operation);
  const isLast = Object.keys(mark.grants).length === taken.length;
  if (taken.length === 0 && !(isMade && isLast && asked.length === 0)) return nothing;

  const differences = inWords(taken).map((field) => ({ field, current: "granted", desired: null }));
  // Before the first of several targets has taken anything.
  const goesWhole = isMade && (isLast || !input.keepsResource);
  const known = [...notedDatabases(mark), ...databasesIn(catalog, place)];
  const conflict = goesWhole ? findConflict(role, known, input) : undefined;
  if (conflict) return { action: "conflict", differences, conflict, writes: [] };
  // The way into the database goes with the last note there, which other schemas' steps may be taking out right now.
  const rights = taken.filter((right) => right !== "CONNECT");
  const leavesUnless = taken.includes("CONNECT") ? `${place.database}/` : undefined;
  const kept = [...noted.keys()].filter((right) => !taken.includes(right));
  const databases = [...new Set(known)].filter((database) => role.databases.includes(database));
  return {
    action: "delete",
    differences,
    writes: [
      ...(schema && rights.length > 0
        ? [() => postgres.revoke(place, { role: name, rights, owners: actedFor(schema) })]
        : []),
      // Tables that it has just given up are tables like any other.
      ...(schema && rights.includes("CREATE") && kept.length > 0
        ? [() => postgres.grant(place, { role: name, rights: kept, owners: actedFor(schema) })]
        : []),
      async () => {
        const left = await postgres.amendNotes(place, {
          role: name,
          base: isMarkLost ? printMark(mark) : undefined,
          remove: taken.map((right) => noteKey(place, right)),
          leavesUnless,
        });
        if (left > 0) return;
        if (isMade) await postgres.drop(place, { role: name, id: role.id, databases });
        else if (mark.operation === null) await postgres.removeComment(place, name);
      },
    ],
  };
}

function holds(schema: PostgresSchema | undefined, right: PostgresRight): boolean {
  return schema?.held.includes(right) === true || schema?.heldPartly.includes(right) === true;
}

/** Databases of the server with targets; another one's step may have taken its notes out of the mark already. */
function databasesIn({ targets }: Ports["catalog"], { resourceId, database }: PostgresPlace): readonly string[] {
  const listed = Object.values(targets).flatMap((entry) =>
    entry.kind === "postgresql" && entry.resourceId === resourceId ? [entry.database] : [],
  );
  return [database, ...listed];
}

/** PostgreSQL drops no role that has something in another database; this sees it before anything is taken. */
function findConflict(
  { name, databases }: PostgresRole,
  known: readonly string[],
  { target }: { readonly target: string },
): Conflict | undefined {
  const foreign = databases.filter((each) => !known.includes(each));
  if (foreign.length === 0) return undefined;
  const message = `On the server of target "${target}", role "${name}" also has something in ${foreign.join(", ")}, and cannot be dropped.`;
  return { code: "POSTGRES_ROLE_IN_USE", message };
}
