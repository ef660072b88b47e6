/**
 * How many Secrets a namespace has, without reading one: RBAC knows no list without contents, but the status of a ResourceQuota
 * counts objects (kubernetes.io "Resource Quotas").
 */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { secretsQuota } from "../../domain/naming/names.ts";
import type { Kubernetes, KubernetesObject } from "../../ports/kubernetes.ts";
import { unlessForbidden } from "../definitions/unlessForbidden.ts";
import { refOf } from "../kubernetesObject/ensureObjects.ts";

/** The cluster's quota controller counts as soon as it sees a quota. */
const mostLooks = 20;
const pauseMs = 150;

const counted = "count/secrets";
const Quota = z.object({ status: z.object({ used: z.record(z.string(), z.string()).default({}) }).prefault({}) });

/**
 * Counts by a quota of Mooring's own, which limits nothing that a namespace could reach and goes again. Undefined if Mooring may make
 * none, or the cluster does not count.
 */
export async function countSecrets(
  kubernetes: Pick<Kubernetes, "apply" | "get" | "remove">,
  cluster: ClusterTarget,
  namespace: string,
): Promise<number | undefined> {
  const quota = quotaIn(namespace);
  let found = await unlessForbidden(() => kubernetes.apply(cluster, quota));
  const uid = found?.metadata.uid;
  for (let look = 0; found && countIn(found) === undefined && look < mostLooks; look += 1) {
    await sleep(pauseMs);
    found = await kubernetes.get(cluster, refOf(quota));
  }
  if (uid !== undefined) await kubernetes.remove(cluster, refOf(quota), { uid });
  return found && countIn(found);
}

/** The quota of a count that broke off: a namespace that stays would keep it. */
export async function removeCounter(
  kubernetes: Pick<Kubernetes, "get" | "remove">,
  cluster: ClusterTarget,
  namespace: string,
): Promise<void> {
  const ref = refOf(quotaIn(namespace));
  const found = await unlessForbidden(() => kubernetes.get(cluster, ref));
  const uid = found?.metadata.uid;
  if (uid !== undefined) await kubernetes.remove(cluster, ref, { uid });
}

function quotaIn(namespace: string): KubernetesObject {
  const metadata = { name: secretsQuota, namespace };
  return { apiVersion: "v1", kind: "ResourceQuota", metadata, spec: { hard: { [counted]: "1000000" } } };
}

function countIn(quota: KubernetesObject): number | undefined {
  const used = Quota.safeParse(quota).data?.status.used[counted];
  return used === undefined ? undefined : Number(used);
}
