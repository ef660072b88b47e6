/** The files of infra/kubernetes that a cluster needs by its catalog entry, filled in. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Catalog } from "../src/domain/catalog/catalog.ts";
import { podSecurityLabels } from "../src/domain/profiles/podSecurity.ts";

const folder = join(dirname(import.meta.dirname), "infra/kubernetes");

export const placeholders = {
  identity: "<object id of Mooring's identity>",
  image: "<image of the catalog's verificationJob>",
  sqlHosts: "<hosts of the catalog's SQL servers, separated by commas>",
  podSecurity: "<Pod Security labels of the catalog's profiles, separated by commas>",
} as const;

/** What the catalog says that decides which rights Mooring needs in a cluster. */
export interface ClusterFeatures {
  readonly identityModes: readonly string[];
  readonly verificationJob?: { readonly image: string } | undefined;
  readonly sqlHosts: readonly string[];
  /** The catalog has profiles. */
  readonly hasProfiles?: boolean;
  /** The labels that its profiles set, as `name=value`. */
  readonly podSecurity?: readonly string[];
}

/** Of a cluster of the catalog. */
export function featuresOf(
  { profiles, sqlServers }: Pick<Catalog, "profiles" | "sqlServers">,
  { identityModes, verificationJob }: Catalog["clusters"][string],
): ClusterFeatures {
  return {
    identityModes,
    verificationJob,
    sqlHosts: Object.values(sqlServers).map(({ host }) => host),
    hasProfiles: Object.keys(profiles).length > 0,
    podSecurity: Object.values(profiles).flatMap(({ podSecurity }) =>
      Object.entries(podSecurity ? podSecurityLabels(podSecurity) : {}).map(([name, value]) => `${name}=${value}`),
    ),
  };
}

export function clusterFiles({
  identityModes,
  verificationJob,
  hasProfiles = false,
}: Omit<ClusterFeatures, "sqlHosts">): readonly string[] {
  return [
    "cluster-role.yaml",
    "write-policy.yaml",
    "namespace-deletion.yaml",
    ...(identityModes.includes("podIdentity") ? ["pod-identity.yaml"] : []),
    ...(verificationJob ? ["verification-job.yaml"] : []),
    ...(hasProfiles ? ["namespace-profile.yaml"] : []),
  ];
}

export async function clusterRightsFor(cluster: ClusterFeatures, principalId: string): Promise<string> {
  const texts = await Promise.all(clusterFiles(cluster).map((name) => readFile(join(folder, name), "utf8")));
  return texts
    .join("---\n")
    .replaceAll(placeholders.identity, principalId)
    .replaceAll(placeholders.image, cluster.verificationJob?.image ?? "")
    .replaceAll(placeholders.sqlHosts, cluster.sqlHosts.join(","))
    .replaceAll(placeholders.podSecurity, (cluster.podSecurity ?? []).join(","));
}
