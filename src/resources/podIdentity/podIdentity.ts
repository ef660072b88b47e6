import type { Catalog } from "../../domain/catalog/catalog.ts";
import { identityRef } from "../../domain/catalog/clusters.ts";
import type { ClientId } from "../../domain/naming/identityPair.ts";
import { azureIdentityName, bindingName, type NamespaceRef } from "../../domain/naming/names.ts";
import type { IdentityRef } from "../../ports/identities.ts";
import type { KubernetesObject } from "../../ports/kubernetes.ts";

export const podIdentityApi = "aadpodidentity.k8s.io/v1";
export const behaviorAnnotation = "aadpodidentity.k8s.io/Behavior";

/**
 * In the namespace itself: aad-pod-identity looks the identity up in the binding's namespace. Without the Behavior annotation,
 * a pod in any namespace could get this identity by its label.
 */
function podIdentityObjects(
  namespaceRef: NamespaceRef,
  { clientId, selector, resourceId }: { clientId: ClientId; selector: string; resourceId: string },
) {
  const name = azureIdentityName(namespaceRef);
  return [
    {
      apiVersion: podIdentityApi,
      kind: "AzureIdentity",
      metadata: {
        name,
        namespace: namespaceRef.namespace,
        annotations: { [behaviorAnnotation]: "namespaced" },
      },
      spec: { type: 0, resourceID: resourceId, clientID: clientId },
    },
    bindingObject(namespaceRef, selector),
  ];
}

export function bindingObject(namespaceRef: NamespaceRef, selector: string) {
  return {
    apiVersion: podIdentityApi,
    kind: "AzureIdentityBinding",
    metadata: { name: bindingName(namespaceRef), namespace: namespaceRef.namespace },
    spec: { azureIdentity: azureIdentityName(namespaceRef), selector },
  };
}

export function desiredObjects(
  catalog: Catalog,
  { cluster, namespace }: NamespaceRef,
  { clientId, selector }: { clientId: ClientId; selector: string },
): readonly KubernetesObject[] {
  const namespaceRef = { cluster, namespace };
  return podIdentityObjects(namespaceRef, {
    clientId,
    selector,
    resourceId: resourceId(identityRef(catalog, namespaceRef)),
  });
}

/** With `resourcegroups` in lower case, as in aad-pod-identity's documentation: MIC takes another spelling for another identity. */
function resourceId({ subscriptionId, resourceGroup, name }: IdentityRef): string {
  const provider = "providers/Microsoft.ManagedIdentity/userAssignedIdentities";
  return `/subscriptions/${subscriptionId}/resourcegroups/${resourceGroup}/${provider}/${name}`;
}

/** In the order of removal: first what gives pods the identity. */
export function podIdentityRefs(namespaceRef: NamespaceRef) {
  const inNamespace = { apiVersion: podIdentityApi, namespace: namespaceRef.namespace };
  return [
    { ...inNamespace, kind: "AzureIdentityBinding", name: bindingName(namespaceRef) },
    { ...inNamespace, kind: "AzureIdentity", name: azureIdentityName(namespaceRef) },
  ];
}
