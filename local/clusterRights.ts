/** The files of infra/kubernetes that a cluster needs by its catalog entry, filled in. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Cluster } from "../src/domain/catalog/catalog.ts";
import { traitsOf } from "../src/domain/catalog/clusterKinds.ts";

const folder = join(dirname(import.meta.dirname), "infra/kubernetes");

export const placeholders = {
  identity: "<object id of Mooring's identity>",
  image: "<image of the catalog's verificationJob>",
  sqlHosts: "<hosts of the catalog's SQL servers, separated by commas>",
} as const;

/** What the catalog says that decides which rights Mooring needs in a cluster. */
export interface ClusterFeatures {
  readonly identityModes: readonly string[];
  readonly verificationJob?: { readonly image: string } | undefined;
  readonly sqlHosts: readonly string[];
  readonly isManagedByAzure: boolean;
}

export function featuresOf(cluster: Cluster, sqlHosts: readonly string[]): ClusterFeatures {
  const { identityModes, verificationJob } = cluster;
  return { identityModes, verificationJob, sqlHosts, isManagedByAzure: traitsOf(cluster).isManagedByAzure };
}

export function clusterFiles({
  identityModes,
  verificationJob,
  isManagedByAzure,
}: Omit<ClusterFeatures, "sqlHosts">): readonly string[] {
  return [
    "cluster-role.yaml",
    "write-policy.yaml",
    "namespace-deletion.yaml",
    ...(identityModes.includes("podIdentity") ? ["pod-identity.yaml"] : []),
    ...(verificationJob ? ["verification-job.yaml"] : []),
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
    .replaceAll(placeholders.sqlHosts, cluster.sqlHosts.join(","));
}
