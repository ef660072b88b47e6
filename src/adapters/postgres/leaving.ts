/** How a role goes, and what becomes of the things that it owns. */
import { z } from "zod";
import { PermanentError, TransientError } from "../../domain/errors.ts";
import { postgresHeirName } from "../../domain/naming/names.ts";
import type { PostgresPlace } from "../../domain/targets/postgres.ts";
import type { DroppedRole, PostgresRoles } from "../../ports/postgres.ts";
import type { Connected, Query } from "./connections.ts";
import { isInUse, isLocked } from "./errors.ts";
import { countNotes, findBorrowed, findOwner } from "./rights.ts";
import * as statements from "./statements.ts";

const attemptsToDrop = 3;

export function createLeaving({
  onServer,
  onDatabase,
}: Connected): Pick<PostgresRoles, "handOver" | "dropHeir" | "drop" | "replace"> {
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

const LockedRole = z.array(z.object({ id: z.string(), comment: z.string().nullable() }));
type Locked = z.infer<typeof LockedRole>[number];
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
