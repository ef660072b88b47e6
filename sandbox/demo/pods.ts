/** Manifests of the sample, changed as the walk-through needs them. */
import { z } from "zod";
import type { ClusterObject } from "./cluster.ts";

const PodSpec = z.looseObject({ containers: z.array(z.looseObject({ name: z.string(), envFrom: z.unknown() })) });

/** Settings written into the pod itself, where Mooring's ConfigMap and service account do not exist. */
export function withOwnSettings(pod: ClusterObject, settings: Readonly<Record<string, string>>): ClusterObject {
  const spec = PodSpec.parse(pod["spec"]);
  const env = Object.entries(settings).map(([name, value]) => ({ name, value }));
  const containers = spec.containers.map(({ envFrom: _, ...container }) => ({ ...container, env }));
  return { ...pod, spec: { ...spec, serviceAccountName: "default", containers } };
}

/** The label by which aad-pod-identity finds the pod. */
export function withBinding(pod: ClusterObject, selector: string): ClusterObject {
  return { ...pod, metadata: { ...pod.metadata, labels: { aadpodidbinding: selector } } };
}
