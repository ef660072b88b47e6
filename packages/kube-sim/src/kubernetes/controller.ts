/** A control loop: reconciles everything soon after a change that concerns it. */
import type { JsonObject } from "azure-sim/json";
import { ApiFailure } from "./failures.ts";
import type { KubeObject } from "./object.ts";
import type { Resource, Resources } from "./resource.ts";
import type { Change, Store } from "./store.ts";
import type { Objects, WriteOptions } from "./verbs.ts";

/** Of the API server, for what runs in it. */
export interface Parts {
  readonly store: Store;
  readonly objects: Objects;
  readonly resources: Resources;
  readonly now: () => Date;
}

export const manager = "kube-controller-manager";

export function mergePatch(
  { objects }: Pick<Parts, "objects">,
  resource: Resource,
  { metadata: { namespace, name } }: KubeObject,
  body: JsonObject,
  options: WriteOptions = { manager },
): KubeObject {
  return objects.patch({ resource, namespace, name }, { mediaType: "application/merge-patch+json", body }, options);
}

/** Undefined if the API server refuses it, of which `refused` is told. */
export function attempt<T>(run: () => T, refused?: (error: ApiFailure) => void): T | undefined {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    refused?.(error);
    return undefined;
  }
}

export function isOwnedBy({ metadata: { uid } }: KubeObject, { metadata }: KubeObject): boolean {
  return metadata.ownerReferences?.some((owner) => owner.uid === uid) ?? false;
}

export function ownerOf({ apiVersion, kind, metadata: { name, uid } }: KubeObject): JsonObject {
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

export interface Controller {
  close(): void;
}

/** A real controller begins with this pause and doubles it. */
const retryMs = 1_000;

export function startController(
  store: Store,
  {
    concerns,
    reconcile,
    isRefused = () => false,
    delayMs = 0,
  }: {
    concerns: (change: Change) => boolean;
    reconcile: () => void;
    /** Whether something was refused in it that may be allowed later. */
    isRefused?: () => boolean;
    delayMs?: number;
  },
): Controller {
  let due: NodeJS.Timeout | undefined;
  const run = () => {
    due = undefined;
    reconcile();
    if (isRefused()) due ??= setTimeout(run, retryMs);
  };
  // Changes within the delay cause a single run; a change made during a run causes another one.
  const unsubscribe = store.subscribe((change) => {
    if (due === undefined && concerns(change)) due = setTimeout(run, delayMs);
  });
  return {
    close() {
      unsubscribe();
      clearTimeout(due);
    },
  };
}
