/** A database on an Azure SQL server, and the role bundles that a namespace has there. */
import { z } from "zod";
import { defined } from "../defined.ts";
import { type PermanentCode, PermanentError, type RefusalCode } from "../errors.ts";
import { checkExpiry, expiryFields, expiryOf } from "../expiry.ts";
import { isUnique } from "../isUnique.ts";
import { insteadOf, lookUp } from "../lookUp.ts";
import { alias } from "../naming/alias.ts";
import { environmentField } from "../naming/environment.ts";
import { isSameId } from "../naming/resourceId.ts";
import { addsTo, DatabaseRole, isNamedBy, rolesInWords } from "./databaseRoles.ts";
import { type Destination, destinationOf, sqlNetworkField, sqlPorts } from "./reach.ts";
import type { DanglingName, Refused, Remembered, WantedThere } from "./target.ts";

// ——— What a team sends ———

export const DatabaseRequest = z
  .strictObject({
    server: alias("a SQL server").meta({ description: "Alias of the SQL server in the catalog." }),
    database: z
      .string()
      .regex(
        /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/,
        "must be a database name: letters, digits, underscore, dot and hyphen",
      )
      .meta({ description: "Name of a database that the catalog lists for that server." }),
    roles: z
      .array(DatabaseRole)
      .min(1)
      .max(20)
      .refine(isUnique, "must not repeat a role")
      .meta({ description: rolesInWords }),
    ...expiryFields,
  })
  .superRefine(checkExpiry);
export type DatabaseRequest = z.infer<typeof DatabaseRequest>;

export const requestField = z
  .array(DatabaseRequest)
  .max(50, "must name at most 50 databases")
  .refine(
    (list) => isUnique(list.map(({ server, database }) => `${server}/${database.toLowerCase()}`)),
    "must not name a database twice",
  );

interface Request {
  databases: DatabaseRequest[];
}

export function keyOf({ server, database }: Pick<DatabaseRequest, "server" | "database">): string {
  return `${server}/${database}`;
}

export function partsOf(key: string): Pick<DatabaseRequest, "server" | "database"> {
  const [server = "", database = ""] = key.split("/");
  return { server, database };
}

function entryOf({ key, access, expiry }: Omit<WantedThere, "pointer">): DatabaseRequest {
  return { ...partsOf(key), roles: [...access], ...expiry };
}

/** The database in the request that is a step's target. */
export function findDatabaseOf({ databases }: Readonly<Request>, key: string): DatabaseRequest {
  const found = databases.find((each) => keyOf(each) === key);
  if (!found) throw new Error(`no database of the request is ${key}`);
  return found;
}

// ——— What the operator's catalog says ———

const SqlDatabase = z
  .strictObject({
    roles: z.array(DatabaseRole).min(1).meta({
      description:
        "The roles that requests can ask for: role bundles (reader), bundles on a schema (reader@sales), and roles that the database's owner made (role:reports).",
    }),
    mooringIsOwner: z.boolean().optional().meta({
      description:
        "Whether Mooring's user is in db_owner there; the bundle owner needs that. With false, nothing is given by fixed roles, even if it is. Without this field, the database decides, as in 0.1.0.",
    }),
  })
  .refine(({ roles, mooringIsOwner }) => mooringIsOwner !== false || !roles.includes("owner"), {
    path: ["roles"],
    message: "can have owner only where mooringIsOwner is not false: nobody but a member of db_owner gives it",
  });

const SqlServer = z.strictObject({
  resourceId: z
    .string()
    .regex(
      /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Sql\/servers\/[^/]+$/i,
      "must be /subscriptions/…/resourceGroups/…/providers/Microsoft.Sql/servers/…",
    )
    .meta({ description: "The server in Azure Resource Manager, as `az sql server show --query id` prints it." }),
  host: z.hostname().meta({ description: "The fully qualified domain name of the server." }),
  port: z.int().min(1).max(65535).default(1433).meta({ description: "The server's port." }),
  userCreation: z.enum(["sid", "externalProvider"]).default("sid").meta({
    description:
      "WITH SID needs no directory permission; FROM EXTERNAL PROVIDER needs Directory Readers on the server.",
  }),
  entraAdmin: z
    .strictObject({
      objectId: z.guid().meta({ description: "Its object ID in Microsoft Entra." }),
      login: z.string().min(1).max(128).meta({ description: "Its display name, as the server will show it." }),
    })
    .optional()
    .meta({
      description:
        "The server's Microsoft Entra administrator, preferably a group. An operation sets it if the server has none, and stops if it has another.",
    }),
  environment: environmentField,
  network: sqlNetworkField,
  databases: z.record(z.string().min(1).max(128), SqlDatabase).meta({
    description: "The databases that requests can name, by name.",
  }),
});

/** The section `sqlServers`, by alias. */
export const catalogSection = (names: z.ZodString) =>
  z.record(names, SqlServer).meta({ description: "The Azure SQL servers, by alias." });

interface Catalog {
  readonly sqlServers: Readonly<Record<string, z.infer<typeof SqlServer>>>;
}

export type EntraAdmin = NonNullable<z.infer<typeof SqlServer>["entraAdmin"]>;
export type SqlServerTarget = z.infer<typeof SqlServer> & { readonly alias: string };
export interface DatabaseTarget {
  readonly server: SqlServerTarget;
  readonly database: string;
}

/** Finds a server by the alias in a step or an undo. */
export function findServer(catalog: Catalog, name: string): SqlServerTarget {
  const server = lookUp(catalog.sqlServers, name);
  if (!server) throw new PermanentError("UNKNOWN_SQL_SERVER", `The catalog has no SQL server "${name}".`);
  return { ...server, alias: name };
}

/** The servers of the request for which the catalog names an administrator. */
export function administeredServers(catalog: Catalog, { databases }: Readonly<Request>): readonly string[] {
  const servers = new Set(databases.map(({ server }) => server));
  return [...servers].filter((name) => lookUp(catalog.sqlServers, name)?.entraAdmin !== undefined);
}

/** The database, if the catalog allows the roles there. The error does not reveal what else the catalog has. */
export function findDatabase(catalog: Catalog, { server: name, database, roles }: DatabaseRequest): DatabaseTarget {
  const server = lookUp(catalog.sqlServers, name);
  if (!server) {
    throw new PermanentError("UNKNOWN_SQL_SERVER", `The catalog has no SQL server "${name}".`);
  }
  const entry = lookUp(server.databases, database);
  if (!entry) {
    throw new PermanentError("UNKNOWN_DATABASE", `The catalog lists no database "${database}" on "${name}".`);
  }
  const refused = roles.filter((role) => !entry.roles.includes(role));
  if (refused.length > 0) {
    throw new PermanentError(
      "ROLE_NOT_ALLOWED",
      `The catalog does not allow ${refused.join(", ")} on ${name}/${database}.`,
    );
  }
  return { server: { ...server, alias: name }, database };
}

/** Where SQL servers are, by alias. Without a host, which Azure says (resources/target/sqlDatabase/place.ts). */
export const RememberedServers = z.record(z.string(), z.object({ resourceId: z.string(), port: z.number() }));
export type RememberedServers = z.infer<typeof RememberedServers>;

/** What a namespace's record remembers of the request's servers. */
export function rememberServers({ sqlServers }: Catalog, { databases }: Readonly<Request>): RememberedServers {
  const entries = databases.flatMap(({ server: alias }) => {
    const server = lookUp(sqlServers, alias);
    return server ? [[alias, { resourceId: server.resourceId, port: server.port }] as const] : [];
  });
  return Object.fromEntries(entries);
}

/** Of what is known, what the request names: nothing is left on the other ones. */
export function serversNamed({ databases }: Readonly<Request>, known: RememberedServers = {}): RememberedServers {
  const named = new Set(databases.map(({ server }) => server));
  return Object.fromEntries(Object.entries(known).filter(([alias]) => named.has(alias)));
}

/** Two places of a server. */
export function isElsewhere(one: { readonly resourceId: string } | undefined, other: typeof one): boolean {
  return one !== undefined && other !== undefined && !isSameId(one.resourceId, other.resourceId);
}

/** Every database that the catalog lists. */
export function everyDatabase({ sqlServers }: Catalog): readonly DatabaseTarget[] {
  return Object.entries(sqlServers).flatMap(([alias, server]) =>
    Object.keys(server.databases).map((database) => ({ server: { ...server, alias }, database })),
  );
}

/** Why the catalog may refuse a database, and which field of the request is wrong. */
const fieldOf = {
  UNKNOWN_SQL_SERVER: "server",
  UNKNOWN_DATABASE: "database",
  ROLE_NOT_ALLOWED: "roles",
} as const satisfies Partial<Record<RefusalCode, string>>;

function isOfCatalog(code: PermanentCode): code is keyof typeof fieldOf {
  return code in fieldOf;
}

function refused(catalog: Catalog, wanted: WantedThere): readonly Refused[] {
  const database = entryOf(wanted);
  try {
    findDatabase(catalog, database);
    return [];
  } catch (error) {
    if (!(error instanceof PermanentError) || !isOfCatalog(error.code)) throw error;
    const { code, message } = error;
    return [
      { field: fieldOf[code], code, detail: message, full: withAlternatives(catalog, database, { code, message }) },
    ];
  }
}

/** Only for callers who may see the whole catalog or may ask for this. */
function withAlternatives(
  { sqlServers }: Catalog,
  { server, database }: DatabaseRequest,
  { code, message }: { code: keyof typeof fieldOf; message: string },
): string {
  if (code === "UNKNOWN_SQL_SERVER") return insteadOf(message, "it has", Object.keys(sqlServers));
  const listed = lookUp(sqlServers, server)?.databases ?? {};
  if (code === "UNKNOWN_DATABASE") return insteadOf(message, "it lists", Object.keys(listed));
  return insteadOf(message, "it allows", lookUp(listed, database)?.roles ?? []);
}

function offered({ sqlServers }: Catalog, key: string): readonly DatabaseRole[] | undefined {
  const { server, database } = partsOf(key);
  return lookUp(lookUp(sqlServers, server)?.databases ?? {}, database)?.roles;
}

// ——— What a team may ask for ———

export const rightsField = z.record(z.string(), z.record(z.string(), z.array(DatabaseRole).min(1))).meta({
  description: "Per server alias and database, the role bundles that the team may ask for.",
});

interface Rights {
  readonly databases: z.infer<typeof rightsField>;
}

// ——— What needs approval ———

const DatabaseName = z.string().regex(/^[^/]+\/[^/]+$/, "must be <server alias>/<database>");

export const ruleFields = {
  roles: z.array(DatabaseRole).min(1).optional().meta({ description: "Role bundles." }),
  databases: z.array(DatabaseName).min(1).optional().meta({ description: "Databases: server/database." }),
};

export const policyFields = {
  roles: z.array(DatabaseRole).default(["owner"]).meta({ description: "Role bundles that need approval anywhere." }),
  databases: z.array(z.string()).default([]).meta({ description: "Databases that need approval: server/database." }),
};

interface Rule {
  readonly databases?: readonly string[] | undefined;
  readonly roles?: readonly DatabaseRole[] | undefined;
}

interface Policy {
  readonly databases: string[];
  readonly roles: DatabaseRole[];
}

function danglingInPolicy({ databases }: Policy, { sqlServers }: Catalog): readonly DanglingName[] {
  const known = Object.entries(sqlServers).flatMap(([server, entry]) =>
    Object.keys(entry.databases).map((database) => keyOf({ server, database })),
  );
  return databases.flatMap((name, index) => {
    const message = `the catalog has no database "${name}"; write server/database, as listed in sqlServers`;
    return known.includes(name) ? [] : [{ path: ["databases", index], message }];
  });
}

function danglingInRule({ databases = [] }: Rule, catalog: Catalog): readonly DanglingName[] {
  return databases.flatMap((name) =>
    offered(catalog, name) ? [] : [{ path: ["databases"], message: `the catalog has no database "${name}"` }],
  );
}

// ——— What every kind has ———

/** What GET /catalog says about databases. */
export const publishedFields = {
  sqlServers: z.array(
    z.object({
      name: z.string(),
      environment: z.string().exactOptional(),
      databases: z.array(z.object({ name: z.string(), roles: z.array(DatabaseRole) })),
    }),
  ),
};

/** The databases that teams with these rights, or an operator if no rights are given, may ask for. */
export function published({ sqlServers }: Catalog, teams: readonly Rights[] | undefined) {
  const rolesOf = (server: string, database: string, roles: DatabaseRole[]) =>
    teams ? roles.filter((role) => teams.some((team) => team.databases[server]?.[database]?.includes(role))) : roles;
  return {
    sqlServers: Object.entries(sqlServers)
      .map(([name, { databases, environment }]) => ({
        name,
        ...defined({ environment }),
        databases: Object.entries(databases)
          .map(([database, { roles }]) => ({ name: database, roles: rolesOf(name, database, roles) }))
          .filter(({ roles }) => roles.length > 0),
      }))
      .filter(({ databases }) => !teams || databases.length > 0),
  };
}

function destination({ sqlServers }: Catalog, { key, pointer }: WantedThere): Destination | undefined {
  const { server: name } = partsOf(key);
  const server = lookUp(sqlServers, name);
  if (!server) return undefined;
  const { host, port, network } = server;
  const ports = sqlPorts(port, network?.privateEndpoint);
  const about = { what: `SQL server ${name}`, pointer: `${pointer}/server`, ports };
  return destinationOf(about, network, host, ...(network?.privateEndpoint ? [] : nodesBehind(host)));
}

/** The nodes to which the public endpoint sends clients, as their names are seen: `a1b2.tr1.westeurope1-a.worker.database.windows.net`. */
function nodesBehind(host: string): readonly string[] {
  const [, domain] = /^[^.]+\.(.+)$/.exec(host) ?? [];
  return domain === undefined ? [] : [`*.*.*.worker.${domain}`];
}

export const sqlDatabase = {
  ...{ noun: "database", word: "role", fields: { place: "server", name: "database", words: "roles" } },
  steps: { grant: "grantDatabase", narrow: "narrowDatabase", retire: "retireDatabase", revoke: "revokeDatabase" },
  read: ({ databases }: Request) =>
    databases.map((entry, index) => ({
      ...{ key: keyOf(entry), access: entry.roles, expiry: expiryOf(entry) },
      pointer: `/databases/${index}`,
    })),
  write: (wanted: readonly WantedThere[]) => ({ databases: wanted.map(entryOf) }),
  // A bundle that another one includes is not lost.
  covers: (roles: readonly DatabaseRole[], role: DatabaseRole) => !addsTo(roles, role),
  narrows: (next: readonly DatabaseRole[], role: DatabaseRole) => !next.includes(role),
  rules: isNamedBy,
  offered,
  environmentOf: ({ sqlServers }: Catalog, key: string) => lookUp(sqlServers, partsOf(key).server)?.environment,
  destination,
  isMoved({ sqlServers }: Catalog, key: string, { servers = {} }: Remembered) {
    const { server } = partsOf(key);
    return isElsewhere(lookUp(sqlServers, server), lookUp(servers, server));
  },
  refused,
  rights: (team: Rights) =>
    Object.entries(team.databases).flatMap(([server, on]) =>
      Object.entries(on).map(([database, words]) => ({
        path: ["databases", server, database],
        key: keyOf({ server, database }),
        words,
      })),
    ),
  ruled: ({ databases: names, roles: words }: Rule) => ({ names, words }),
  rulesOf: ({ databases, roles }: Policy) => [{ databases }, { roles }],
  danglingInPolicy,
  danglingInRule,
} as const;
