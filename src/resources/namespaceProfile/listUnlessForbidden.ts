import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { PermanentError } from "../../domain/errors.ts";
import type { Kubernetes, KubernetesObject } from "../../ports/kubernetes.ts";

/** Undefined where Mooring may not list them: a plan says so. */
export async function listUnlessForbidden(
  kubernetes: Pick<Kubernetes, "list">,
  cluster: ClusterTarget,
  query: Parameters<Kubernetes["list"]>[1],
): Promise<readonly KubernetesObject[] | undefined> {
  try {
    return await kubernetes.list(cluster, query);
  } catch (error) {
    if (error instanceof PermanentError && error.code === "KUBERNETES_FORBIDDEN") return undefined;
    throw error;
  }
}
