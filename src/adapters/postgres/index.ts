/** Azure Database for PostgreSQL, with the usual Node driver (pg) and the identity's access tokens. */
import { z } from "zod";
import { PermanentError, TransientError } from "../../domain/errors.ts";
import { postgresHeirName } from "../../domain/naming/names.ts";
import { readMark } from "../../domain/naming/ownership.ts";
import { isPostgresRight, type PostgresPlace, type PostgresRight } from "../../domain/targets/postgres.ts";
import type { DroppedRole, PostgresRoles, PostgresSchema } from "../../ports/postgres.ts";
import type { Credential } from "../credential.ts";
import { type Query, withConnection } from "./connections.ts";
import { isInUse, isLocked } from "./errors.ts";
import * as statements from "./statements.ts";

export interface PostgresSettings {
  readonly credential: Credential;
  /** The access token's scope; sovereign clouds have another. */
  readonly scope?: string;
  readonly timeoutMs?: number;
}

/** Roles belong to the server; the functions of Microsoft Entra are in this database alone. */
const serverDatabase = "postgres";

const attemptsToDrop = 3;

export function createPostgres({
  credential,
  scope = "https://ossrdbms-aad.database.windows.net/.default",
  timeoutMs = 30_000,
}: PostgresSettings): PostgresRoles {
  const settings = { credential, scope, timeoutMs };

  const onServer = async <T>(place: PostgresPlace, doing: string, use: (query: Query) => Promise<T>): Promise<T> =>
    await withConnection(settings, { place, database: serverDatabase, doing }, use);
  const onDatabase = async <T>(place: PostgresPlace, doing: string, use: (query: Query) => Promise<T>): Promise<T> =>
    await withConnection(settings, { place, database: place.database, doing }, use);

  /** Under a lock, since two targets of a namespace on one server may give the role up at the same time. */
  const giveUp = async (
    place: PostgresPlace,
    dropped: DroppedRole,
    isDropped: (found: Locked) => boolean,
    next = "",
  ): Promise<void> =>
    await onServer(place, "drop role", async (query) => {
      await query("BEGIN");
      await query(statements.lockRole, [dropped.role]);
      const [found] = LockedRole.parse(await query(statements.readRole, [dropped.role]));
      if (found?.id === dropped.id && isDropped(found)) await releaseAndDrop(query, place, { ...dropped, next });
      await query("COMMIT");
    });

  /** Transactions of others that make a table on which the role has rights may end in between: so what is new is released, too. */
  const releaseAndDrop = async (
    query: Query,
    place: PostgresPlace,
    { next, ...dropped }: DroppedRole & { readonly next: string },
  ): Promise<void> => {
    for (let attempt = 1; ; attempt += 1) {
      for (const database of dropped.databases) await release({ ...place, database }, dropped);
      await query("SAVEPOINT released");
      try {
        await query([statements.dropRole(dropped.role), next].join(";\n"));
        return;
      } catch (error) {
        if (!isInUse(error) || attempt === attemptsToDrop) throw error;
        await query("ROLLBACK TO SAVEPOINT released");
      }
    }
  };

  const release = async (place: PostgresPlace, { role, id }: DroppedRole): Promise<void> =>
    await onDatabase(place, "release what the role owns", (query) =>
      giveAway(query, { role, database: place.database }, null, (handed) =>
        statements.releaseOwned({ ...handed, role, id }),
      ),
    );

  return {
    async inspect(place, { role, principalId }) {
      const look = () =>
        onDatabase(place, "inspect schema", async (query) =>
          Schemas.parse(await query(statements.readSchema, [role, place.schema])),
        ).catch(unlessMissing);
      const [roles, [seen]] = await Promise.all([
        onServer(place, "inspect role", async (query) =>
          Roles.parse(await query(statements.readRoles, [role, principalId ?? null])),
        ),
        look(),
      ]);
      // Another target's step may have made the role anew, and what the earlier one had is no right of this one.
      const isOfRole = (seen?.role ?? undefined) === roles.find((each) => each.name === role)?.id;
      const [found] = isOfRole ? [seen] : await look();
      return {
        roles: roles.map(({ principalId: id, comment, ...each }) => ({
          ...each,
          principalId: id ?? undefined,
          comment: comment ?? undefined,
        })),
        schema: found && readSchema(found),
      };
    },
    async holders(place) {
      const [principals, holders] = await Promise.all([
        onServer(place, "list principals", async (query) => Principals.parse(await query(statements.readPrincipals))),
        onDatabase(place, "list holders", async (query) =>
          Holders.parse(await query(statements.readHolders, [place.schema])),
        ),
      ]);
      const known = new Map(principals.map(({ role, ...principal }) => [role, principal]));
      return holders.map(({ comment, ...each }) => {
        const { type = "role", principalId } = known.get(each.name) ?? {};
        return { ...each, type, principalId, comment: comment ?? undefined };
      });
    },
    async create(place, role) {
      await onServer(place, "create role", async (query) => await query(statements.createRole(role)));
    },
    async amendNotes(place, { leavesUnless: unless, ...change }) {
      const { database } = place;
      return await onServer(place, "amend mark", async (query) => {
        const borrowed = unless === undefined ? [] : await findBorrowed(query, [await findOwner(query, database)]);
        const leaving = unless === undefined ? {} : { leaving: { unless, database, borrowed } };
        await query(statements.amendNotes({ ...change, ...leaving }));
        const [found] = Comments.parse(await query(statements.readComment, [change.role]));
        return countNotes(found?.comment);
      });
    },
    async grant(place, given) {
      await onDatabase(place, "grant", async (query) => {
        const borrowed = await findBorrowed(query, [given.role, ...given.owners]);
        await query(statements.grantRights({ ...place, ...given, borrowed }));
      });
    },
    async revoke(place, revoked) {
      return await onDatabase(place, "revoke", async (query) => {
        const { role, rights, owners } = revoked;
        const owner = await findOwner(query, place.database);
        const borrowed = await findBorrowed(query, [role, ...owners, owner]);
        await query(statements.revokeRights({ ...place, ...revoked, borrowed }));
        return Names.parse(await query(statements.readHeld, [role, place.schema, rights])).map(({ name }) => name);
      });
    },
    async shut(place, { role, id }) {
      await onServer(place, "shut role", async (query) => {
        await query(statements.shutRole({ role, id }));
        await query(statements.endSessions({ role, borrowed: await findBorrowed(query, [role]) }));
      });
    },
    async handOver(place, role) {
      await onDatabase(place, "hand over what the role owns", (query) =>
        giveAway(query, { role, database: place.database }, place.schema, statements.handOver),
      );
    },
    async dropHeir(place, role) {
      const heir = postgresHeirName(role);
      await onDatabase(place, "drop heir", async (query) => {
        if (!(await isHeir(query, heir))) return;
        await query(statements.dropHeir({ heir, borrowed: await findBorrowed(query, [heir]) }));
      });
    },
    async drop(place, dropped) {
      await giveUp(place, dropped, ({ comment }) => countNotes(comment) === 0);
    },
    async replace(place, { principalId, comment, ...replaced }) {
      await giveUp(place, replaced, () => true, statements.createRole({ role: replaced.role, principalId, comment }));
    },
    async removeComment(place, role) {
      await onServer(place, "remove mark", async (query) => await query(statements.removeComment(role)));
    },
  };
}

/** In one database: what the role owns there, or in one schema of it. */
async function giveAway(
  query: Query,
  { role, database }: { readonly role: string; readonly database: string },
  schema: string | null,
  statement: (handed: Parameters<typeof statements.handOver>[0]) => string,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const things = OwnedThings.parse(await query(statements.readOwned, [role, schema]));
    const ofHeir = things.filter(({ toHeir }) => toHeir);
    const heir = postgresHeirName(role);
    if (ofHeir.length > 0 && !(await isHeir(query, heir))) await query(statements.createHeir({ role, heir }));
    const [owner, schemaOwners] = [await findOwner(query, database), ofHeir.map(({ schemaOwner }) => schemaOwner)];
    const borrowed = await findBorrowed(query, [role, owner, ...schemaOwners, ...(ofHeir.length > 0 ? [heir] : [])]);
    try {
      await query(statement({ things, owner, heir, borrowed }));
      return;
    } catch (error) {
      if (!isLocked(error)) throw error;
      await query("ROLLBACK");
      const lockers = Lockers.parse(await query(statements.readLockers, [role]));
      const isOwn = lockers.length > 0 && lockers.every(({ user }) => user === role);
      // Nobody keeps access by holding on to it.
      if (isOwn) await query(statements.endSessions({ role, borrowed: await findBorrowed(query, [role]) }));
      if (isOwn && attempt < attemptsToDrop) continue;
      throw new TransientError("POSTGRES_UNAVAILABLE", describeLock({ role, database }, lockers), { cause: error });
    }
  }
}

function describeLock(
  { role, database }: { readonly role: string; readonly database: string },
  lockers: z.infer<typeof Lockers>,
): string {
  const who = lockers.map(({ pid, user, application, thing }) => {
    const from = application === "" ? "" : ` (${application})`;
    return `session ${pid} of ${user ?? "the server"}${from} holds a lock on ${thing}`;
  });
  const why = who.length === 0 ? "somebody holds a lock" : who.join(", ");
  return `PostgreSQL database ${database}: what role ${role} owns cannot be handed over yet, because ${why}.`;
}

/** False if there is none; fails if somebody can act as it. */
async function isHeir(query: Query, heir: string): Promise<boolean> {
  const [found] = Heirs.parse(await query(statements.readHeir, [heir]));
  if (found?.isHeir === false) {
    const message = `Role ${heir} was to get what runs with its owner's rights, and somebody can act as it, or it as somebody.`;
    throw new PermanentError("POSTGRES_ROLE_CONFLICT", message);
  }
  return found !== undefined;
}

function countNotes(comment: string | null | undefined): number {
  return Object.keys(readMark(comment ?? undefined)?.grants ?? {}).length;
}

/** A database that is gone has no schema. */
function unlessMissing(error: unknown): readonly [] {
  if (error instanceof PermanentError && error.code === "POSTGRES_MISSING") return [];
  throw error;
}

async function findOwner(query: Query, database: string): Promise<string> {
  return Names.parse(await query(statements.readDatabaseOwner, [database]))[0]?.name ?? "";
}

/** Mooring may act for its own roles and for those that its rights let it administer, but is a member only while it has to be. */
async function findBorrowed(query: Query, roles: readonly string[]): Promise<readonly string[]> {
  return Names.parse(await query(statements.readBorrowed, [roles])).map(({ name }) => name);
}

const LockedRole = z.array(z.object({ id: z.string(), comment: z.string().nullable() }));
type Locked = z.infer<typeof LockedRole>[number];
const Names = z.array(z.object({ name: z.string() }));
const Heirs = z.array(z.object({ isHeir: z.boolean() }));
const OwnedThings = z.array(
  z.object({
    schema: z.string().nullable(),
    schemaOwner: z
      .string()
      .nullable()
      .transform((owner) => owner ?? ""),
    thing: z.string(),
    toHeir: z.boolean(),
    table: z.string().nullable(),
    before: z.array(z.string()),
  }),
);
const Lockers = z.array(
  z.object({ pid: z.number(), user: z.string().nullable(), application: z.string(), thing: z.string() }),
);
const Comments = z.array(z.object({ comment: z.string().nullable() }));
const Roles = z.array(
  z.object({
    name: z.string(),
    id: z.string(),
    principalId: z.string().nullable(),
    canLogIn: z.boolean(),
    isShut: z.boolean(),
    comment: z.string().nullable(),
    databases: z.array(z.string()),
  }),
);
const Principals = z.array(z.object({ role: z.string(), type: z.string(), principalId: z.string() }));
const Holders = z.array(
  z.object({
    name: z.string(),
    id: z.string(),
    comment: z.string().nullable(),
    isSuperuser: z.boolean(),
    rights: z.array(z.string()).transform((rights) => rights.filter(isPostgresRight)),
  }),
);
const Counts = z.record(z.string(), z.number());
const Schema = z.object({
  role: z.string().nullable(),
  databaseOwner: z.string(),
  schemaOwner: z.string(),
  simple: z.array(z.string()),
  given: Counts,
  coming: Counts,
  inherited: z.array(z.string()),
  totals: z.object({ TABLES: z.number(), SEQUENCES: z.number() }),
  owners: z.array(z.object({ name: z.string(), isActedFor: z.boolean() })),
  owned: z.array(z.string()),
});
const Schemas = z.array(Schema);

/** A right on tables is held only if it is there for every table, and for those that every owner will make. */
function readSchema({
  databaseOwner,
  schemaOwner,
  simple,
  given,
  coming,
  inherited,
  totals,
  owners,
  owned,
}: z.infer<typeof Schema>): PostgresSchema {
  const acted = owners.filter(({ isActedFor }) => isActedFor).length;
  const isWhole = (right: PostgresRight) => {
    const total = right.endsWith(" ON TABLES") ? totals.TABLES : totals.SEQUENCES;
    return (given[right] ?? 0) === total && (coming[right] ?? 0) === acted;
  };
  const onKinds = [...new Set([...Object.keys(given), ...Object.keys(coming)])].filter(isPostgresRight);
  return {
    databaseOwner,
    schemaOwner,
    owners,
    owned,
    held: [...simple.filter(isPostgresRight), ...onKinds.filter(isWhole)],
    heldPartly: onKinds.filter((right) => !isWhole(right)),
    inherited: inherited.filter(isPostgresRight),
  };
}
