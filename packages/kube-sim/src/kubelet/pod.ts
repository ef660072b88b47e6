/** The part of a pod that this kubelet acts on. Other fields are left alone. */
import { z } from "zod";

const EnvironmentVariable = z.object({
  name: z.string(),
  value: z.string().default(""),
  valueFrom: z
    .object({
      configMapKeyRef: z.object({ name: z.string(), key: z.string(), optional: z.boolean().default(false) }).optional(),
      fieldRef: z.object({ fieldPath: z.string() }).optional(),
      secretKeyRef: z.unknown().optional(),
    })
    .optional(),
});

const EnvironmentSource = z.object({
  prefix: z.string().default(""),
  configMapRef: z.object({ name: z.string(), optional: z.boolean().default(false) }).optional(),
  secretRef: z.unknown().optional(),
});

const Container = z.object({
  name: z.string(),
  image: z.string().default(""),
  env: z.array(EnvironmentVariable).default([]),
  envFrom: z.array(EnvironmentSource).default([]),
  volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })).default([]),
  terminationMessagePolicy: z.string().default("File"),
});

const DownwardItem = z.object({ path: z.string(), fieldRef: z.object({ fieldPath: z.string() }) });

const ProjectedSource = z.object({
  downwardAPI: z.object({ items: z.array(DownwardItem).default([]) }).optional(),
  serviceAccountToken: z
    .object({ path: z.string(), audience: z.string().optional(), expirationSeconds: z.int().default(3600) })
    .optional(),
});

export const Pod = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    labels: z.record(z.string(), z.string()).default({}),
    deletionTimestamp: z.string().optional(),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
  spec: z.object({
    serviceAccountName: z.string().default("default"),
    restartPolicy: z.enum(["Always", "OnFailure", "Never"]).default("Always"),
    containers: z.array(Container).min(1),
    volumes: z
      .array(z.object({ name: z.string(), projected: z.object({ sources: z.array(ProjectedSource) }).optional() }))
      .default([]),
  }),
  status: z.object({ phase: z.string().default("Pending") }).prefault({}),
});
export type Pod = z.infer<typeof Pod>;
export type Container = z.infer<typeof Container>;

export function firstContainer({ spec }: Pod): Container {
  const [container] = spec.containers;
  if (!container) throw new TypeError("a pod has at least one container");
  return container;
}

export function podPath({ metadata }: Pod): string {
  return `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;
}
