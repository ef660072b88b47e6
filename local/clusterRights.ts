/** The files of infra/kubernetes that a cluster needs by its catalog entry, filled in. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

const folder = join(dirname(import.meta.dirname), "infra/kubernetes");

export const placeholders = {
  identity: "<object id of Mooring's identity>",
  image: "<image of the catalog's verificationJob>",
} as const;

interface Cluster {
  readonly identityModes: readonly string[];
  readonly verificationJob?: { readonly image: string } | undefined;
}

export function clusterFiles({ identityModes, verificationJob }: Cluster): readonly string[] {
  return [
    "cluster-role.yaml",
    "write-policy.yaml",
    "namespace-deletion.yaml",
    ...(identityModes.includes("podIdentity") ? ["pod-identity.yaml"] : []),
    ...(verificationJob ? ["verification-job.yaml"] : []),
  ];
}

export async function clusterRightsFor(cluster: Cluster, principalId: string): Promise<string> {
  const texts = await Promise.all(clusterFiles(cluster).map((name) => readFile(join(folder, name), "utf8")));
  return texts
    .join("---\n")
    .replaceAll(placeholders.identity, principalId)
    .replaceAll(placeholders.image, cluster.verificationJob?.image ?? "");
}
