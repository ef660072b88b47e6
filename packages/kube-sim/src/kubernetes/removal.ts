/** What a deletion makes of an object: gone at once, or marked, and waiting for finalizers, dependents or its kubelet. */
import { numberAt, objectAt, stringAt } from "azure-sim/json";
import { type KubeObject, timestamp } from "./object.ts";

interface Policy {
  readonly orphan: boolean | undefined;
  readonly foreground: boolean | undefined;
  readonly graceSeconds: number | undefined;
}

export const foregroundFinalizer = "foregroundDeletion";
export const orphanFinalizer = "orphan";
const isPolicy = (finalizer: string) => [foregroundFinalizer, orphanFinalizer].includes(finalizer);

export function marked(live: KubeObject, { orphan, foreground, graceSeconds }: Policy, now: Date): KubeObject {
  const held = withCleanup(withPolicy(live, { orphan, foreground }));
  return live.kind === "Pod" ? withGrace(held, graceSeconds, now) : markDeleted(held, now);
}

export const cleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

/** A definition stays until its objects are gone. */
function withCleanup(live: KubeObject): KubeObject {
  if (live.kind !== "CustomResourceDefinition" || live.metadata.deletionTimestamp !== undefined) return live;
  const finalizers = [
    ...(live.metadata.finalizers ?? []).filter((each) => each !== cleanupFinalizer),
    cleanupFinalizer,
  ];
  return { ...live, metadata: { ...live.metadata, finalizers } };
}

function markDeleted(live: KubeObject, now: Date): KubeObject {
  const deletionTimestamp = live.metadata.deletionTimestamp ?? timestamp(now);
  if (live.kind === "CustomResourceDefinition") return { ...live, metadata: { ...live.metadata, deletionTimestamp } };
  if (live.kind !== "Namespace") {
    const { generation, deletionTimestamp: before } = live.metadata;
    const counted = generation === undefined || before !== undefined ? {} : { generation: generation + 1 };
    return { ...live, metadata: { ...live.metadata, ...counted, deletionTimestamp, deletionGracePeriodSeconds: 0 } };
  }
  const metadata = { ...live.metadata, deletionTimestamp };
  return { ...live, metadata, status: { ...objectAt(live, "status"), phase: "Terminating" } };
}

/** A pod on a node is there until its kubelet has ended it, and says so by a deletion without grace. */
function withGrace(pod: KubeObject, asked: number | undefined, now: Date): KubeObject {
  const isOnNode = (stringAt(pod, "spec", "nodeName") ?? "") !== "";
  const isOver = ["Succeeded", "Failed"].includes(stringAt(pod, "status", "phase") ?? "");
  const { deletionTimestamp, deletionGracePeriodSeconds: left, generation = 1 } = pod.metadata;
  const wanted = !isOnNode || isOver ? 0 : (asked ?? numberAt(pod, "spec", "terminationGracePeriodSeconds") ?? 30);
  const isGoing = deletionTimestamp !== undefined && typeof left === "number";
  if (isGoing && wanted >= left) return pod;
  const metadata = {
    ...pod.metadata,
    deletionTimestamp: timestamp(new Date(now.getTime() + wanted * 1000)),
    deletionGracePeriodSeconds: wanted,
    ...(isGoing ? {} : { generation: generation + 1 }),
  };
  return { ...pod, metadata };
}

/** The garbage collector takes the finalizer away when it has let dependents go, or the last one is gone. */
function withPolicy(live: KubeObject, { orphan, foreground }: Omit<Policy, "graceSeconds">): KubeObject {
  const others = (live.metadata.finalizers ?? []).filter((each) => !isPolicy(each));
  const own = orphan === true ? [orphanFinalizer] : foreground === true ? [foregroundFinalizer] : [];
  const isDecided = orphan === undefined && foreground === undefined;
  if (isDecided || live.metadata.deletionTimestamp !== undefined) return live;
  const finalizers = [...others, ...own];
  const { finalizers: _, ...metadata } = live.metadata;
  return { ...live, metadata: finalizers.length === 0 ? metadata : { ...metadata, finalizers } };
}
