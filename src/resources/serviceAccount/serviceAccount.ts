import type { Catalog } from "../../domain/catalog/catalog.ts";
import type { ClientId } from "../../domain/naming/identityPair.ts";
import { type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";

export function accountKey(namespaceRef: NamespaceRef, account: string): string {
  return `${namespaceKey(namespaceRef)}/${account}`;
}

export function desiredAccount(
  { tenantId }: Pick<Catalog, "tenantId">,
  { namespace, serviceAccount }: Pick<NamespaceRef, "namespace"> & { readonly serviceAccount: string },
  clientId: ClientId,
) {
  return serviceAccountObject({ namespace }, { serviceAccount, clientId, tenantId });
}

/** Annotations of azure-workload-identity (docs/book/src/topics/service-account-labels-and-annotations.md). */
export function serviceAccountObject(
  { namespace }: Pick<NamespaceRef, "namespace">,
  { serviceAccount: name, clientId, tenantId }: { serviceAccount: string; clientId: ClientId; tenantId: string },
) {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: {
      name,
      namespace,
      annotations: { [clientIdAnnotation]: clientId, "azure.workload.identity/tenant-id": tenantId },
    },
  };
}

export const clientIdAnnotation = "azure.workload.identity/client-id";

export function serviceAccountRefs({
  namespace,
  serviceAccount: name,
}: Pick<NamespaceRef, "namespace"> & { readonly serviceAccount: string }) {
  return [{ apiVersion: "v1", kind: "ServiceAccount", name, namespace }];
}
