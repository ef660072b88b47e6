/** The catalog of a simulated cloud: the operator's own, or the usual one, with the simulators instead of Azure. */
import { randomUUID } from "node:crypto";
import { parse, stringify } from "yaml";
import type { z } from "zod";
import { Catalog } from "../src/domain/catalog/catalog.ts";
import type { ClusterLogin } from "../src/domain/catalog/clusterLogin.ts";
import { type AzureRoleKindName, azureRoleKinds, azureRoleWords } from "../src/domain/targets/azureRoles.ts";
import { mapValues } from "./mapValues.ts";
import { postgresServerOf } from "./postgresServers.ts";

/** A catalog as written in its file, without defaults filled in. */
export type CatalogDocument = z.input<typeof Catalog>;

export function parseCatalog(text: string): CatalogDocument {
  const document: unknown = parse(text);
  expectCatalog(document);
  return document;
}

/** A file was checked before it came here (catalogFile.ts, `mooring catalog check`), with better messages than these. */
function expectCatalog(document: unknown): asserts document is CatalogDocument {
  Catalog.parse(document);
}

export interface Addresses {
  readonly certificateAuthority: string;
  /** By alias, as are the ports of SQL servers. */
  readonly apiServers: Readonly<Record<string, string>>;
  /** Of clusters in which Mooring logs in with a service account's token. */
  readonly tokenFiles: Readonly<Record<string, string>>;
  readonly sqlPorts: Readonly<Record<string, number>>;
  /** By the name of the server's resource. */
  readonly postgresPorts: Readonly<Record<string, number>>;
  /** Where workloads sign in. */
  readonly login: URL;
}

/** The simulators listen on this machine alone. */
const here = ["127.0.0.1/32"];

function loginHere({ network }: CatalogDocument["clusters"][string], { hostname, port }: URL) {
  return { ...movedHere({ network: network?.login }).network, hosts: [hostname], port: Number(port) };
}

/** What the catalog says of addresses stays said: it says nothing else where it says none. */
function movedHere<N extends object>({ network }: { readonly network?: N | undefined }) {
  const isSaid = network !== undefined && "addresses" in network && network.addresses !== undefined;
  return { ...(network ? { network: { ...network, ...(isSaid ? { addresses: here } : {}) } } : {}) };
}

/** Where every simulated SQL and PostgreSQL server is. */
export const sqlHost = "localhost";

export function printCatalog(
  document: CatalogDocument,
  { certificateAuthority, apiServers, tokenFiles, sqlPorts, postgresPorts, login }: Addresses,
): string {
  const { clusters, sqlServers, targets = {}, retry } = document;
  const printed = {
    ...document,
    clusters: mapValues(clusters, (cluster, alias) => ({
      ...cluster,
      network: { ...cluster.network, login: loginHere(cluster, login) },
      apiServer: apiServers[alias],
      certificateAuthority,
      ...("login" in cluster && cluster.login.by === "serviceAccount"
        ? { login: { ...cluster.login, tokenFile: tokenFiles[alias] } }
        : {}),
    })),
    sqlServers: mapValues(sqlServers, (server, alias) => ({
      ...server,
      host: sqlHost,
      port: sqlPorts[alias],
      ...movedHere(server),
    })),
    targets: mapValues(targets, (target) =>
      target.kind === "postgresql"
        ? { ...target, host: sqlHost, port: postgresPorts[postgresServerOf(target)], ...movedHere(target) }
        : target,
    ),
    // Nothing here is as slow as Azure.
    retry: {
      ...{ firstIntervalMs: 200, maxIntervalMs: 2_000, attempts: 6 },
      ...{ landingMs: 2_000, undoTimeoutMs: 60_000 },
      ...retry,
    },
  };
  // A reader refuses a text with many aliases (yaml, `maxAliasCount`), and equal parts would be some.
  return stringify(printed, { aliasDuplicateObjects: false });
}

/** Clusters outside Azure have issuers that somebody can read, the simulator's, and know callers of Entra by their object IDs. */
export function publishIssuers(document: CatalogDocument, issuerOf: (cluster: string) => string): CatalogDocument {
  return {
    ...document,
    clusters: mapValues(document.clusters, (cluster, alias) => {
      if (cluster.kind !== "oidc") return cluster;
      const { login } = cluster;
      const own = login.by === "entra" ? { by: login.by, audience: login.audience } : login;
      return { ...cluster, oidcIssuer: issuerOf(alias), login: own };
    }),
  };
}

/**
 * The same callers, as far as the sandbox can simulate them: tokens come from its own Entra, no App Service authentication is
 * in front of the service, and every team has a group for its people.
 */
export function letCallersIn(document: CatalogDocument, { issuer }: { issuer: string }): CatalogDocument {
  const { auth, teams } = document;
  return {
    ...document,
    auth: {
      ...(auth?.keys ? { keys: auth.keys } : {}),
      entra: { issuer, audiences: auth?.entra?.audiences ?? [randomUUID()] },
    },
    ...(teams
      ? { teams: mapValues(teams, (team) => ({ ...team, groups: team.groups?.length ? team.groups : [randomUUID()] })) }
      : {}),
  };
}

export interface UsualCatalogOptions {
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly databases: readonly string[];
  /** More targets, each with a part of the usual resource of its kind, or a resource, of the same name. */
  readonly more?: Readonly<Record<string, AzureRoleKindName>>;
  /** Entries of the catalog besides clusters and servers. */
  readonly entries: object;
  readonly verificationJob: object | undefined;
  /** The administrator that the catalog names for the SQL server. */
  readonly entraAdmin?: { readonly login: string; readonly objectId: string };
  /** It also has a cluster outside Azure, in which Mooring logs in so. */
  readonly otherCluster?: ClusterLogin["by"] | undefined;
  /** It also has targets on a PostgreSQL server. */
  readonly hasPostgres?: boolean;
  /** More Cosmos DB accounts, each a target of the same name. */
  readonly accounts?: readonly string[];
  /** More PostgreSQL servers, each with a target of the same name. */
  readonly schemas?: readonly string[];
  /** More profiles. */
  readonly profiles?: object;
}

function postgresServer(providers: string, name: string) {
  return {
    kind: "postgresql",
    resourceId: `${providers}/Microsoft.DBforPostgreSQL/flexibleServers/${name}`,
    // Not called: the simulator's own replaces it.
    host: `${name}.postgres.database.azure.com`,
    login: "mooring",
    access: ["read", "write", "own"],
  };
}

/** Two schemas of one database, and another database: one role of a namespace has access to all of them. */
function postgresTargets(providers: string) {
  const server = postgresServer(providers, "pg-dev");
  return {
    ledger: { ...server, database: "ledger" },
    archive: { ...server, database: "ledger", schema: "archive" },
    reports: { ...server, database: "reports" },
  };
}

/** The names in a sandbox that was given no catalog. */
export const usualNames = { cluster: "aks-dev", sqlServer: "sql-dev", otherCluster: "k3s-dev" };

/** How Mooring logs in to a cluster outside Azure. */
const usualLogins: { readonly [By in ClusterLogin["by"]]: ClusterLogin } = {
  entra: { by: "entra", audience: "api://k3s-dev" },
  // Not read: the sandbox names a file of its own.
  serviceAccount: { by: "serviceAccount", namespace: "mooring", name: "mooring", tokenFile: "/var/run/mooring/token" },
};

/** Where a profile with a network policy lets its pods go. */
const elsewhere = { addresses: ["10.7.0.0/28"] };

/** Of the kind, all that can be asked for. */
function another(targets: ReturnType<typeof usualTargets>, kind: AzureRoleKindName, name: string) {
  const usual = Object.values(targets).find((each) => each.kind === kind);
  if (!usual) throw new Error(`the usual catalog has no ${kind}`);
  const [part] = Object.keys(azureRoleKinds[kind].parts);
  const [, inside = "", own = ""] = /^(.*\/)([^/]+)$/.exec(usual.resourceId) ?? [];
  return {
    ...{ kind, resourceId: `${inside}${part === undefined ? name : own}`, access: azureRoleWords[kind] },
    ...(part === undefined ? {} : { [part]: name }),
    network: elsewhere,
  };
}

/** One of each kind, or more. */
function usualTargets(providers: string) {
  const storage = `${providers}/Microsoft.Storage/storageAccounts/stdev`;
  return {
    uploads: {
      ...{ kind: "storageBlob", resourceId: storage, container: "uploads", access: ["read", "write"] },
      network: elsewhere,
    },
    jobs: { kind: "storageQueue", resourceId: storage, queue: "jobs", access: ["read", "send", "receive", "write"] },
    sessions: { kind: "storageTable", resourceId: storage, table: "sessions", access: ["read", "write"] },
    secrets: {
      kind: "keyVaultSecrets",
      resourceId: `${providers}/Microsoft.KeyVault/vaults/kv-dev`,
      access: ["read"],
    },
    invoices: {
      kind: "serviceBus",
      resourceId: `${providers}/Microsoft.ServiceBus/namespaces/sb-dev`,
      ...{ topic: "invoices", access: ["send", "receive"] },
    },
    clicks: {
      kind: "eventHubs",
      resourceId: `${providers}/Microsoft.EventHub/namespaces/eh-dev`,
      eventHub: "clicks",
      access: ["send", "receive"],
    },
    settings: {
      kind: "appConfiguration",
      resourceId: `${providers}/Microsoft.AppConfiguration/configurationStores/appcs-dev`,
      access: ["read"],
    },
    carts: {
      kind: "cosmosNoSql",
      resourceId: `${providers}/Microsoft.DocumentDB/databaseAccounts/cosmos-dev`,
      database: "shop",
      container: "carts",
      access: ["read", "write"],
    },
    shop: {
      kind: "cosmosNoSql",
      resourceId: `${providers}/Microsoft.DocumentDB/databaseAccounts/cosmos-dev`,
      database: "shop",
      access: ["read", "write"],
    },
    gpt: {
      kind: "openAi",
      resourceId: `${providers}/Microsoft.CognitiveServices/accounts/oai-dev`,
      access: ["use"],
    },
  };
}

/** Amounts in several notations of Kubernetes. */
const usualProfiles = {
  standard: {
    description: "Four cores and eight gigabytes, for twenty pods",
    quota: { "requests.cpu": "4000m", "requests.memory": "8192Mi", pods: 20 },
    limits: {
      container: { default: { cpu: "0.5", memory: "512Mi" }, defaultRequest: { cpu: "100m", memory: "0.125Gi" } },
    },
    podSecurity: { enforce: "baseline", warn: "restricted" },
  },
  isolated: {
    description: "Reaches what its request names, and nothing else",
    network: {},
  },
  small: {
    description: "One core and two gigabytes",
    quota: { "requests.cpu": 1, "requests.memory": "2Gi", "count/jobs.batch": "5" },
  },
};

/** One cluster, one SQL server, and one of each other target. */
export function usualCatalog({
  tenantId,
  subscriptionId,
  databases,
  more = {},
  entries,
  verificationJob,
  entraAdmin,
  otherCluster,
  hasPostgres = false,
  accounts = [],
  schemas = [],
  profiles = {},
}: UsualCatalogOptions): CatalogDocument {
  const location = "westeurope";
  const { cluster, sqlServer } = usualNames;
  const providers = `/subscriptions/${subscriptionId}/resourceGroups/rg-data/providers`;
  const usual = usualTargets(providers);
  const document = {
    tenantId,
    clusters: {
      [cluster]: {
        // Neither address is called: the simulators' own replace them.
        apiServer: `https://${cluster}.${location}.azmk8s.io`,
        oidcIssuer: `https://${location}.oic.prod-aks.azure.com/${tenantId}/${randomUUID()}/`,
        subscriptionId,
        identityResourceGroup: `MC_rg-dev_${cluster}_${location}`,
        location,
        identityModes: ["workloadIdentity", "podIdentity", "identityBinding"],
        identityBinding: {
          clusterId: `/subscriptions/${subscriptionId}/resourceGroups/rg-dev/providers/Microsoft.ContainerService/managedClusters/${cluster}`,
        },
        managedNamespaces: {
          clusterId: `/subscriptions/${subscriptionId}/resourceGroups/rg-dev/providers/Microsoft.ContainerService/managedClusters/${cluster}`,
        },
        podIdentity: { kubeletObjectId: randomUUID() },
        network: { login: { addresses: here } },
        ...(verificationJob ? { verificationJob } : {}),
      },
      ...(otherCluster
        ? {
            [usualNames.otherCluster]: {
              kind: "oidc",
              apiServer: `https://${usualNames.otherCluster}.example:6443`,
              oidcIssuer: `https://issuers.example/${usualNames.otherCluster}`,
              login: usualLogins[otherCluster],
              subscriptionId,
              identityResourceGroup: "rg-k3s-identities",
              location,
              ...(verificationJob ? { verificationJob } : {}),
            },
          }
        : {}),
    },
    sqlServers: {
      [sqlServer]: {
        resourceId: `/subscriptions/${subscriptionId}/resourceGroups/rg-data/providers/Microsoft.Sql/servers/${sqlServer}`,
        host: `${sqlServer}.database.windows.net`,
        network: { addresses: here },
        ...(entraAdmin ? { entraAdmin } : {}),
        databases: Object.fromEntries(databases.map((name) => [name, { roles: ["reader", "writer", "executor"] }])),
      },
    },
    targets: {
      ...usual,
      ...mapValues(more, (kind, name) => another(usual, kind, name)),
      ...(hasPostgres ? postgresTargets(providers) : {}),
      ...Object.fromEntries(
        accounts.map((name) => [
          name,
          {
            kind: "cosmosNoSql",
            resourceId: `${providers}/Microsoft.DocumentDB/databaseAccounts/${name}`,
            access: ["read", "write"],
            network: { addresses: ["10.7.0.16/28"] },
          },
        ]),
      ),
      ...Object.fromEntries(
        schemas.map((name) => [
          name,
          { ...postgresServer(providers, name), database: "ledger", network: { addresses: here } },
        ]),
      ),
    },
    profiles: { ...usualProfiles, ...profiles },
  };
  return withEntries(document, entries);
}

export function withEntries(document: object, entries: object): CatalogDocument {
  const whole: unknown = { ...document, ...entries };
  expectCatalog(whole);
  return whole;
}
