/** The catalog of a simulated cloud: what an operator wrote, or the usual one, with the simulators in place of Azure. */
import { randomUUID } from "node:crypto";
import { parse, stringify } from "yaml";
import type { z } from "zod";
import { Catalog } from "../src/domain/catalog/catalog.ts";

/** As it stands in a file: with no defaults filled in, and what it does not say stays unsaid. */
export type CatalogDocument = z.input<typeof Catalog>;

export function parseCatalog(text: string): CatalogDocument {
  const document: unknown = parse(text);
  expectCatalog(document);
  return document;
}

/** Whoever offers a file has checked it before (`mooring catalog check`), and told where it is wrong. */
function expectCatalog(document: unknown): asserts document is CatalogDocument {
  Catalog.parse(document);
}

export interface Addresses {
  readonly certificateAuthority: string;
  /** Of API servers and ports of SQL servers, by alias. */
  readonly apiServers: Readonly<Record<string, string>>;
  readonly sqlPorts: Readonly<Record<string, number>>;
}

export function printCatalog(
  document: CatalogDocument,
  { certificateAuthority, apiServers, sqlPorts }: Addresses,
): string {
  const { clusters, sqlServers, retry } = document;
  return stringify({
    ...document,
    clusters: mapValues(clusters, (cluster, alias) => ({
      ...cluster,
      apiServer: apiServers[alias],
      certificateAuthority,
    })),
    sqlServers: mapValues(sqlServers, (server, alias) => ({ ...server, host: "localhost", port: sqlPorts[alias] })),
    // Nothing here takes the time that Azure takes.
    retry: { firstIntervalMs: 200, maxIntervalMs: 2_000, attempts: 6, ...retry },
  });
}

/**
 * The same callers, as far as the sandbox can play them: tokens come from its own Entra, nothing stands before the service
 * as App Service authentication would, and a team has a group for its people to be in.
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

function mapValues<V, W>(record: Readonly<Record<string, V>>, change: (value: V, key: string) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}

export interface UsualCatalogOptions {
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly databases: readonly string[];
  /** Entries of the catalog besides clusters and servers. */
  readonly entries: object;
  readonly verificationJob: object | undefined;
  /** Given to the SQL server by the catalog. */
  readonly entraAdmin?: { readonly login: string; readonly objectId: string };
}

/** What every sandbox is called that nobody has given a catalog. */
export const usualNames = { cluster: "aks-dev", sqlServer: "sql-dev" };

/** One cluster and one SQL server. */
export function usualCatalog({
  tenantId,
  subscriptionId,
  databases,
  entries,
  verificationJob,
  entraAdmin,
}: UsualCatalogOptions): CatalogDocument {
  const location = "westeurope";
  const { cluster, sqlServer } = usualNames;
  const document: unknown = {
    tenantId,
    clusters: {
      [cluster]: {
        // Neither is asked: the simulators' own addresses take their place.
        apiServer: `https://${cluster}.${location}.azmk8s.io`,
        oidcIssuer: `https://${location}.oic.prod-aks.azure.com/${tenantId}/${randomUUID()}/`,
        subscriptionId,
        identityResourceGroup: `MC_rg-dev_${cluster}_${location}`,
        location,
        identityModes: ["workloadIdentity", "podIdentity"],
        podIdentity: { kubeletObjectId: randomUUID() },
        ...(verificationJob ? { verificationJob } : {}),
      },
    },
    sqlServers: {
      [sqlServer]: {
        resourceId: `/subscriptions/${subscriptionId}/resourceGroups/rg-data/providers/Microsoft.Sql/servers/${sqlServer}`,
        host: `${sqlServer}.database.windows.net`,
        ...(entraAdmin ? { entraAdmin } : {}),
        databases: Object.fromEntries(databases.map((name) => [name, { roles: ["reader", "writer", "executor"] }])),
      },
    },
    ...entries,
  };
  expectCatalog(document);
  return document;
}
