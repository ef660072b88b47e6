/** The files of infra/kubernetes that a cluster needs by its catalog entry, filled in. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

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
}

export function clusterFiles({ identityModes, verificationJob }: Omit<ClusterFeatures, "sqlHosts">): readonly string[] {
  return [
    "cluster-role.yaml",
    "write-policy.yaml",
    "namespace-deletion.yaml",
    ...(identityModes.includes("podIdentity") ? ["pod-identity.yaml"] : []),
    ...(verificationJob ? ["verification-job.yaml"] : []),
  ];
}

export async function clusterRightsFor(cluster: ClusterFeatures, principalId: string): Promise<string> {
  const texts = await Promise.all(clusterFiles(cluster).map((name) => readFile(join(folder, name), "utf8")));
  return texts
    .join("---\n")
    .replaceAll(placeholders.identity, principalId)
    .replaceAll(placeholders.image, cluster.verificationJob?.image ?? "")
    .replaceAll(placeholders.sqlHosts, cluster.sqlHosts.join(","));
}
