/** Before a request is answered with "unchanged": checks that the Kubernetes namespace is the one that was onboarded. */
import { findCluster } from "../../domain/catalog/clusters.ts";
import { PermanentError, TransientError } from "../../domain/errors.ts";
import { namespaceKey } from "../../domain/naming/names.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import { unlessLate } from "../../domain/unlessLate.ts";
import type { Ports } from "../../ports/index.ts";
import type { KubernetesObject } from "../../ports/kubernetes.ts";
import { logLine } from "../../telemetry/logLine.ts";
import type { ClaimContext } from "./claimContext.ts";

/** The cluster normally answers within milliseconds; do not wait for one that takes longer than this. */
const longestLookMs = 3_000;

export async function expectNamespaceExists(
  { ports, warn }: Pick<ClaimContext, "ports" | "warn">,
  { namespaceUid, ...record }: NamespaceRecord,
): Promise<void> {
  if (namespaceUid === undefined) return;
  const found = await look(ports, record);
  if (found === "unknown") {
    // Give the same answer as before: repeating a request is safe, even while the cluster is unavailable.
    warn?.(logLine("namespace not looked at", { namespace: namespaceKey(record) }));
    return;
  }
  const about = { cluster: record.cluster, namespace: record.namespace };
  const { operation } = record;
  if (!found) {
    const message = `Namespace ${namespaceKey(record)} is onboarded, but no longer in the cluster.`;
    throw new Refusal("NAMESPACE_MISSING", message, { about, operation });
  }
  const { uid, deletionTimestamp } = found.metadata;
  if (uid !== namespaceUid) {
    const message = `Namespace ${namespaceKey(record)} has UID ${uid}; the one that was onboarded had ${namespaceUid}.`;
    throw new Refusal("NAMESPACE_RECREATED", message, { about, operation });
  }
  if (deletionTimestamp !== undefined) {
    throw new Refusal("NAMESPACE_TERMINATING", `Namespace ${namespaceKey(record)} is being deleted.`, {
      about,
      operation,
    });
  }
}

async function look(
  { catalog, kubernetes }: Pick<Ports, "catalog" | "kubernetes">,
  { cluster, namespace }: Pick<NamespaceRecord, "cluster" | "namespace">,
): Promise<KubernetesObject | undefined | "unknown"> {
  try {
    const ref = { apiVersion: "v1", kind: "Namespace", name: namespace };
    return await unlessLate(
      kubernetes.get(findCluster(catalog, cluster), ref),
      longestLookMs,
      () => "unknown" as const,
    );
  } catch (error) {
    if (error instanceof PermanentError || error instanceof TransientError) return "unknown";
    throw error;
  }
}
