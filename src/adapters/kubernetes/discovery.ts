/**
 * What a cluster serves, all of it in two answers ("Aggregated discovery" in kubernetes.io "The Kubernetes API"): one for the core
 * group, one for all others. A group whose own server does not answer is marked as stale.
 */
import { z } from "zod";
import type { NamespacedKinds } from "../../ports/kubernetes.ts";

const version = (name: string) => `application/json;g=apidiscovery.k8s.io;v=${name};as=APIGroupDiscoveryList`;
export const acceptDiscovery = [version("v2"), version("v2beta1")].join(",");
export const discoveryPaths = ["/api", "/apis"] as const;

export const Discovery = z.object({
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

export interface ServedKind {
  readonly apiVersion: string;
  readonly kind: string;
  /** Its plural, as paths have it. */
  readonly name: string;
}

/** Each kind once, in the version that the cluster prefers. */
export function namespacedKindsOf(
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
