import { type Berth, berthKey } from "../../domain/naming/names.ts";
import { replacedAccount } from "../../domain/request/change.ts";
import { defineResource, ofNamespace } from "../definitions/resource.ts";

/** The service account of the workload, annotated with the identity that its tokens are exchanged for. */
export const serviceAccount = defineResource({
  mode: "workloadIdentity",
  making: "connect",
  leaving: "access",
  steps: {
    applyServiceAccount: { of: "namespace", stage: "connect" },
    removeServiceAccount: { of: "namespace", stage: "disconnect", undoes: ["applyServiceAccount"] },
    retireServiceAccount: { of: "account", stage: "replace" },
    returnServiceAccount: { of: "namespace", undoes: ["removeServiceAccount"] },
  },
  ensure: (request) => [ofNamespace("applyServiceAccount", request)],
  remove: (request) => [ofNamespace("removeServiceAccount", request)],
  replace(request, earlier) {
    const account = replacedAccount(request, earlier);
    return account === undefined ? [] : [{ name: "retireServiceAccount", target: accountKey(request, account) }];
  },
  undo: () => ["removeServiceAccount"],
  returning: "returnServiceAccount",
});

export function accountKey(berth: Berth, account: string): string {
  return `${berthKey(berth)}/${account}`;
}

/** Annotations of azure-workload-identity (docs/book/src/topics/service-account-labels-and-annotations.md). */
export function serviceAccountObject(
  { namespace }: Pick<Berth, "namespace">,
  { serviceAccount: name, clientId, tenantId }: { serviceAccount: string; clientId: string; tenantId: string },
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
}: Pick<Berth, "namespace"> & { readonly serviceAccount: string }) {
  return [{ apiVersion: "v1", kind: "ServiceAccount", name, namespace }];
}
