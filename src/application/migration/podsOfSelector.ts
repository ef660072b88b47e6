import { z } from "zod";
import { findCluster } from "../../domain/catalog/clusters.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import type { Conflict } from "../../domain/operation/plan.ts";
import type { Ports } from "../../ports.ts";

const PodPhase = z.object({ status: z.object({ phase: z.string().default("Pending") }).prefault({}) });

/** Names of pods that have, or are about to get, the identity by their label. A pod that has ended needs none. */
export async function podsOfSelector(
  { catalog, kubernetes }: Pick<Ports, "catalog" | "kubernetes">,
  { cluster, namespace, selector }: Berth & { selector: string },
): Promise<readonly string[]> {
  const labelSelector = `aadpodidbinding=${selector}`;
  const query = { apiVersion: "v1", kind: "Pod", namespace, labelSelector };
  const pods = await kubernetes.list(findCluster(catalog, cluster), query);
  return pods
    .filter((pod) => !["Succeeded", "Failed"].includes(PodPhase.safeParse(pod).data?.status.phase ?? ""))
    .map(({ metadata }) => metadata.name)
    .toSorted();
}

const mostNamed = 10;

export function podsInTheWay(berth: Berth, pods: readonly string[]): Conflict | undefined {
  if (pods.length === 0) return undefined;
  const more = pods.length > mostNamed ? ` and ${pods.length - mostNamed} more` : "";
  const message = `${pods.length} pod(s) of ${berthKey(berth)} still use pod identity: ${pods.slice(0, mostNamed).join(", ")}${more}.`;
  return { code: "PODS_STILL_USE_POD_IDENTITY", message };
}
