/** Pods that the end of a migration would leave without an identity. */

import { z } from "zod";
import { findCluster } from "../../domain/catalog/clusters.ts";
import { count } from "../../domain/count.ts";
import { type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import { type Migration, modeLeft } from "../../domain/operation/migration.ts";
import type { Conflict } from "../../domain/operation/plan.ts";
import { isInMode, modeWords, podLabel, usesServiceAccount } from "../../domain/request/identityModes.ts";
import type { ByMode } from "../../domain/request/modes.ts";
import type { Ports } from "../../ports/index.ts";

const PodState = z.object({
  spec: z.object({ serviceAccountName: z.string().default("default") }).prefault({}),
  status: z.object({ phase: z.string().default("Pending") }).prefault({}),
});

/**
 * Names of the pods that have, or are about to get, the identity in the mode that the migration leaves. A pod that has ended
 * needs none.
 */
export async function podsOnPreviousMode(
  { catalog, kubernetes }: Pick<Ports, "catalog" | "kubernetes">,
  { cluster, namespace }: NamespaceRef,
  migration: Migration,
): Promise<readonly string[]> {
  const mode = modeLeft(migration);
  const labelSelector = podLabel(mode, migration.selector).join("=");
  const query = { apiVersion: "v1", kind: "Pod", namespace, labelSelector };
  const pods = await kubernetes.list(findCluster(catalog, cluster), query);
  return pods
    .filter((pod) => {
      const { spec, status } = PodState.safeParse(pod).data ?? PodState.parse({});
      const isOver = ["Succeeded", "Failed"].includes(status.phase);
      const isOwn = !usesServiceAccount({ identityMode: mode }) || spec.serviceAccountName === migration.serviceAccount;
      return !isOver && isOwn && isInMode(mode, pod.metadata.annotations ?? {});
    })
    .map(({ metadata }) => metadata.name)
    .toSorted();
}

const mostNamed = 10;

const codes: ByMode<Conflict["code"]> = {
  podIdentity: "PODS_STILL_USE_POD_IDENTITY",
  workloadIdentity: "PODS_STILL_USE_WORKLOAD_IDENTITY",
  identityBinding: "PODS_STILL_USE_IDENTITY_BINDING",
};

/** Undefined when there are no such pods. */
export function describeBlockingPods(
  namespaceRef: NamespaceRef,
  migration: Pick<Migration, "to" | "from">,
  pods: readonly string[],
): Conflict | undefined {
  if (pods.length === 0) return undefined;
  const mode = modeLeft(migration);
  const [words, code] = [modeWords[mode], codes[mode]];
  const more = pods.length > mostNamed ? ` and ${pods.length - mostNamed} more` : "";
  const named = `${pods.slice(0, mostNamed).join(", ")}${more}`;
  return {
    code,
    message: `${count(pods.length, "pod")} of ${namespaceKey(namespaceRef)} still ${pods.length === 1 ? "uses" : "use"} ${words}: ${named}.`,
  };
}
