/** Writes a catalog for existing clusters and SQL servers, with the values that they have in Azure. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { type Az, AzFailed } from "./az.ts";
import { authEntry } from "./entraApplication.ts";
import { optionsFor, printOptions } from "./resourceId.ts";

const ManagedCluster = z.object({
  id: z.string(),
  name: z.string(),
  location: z.string(),
  fqdn: z.string().nullish(),
  privateFqdn: z.string().nullish(),
  nodeResourceGroup: z.string(),
  disableLocalAccounts: z.boolean().nullish(),
  oidcIssuerProfile: z.object({ enabled: z.boolean().nullish(), issuerUrl: z.string().nullish() }).nullish(),
  securityProfile: z.object({ workloadIdentity: z.object({ enabled: z.boolean().nullish() }).nullish() }).nullish(),
  apiServerAccessProfile: z.object({ enableVnetIntegration: z.boolean().nullish() }).nullish(),
  identityProfile: z.object({ kubeletidentity: z.object({ objectId: z.string() }).nullish() }).nullish(),
});
const SqlServer = z.object({ id: z.string(), name: z.string(), fullyQualifiedDomainName: z.string() });
const Databases = z.array(z.object({ name: z.string() }));
const Kubeconfig = z.object({
  clusters: z.array(z.object({ cluster: z.object({ "certificate-authority-data": z.string() }) })).min(1),
});

export interface Described {
  /** Resource ids. */
  readonly clusters: readonly string[];
  readonly sqlServers: readonly string[];
  readonly podIdentity: boolean;
}

export interface CatalogOptions extends Described {
  /** The client id of Mooring's Entra application. */
  readonly audience: string;
}

/** The catalog entries for these clusters and servers. */
export async function writeEntries(az: Az, described: Described): Promise<string> {
  const { clusters, sqlServers } = await describe(az, described);
  return stringify({ clusters: Object.fromEntries(clusters), sqlServers: Object.fromEntries(sqlServers) });
}

async function describe(az: Az, described: Described) {
  const [clusters, sqlServers] = await Promise.all([
    Promise.all(described.clusters.map((id) => describeCluster(az, id, described))),
    Promise.all(described.sqlServers.map((id) => describeSqlServer(az, id))),
  ]);
  return { clusters, sqlServers };
}

export async function writeCatalog(az: Az, options: CatalogOptions): Promise<string> {
  const { tenantId } = z.object({ tenantId: z.string() }).parse(await az("account", "show"));
  const { clusters, sqlServers } = await describe(az, options);
  const catalog = {
    tenantId,
    clusters: Object.fromEntries(clusters),
    sqlServers: Object.fromEntries(sqlServers),
    ...authEntry({ clientId: options.audience, tenantId }),
  };
  // Whatever Azure returned, print only a catalog with which Mooring starts.
  Catalog.parse(catalog);
  return `# yaml-language-server: $schema=mooring.schema.json
${stringify(catalog)}
# Who may ask for what: docs/callers.md. Until there is a team, only operators get anything.
# teams:
#   team-a:
#     groups: [<object id of an Entra group>]
#     clusters: [${clusters[0]?.[0] ?? "<cluster>"}]
#     namespaces: [team-a, team-a-*]
#     databases: { ${sqlServers[0]?.[0] ?? "<server>"}: { <database>: [reader, writer] } }
`;
}

async function describeCluster(
  az: Az,
  id: string,
  { podIdentity }: Pick<Described, "podIdentity">,
): Promise<readonly [string, object]> {
  const cluster = ManagedCluster.parse(await az("aks", "show", ...optionsFor(id)));
  const host = cluster.privateFqdn ?? cluster.fqdn;
  if (!host) throw new Error(`The API server of cluster ${cluster.name} has no host name.`);
  const issuer = cluster.oidcIssuerProfile?.issuerUrl;
  if (!issuer && !podIdentity)
    throw new Error(
      `Cluster ${cluster.name} has no OIDC issuer, which workload identity needs. Run: az aks update ${printOptions(id)} --enable-oidc-issuer --enable-workload-identity`,
    );
  const binds = await canBind(az, cluster, id);
  const kubeletObjectId = cluster.identityProfile?.kubeletidentity?.objectId;
  return [
    alias(cluster.name),
    {
      apiServer: `https://${host}:443`,
      certificateAuthority: await certificateAuthorityOf(az, id),
      ...(issuer ? { oidcIssuer: issuer } : {}),
      subscriptionId: subscriptionOf(id),
      identityResourceGroup: cluster.nodeResourceGroup,
      location: cluster.location,
      identityModes: [
        ...(issuer ? ["workloadIdentity"] : []),
        ...(podIdentity ? ["podIdentity"] : []),
        ...(binds ? ["identityBinding"] : []),
      ],
      ...(binds ? { identityBinding: { clusterId: id } } : {}),
      ...(podIdentity && kubeletObjectId ? { podIdentity: { kubeletObjectId } } : {}),
    },
  ];
}

const Feature = z.object({ properties: z.object({ state: z.string() }) });

/**
 * Whether the cluster can have identity bindings (docs/identityModes.md). Azure's documentation still asks for the registration of a
 * feature; where nobody may read that, the operator adds the mode.
 */
async function canBind(az: Az, cluster: z.infer<typeof ManagedCluster>, id: string): Promise<boolean> {
  const { oidcIssuerProfile, securityProfile, apiServerAccessProfile } = cluster;
  const hasWhatItNeeds = oidcIssuerProfile?.issuerUrl && securityProfile?.workloadIdentity?.enabled === true;
  if (!hasWhatItNeeds || apiServerAccessProfile?.enableVnetIntegration === true) return false;
  const where = ["--namespace", "Microsoft.ContainerService", "--subscription", subscriptionOf(id)];
  try {
    const feature = Feature.parse(await az("feature", "show", "--name", "IdentityBindingPreview", ...where));
    return feature.properties.state === "Registered";
  } catch (error) {
    if (!(error instanceof AzFailed)) throw error;
    return false;
  }
}

/** The API server's certificate is signed by the cluster's own authority, which is only in its kubeconfig. */
async function certificateAuthorityOf(az: Az, id: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "mooring-"));
  try {
    const file = join(folder, "kubeconfig");
    await az("aks", "get-credentials", ...optionsFor(id), "--file", file, "--overwrite-existing");
    const { clusters } = Kubeconfig.parse(parse(await readFile(file, "utf8")));
    return Buffer.from(clusters[0]?.cluster["certificate-authority-data"] ?? "", "base64").toString("utf8");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function describeSqlServer(az: Az, id: string): Promise<readonly [string, object]> {
  const server = SqlServer.parse(await az("sql", "server", "show", "--ids", id));
  const databases = Databases.parse(await az("sql", "db", "list", ...optionsFor(id, "--server"))).filter(
    ({ name }) => name !== "master",
  );
  return [
    alias(server.name),
    {
      resourceId: server.id,
      host: server.fullyQualifiedDomainName,
      databases: Object.fromEntries(databases.map(({ name }) => [name, { roles: ["reader", "writer"] }])),
    },
  ];
}

const subscriptionOf = (id: string): string => id.split("/")[2] ?? "";

/** Its alias: 1 to 40 lower-case letters, digits and hyphens. */
function alias(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, "-")
    .slice(0, 40)
    .replace(/^-+|-+$/g, "");
}
