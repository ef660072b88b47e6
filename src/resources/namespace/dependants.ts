/** Who else depends on the namespace: deleting it deletes everything in it. */
import { z } from "zod";
import { findCluster } from "../../domain/catalog/clusters.ts";
import { berthKey } from "../../domain/naming/names.ts";
import { toOperationError } from "../../domain/operation/plan.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { KubernetesObject, Ports } from "../../ports.ts";
import { type Dependants, isMarked, list, readable } from "../definitions/dependants.ts";

/** What runs, and what holds data. ConfigMaps and the like are no loss if nothing runs with them. */
const kindsOfWork: readonly { apiVersion: string; kind: string }[] = [
  { apiVersion: "apps/v1", kind: "Deployment" },
  { apiVersion: "apps/v1", kind: "StatefulSet" },
  { apiVersion: "apps/v1", kind: "DaemonSet" },
  { apiVersion: "batch/v1", kind: "CronJob" },
  { apiVersion: "batch/v1", kind: "Job" },
  { apiVersion: "v1", kind: "PersistentVolumeClaim" },
  { apiVersion: "v1", kind: "Pod" },
];

export async function dependantsOfNamespace(ports: Ports, request: OnboardingRequest): Promise<Dependants> {
  const { namespace } = request;
  const cluster = findCluster(ports.catalog, request.cluster);
  return await readable(async () => {
    const found = await Promise.all(kindsOfWork.map((kind) => ports.kubernetes.list(cluster, { ...kind, namespace })));
    const foreign = found.flat().filter((object) => isAtWork(object) && !isMarked(object.metadata, request));
    if (foreign.length === 0) return [];
    const names = list(foreign.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
    const message = `Namespace ${berthKey(request)} would be deleted with what others have in it: ${names}.`;
    return [toOperationError("NAMESPACE_IN_USE", message)];
  });
}

const Work = z.object({
  metadata: z.object({ ownerReferences: z.array(z.object({ controller: z.boolean().optional() })).default([]) }),
  status: z.object({ phase: z.string(), completionTime: z.string(), failed: z.number() }).partial().default({}),
  spec: z.object({ backoffLimit: z.number() }).partial().default({}),
});

/** Ignores what has finished, is being deleted, or is managed by another object. */
function isAtWork(object: KubernetesObject): boolean {
  if (object.metadata.deletionTimestamp !== undefined) return false;
  const { data } = Work.safeParse(object);
  if (!data) return true;
  if (data.metadata.ownerReferences.some(({ controller }) => controller)) return false;
  const { phase, completionTime, failed = 0 } = data.status;
  if (object.kind === "Pod") return phase !== "Succeeded" && phase !== "Failed";
  if (object.kind === "Job") return completionTime === undefined && failed <= (data.spec.backoffLimit ?? 6);
  return true;
}
