import type { Catalog } from "../../domain/catalog/catalog.ts";
import { identityRef } from "../../domain/catalog/clusters.ts";
import type { ClientId } from "../../domain/naming/identityPair.ts";
import { azureIdentityName, type Berth, bindingName } from "../../domain/naming/names.ts";
import type { IdentityRef } from "../../ports/identities.ts";
import type { KubernetesObject } from "../../ports/kubernetes.ts";

export const podIdentityApi = "aadpodidentity.k8s.io/v1";
export const behaviorAnnotation = "aadpodidentity.k8s.io/Behavior";

/**
 * In the namespace itself: aad-pod-identity looks the identity up in the binding's namespace. Without the Behavior annotation,
 * a pod in any namespace could get this identity by its label.
 */
function podIdentityObjects(
  berth: Berth,
  { clientId, selector, resourceId }: { clientId: ClientId; selector: string; resourceId: string },
) {
  const name = azureIdentityName(berth);
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
    spec: { azureIdentity: azureIdentityName(berth), selector },
  };
}

export function desiredObjects(
  catalog: Catalog,
  { cluster, namespace }: Berth,
  { clientId, selector }: { clientId: ClientId; selector: string },
): readonly KubernetesObject[] {
  const berth = { cluster, namespace };
  return podIdentityObjects(berth, { clientId, selector, resourceId: resourceId(identityRef(catalog, berth)) });
}

/** With `resourcegroups` in lower case, as in aad-pod-identity's documentation: MIC takes another spelling for another identity. */
function resourceId({ subscriptionId, resourceGroup, name }: IdentityRef): string {
  const provider = "providers/Microsoft.ManagedIdentity/userAssignedIdentities";
  return `/subscriptions/${subscriptionId}/resourcegroups/${resourceGroup}/${provider}/${name}`;
}

/** In the order of removal: first what gives pods the identity. */
export function podIdentityRefs(berth: Berth) {
  const inNamespace = { apiVersion: podIdentityApi, namespace: berth.namespace };
  return [
    { ...inNamespace, kind: "AzureIdentityBinding", name: bindingName(berth) },
    { ...inNamespace, kind: "AzureIdentity", name: azureIdentityName(berth) },
  ];
}
