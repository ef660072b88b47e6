import { type Berth, bindingName, identityName } from "../../domain/naming/names.ts";
import { defineResource, ofNamespace } from "../definitions/resource.ts";

/** AzureIdentity and AzureIdentityBinding, which give the identity to pods with a label (aad-pod-identity). */
export const podIdentity = defineResource({
  mode: "podIdentity",
  making: "connect",
  leaving: "access",
  steps: {
    applyPodIdentity: { of: "namespace", stage: "connect" },
    // It waits until the nodes release the identity.
    removePodIdentity: {
      ...{ of: "namespace", stage: "disconnect", takes: { least: 1, most: 60 } },
      undoes: ["applyPodIdentity"],
    },
    restorePodIdentity: { of: "namespace", undoes: ["applyPodIdentity"] },
    returnPodIdentity: { of: "namespace", undoes: ["removePodIdentity"] },
  },
  ensure: (request) => [ofNamespace("applyPodIdentity", request)],
  remove: (request) => [ofNamespace("removePodIdentity", request)],
  undo: (_request, { isChange }) => ["removePodIdentity", ...(isChange ? (["restorePodIdentity"] as const) : [])],
  returning: "returnPodIdentity",
});

export const podIdentityApi = "aadpodidentity.k8s.io/v1";
export const behaviorAnnotation = "aadpodidentity.k8s.io/Behavior";

/**
 * In the namespace itself: aad-pod-identity looks the identity up in the binding's namespace. Without the Behavior annotation,
 * a pod in any namespace could get this identity by its label.
 */
export function podIdentityObjects(
  berth: Berth,
  { clientId, selector, resourceId }: { clientId: string; selector: string; resourceId: string },
) {
  const name = identityName(berth);
  return [
    {
      apiVersion: podIdentityApi,
      kind: "AzureIdentity",
      metadata: {
        name,
        namespace: berth.namespace,
        annotations: { [behaviorAnnotation]: "namespaced" },
      },
      spec: { type: 0, resourceID: resourceId, clientID: clientId },
    },
    bindingObject(berth, selector),
  ];
}

export function bindingObject(berth: Berth, selector: string) {
  return {
    apiVersion: podIdentityApi,
    kind: "AzureIdentityBinding",
    metadata: { name: bindingName(berth), namespace: berth.namespace },
    spec: { azureIdentity: identityName(berth), selector },
  };
}

/** In the order of removal: first what gives pods the identity. */
export function podIdentityRefs(berth: Berth) {
  const inNamespace = { apiVersion: podIdentityApi, namespace: berth.namespace };
  return [
    { ...inNamespace, kind: "AzureIdentityBinding", name: bindingName(berth) },
    { ...inNamespace, kind: "AzureIdentity", name: identityName(berth) },
  ];
}
