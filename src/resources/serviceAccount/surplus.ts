/** Service accounts with Mooring's mark that the record does not ask for, such as one whose write took effect late. */

import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { type Finding, finding } from "../../domain/finding.ts";
import type { ClientId } from "../../domain/naming/identityPair.ts";
import { type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import { readMetadata } from "../../domain/naming/ownership.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Kubernetes, KubernetesObject, ObjectRef } from "../../ports/kubernetes.ts";
import { isMarked } from "../definitions/dependants.ts";
import { isAppliedByMooring } from "../kubernetesObject/fieldOwners.ts";
import { thingOf } from "../kubernetesObject/knownMetadata.ts";
import { clientIdAnnotation } from "./serviceAccount.ts";

/** Those beside the account of the request. A copy carries the mark, too, but whoever made it applied it. */
export async function findSurplusAccounts(
  kubernetes: Pick<Kubernetes, "list">,
  cluster: ClusterTarget,
  request: OnboardingRequest,
): Promise<readonly KubernetesObject[]> {
  const accounts = await findOwnAccounts(kubernetes, cluster, request);
  return accounts.filter(({ metadata }) => metadata.name !== request.serviceAccount);
}

export async function findOwnAccounts(
  kubernetes: Pick<Kubernetes, "list">,
  cluster: ClusterTarget,
  namespaceRef: NamespaceRef,
): Promise<readonly KubernetesObject[]> {
  const query = { apiVersion: "v1", kind: "ServiceAccount", namespace: namespaceRef.namespace };
  const accounts = await kubernetes.list(cluster, query);
  return accounts.filter(
    ({ metadata }) =>
      metadata.deletionTimestamp === undefined && isMarked(metadata, namespaceRef) && isAppliedByMooring(metadata),
  );
}

/** Its tokens are exchanged for the identity's if it has the identity's client ID; otherwise it is merely left over. */
export function surplusFinding(account: KubernetesObject, clientId: ClientId): Finding {
  const { annotations = {} } = account.metadata;
  const target = thingOf({ ...account, name: account.metadata.name });
  return annotations[clientIdAnnotation]?.toLowerCase() === clientId.toLowerCase()
    ? finding("ACCOUNT_SURPLUS", target, {
        field: `annotation ${clientIdAnnotation}`,
        expected: null,
        found: clientId,
      })
    : finding("OBJECT_SURPLUS", target, { field: "object", expected: null, found: "made by Mooring" });
}

/** The account of the request, in a namespace whose identity mode does not have it. */
export async function inspectLeftAccount(
  kubernetes: Pick<Kubernetes, "get">,
  cluster: ClusterTarget,
  {
    ref,
    namespaceRef,
    clientId,
  }: { readonly ref: ObjectRef; readonly namespaceRef: NamespaceRef; readonly clientId: ClientId },
): Promise<readonly Finding[]> {
  const current = await kubernetes.get(cluster, ref);
  return current && readMetadata(current.metadata)?.berth === namespaceKey(namespaceRef)
    ? [surplusFinding(current, clientId)]
    : [];
}
