/** The catalog of a simulated cloud before its simulators have addresses: the operator's own, or the usual one with what a suite asks for. */

import type { ServicePrincipal, World } from "../packages/azure-sim/src/world.ts";
import { Catalog } from "../src/domain/catalog/catalog.ts";
import type { ClusterLogin } from "../src/domain/catalog/clusterLogin.ts";
import type { AzureRoleKindName } from "../src/domain/targets/azureRoles.ts";
import { type Callers, createCallers } from "./callers.ts";
import { type CatalogDocument, letCallersIn, usualCatalog, withEntries } from "./catalogs.ts";

export interface CatalogOptions {
  /** A checked catalog, whose clusters and SQL servers are all simulated. Options that describe the usual catalog then have no effect. */
  readonly catalog?: string | undefined;
  /** Names of the databases on each SQL server. */
  readonly databases?: readonly string[];
  /** More targets of these names, each with a part of the usual resource of its kind, or a resource, of its own. */
  readonly more?: Readonly<Record<string, AzureRoleKindName>>;
  /** How the service authenticates callers; by default anyone may do anything. */
  readonly callers?: "anonymous" | "keys" | "easyAuth";
  /** The catalog's approval policy; the default policy without it. */
  readonly approval?: object;
  /** What the catalog says about the queue besides its team; used only with authentication. */
  readonly queue?: object;
  /** From the catalog: what a verification may run in the cluster, and how drift is watched; the defaults without them. */
  readonly verificationJob?: object;
  readonly drift?: object;
  /** How many namespaces of a batch are worked on at a time. */
  readonly batch?: object;
  /** The same for access that ends. */
  readonly expiry?: object;
  /** The catalog's limits for its one caller; generous by default. */
  readonly limits?: object;
  /** The catalog's retry policy, where it is to differ from the usual one of a sandbox. */
  readonly retry?: object;
  /** The catalog names the SQL server's administrator, and the server starts without one; otherwise it has one from the start. */
  readonly setsSqlAdmin?: boolean;
  /** The usual catalog also has targets on a PostgreSQL server, which takes a second to start. */
  readonly postgres?: boolean;
  /** The usual catalog also has a cluster outside Azure (kind oidc), in which Mooring logs in by Entra or as a service account. */
  readonly otherCluster?: ClusterLogin["by"];
  /** More targets of these names, each an account of Cosmos DB. */
  readonly accounts?: readonly string[];
  /** More targets of these names, each a schema of a PostgreSQL server of its own. */
  readonly schemas?: readonly string[];
  /** More profiles of the usual catalog, by alias. */
  readonly profiles?: object;
}

/** One program plays every caller here. */
const generousLimits = {
  requestsPerSecond: 2_000,
  burst: 10_000,
  streams: { perCaller: 40 },
  changes: { perCaller: 20 },
};

interface Surroundings {
  /** The operator's own. */
  readonly given: CatalogDocument | undefined;
  readonly world: Pick<World, "tenantId" | "subscriptionId">;
  /** Of access tokens. */
  readonly issuer: string;
  readonly databaseAdministrator: ServicePrincipal;
}

export interface WrittenCatalog {
  readonly written: CatalogDocument;
  /** Of the usual catalog with authentication. */
  readonly callers: Callers | undefined;
  /** Whether the service tells its callers apart. */
  readonly tellsApart: boolean;
}

export function writeCatalog(options: CatalogOptions, around: Surroundings): WrittenCatalog {
  const { given, issuer } = around;
  const { callers: mode = "anonymous", queue } = options;
  if (given) {
    const tellsApart = mode !== "anonymous" || given.auth !== undefined;
    return { written: tellsApart ? letCallersIn(given, { issuer }) : given, callers: undefined, tellsApart };
  }
  const usual = usualWith(options, around);
  if (mode === "anonymous") return { written: usual, callers: undefined, tellsApart: false };
  const callers = createCallers({ issuer, catalog: Catalog.parse(usual), isEasyAuth: mode === "easyAuth" });
  const entries = { ...callers.catalog, queue: { ...callers.catalog.queue, ...queue } };
  return { written: withEntries(usual, entries), callers, tellsApart: true };
}

function usualWith(
  {
    databases = ["messages", "orders"],
    more = {},
    accounts = [],
    schemas = [],
    profiles = {},
    postgres: hasPostgres = false,
    setsSqlAdmin = false,
    limits = generousLimits,
    ...options
  }: CatalogOptions,
  { world: { tenantId, subscriptionId }, databaseAdministrator }: Surroundings,
): CatalogDocument {
  const { otherCluster, verificationJob, approval, batch, drift, expiry, retry } = options;
  const { displayName: login, principalId: objectId } = databaseAdministrator;
  return usualCatalog({
    ...{ tenantId, subscriptionId, databases, more, accounts, schemas, profiles },
    ...{ hasPostgres, otherCluster, verificationJob },
    ...(setsSqlAdmin ? { entraAdmin: { login, objectId } } : {}),
    entries: {
      ...(approval ? { approval } : {}),
      ...(batch ? { batch } : {}),
      ...(drift ? { drift } : {}),
      ...(expiry ? { expiry } : {}),
      ...(retry ? { retry } : {}),
      limits,
    },
  });
}
