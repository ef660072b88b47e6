/** Which objects only come with another one: an application's pods, or what an operator makes for a custom resource. */
import type { ObjectMetadata } from "../../ports/kubernetes.ts";
import { isMadeByController } from "./madeByCluster.ts";

/**
 * What is left of somebody's objects without those that another one of them owns, which counts in their place. An owner of no namespace,
 * or of Mooring's, does not; and objects that own each other all count.
 */
export function withoutOwned(objects: readonly ObjectMetadata[]): readonly ObjectMetadata[] {
  const uids = new Set(objects.map(({ metadata }) => metadata.uid));
  const ownersOf = ({ metadata: { ownerReferences = [] } }: ObjectMetadata) =>
    ownerReferences.map(({ uid }) => uid).filter((uid) => uids.has(uid));
  const isOwn = (each: ObjectMetadata) => ownersOf(each).length === 0 && !isMadeByController(each);
  const covered = new Set(objects.filter(isOwn).map(({ metadata }) => metadata.uid));
  const isCovered = (each: ObjectMetadata) => ownersOf(each).some((uid) => covered.has(uid));
  for (let size = 0; size < covered.size; ) {
    size = covered.size;
    for (const each of objects) if (isCovered(each)) covered.add(each.metadata.uid);
  }
  return objects.filter((each) => !isCovered(each) && !isMadeByController(each));
}
