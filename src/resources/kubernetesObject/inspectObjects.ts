/** Reading Kubernetes objects back: whether they are as Mooring set them, and whether any remain that should be gone. */
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { findCluster } from "../../domain/catalog/clusters.ts";
import { type Finding, type FindingCode, finding } from "../../domain/finding.ts";
import { type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import { type MarkedMetadata, printMetadataMark, readMetadata } from "../../domain/naming/ownership.ts";
import type { Ports } from "../../ports/index.ts";
import type { Kubernetes, KubernetesObject, ObjectRef } from "../../ports/kubernetes.ts";
import type { InspectionInput } from "../definitions/inspection.ts";
import { type RecordedMark, recordedMarks } from "../definitions/recordedMark.ts";
import { compare } from "./differences.ts";
import { refOf } from "./ensureObjects.ts";
import { surplusFields } from "./fieldOwners.ts";
import { knownMetadata, thingOf } from "./knownMetadata.ts";
import { isManagedByArm } from "./managedByArm.ts";

type Reading = Pick<Kubernetes, "get">;

export async function inspectObject(
  kubernetes: Reading,
  cluster: ClusterTarget,
  desired: KubernetesObject,
  note: InspectionInput["note"],
  /** What it may be as well. */
  alternatives: readonly KubernetesObject[] = [],
): Promise<readonly Finding[]> {
  const ref = refOf(desired);
  const current = await kubernetes.get(cluster, ref);
  const target = thingOf(ref);
  if (current) noteObject(note, current);
  else return [finding("OBJECT_MISSING", target, { field: "object", expected: "there", found: null })];
  const { deletionTimestamp } = current.metadata;
  if (deletionTimestamp !== undefined) {
    const field = "metadata.deletionTimestamp";
    return [finding("OBJECT_CHANGED", target, { field, expected: null, found: deletionTimestamp })];
  }
  const isAlternative = alternatives.some((each) => changesIn(each, current).length === 0);
  return isAlternative ? [] : changesIn(desired, current);
}

/** What of the object is not as Mooring wants it, or should be no longer. */
export function changesIn(desired: KubernetesObject, current: KubernetesObject): readonly Finding[] {
  return [...compare(desired, current), ...surplusFields(desired, current)].map(
    ({ field, current: found, desired: expected }) =>
      finding("OBJECT_CHANGED", thingOf(refOf(desired)), { field, expected, found }),
  );
}

function noteObject(note: InspectionInput["note"], current: KubernetesObject): void {
  const { metadata } = current;
  note({ thing: thingOf(refOf(current)), id: metadata.uid, mark: printMetadataMark(metadata), field: "metadata" });
}

/** A finding for an object that the namespace should no longer have, if Mooring made it. */
export async function inspectSurplus(
  kubernetes: Reading,
  cluster: ClusterTarget,
  { ref, namespaceRef, code }: { ref: ObjectRef; namespaceRef: NamespaceRef; code: FindingCode },
): Promise<readonly Finding[]> {
  const current = await kubernetes.get(cluster, ref);
  return current && isMadeFor(current.metadata, namespaceRef)
    ? [finding(code, thingOf(ref), { field: "object", expected: null, found: "made by Mooring" })]
    : [];
}

/** After an offboarding: one sentence if the object exists and is not being deleted. Nothing is in a namespace that has gone. */
export async function remainsOf(
  kubernetes: Reading,
  cluster: ClusterTarget,
  { ref, namespaceRef, recordedMark }: { ref: ObjectRef; namespaceRef: NamespaceRef; recordedMark: RecordedMark },
): Promise<readonly string[]> {
  const place = ref.namespace === undefined ? undefined : { apiVersion: "v1", kind: "Namespace", name: ref.namespace };
  if (place && (await kubernetes.get(cluster, place)) === undefined) return [];
  const current = await kubernetes.get(cluster, ref);
  if (!current || current.metadata.deletionTimestamp !== undefined || isManagedByArm(current)) return [];
  const { metadata } = await knownMetadata(current, recordedMark);
  return isMadeFor(metadata, namespaceRef) ? [`${thingOf(ref)} is still there.`] : [];
}

/** The same of each of several objects; the namespace's record is read once. */
export function remainsOfAll(
  ports: Pick<Ports, "catalog" | "kubernetes" | "registry">,
  namespaceRef: NamespaceRef,
  refs: readonly ObjectRef[],
): readonly Promise<readonly string[]>[] {
  const cluster = findCluster(ports.catalog, namespaceRef.cluster);
  const recordedMark = recordedMarks(ports, namespaceRef);
  return refs.map((ref) => remainsOf(ports.kubernetes, cluster, { ref, namespaceRef, recordedMark }));
}

function isMadeFor(metadata: MarkedMetadata, namespaceRef: NamespaceRef): boolean {
  return readMetadata(metadata)?.berth === namespaceKey(namespaceRef);
}
