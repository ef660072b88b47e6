/**
 * What others have in the namespace: deleting it deletes everything in it. Whatever kind the cluster serves counts, if somebody
 * made it; and a kind that Mooring may not list counts as if it did.
 */

import { findCluster } from "../../domain/catalog/clusters.ts";
import { inGroups } from "../../domain/inGroups.ts";
import { type NamespaceRef, namespaceKey, secretsQuota } from "../../domain/naming/names.ts";
import { readMetadata } from "../../domain/naming/ownership.ts";
import type { Ports } from "../../ports/index.ts";
import type { NamespacedKind, ObjectMetadata } from "../../ports/kubernetes.ts";
import { list } from "../definitions/dependants.ts";
import type { RecordedMark } from "../definitions/recordedMark.ts";
import { unlessForbidden } from "../definitions/unlessForbidden.ts";
import { knownMetadata } from "../kubernetesObject/knownMetadata.ts";
import { isMadeByCluster, isMadeByClusterOnly } from "./madeByCluster.ts";
import { withoutOwned } from "./owned.ts";
import { countSecrets } from "./secrets.ts";

/** What others have in the namespace, each kind with its count: `2 ConfigMap (app, web)`. Empty if it is free to go. */
export interface Occupants {
  readonly there: readonly string[];
  /** What Mooring could not see, and why. */
  readonly unseen: readonly string[];
}

/** Few enough that an API server shared by others does not notice. */
const atOnce = 8;

/** `mayWrite`: right before the namespace is deleted. A look does not know how many Secrets there are: counting them takes a write. */
export async function occupantsOf(
  { catalog, kubernetes }: Pick<Ports, "catalog" | "kubernetes">,
  namespaceRef: NamespaceRef,
  { recordedMark, mayWrite }: { readonly recordedMark: RecordedMark; readonly mayWrite: boolean },
): Promise<Occupants> {
  const cluster = findCluster(catalog, namespaceRef.cluster);
  const inside = { namespace: namespaceRef.namespace };
  const secrets = mayWrite ? await countSecrets(kubernetes, cluster, namespaceRef.namespace) : undefined;
  const { kinds, unanswered } = await kubernetes.namespacedKinds(cluster);
  const asked = kinds.filter((kind) => !isMadeByClusterOnly(kind) && !isSecret(kind));
  const found = await inGroups(asked, atOnce, async (kind) => ({ kind, objects: await foreignObjects(kind) }));
  const sorted = found.toSorted((a, b) => (a.kind.kind < b.kind.kind ? -1 : 1));
  const counting = new Set(withoutOwned(found.flatMap(({ objects = [] }) => objects)));
  const there = sorted.flatMap(({ kind, objects = [] }) => {
    const own = objects.filter((each) => counting.has(each));
    return own.length > 0 ? [describe(kind, own)] : [];
  });
  return {
    there: secrets ? [...there, `${secrets} Secret`] : there,
    unseen: [
      ...unanswered.map((apiVersion) => `${apiVersion} (its server does not answer)`),
      ...sorted.flatMap(({ kind, objects }) => (objects ? [] : [`${nameOfKind(kind)} (Mooring may not list it)`])),
      ...(mayWrite && secrets === undefined
        ? ["Secret (Mooring may not read them, and the cluster did not count them)"]
        : []),
    ],
  };

  async function foreignObjects(kind: NamespacedKind): Promise<readonly ObjectMetadata[] | undefined> {
    const objects = await unlessForbidden(() => kubernetes.listMetadata(cluster, { ...kind, ...inside }));
    return objects && (await foreignAmong(objects, namespaceRef, recordedMark));
  }
}

const isSecret = ({ apiVersion, kind }: NamespacedKind) => apiVersion === "v1" && kind === "Secret";

export function isFree({ there, unseen }: Occupants): boolean {
  return there.length === 0 && unseen.length === 0;
}

/** In one sentence, of a namespace that is not free. */
export function describeOccupants(namespaceRef: NamespaceRef, { there, unseen }: Occupants, fate: string): string {
  const parts = [
    ...(there.length > 0 ? [`others have in it ${list(there)}`] : []),
    ...(unseen.length > 0 ? [`not seen: ${list(unseen)}`] : []),
  ];
  return `Namespace ${namespaceKey(namespaceRef)} ${fate}: ${parts.join("; ")}.`;
}

async function foreignAmong(
  objects: readonly ObjectMetadata[],
  namespaceRef: NamespaceRef,
  recordedMark: RecordedMark,
): Promise<readonly ObjectMetadata[]> {
  const foreign: ObjectMetadata[] = [];
  for (const object of objects) {
    // An earlier try may have died while it counted.
    const isCounter = object.kind === "ResourceQuota" && object.metadata.name === secretsQuota;
    if (object.metadata.deletionTimestamp !== undefined || isMadeByCluster(object) || isCounter) continue;
    const { metadata } = await knownMetadata(object, recordedMark);
    if (readMetadata(metadata)?.berth !== namespaceKey(namespaceRef)) foreign.push(object);
  }
  return foreign;
}

const mostNamed = 3;

function describe(kind: NamespacedKind, objects: readonly ObjectMetadata[]): string {
  const names = objects.slice(0, mostNamed).map(({ metadata }) => metadata.name);
  const more = objects.length > mostNamed ? ", …" : "";
  return `${objects.length} ${nameOfKind(kind)} (${names.join(", ")}${more})`;
}

/** `ConfigMap`, `Widget.example.com`: as `kubectl` takes it. */
function nameOfKind({ apiVersion, kind }: NamespacedKind): string {
  const [group, version] = apiVersion.split("/");
  return version === undefined || !group?.includes(".") || group.endsWith(".k8s.io") ? kind : `${kind}.${group}`;
}
