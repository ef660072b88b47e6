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

export const quotaKind = { apiVersion: "v1", kind: "ResourceQuota" } as const;

/** The cluster's quota controller counts as soon as it sees a quota. */
const mostLooks = 20;
const pauseMs = 150;

const Quota = z.object({ status: z.object({ used: z.record(z.string(), z.string()).default({}) }).prefault({}) });

/** Undefined if none of these counts them. */
export function countIn(quotas: readonly KubernetesObject[]): number | undefined {
  return quotas
    .map((each) => Quota.safeParse(each).data?.status.used ?? {})
    .flatMap((used) => used["count/secrets"] ?? used["secrets"] ?? [])
    .map(Number)[0];
}

export function isCounter({ kind, metadata: { name } }: Pick<KubernetesObject, "kind" | "metadata">): boolean {
  return kind === quotaKind.kind && name === secretsQuota;
}

/**
 * Counts by a quota of Mooring's own, which limits nothing that a namespace could reach and goes again. Undefined if Mooring may make
 * none, or the cluster does not count.
 */
export async function countSecrets(
  kubernetes: Pick<Kubernetes, "apply" | "get" | "remove">,
  cluster: ClusterTarget,
  namespace: string,
): Promise<number | undefined> {
  const metadata = { name: secretsQuota, namespace };
  const counter = { ...quotaKind, metadata, spec: { hard: { "count/secrets": "1000000" } } };
  let found = await unlessForbidden(() => kubernetes.apply(cluster, counter));
  const uid = found?.metadata.uid;
  const countOf = (quota: KubernetesObject | undefined) => (quota ? countIn([quota]) : undefined);
  let count = countOf(found);
  for (let look = 0; found && count === undefined && look < mostLooks; look += 1) {
    await sleep(pauseMs);
    found = await kubernetes.get(cluster, refOf(counter));
    count = countOf(found);
  }
  if (uid !== undefined) await kubernetes.remove(cluster, refOf(counter), { uid });
  return count;
}
