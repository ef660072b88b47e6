/** Looks at the objects of a cluster over the wire, as its administrator. */
import type { KubeObject } from "../kubernetes/object.ts";
import type { KubernetesApi } from "./api.ts";

export interface ClusterObjects {
  get(apiVersion: string, kind: string, name: string, namespace?: string): Promise<KubeObject | undefined>;
  /** In all namespaces unless one is given; none of a kind that the cluster does not serve. */
  list(apiVersion: string, kind: string, namespace?: string): Promise<KubeObject[]>;
}

interface ResourceList {
  readonly resources: readonly { readonly name: string; readonly kind: string }[];
}

export function createClusterObjects(api: KubernetesApi): ClusterObjects {
  const paths = new Map<string, string>();

  /** Kinds come with their definitions, so only those that were found are remembered. */
  async function pathOf(apiVersion: string, kind: string, namespace: string | undefined): Promise<string | undefined> {
    const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const key = `${apiVersion} ${kind}`;
    if (!paths.has(key)) {
      const list = (await api.get(group)) as ResourceList | undefined;
      const found = list?.resources.find((resource) => resource.kind === kind && !resource.name.includes("/"));
      if (found !== undefined) paths.set(key, found.name);
    }
    const plural = paths.get(key);
    const where = namespace === undefined ? "" : `/namespaces/${namespace}`;
    return plural === undefined ? undefined : `${group}${where}/${plural}`;
  }

  return {
    async get(apiVersion, kind, name, namespace) {
      const path = await pathOf(apiVersion, kind, namespace);
      return path === undefined ? undefined : ((await api.get(`${path}/${name}`)) as KubeObject | undefined);
    },
    async list(apiVersion, kind, namespace) {
      const path = await pathOf(apiVersion, kind, namespace);
      const list = path === undefined ? undefined : ((await api.get(path)) as { items: KubeObject[] } | undefined);
      // The items of a list lack both.
      return (list?.items ?? []).map((item) => ({ ...item, apiVersion, kind }));
    },
  };
}
