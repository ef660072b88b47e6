/** What the catalogs of the worlds name: clusters, servers, targets, profiles and teams. */
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { managingCluster } from "./managedWorld.ts";

export const databases = [
  { server: "sql-a", database: "one" },
  { server: "sql-a", database: "two" },
  { server: "sql-b", database: "three" },
  { server: "sql-b", database: "four" },
];

export const issuer = "https://issuer.example/cluster/";

/** How long a write without an answer may still take effect. */
export const landingMs = 60_000;

const everything = ["reader", "writer", "executor", "reader@sales", "role:reports"];

const team = {
  clusters: ["aks"],
  namespaces: ["team*"],
  databases: {
    "sql-a": { one: everything, two: everything },
    "sql-b": { three: everything, four: everything },
  },
  quota: 1,
};

function createCatalog(attempts: number, needApproval: readonly string[]): Catalog {
  return Catalog.parse({
    tenantId: guid(0),
    clusters: {
      aks: {
        apiServer: "https://aks.example",
        oidcIssuer: issuer,
        subscriptionId: guid(2),
        identityResourceGroup: "nodes",
        location: "westeurope",
        identityModes: ["workloadIdentity", "podIdentity"],
      },
    },
    sqlServers: {
      "sql-a": server("sql-a", { userCreation: "sid", names: ["one", "two"] }),
      "sql-b": server("sql-b", { userCreation: "externalProvider", names: ["three", "four"] }),
    },
    // Longer than any Retry-After, so that nothing waits in real time.
    retry: {
      ...{ firstIntervalMs: 10_000, maxIntervalMs: 20_000, attempts },
      ...{ landingMs, undoTimeoutMs: 200_000, namespaceDeletionMs: 0 },
    },
    approval: { databases: needApproval },
    teams: { blue: team, red: team, green: { ...team, quota: 10 } },
  });
}

export const { clusters: outsideAzure } = Catalog.parse({
  tenantId: guid(0),
  clusters: {
    aks: {
      kind: "oidc",
      apiServer: "https://k3s.example",
      oidcIssuer: issuer,
      subscriptionId: guid(2),
      identityResourceGroup: "nodes",
      location: "westeurope",
      login: { by: "entra", audience: "api://k3s" },
    },
  },
  sqlServers: {},
});

export const catalogs = [2, 3, 4].flatMap((attempts) => [
  createCatalog(attempts, []),
  createCatalog(attempts, ["sql-a/one"]),
]);

export function withNamedTargets(catalog: Catalog, entries: Catalog["targets"]): Catalog {
  const targets = Object.fromEntries(Object.entries(entries).map(([name, { access }]) => [name, access]));
  const teams = Object.fromEntries(Object.entries(catalog.teams).map(([name, each]) => [name, { ...each, targets }]));
  return { ...catalog, targets: entries, teams };
}

/** A change between them adds and removes an object, a field of another, and a label of the namespace. */
export const profiles = Catalog.shape.profiles.parse({
  small: { quota: { pods: 5 }, podSecurity: { enforce: "restricted" } },
  large: {
    quota: { pods: 50, "requests.cpu": "8000m" },
    limits: { container: { max: { cpu: 4 } } },
  },
});

/** The cluster of a world with identity bindings, in Azure. */
export const clusterId = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks";

export function withBindings({ clusters, ...catalog }: Catalog): Catalog {
  const { aks } = clusters;
  if (aks?.kind !== "aks") throw new Error("the catalog has no cluster");
  const identityModes = [...aks.identityModes, "identityBinding" as const];
  return { ...catalog, clusters: { aks: { ...aks, identityModes, identityBinding: { clusterId } } } };
}

/** The same clusters, where Azure has profiles. */
export function managing({ aks, ...others }: Catalog["clusters"]): Catalog["clusters"] {
  if (aks?.kind !== "aks") throw new Error("the catalog has no cluster");
  return { ...others, aks: { ...aks, managedNamespaces: { clusterId: managingCluster } } };
}

export const platform = { login: "platform", objectId: guid(8) };

export function withAdmin({ "sql-a": first, ...others }: Catalog["sqlServers"]): Catalog["sqlServers"] {
  return { ...others, ...(first ? { "sql-a": { ...first, entraAdmin: platform } } : {}) };
}

function server(name: string, { userCreation, names }: { userCreation: string; names: readonly string[] }) {
  return {
    resourceId: `/subscriptions/s/resourceGroups/data/providers/Microsoft.Sql/servers/${name}`,
    host: `${name}.example`,
    userCreation,
    databases: Object.fromEntries(names.map((each) => [each, { roles: everything }])),
  };
}

export function guid(number: number): string {
  return `${number.toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`;
}

/** The ID of the installation of Mooring in every world. */
export const installation = "here";
