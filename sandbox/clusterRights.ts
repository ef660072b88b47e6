/** The files of infra/kubernetes that a cluster needs by its catalog entry, filled in. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Catalog, Cluster } from "../src/domain/catalog/catalog.ts";
import { traitsOf } from "../src/domain/catalog/clusterKinds.ts";
import { podSecurityLabels } from "../src/domain/profiles/podSecurity.ts";
import { addressesAt, placeOf } from "../src/domain/targets/namedTarget.ts";

const folder = join(dirname(import.meta.dirname), "infra/kubernetes");

export const placeholders = {
  identity: "<object id of Mooring's identity>",
  image: "<image of the catalog's verificationJob>",
  sqlHosts: "<hosts of the catalog's SQL servers, separated by commas>",
  targetAddresses: "<addresses of the catalog's targets, separated by commas>",
  podSecurity: "<Pod Security labels of the catalog's profiles, separated by commas>",
} as const;

/** Where the catalog's servers and targets are. */
export interface Addresses {
  readonly sqlHosts: readonly string[];
  readonly targetAddresses: readonly string[];
}

/** What the catalog says that decides which rights Mooring needs in a cluster. */
export interface ClusterFeatures extends Addresses {
  readonly identityModes: readonly string[];
  /** Whether the catalog has what identity bindings need. */
  readonly hasBindings: boolean;
  readonly verificationJob?: { readonly image: string } | undefined;
  readonly isManagedByAzure: boolean;
  /** The catalog has profiles. */
  readonly hasProfiles: boolean;
  /** The labels that its profiles set, as `name=value`. */
  readonly podSecurity: readonly string[];
}

/** Of a cluster of the catalog. */
export function featuresOf(
  catalog: Pick<Catalog, "profiles" | "sqlServers" | "targets">,
  cluster: Cluster,
): ClusterFeatures {
  const { identityModes, verificationJob } = cluster;
  const { isManagedByAzure, identityBinding } = traitsOf(cluster);
  const profiles = Object.values(catalog.profiles);
  return {
    identityModes,
    hasBindings: identityBinding !== undefined,
    verificationJob,
    ...addressesOf(catalog),
    isManagedByAzure,
    hasProfiles: profiles.length > 0,
    podSecurity: profiles.flatMap(({ podSecurity }) =>
      Object.entries(podSecurity ? podSecurityLabels(podSecurity) : {}).map(([name, value]) => `${name}=${value}`),
    ),
  };
}

export function addressesOf({ sqlServers, targets }: Pick<Catalog, "sqlServers" | "targets">): Addresses {
  return {
    sqlHosts: Object.values(sqlServers).map(({ host }) => host),
    targetAddresses: [...new Set(Object.values(targets).flatMap((entry) => addressesAt(placeOf(entry))))],
  };
}

export function clusterFiles({
  identityModes,
  hasBindings,
  verificationJob,
  isManagedByAzure,
  hasProfiles,
}: Omit<ClusterFeatures, keyof Addresses>): readonly string[] {
  return [
    "cluster-role.yaml",
    "write-policy.yaml",
    "namespace-deletion.yaml",
    ...(identityModes.includes("podIdentity") ? ["pod-identity.yaml"] : []),
    ...(hasBindings ? ["identity-binding.yaml"] : []),
    ...(verificationJob ? ["verification-job.yaml"] : []),
    ...(hasProfiles ? ["namespace-profile.yaml"] : []),
    ...(isManagedByAzure ? [] : ["issuer-keys.yaml"]),
  ];
}

/** `userName`: by which the cluster knows Mooring. */
export async function clusterRightsFor(cluster: ClusterFeatures, userName: string): Promise<string> {
  const texts = await Promise.all(clusterFiles(cluster).map((name) => readFile(join(folder, name), "utf8")));
  return texts
    .join("---\n")
    .replaceAll(placeholders.identity, userName)
    .replaceAll(placeholders.image, cluster.verificationJob?.image ?? "")
    .replaceAll(placeholders.sqlHosts, cluster.sqlHosts.join(","))
    .replaceAll(placeholders.targetAddresses, cluster.targetAddresses.join(","))
    .replaceAll(placeholders.podSecurity, cluster.podSecurity.join(","));
}
