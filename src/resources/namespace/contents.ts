/** What Mooring puts into a namespace, and the namespace itself. */
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { defined } from "../../domain/defined.ts";
import type { LeftOut } from "../../domain/export/exportScripts.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import type { DeletePolicy } from "../../domain/request/request.ts";
import type { Targets } from "../../domain/targets/index.ts";
import type { KubernetesObject } from "../../ports/kubernetes.ts";
import { unlessDropped } from "../definitions/leftCatalog.ts";
import type { Contents, NamespacedObject } from "../definitions/namespacedObject.ts";
import { refOf } from "../kubernetesObject/ensureObjects.ts";
import type { Leaving } from "../kubernetesObject/removeObjects.ts";
import { namespacedObjects } from "../namespacedObjects/index.ts";
import { namespaceObject } from "./namespace.ts";
import type { Labels } from "./podSecurity.ts";

interface Desired {
  readonly objects: readonly KubernetesObject[];
  /** What nobody can write any more, because the catalog has dropped a name that it needs: it stays as it is. */
  readonly leftOut: readonly LeftOut[];
}

export function desiredObjects(catalog: Catalog, contents: Contents, labels: Labels): Desired {
  const { objects, leftOut } = knownInside(catalog, contents);
  return { objects: [namespaceObject(contents, labels), ...objects], leftOut };
}

export function knownInside(catalog: Catalog, contents: Contents): Desired {
  const parts = namespacedObjects.map((each) =>
    unlessDropped(
      (): Desired => ({ objects: [objectInside(catalog, contents, each)], leftOut: [] }),
      ({ message: why }): Desired => ({ objects: [], leftOut: [{ what: `${each.kind} ${each.name}`, why }] }),
    ),
  );
  return {
    objects: parts.flatMap(({ objects }) => objects),
    leftOut: parts.flatMap(({ leftOut }) => leftOut),
  };
}

/** Without the names that the catalog has dropped: nobody knows any more how to connect there. */
export function withoutDropped(
  catalog: Catalog,
  contents: Contents,
): { readonly contents: Contents; readonly dropped: readonly LeftOut[] } {
  const dropped: LeftOut[] = [];
  const { databases, targets, ...user } = contents;
  const isKnown = (part: Targets) => {
    const { leftOut } = knownInside(catalog, { ...user, ...part });
    dropped.push(...leftOut);
    return leftOut.length === 0;
  };
  const known = {
    databases: databases.filter((each) => isKnown({ databases: [each] })),
    ...defined({ targets: targets?.filter((each) => isKnown({ databases: [], targets: [each] })) }),
  };
  return { contents: { ...user, ...known }, dropped };
}

export function objectInside(
  catalog: Catalog,
  contents: Contents,
  { apiVersion, kind, name, fields }: NamespacedObject,
): KubernetesObject {
  return { apiVersion, kind, metadata: { name, namespace: contents.namespace }, ...fields(catalog, contents) };
}

export const keeps: { readonly [P in DeletePolicy]: boolean } = { Keep: true, Delete: false };

/** In the order of removal. */
export function namespaceRefs(
  { namespace: name, deletePolicy }: Pick<NamespaceRef, "namespace"> & { deletePolicy: DeletePolicy },
  mustStay: () => Promise<boolean> = async () => false,
): readonly Leaving[] {
  const inside = namespacedObjects.map(({ apiVersion, kind, name: own }) => ({
    apiVersion,
    kind,
    name: own,
    namespace: name,
  }));
  return [...inside, { ...refOf(namespaceObject({ namespace: name })), isKept: keeps[deletePolicy], mustStay }];
}
