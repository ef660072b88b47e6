/**
 * A schema of a database on an Azure Database for PostgreSQL Flexible Server. A namespace has one role on the server, and on each
 * schema what its access words stand for.
 */

/** Where the schema is, and as whom Mooring logs in. */
export interface PostgresPlace {
  readonly kind: "postgresql";
  /** The server in Azure Resource Manager. */
  readonly resourceId: string;
  readonly host: string;
  readonly port: number;
  /** Mooring's own role, a Microsoft Entra administrator of the server. */
  readonly login: string;
  readonly database: string;
  readonly schema: string;
}

const ofTables = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"] as const;
const ofSequences = ["SELECT", "USAGE", "UPDATE"] as const;

/**
 * One right: on the database, on the schema, or on all of its tables (views, too) or sequences, those that are there and those that
 * will be.
 */
export type PostgresRight =
  | "CONNECT"
  | "USAGE"
  | "CREATE"
  | `${(typeof ofTables)[number]} ON TABLES`
  | `${(typeof ofSequences)[number]} ON SEQUENCES`;

const allRights: readonly PostgresRight[] = [
  "CONNECT",
  "USAGE",
  "CREATE",
  ...ofTables.map((privilege) => `${privilege} ON TABLES` as const),
  ...ofSequences.map((privilege) => `${privilege} ON SEQUENCES` as const),
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
