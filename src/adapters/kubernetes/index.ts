/** The port `Kubernetes`, implemented with the API servers of the catalog's clusters. */

import { z } from "zod";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { defined } from "../../domain/defined.ts";
import { PermanentError } from "../../domain/errors.ts";
import { owner } from "../../domain/naming/names.ts";
import type { Kubernetes, KubernetesObject, ObjectMetadata, ObjectRef } from "../../ports/kubernetes.ts";
import type { Credential } from "../credential.ts";
import { createSend } from "./connection.ts";
import { acceptDiscovery, Discovery, discoveryPaths, namespacedKindsOf } from "./discovery.ts";
import { garbled, lacksNamespace, outdated, toError } from "./errors.ts";
import { createLogins } from "./login.ts";
import { askReady, believeOnlyReady } from "./readiness.ts";
import type { ClusterReply, ClusterRequest } from "./wire.ts";

const StoredObject: z.ZodType<KubernetesObject> = z.looseObject({
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

/** Asks for the objects' metadata alone ("Metadata-only fetches" in kubernetes.io "API Concepts"). */
const acceptMetadata = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

const ObjectList = z.object({
  metadata: z.object({ continue: z.string().default("") }).prefault({}),
  items: z.array(z.looseObject({})),
});
const MetadataList = ObjectList.extend({
  kind: z.literal("PartialObjectMetadataList"),
  // An API server answers null where there are none, unlike in a list of whole objects.
  items: ObjectList.shape.items.nullable().transform((items) => items ?? []),
});

const ResourceList = z.object({
  resources: z.array(z.object({ name: z.string(), kind: z.string(), namespaced: z.boolean() })),
});
type Resource = z.infer<typeof ResourceList>["resources"][number];

const IssuerDocument = z.object({ issuer: z.string() });
const KeySet = z.object({ keys: z.array(z.object({ kid: z.string().optional(), kty: z.string() })) });

const AccessReview = z.object({ status: z.object({ allowed: z.boolean(), reason: z.string().default("") }) });

/** Small enough that a page fits in memory and within a request's timeout. */
const pageSize = 500;

export function createKubernetes({
  credential,
  // The Microsoft Entra application of the API servers of all AKS clusters.
  scope = "6dae42f8-4368-4678-94ff-3960e28e3630/.default",
  timeoutMs = 30_000,
}: {
  readonly credential: Credential;
  readonly scope?: string;
  readonly timeoutMs?: number;
}): Kubernetes {
  const sendOnce = createSend({ logins: createLogins({ credential, scope }), timeoutMs });
  const send = believeOnlyReady(sendOnce);
  const known = new Map<string, Resource>();

  async function ask<T>(cluster: ClusterTarget, request: ClusterRequest, shape: z.ZodType<T>): Promise<T> {
    const reply = await send(cluster, request);
    if (!isSuccess(reply)) throw toError(cluster, request, reply);
    return read(cluster, request, { reply, shape });
  }

  /** The same, but undefined for 404. */
  async function find<T>(cluster: ClusterTarget, request: ClusterRequest, shape: z.ZodType<T>): Promise<T | undefined> {
    const reply = await send(cluster, request);
    if (reply.status === 404) return undefined;
    if (!isSuccess(reply)) throw toError(cluster, request, reply);
    return read(cluster, request, { reply, shape });
  }

  /** A review that denies something is asked once more. Where Mooring may lack the right to ask, nothing is denied. */
  async function review(
    cluster: ClusterTarget,
    request: ClusterRequest,
    { mayAsk }: { readonly mayAsk: boolean },
  ): Promise<z.infer<typeof AccessReview>["status"]> {
    const statusIn = (reply: ClusterReply) => {
      if (!mayAsk && (reply.status === 403 || reply.status === 404)) return { allowed: true, reason: "" };
      if (!isSuccess(reply)) throw toError(cluster, request, reply);
      return read(cluster, request, { reply, shape: AccessReview }).status;
    };
    const status = statusIn(await send(cluster, request));
    return status.allowed ? status : statusIn(await askReady(sendOnce, cluster, request));
  }

  async function resources(cluster: ClusterTarget, apiVersion: string): Promise<readonly Resource[]> {
    const found = await find(cluster, { method: "GET", path: basePath(apiVersion) }, ResourceList);
    // Entries such as `pods/status` are subresources of the same kind.
    return found?.resources.filter(({ name }) => !name.includes("/")) ?? [];
  }

  /** How the cluster serves a kind; undefined if it does not. Only existing kinds are cached, since others may be added. */
  async function locate(cluster: ClusterTarget, apiVersion: string, kind: string): Promise<Resource | undefined> {
    const key = resourceKey(cluster, apiVersion, kind);
    const resource = known.get(key) ?? (await resources(cluster, apiVersion)).find((served) => served.kind === kind);
    if (resource !== undefined) known.set(key, resource);
    return resource;
  }

  async function get(cluster: ClusterTarget, ref: ObjectRef): Promise<KubernetesObject | undefined> {
    const resource = await locate(cluster, ref.apiVersion, ref.kind);
    // A kind that is not served has no objects.
    if (resource === undefined) return undefined;
    return find(cluster, { method: "GET", path: objectPath(resource, ref) }, StoredObject);
  }

  /** All pages of a list, or only the first with so many. Empty for 404: the cached kind is no longer served. A namespace that is missing has an empty list. */
  async function listAll(
    cluster: ClusterTarget,
    { query = {}, ...rest }: ClusterRequest,
    { shape = ObjectList, limit }: { shape?: z.ZodType<z.infer<typeof ObjectList>>; limit?: number | undefined } = {},
  ): Promise<readonly { readonly request: ClusterRequest; readonly item: object }[]> {
    const all: { request: ClusterRequest; item: object }[] = [];
    let next: string | undefined;
    do {
      const request: ClusterRequest = {
        ...rest,
        query: { ...query, limit: String(limit ?? pageSize), continue: next },
      };
      const page = await find(cluster, request, shape);
      if (page === undefined) return [];
      for (const item of page.items) all.push({ request, item });
      next = page.metadata.continue === "" || limit !== undefined ? undefined : page.metadata.continue;
    } while (next !== undefined);
    return all;
  }

  /**
   * Whether the object is another one than it was read as. An API server looks for the conflicts with other field managers first,
   * and answers with those of an object that nobody has looked at.
   */
  async function isOutdated(
    cluster: ClusterTarget,
    { apiVersion, kind, metadata }: KubernetesObject,
  ): Promise<boolean> {
    if (metadata.resourceVersion === undefined) return false;
    const current = await get(cluster, { apiVersion, kind, ...metadata });
    return current?.metadata.resourceVersion !== metadata.resourceVersion;
  }

  return {
    get,

    async list(cluster, { apiVersion, kind, namespace, labelSelector }) {
      const resource = await locate(cluster, apiVersion, kind);
      if (resource === undefined) return [];
      const path = collectionPath(resource, { apiVersion, ...defined({ namespace }) });
      const items = await listAll(cluster, { method: "GET", path, query: { labelSelector } });
      // Items of the core kinds come without kind and apiVersion.
      return items.map(({ request, item }) => parse(cluster, request, { apiVersion, kind, ...item }, StoredObject));
    },

    async namespacedKinds(cluster) {
      const read = (path: string) => ask(cluster, { method: "GET", path, accept: acceptDiscovery }, Discovery);
      const { kinds, unanswered } = namespacedKindsOf(await Promise.all(discoveryPaths.map(read)));
      for (const { apiVersion, kind, name } of kinds) {
        known.set(resourceKey(cluster, apiVersion, kind), { name, kind, namespaced: true });
      }
      return { kinds: kinds.map(({ name: plural, ...kind }) => ({ ...kind, plural })), unanswered };
    },

    async listMetadata(cluster, { apiVersion, kind, namespace, limit }) {
      const resource = await locate(cluster, apiVersion, kind);
      if (resource === undefined) return [];
      const path = collectionPath(resource, { apiVersion, namespace });
      const items = await listAll(
        cluster,
        { method: "GET", path, accept: acceptMetadata },
        { shape: MetadataList, limit },
      );
      return items.map(({ request, item }): ObjectMetadata => {
        const { metadata } = parse(cluster, request, { ...item, apiVersion, kind }, StoredObject);
        return { apiVersion, kind, metadata };
      });
    },

    async apply(cluster, object, { dryRun = false, force = false } = {}) {
      const { apiVersion, kind, metadata } = object;
      const resource = await locate(cluster, apiVersion, kind);
      if (resource === undefined) throw notServed(cluster, apiVersion, kind);
      const request: ClusterRequest = {
        method: "PATCH",
        path: objectPath(resource, { apiVersion, ...metadata }),
        query: {
          fieldManager: owner,
          fieldValidation: "Strict",
          force: String(force),
          dryRun: dryRun ? "All" : undefined,
        },
        contentType: "application/apply-patch+yaml",
        body: object,
      };
      const reply = await send(cluster, request);
      if (isSuccess(reply)) return read(cluster, request, { reply, shape: StoredObject });
      if (reply.status === 409 && (await isOutdated(cluster, object))) throw outdated(cluster, request, reply);
      if (reply.status !== 404) throw toError(cluster, request, reply);
      if (!lacksNamespace(reply)) {
        // Perhaps the cached kind is no longer served.
        known.delete(resourceKey(cluster, apiVersion, kind));
        if ((await locate(cluster, apiVersion, kind)) === undefined) throw notServed(cluster, apiVersion, kind);
      }
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

    async whyForbidden(cluster, { apiVersion, kind, name, namespace }) {
      const resource = await locate(cluster, apiVersion, kind);
      if (resource === undefined) return undefined;
      const group = apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
      const attributes = { group, resource: resource.name, name, ...defined({ namespace }) };
      // Applying an object that does not exist needs both.
      const reviews = await Promise.all(
        ["patch", "create"].map(async (verb) => {
          const request: ClusterRequest = {
            method: "POST",
            path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            body: {
              apiVersion: "authorization.k8s.io/v1",
              kind: "SelfSubjectAccessReview",
              spec: { resourceAttributes: { ...attributes, verb } },
            },
          };
          const { allowed, reason } = await review(cluster, request, { mayAsk: false });
          const why = reason === "" ? "" : `: ${reason}`;
          return allowed ? undefined : `Cluster "${cluster.alias}" does not let Mooring ${verb} ${resource.name}${why}`;
        }),
      );
      return reviews.find((why) => why !== undefined);
    },

    async mayDo(cluster, { namespace, name }, act) {
      const request: ClusterRequest = {
        method: "POST",
        path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        body: {
          apiVersion: "authorization.k8s.io/v1",
          kind: "SubjectAccessReview",
          spec: {
            user: `system:serviceaccount:${namespace}:${name}`,
            groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
            resourceAttributes: act,
          },
        },
      };
      return (await review(cluster, request, { mayAsk: true })).allowed;
    },

    async kinds(cluster, apiVersion) {
      return (await resources(cluster, apiVersion)).map(({ kind }) => kind);
    },

    async issuer(cluster) {
      const request: ClusterRequest = { method: "GET", path: "/.well-known/openid-configuration" };
      return (await ask(cluster, request, IssuerDocument)).issuer;
    },

    async signingKeys(cluster) {
      // An API server answers a JWKS under this media type alone.
      const request: ClusterRequest = { method: "GET", path: "/openid/v1/jwks", accept: "application/jwk-set+json" };
      return (await ask(cluster, request, KeySet)).keys.map(({ kid: id, kty: type }) => ({ id, type }));
    },
  };
}

function isSuccess({ status }: ClusterReply): boolean {
  return status >= 200 && status < 300;
}

function read<T>(
  cluster: ClusterTarget,
  request: ClusterRequest,
  { reply, shape }: { reply: ClusterReply; shape: z.ZodType<T> },
): T {
  let body: unknown;
  try {
    body = JSON.parse(reply.body);
  } catch (error) {
    throw garbled(cluster, request, error);
  }
  return parse(cluster, request, body, shape);
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

function parse<T>(cluster: ClusterTarget, request: ClusterRequest, body: unknown, shape: z.ZodType<T>): T {
  const parsed = shape.safeParse(body);
  if (!parsed.success) throw garbled(cluster, request, parsed.error);
  return parsed.data;
}

function resourceKey({ apiServer }: ClusterTarget, apiVersion: string, kind: string): string {
  return `${apiServer} ${apiVersion} ${kind}`;
}

function basePath(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

function collectionPath(resource: Resource, { apiVersion, namespace }: { apiVersion: string; namespace?: string }) {
  const scope = resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${basePath(apiVersion)}${scope}/${resource.name}`;
}

function objectPath(resource: Resource, ref: { apiVersion: string; namespace?: string; name: string }): string {
  if (resource.namespaced && ref.namespace === undefined) {
    throw new Error(`A ${resource.kind} lives in a namespace; the reference to "${ref.name}" has none.`);
  }
  return `${collectionPath(resource, ref)}/${encodeURIComponent(ref.name)}`;
}

function notServed(cluster: ClusterTarget, apiVersion: string, kind: string): PermanentError {
  const message = `Cluster "${cluster.alias}" does not serve ${kind} of ${apiVersion}`;
  const isPodIdentity = apiVersion.startsWith("aadpodidentity.k8s.io/");
  return new PermanentError(isPodIdentity ? "POD_IDENTITY_NOT_INSTALLED" : "KUBERNETES_REJECTED", message);
}
