import { z } from "zod";
import type { KubernetesObject } from "../../ports/kubernetes.ts";

/** An object, as an API server answers with it. */
export const StoredObject: z.ZodType<KubernetesObject> = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().exactOptional(),
    uid: z.string().exactOptional(),
    resourceVersion: z.string().exactOptional(),
    labels: z.record(z.string(), z.string()).exactOptional(),
    annotations: z.record(z.string(), z.string()).exactOptional(),
    deletionTimestamp: z.string().exactOptional(),
    finalizers: z.array(z.string()).exactOptional(),
    managedFields: z
      .array(
        z.looseObject({
          manager: z.string().exactOptional(),
          operation: z.string().exactOptional(),
          fieldsV1: z.record(z.string(), z.unknown()).exactOptional(),
        }),
      )
      .exactOptional(),
    ownerReferences: z
      .array(z.looseObject({ apiVersion: z.string(), kind: z.string(), name: z.string(), uid: z.string() }))
      .exactOptional(),
  }),
});
