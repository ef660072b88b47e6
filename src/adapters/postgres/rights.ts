/** A role, its mark and its rights. */
import { z } from "zod";
import { readMark } from "../../domain/naming/ownership.ts";
import type { PostgresRoles } from "../../ports/postgres.ts";
import type { Connected, Query } from "./connections.ts";
import * as statements from "./statements.ts";

export function createRights({
  onServer,
  onDatabase,
}: Connected): Pick<PostgresRoles, "create" | "amendNotes" | "grant" | "revoke" | "shut" | "removeComment"> {
  return {
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
    async removeComment(place, role) {
      await onServer(place, "remove mark", async (query) => await query(statements.removeComment(role)));
    },
  };
}

export function countNotes(comment: string | null | undefined): number {
  return Object.keys(readMark(comment ?? undefined)?.grants ?? {}).length;
}

export async function findOwner(query: Query, database: string): Promise<string> {
  return Names.parse(await query(statements.readDatabaseOwner, [database]))[0]?.name ?? "";
}

/** Mooring may act for its own roles and for those that its rights let it administer, but is a member only while it has to be. */
export async function findBorrowed(query: Query, roles: readonly string[]): Promise<readonly string[]> {
  return Names.parse(await query(statements.readBorrowed, [roles])).map(({ name }) => name);
}

const Comments = z.array(z.object({ comment: z.string().nullable() }));
const Names = z.array(z.object({ name: z.string() }));
