/** From the aliases of a request to what the catalog says of them. Looked up again by every activity. */

import { type PermanentCode, PermanentError, type RefusalCode } from "../errors.ts";
import { type Berth, identityName } from "../naming/names.ts";
import type { DatabaseRequest, IdentityMode, OnboardingRequest } from "../request/request.ts";
import type { Catalog, ClusterTarget, DatabaseTarget } from "./catalog.ts";

export function findCluster(catalog: Catalog, alias: string): ClusterTarget {
  const cluster = lookUp(catalog.clusters, alias);
  if (!cluster) {
    throw new PermanentError(
      "UNKNOWN_CLUSTER",
      `The catalog has no cluster "${alias}"; it has ${list(catalog.clusters)}.`,
    );
  }
  return { ...cluster, alias };
}

export function findClusterFor(catalog: Catalog, alias: string, mode: IdentityMode): ClusterTarget {
  const cluster = findCluster(catalog, alias);
  if (!cluster.identityModes.includes(mode)) {
    throw new PermanentError(
      "MODE_NOT_ALLOWED",
      `Cluster "${alias}" does not offer identityMode ${mode}; it offers ${cluster.identityModes.join(", ")}.`,
    );
  }
  return cluster;
}

/** The database, provided that the catalog allows the roles there. */
export function findDatabase(catalog: Catalog, { server: alias, database, roles }: DatabaseRequest): DatabaseTarget {
  const server = lookUp(catalog.sqlServers, alias);
  if (!server) {
    throw new PermanentError(
      "UNKNOWN_SQL_SERVER",
      `The catalog has no SQL server "${alias}"; it has ${list(catalog.sqlServers)}.`,
    );
  }
  const entry = lookUp(server.databases, database);
  if (!entry) {
    throw new PermanentError(
      "UNKNOWN_DATABASE",
      `The catalog lists no database "${database}" on "${alias}"; it lists ${list(server.databases)}.`,
    );
  }
  const refused = roles.filter((role) => !entry.roles.includes(role));
  if (refused.length > 0) {
    throw new PermanentError(
      "ROLE_NOT_ALLOWED",
      `The catalog does not allow ${refused.join(", ")} on ${alias}/${database}; it allows ${entry.roles.join(", ")}.`,
    );
  }
  return { server: { ...server, alias }, database };
}

export function identityRef(cluster: ClusterTarget, berth: Berth) {
  return {
    subscriptionId: cluster.subscriptionId,
    resourceGroup: cluster.identityResourceGroup,
    name: identityName(berth),
  };
}

export interface FieldProblem {
  /** JSON pointer into the request (RFC 6901). */
  readonly pointer: string;
  readonly code: RefusalCode;
  readonly detail: string;
}

/** Everything in a request that the catalog does not know or allow. */
export function checkAgainstCatalog(catalog: Catalog, request: OnboardingRequest): readonly FieldProblem[] {
  const problems: FieldProblem[] = [];
  const check = (parent: string, look: () => unknown) => {
    try {
      look();
    } catch (error) {
      if (!(error instanceof PermanentError) || !isOfCatalog(error.code)) throw error;
      problems.push({ pointer: `${parent}/${fieldOf[error.code]}`, code: error.code, detail: error.message });
    }
  };
  check("", () => findClusterFor(catalog, request.cluster, request.identityMode));
  request.databases.forEach((database, index) => {
    check(`/databases/${index}`, () => findDatabase(catalog, database));
  });
  return problems;
}

/** What the catalog refuses, and for which field. */
const fieldOf = {
  UNKNOWN_CLUSTER: "cluster",
  MODE_NOT_ALLOWED: "identityMode",
  UNKNOWN_SQL_SERVER: "server",
  UNKNOWN_DATABASE: "database",
  ROLE_NOT_ALLOWED: "roles",
} as const satisfies Partial<Record<RefusalCode, string>>;

function isOfCatalog(code: PermanentCode): code is keyof typeof fieldOf {
  return code in fieldOf;
}

/** Own properties only: an alias such as `constructor` must not find what every object inherits. */
export function lookUp<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function list(table: object): string {
  return Object.keys(table).join(", ") || "none";
}
