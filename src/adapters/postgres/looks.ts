/** What there is: roles and their rights. */
import { z } from "zod";
import { PermanentError } from "../../domain/errors.ts";
import { isPostgresRight, type PostgresRight } from "../../domain/targets/postgres.ts";
import type { PostgresRoles, PostgresSchema } from "../../ports/postgres.ts";
import type { Connected } from "./connections.ts";
import * as statements from "./statements.ts";

export function createLooks({ onServer, onDatabase }: Connected): Pick<PostgresRoles, "inspect" | "holders"> {
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
  };
}

/** A database that is gone has no schema. */
function unlessMissing(error: unknown): readonly [] {
  if (error instanceof PermanentError && error.code === "POSTGRES_MISSING") return [];
  throw error;
}

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
