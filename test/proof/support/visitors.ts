/**
 * Other people who put objects into the namespace while operations run: after its making, before or in the middle of an undo or an
 * offboarding. What they put there stays, whatever happens, and so does the namespace.
 */

import { createDice } from "test-support/random";
import { type NamespaceRef, namesInside, secretsQuota } from "../../../src/domain/naming/names.ts";
import { readMetadata } from "../../../src/domain/naming/ownership.ts";
import type { Ports } from "../../../src/ports/index.ts";
import { type Objects, place, print, refKey } from "../../support/models/kubernetes.ts";

export interface Visitors {
  /** How probable a visit is at each opportunity. */
  chance: number;
  /** What they brought, by `refKey`. */
  readonly brought: Set<string>;
  /** Whoever offboards asks for it to go with the namespace. It stays where the namespace is not Mooring's. */
  mayGo: boolean;
  /** Processes that have counted what is in a namespace, and may be about to delete it. */
  readonly counted: Set<object>;
  comes(namespace: string, process: object): void;
}

const kinds = [
  ["v1", "Secret"],
  ["v1", "ConfigMap"],
  ["apps/v1", "Deployment"],
  ["networking.k8s.io/v1", "Ingress"],
  ["example.com/v1", "Widget"],
] as const;

export function createVisitors(
  seed: number,
  objects: Objects,
  { newUid, tell }: { newUid: () => string; tell: (line: string) => void },
): Visitors {
  const dice = createDice(seed ^ 0x7151);
  // Separate dice, so that what they bring stays the same.
  const ownerDice = createDice(seed ^ 0x0cfe);
  /** Of no namespace, or Mooring's own: neither says whose the object is. */
  const chooseOwner = (namespace: string) => {
    const own = { apiVersion: "v1", kind: "ConfigMap", name: namesInside.configMap };
    const uid = objects.get(refKey({ ...own, namespace }))?.uid;
    const tenant = { apiVersion: "example.com/v1", kind: "Tenant", name: "blue", uid: "of-a-tenant" };
    return ownerDice.pick([[], [], [tenant], uid === undefined ? [] : [{ ...own, uid }]]);
  };
  const visitors: Visitors = {
    chance: 0,
    brought: new Set(),
    mayGo: false,
    counted: new Set(),
    comes(namespace, process) {
      // Nothing can help whoever comes between the count and the deletion that follows it.
      const isTooLate = [...visitors.counted].some((each) => each !== process);
      if (isTooLate || !dice.chance(visitors.chance)) return;
      const home = objects.get(refKey({ apiVersion: "v1", kind: "Namespace", name: namespace }));
      if (!home || home.goodbyes !== undefined) return;
      const [apiVersion, kind] = dice.pick(kinds);
      const name = `visitor-${visitors.brought.size}`;
      const ownerReferences = chooseOwner(namespace);
      const owned = ownerReferences.length > 0 ? { ownerReferences } : {};
      place(objects, { apiVersion, kind, metadata: { name, namespace, ...owned } }, { uid: newUid() });
      visitors.brought.add(refKey({ apiVersion, kind, name, namespace }));
      tell(`— somebody puts ${kind} ${name} into ${namespace}`);
    },
  };
  return visitors;
}

/** One process's port: they come at some of its calls. */
export function withVisitors(kubernetes: Ports["kubernetes"], visitors: Visitors): Ports["kubernetes"] {
  const process = {};
  return {
    ...kubernetes,
    namespacedKinds(cluster) {
      visitors.counted.add(process);
      return kubernetes.namespacedKinds(cluster);
    },
    apply(cluster, object, options) {
      const { namespace } = object.metadata;
      if (namespace !== undefined && !options?.dryRun) visitors.comes(namespace, process);
      if (object.metadata.name === secretsQuota) visitors.counted.add(process);
      return kubernetes.apply(cluster, object, options);
    },
    remove(cluster, ref, precondition, options) {
      const isCounter = ref.name === secretsQuota;
      if (ref.namespace !== undefined && !options?.dryRun && !isCounter) {
        visitors.counted.delete(process);
        visitors.comes(ref.namespace, process);
      }
      return kubernetes.remove(cluster, ref, precondition, options);
    },
  };
}

/** Whether somebody else has anything in the namespace. */
export function isInhabited(objects: Objects, { cluster, namespace }: NamespaceRef): boolean {
  return [...objects.values()].some(
    (stored) =>
      stored.ref.namespace === namespace && readMetadata(print(stored).metadata)?.berth !== `${cluster}/${namespace}`,
  );
}

/** What they brought is there, unless it may go. */
export function checkVisitors({ brought, mayGo }: Visitors, objects: Objects): readonly string[] {
  if (mayGo) return [];
  return [...brought].filter((key) => !objects.has(key)).map((key) => `removed, and somebody else's: ${key}`);
}
