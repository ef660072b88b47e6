/** Claims and volumes stay until nothing uses them. kubernetes.io "Storage Object in Use Protection". */
import { type Controller, startController } from "./controller.ts";
import { listAt, stringAt } from "./json.ts";
import type { KubeObject } from "./object.ts";
import type { Resource, Resources } from "./resource.ts";
import type { Store } from "./store.ts";
import type { Objects } from "./verbs.ts";

const finalizers: Readonly<Record<string, string>> = {
  PersistentVolumeClaim: "kubernetes.io/pvc-protection",
  PersistentVolume: "kubernetes.io/pv-protection",
};

export function startStorageProtection({
  store,
  objects,
  resources,
}: {
  readonly store: Store;
  readonly objects: Objects;
  readonly resources: Resources;
}): Controller {
  return startController(store, {
    concerns: ({ resource: { kind, group } }) => group === "" && (kind === "Pod" || finalizers[kind] !== undefined),
    reconcile() {
      for (const [kind, finalizer] of Object.entries(finalizers)) {
        const resource = resources.ofKind("v1", kind);
        const leaving = resource === undefined ? [] : store.list(resource).filter((each) => isHeld(each, finalizer));
        for (const each of leaving) if (resource && !isUsed(each)) letGo(resource, each, finalizer);
      }
    },
  });

  function isUsed(object: KubeObject): boolean {
    if (object.kind === "PersistentVolume") return stringAt(object, "status", "phase") === "Bound";
    const pods = resources.ofKind("v1", "Pod");
    return (pods === undefined ? [] : store.list(pods, object.metadata.namespace)).some((pod) =>
      listAt(pod, "spec", "volumes").some(
        (volume) => stringAt(volume, "persistentVolumeClaim", "claimName") === object.metadata.name,
      ),
    );
  }

  function letGo(
    resource: Resource,
    { metadata: { namespace, name, finalizers: held = [] } }: KubeObject,
    finalizer: string,
  ) {
    const body = { metadata: { finalizers: held.filter((each) => each !== finalizer) } };
    const patch = { mediaType: "application/merge-patch+json", body };
    objects.patch({ resource, namespace, name }, patch, { manager: "kube-controller-manager" });
  }
}

function isHeld({ metadata }: KubeObject, finalizer: string): boolean {
  return metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(finalizer);
}
