import type { Berth } from "../../domain/naming/names.ts";
import { defineResource, ofNamespace } from "../definitions/resource.ts";

/** The Kubernetes namespace, with the objects that Mooring puts into every one (../namespacedObjects). */
export const namespace = defineResource({
  making: "prepare",
  leaving: "namespace",
  steps: {
    applyNamespace: { of: "namespace", stage: "prepare" },
    removeNamespace: { of: "namespace", undoes: ["applyNamespace"] },
    restoreNamespace: { of: "namespace", undoes: ["applyNamespace"] },
  },
  ensure: (request) => [ofNamespace("applyNamespace", request)],
  remove: (request) => [ofNamespace("removeNamespace", request)],
  undo: (_request, { isChange }) => ["removeNamespace", ...(isChange ? (["restoreNamespace"] as const) : [])],
});

export function namespaceObject({ namespace: name }: Pick<Berth, "namespace">) {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name } };
}
