/** Reading Kubernetes objects back: whether they are as Mooring set them, and whether any is there that should be gone. */
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { type Finding, finding } from "../../domain/finding.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import { readMetadata } from "../../domain/naming/ownership.ts";
import type { Kubernetes, KubernetesObject, ObjectRef } from "../../ports.ts";
import { compare } from "./differences.ts";
import { refOf } from "./ensureObjects.ts";

type Reading = Pick<Kubernetes, "get">;

export async function inspectObject(
  kubernetes: Reading,
  cluster: ClusterTarget,
  desired: KubernetesObject,
): Promise<readonly Finding[]> {
  const ref = refOf(desired);
  const current = await kubernetes.get(cluster, ref);
  const target = nameOf(ref);
  if (!current) return [finding("OBJECT_MISSING", target, { field: "object", expected: "there", found: null })];
  return compare(desired, current).map((difference) =>
    finding("OBJECT_CHANGED", target, {
      field: difference.field,
      expected: difference.desired,
      found: difference.current,
    }),
  );
}

/** Of an object that the namespace should not have any more: whether Mooring made it. */
export async function inspectSurplus(
  kubernetes: Reading,
  cluster: ClusterTarget,
  { ref, berth }: { ref: ObjectRef; berth: Berth },
): Promise<readonly Finding[]> {
  const current = await kubernetes.get(cluster, ref);
  return current && isMadeFor(current, berth)
    ? [finding("OBJECT_SURPLUS", nameOf(ref), { field: "object", expected: null, found: "made by Mooring" })]
    : [];
}

/** After an offboarding: one sentence, when the object is there and nobody is deleting it. */
export async function remainsOf(
  kubernetes: Reading,
  cluster: ClusterTarget,
  { ref, berth }: { ref: ObjectRef; berth: Berth },
): Promise<readonly string[]> {
  const current = await kubernetes.get(cluster, ref);
  const isLeft = current && isMadeFor(current, berth) && current.metadata.deletionTimestamp === undefined;
  return isLeft ? [`${nameOf(ref)} is still there.`] : [];
}

function isMadeFor({ metadata }: KubernetesObject, berth: Berth): boolean {
  return readMetadata(metadata)?.berth === berthKey(berth);
}

function nameOf({ kind, name }: ObjectRef): string {
  return `${kind} ${name}`;
}
