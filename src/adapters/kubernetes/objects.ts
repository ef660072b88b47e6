/** Single objects: reading, applying and removing them. */
import { z } from "zod";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { defined } from "../../domain/defined.ts";
import { PermanentError } from "../../domain/errors.ts";
import { owner } from "../../domain/naming/names.ts";
import type { Kubernetes, KubernetesObject } from "../../ports/kubernetes.ts";
import { type Asking, answerIn, isSuccess } from "./asking.ts";
import type { Send } from "./connection.ts";
import { lacksNamespace, outdated, toError } from "./errors.ts";
import { notServed, objectPath, type ServedKinds } from "./servedKinds.ts";
import type { ClusterReply, ClusterRequest } from "./wire.ts";

export function createObjects(
  send: Send,
  { find }: Pick<Asking, "find">,
  { locate, locateAgain }: Pick<ServedKinds, "locate" | "locateAgain">,
): Pick<Kubernetes, "get" | "apply" | "remove"> {
  const get: Kubernetes["get"] = async (cluster, ref) => {
    const resource = await locate(cluster, ref.apiVersion, ref.kind);
    // A kind that is not served has no objects.
    if (resource === undefined) return undefined;
    return await find(cluster, { method: "GET", path: objectPath(resource, ref) }, StoredObject);
  };

  /**
   * Whether the object is another one than it was read as. An API server looks for the conflicts with other field managers first,
   * and answers with those of an object that nobody has looked at.
   */
  async function isOutdated(cluster: ClusterTarget, object: KubernetesObject): Promise<boolean> {
    const { apiVersion, kind, metadata } = object;
    if (metadata.resourceVersion === undefined) return false;
    const current = await get(cluster, { apiVersion, kind, ...metadata });
    return current?.metadata.resourceVersion !== metadata.resourceVersion;
  }

  return {
    get,

    async apply(cluster, object, { dryRun = false, force = false } = {}) {
      const { apiVersion, kind, metadata } = object;
      const resource = await locate(cluster, apiVersion, kind);
      if (resource === undefined) throw notServed(cluster, apiVersion, kind);
      const query = { fieldManager: owner, fieldValidation: "Strict", force: String(force) };
      const request: ClusterRequest = {
        method: "PATCH",
        path: objectPath(resource, { apiVersion, ...metadata }),
        query: { ...query, dryRun: dryRun ? "All" : undefined },
        contentType: "application/apply-patch+yaml",
        body: object,
      };
      const reply = await send(cluster, request);
      if (reply.status === 409 && (await isOutdated(cluster, object))) throw outdated(cluster, request, reply);
      if (reply.status !== 404) return answerIn(reply, { cluster, request, shape: StoredObject });
      if (!lacksNamespace(reply) && (await locateAgain(cluster, apiVersion, kind)) === undefined)
        throw notServed(cluster, apiVersion, kind);
      const where = metadata.namespace === undefined ? "" : ` (is there a namespace "${metadata.namespace}"?)`;
      const message = `Cluster "${cluster.alias}" has no place for ${kind} "${metadata.name}"${where}`;
      throw new PermanentError("KUBERNETES_REJECTED", message);
    },

    async remove(cluster, ref, { uid, resourceVersion }, { dryRun = false } = {}) {
      const resource = await locate(cluster, ref.apiVersion, ref.kind);
      if (resource === undefined) return undefined;
      const request: ClusterRequest = {
        method: "DELETE",
        path: objectPath(resource, ref),
        // Background, because a Job without a policy leaves its pods behind.
        body: {
          kind: "DeleteOptions",
          apiVersion: "v1",
          preconditions: { uid, ...defined({ resourceVersion }) },
          propagationPolicy: "Background",
          ...(dryRun ? { dryRun: ["All"] } : {}),
        },
      };
      const reply = await send(cluster, request);
      if (reply.status === 404) return undefined;
      if (isSuccess(reply)) return heldIn(reply);
      // 409 can also mean a race that is worth a retry, or that the object has changed since it was seen: only another UID means
      // that ours is gone.
      if (reply.status === 409 && (await get(cluster, ref))?.metadata.uid !== uid) return undefined;
      throw toError(cluster, request, reply);
    },
  };
}

/** The answer to a DELETE is an object that something holds, the last state of one that is gone, or a Status; it may be cut off. */
function heldIn({ body }: ClusterReply): KubernetesObject | undefined {
  const { data } = StoredObject.safeParse(parsed(body));
  return data?.metadata.deletionTimestamp !== undefined && data.metadata.finalizers?.length ? data : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

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
