/**
 * A schema of a database on an Azure Database for PostgreSQL Flexible Server. A namespace has one role on the server, and on each
 * schema what its access words stand for.
 */

import { z } from "zod";
import { namesOf } from "../lookUp.ts";
import { environmentField } from "../naming/environment.ts";
import { type IdentityUser, postgresRoleName } from "../naming/names.ts";
import type { ConnectionPart } from "./connection.ts";
import { networkField } from "./reach.ts";

export const postgresTablePrivileges = [
  "SELECT",
  "INSERT",
  "UPDATE",
  "DELETE",
  "TRUNCATE",
  "REFERENCES",
  "TRIGGER",
] as const;
export const postgresSequencePrivileges = ["SELECT", "USAGE", "UPDATE"] as const;

/**
 * One right: on the database, on the schema, or on all of its tables (views, too) or sequences, those that are there and those that
 * will be.
 */
export type PostgresRight =
  | "CONNECT"
  | "USAGE"
  | "CREATE"
  | `${(typeof postgresTablePrivileges)[number]} ON TABLES`
  | `${(typeof postgresSequencePrivileges)[number]} ON SEQUENCES`;

const allRights: readonly PostgresRight[] = [
  "CONNECT",
  "USAGE",
  "CREATE",
  ...postgresTablePrivileges.map((privilege) => `${privilege} ON TABLES` as const),
  ...postgresSequencePrivileges.map((privilege) => `${privilege} ON SEQUENCES` as const),
];

export function isPostgresRight(text: string): text is PostgresRight {
  return allRights.some((right) => right === text);
}

const reading = ["CONNECT", "USAGE", "SELECT ON TABLES"] as const satisfies readonly PostgresRight[];
const writing = [
  ...reading,
  ...(["INSERT ON TABLES", "UPDATE ON TABLES", "DELETE ON TABLES"] as const),
  // An INSERT takes the next value of the column's sequence.
  ...(["SELECT ON SEQUENCES", "USAGE ON SEQUENCES"] as const),
] as const satisfies readonly PostgresRight[];

/** Each word has what the ones before it have. */
export const postgresWords = { read: reading, write: writing, own: allRights } satisfies Readonly<
  Record<string, readonly PostgresRight[]>
>;
export type PostgresWord = keyof typeof postgresWords;

/** What the words stand for together, in the order in which rights are listed. */
export function rightsOf(words: readonly PostgresWord[]): readonly PostgresRight[] {
  return allRights.filter((right) => words.some((word) => postgresWords[word].some((each) => each === right)));
}

// ——— What the operator's catalog says ———

/** Names that PostgreSQL takes and that need no care where people read them; a mark separates two of them by a slash. */
const plainName = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_$.-]{0,62}$/,
    "must be a name of at most 63 letters, digits, underscores, dots, hyphens",
  );

/** Where the schema is, and as whom Mooring logs in. */
export const PostgresPlace = z.strictObject({
  kind: z.literal("postgresql").meta({ description: "What the target is (docs/targets.md)." }),
  resourceId: z
    .string()
    .regex(
      /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.DBforPostgreSQL\/flexibleServers\/[^/]+$/i,
      "must be /subscriptions/…/resourceGroups/…/providers/Microsoft.DBforPostgreSQL/flexibleServers/…",
    )
    .meta({ description: "The server in Azure Resource Manager, as `az resource show --query id` prints it." }),
  host: z.hostname().meta({ description: "The fully qualified domain name of the server." }),
  port: z.int().min(1).max(65535).default(5432).meta({ description: "The server's port." }),
  login: z.string().min(1).max(63).meta({
    description: "Mooring's own role there: the name under which its identity is an administrator of the server.",
  }),
  database: plainName.meta({ description: "The database." }),
  schema: plainName.default("public").meta({ description: "The schema in it; requests get no other." }),
});
export type PostgresPlace = z.infer<typeof PostgresPlace>;

export const PostgresEntry = PostgresPlace.extend({
  environment: environmentField,
  network: networkField,
  access: z
    .array(z.enum(namesOf(postgresWords)))
    .min(1)
    .meta({ description: "What requests can ask for." }),
});

/** In the variables that libpq and most drivers read by themselves. The identity's role has a name of its own there. */
export function postgresConnection(
  { host, port, database, schema }: PostgresPlace,
  user: IdentityUser,
): readonly ConnectionPart[] {
  return [
    { field: "host", variable: "PGHOST", value: host },
    { field: "port", variable: "PGPORT", value: String(port) },
    { field: "database", variable: "PGDATABASE", value: database },
    { field: "schema", variable: "PGSCHEMA", value: schema },
    { field: "user", variable: "PGUSER", value: postgresRoleName(user) },
  ];
}
