/** How a cluster serves the kinds of objects, and the paths that follow from it. */
import { z } from "zod";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { PermanentError } from "../../domain/errors.ts";
import type { Kubernetes, NamespacedKinds } from "../../ports/kubernetes.ts";
import type { Asking } from "./asking.ts";

const ResourceList = z.object({
  resources: z.array(z.object({ name: z.string(), kind: z.string(), namespaced: z.boolean() })),
});
export type Resource = z.infer<typeof ResourceList>["resources"][number];

/** What Mooring asks every cluster for, and each serves (kubernetes.io "Kubernetes API"). */
const everywhere: ReadonlyMap<string, Resource> = new Map([
  ["v1 Namespace", { kind: "Namespace", name: "namespaces", namespaced: false }],
  ["v1 ServiceAccount", { kind: "ServiceAccount", name: "serviceaccounts", namespaced: true }],
  ["v1 ResourceQuota", { kind: "ResourceQuota", name: "resourcequotas", namespaced: true }],
  ["v1 ConfigMap", { kind: "ConfigMap", name: "configmaps", namespaced: true }],
  [
    "admissionregistration.k8s.io/v1 MutatingWebhookConfiguration",
    { kind: "MutatingWebhookConfiguration", name: "mutatingwebhookconfigurations", namespaced: false },
  ],
]);

export interface ServedKinds extends Pick<Kubernetes, "kinds" | "namespacedKinds"> {
  /** Undefined if the cluster does not serve the kind. Only existing kinds are cached, since others may be added. */
  locate(cluster: ClusterTarget, apiVersion: string, kind: string): Promise<Resource | undefined>;
  /** Perhaps the cached kind is no longer served. */
  locateAgain(cluster: ClusterTarget, apiVersion: string, kind: string): Promise<Resource | undefined>;
}

export function createServedKinds({ ask, find }: Asking): ServedKinds {
  const known = new Map<string, Resource>();
  const reading = new Map<string, Promise<readonly Resource[]>>();

  async function read(cluster: ClusterTarget, apiVersion: string): Promise<readonly Resource[]> {
    const found = await find(cluster, { method: "GET", path: basePath(apiVersion) }, ResourceList);
    // Entries such as `pods/status` are subresources of the same kind.
    const served = found?.resources.filter(({ name }) => !name.includes("/")) ?? [];
    for (const resource of served) known.set(keyOf(cluster, apiVersion, resource.kind), resource);
    return served;
  }

  /** What starts at the same time shares the answer. */
  function resources(cluster: ClusterTarget, apiVersion: string): Promise<readonly Resource[]> {
    const key = keyOf(cluster, apiVersion);
    const served = reading.get(key) ?? read(cluster, apiVersion).finally(() => reading.delete(key));
    reading.set(key, served);
    return served;
  }

  const locate: ServedKinds["locate"] = async (cluster, apiVersion, kind) => {
    const served = known.get(keyOf(cluster, apiVersion, kind)) ?? everywhere.get(`${apiVersion} ${kind}`);
    return served ?? (await resources(cluster, apiVersion)).find((each) => each.kind === kind);
  };

  return {
    locate,

    async locateAgain(cluster, apiVersion, kind) {
      known.delete(keyOf(cluster, apiVersion, kind));
      return (await read(cluster, apiVersion)).find((each) => each.kind === kind);
    },

    async kinds(cluster, apiVersion) {
      return (await resources(cluster, apiVersion)).map(({ kind }) => kind);
    },

    async namespacedKinds(cluster) {
      const read = (path: string) => ask(cluster, { method: "GET", path, accept: acceptDiscovery }, Discovery);
      const { kinds, unanswered } = namespacedKindsOf(await Promise.all(discoveryPaths.map(read)));
      for (const { apiVersion, kind, name } of kinds) {
        known.set(keyOf(cluster, apiVersion, kind), { name, kind, namespaced: true });
      }
      return { kinds: kinds.map(({ name: plural, ...kind }) => ({ ...kind, plural })), unanswered };
    },
  };
}

function keyOf({ apiServer }: ClusterTarget, apiVersion: string, kind = ""): string {
  return `${apiServer} ${apiVersion} ${kind}`;
}

function basePath(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

export function collectionPath(
  resource: Resource,
  { apiVersion, namespace }: { apiVersion: string; namespace?: string },
): string {
  const scope = resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${basePath(apiVersion)}${scope}/${resource.name}`;
}

export function objectPath(resource: Resource, ref: { apiVersion: string; namespace?: string; name: string }): string {
  if (resource.namespaced && ref.namespace === undefined) {
    throw new Error(`A ${resource.kind} lives in a namespace; the reference to "${ref.name}" has none.`);
  }
  return `${collectionPath(resource, ref)}/${encodeURIComponent(ref.name)}`;
}

export function notServed(cluster: ClusterTarget, apiVersion: string, kind: string): PermanentError {
  const message = `Cluster "${cluster.alias}" does not serve ${kind} of ${apiVersion}`;
  const isPodIdentity = apiVersion.startsWith("aadpodidentity.k8s.io/");
  return new PermanentError(isPodIdentity ? "POD_IDENTITY_NOT_INSTALLED" : "KUBERNETES_REJECTED", message);
}

const version = (name: string) => `application/json;g=apidiscovery.k8s.io;v=${name};as=APIGroupDiscoveryList`;
const acceptDiscovery = [version("v2"), version("v2beta1")].join(",");
const discoveryPaths = ["/api", "/apis"] as const;

const Discovery = z.object({
  kind: z.literal("APIGroupDiscoveryList"),
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string().default("") }).prefault({}),
      versions: z
        .array(
          z.object({
            version: z.string(),
            freshness: z.string().default("Current"),
            resources: z
              .array(
                z.object({
                  resource: z.string(),
                  responseKind: z.object({ kind: z.string() }),
                  scope: z.string(),
                  verbs: z.array(z.string()).default([]),
                }),
              )
              .default([]),
          }),
        )
        .default([]),
    }),
  ),
});
type Discovery = z.infer<typeof Discovery>;

interface ServedKind {
  readonly apiVersion: string;
  readonly kind: string;
  /** Its plural, as paths have it. */
  readonly name: string;
}

/**
 * What a cluster serves, all of it in two answers ("Aggregated discovery" in kubernetes.io "The Kubernetes API"): one for the core
 * group, one for all others. A group whose own server does not answer is marked as stale. Each kind once, in the version that the
 * cluster prefers.
 */
function namespacedKindsOf(
  documents: readonly Discovery[],
): Omit<NamespacedKinds, "kinds"> & { readonly kinds: readonly ServedKind[] } {
  const kinds: ServedKind[] = [];
  const unanswered: string[] = [];
  for (const { metadata, versions } of documents.flatMap(({ items }) => items)) {
    const known = new Set<string>();
    for (const { version: name, freshness, resources } of versions) {
      const apiVersion = metadata.name === "" ? name : `${metadata.name}/${name}`;
      const deletable = resources.filter(isDeletedWithNamespace);
      if (freshness === "Stale" && (resources.length === 0 || deletable.length > 0)) unanswered.push(apiVersion);
      if (freshness === "Stale") continue;
      for (const { resource, responseKind } of deletable) {
        if (known.has(resource)) continue;
        known.add(resource);
        kinds.push({ apiVersion, kind: responseKind.kind, name: resource });
      }
    }
  }
  return { kinds, unanswered };
}

/** What a server computes for each request, such as a pod's metrics, can be listed but not deleted. */
function isDeletedWithNamespace({ scope, verbs }: { readonly scope: string; readonly verbs: readonly string[] }) {
  return scope === "Namespaced" && verbs.includes("list") && verbs.includes("delete");
}
