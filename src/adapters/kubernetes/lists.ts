/** Lists of objects, page by page. */
import { z } from "zod";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { defined } from "../../domain/defined.ts";
import type { Kubernetes, ObjectMetadata } from "../../ports/kubernetes.ts";
import { type Asking, parse } from "./asking.ts";
import { StoredObject } from "./objects.ts";
import { collectionPath, type ServedKinds } from "./servedKinds.ts";
import type { ClusterRequest } from "./wire.ts";

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

/** Small enough that a page fits in memory and within a request's timeout. */
const pageSize = 500;

export function createLists(
  { find }: Pick<Asking, "find">,
  { locate }: Pick<ServedKinds, "locate">,
): Pick<Kubernetes, "list" | "listMetadata"> {
  /** All pages, or only the first with so many. Empty for 404: the cached kind is no longer served. A namespace that is missing has an empty list. */
  async function listAll(
    cluster: ClusterTarget,
    { query = {}, ...rest }: ClusterRequest,
    { shape = ObjectList, limit }: { shape?: z.ZodType<z.infer<typeof ObjectList>>; limit?: number | undefined } = {},
  ): Promise<readonly { readonly request: ClusterRequest; readonly item: object }[]> {
    const all: { request: ClusterRequest; item: object }[] = [];
    let next: string | undefined;
    do {
      const paging = { limit: String(limit ?? pageSize), continue: next };
      const request: ClusterRequest = { ...rest, query: { ...query, ...paging } };
      const page = await find(cluster, request, shape);
      if (page === undefined) return [];
      for (const item of page.items) all.push({ request, item });
      next = page.metadata.continue === "" || limit !== undefined ? undefined : page.metadata.continue;
    } while (next !== undefined);
    return all;
  }

  return {
    async list(cluster, { apiVersion, kind, namespace, labelSelector }) {
      const resource = await locate(cluster, apiVersion, kind);
      if (resource === undefined) return [];
      const path = collectionPath(resource, { apiVersion, ...defined({ namespace }) });
      const items = await listAll(cluster, { method: "GET", path, query: { labelSelector } });
      // Items of the core kinds come without kind and apiVersion.
      return items.map(({ request, item }) =>
        parse({ apiVersion, kind, ...item }, { cluster, request, shape: StoredObject }),
      );
    },

    async listMetadata(cluster, { apiVersion, kind, namespace, limit }) {
      const resource = await locate(cluster, apiVersion, kind);
      if (resource === undefined) return [];
      const path = collectionPath(resource, { apiVersion, namespace });
      const wanted: ClusterRequest = { method: "GET", path, accept: acceptMetadata };
      const items = await listAll(cluster, wanted, { shape: MetadataList, limit });
      return items.map(({ request, item }): ObjectMetadata => {
        const { metadata } = parse({ ...item, apiVersion, kind }, { cluster, request, shape: StoredObject });
        return { apiVersion, kind, metadata };
      });
    },
  };
}
