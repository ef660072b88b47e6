/** Everything that Mooring makes in a namespace, by identity mode: what is compared, exported, and taken away again. */

import { findCluster, identityRef } from "../../domain/catalog/clusters.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { KubernetesObject, ObjectRef, Ports } from "../../ports.ts";
import { configMapObject } from "./namespace.ts";
import { podIdentityObjects, podIdentityRefs, selectorOf } from "./podIdentity.ts";
import { serviceAccountObject, serviceAccountRefs } from "./serviceAccount.ts";

/** What Mooring makes in the namespace. */
export function desiredObjects(
  { catalog }: Pick<Ports, "catalog">,
  request: OnboardingRequest,
  clientId: string,
): readonly KubernetesObject[] {
  const configMap = configMapObject(catalog, request);
  if (request.identityMode === "workloadIdentity") {
    return [configMap, serviceAccountObject(request, { ...request, clientId, tenantId: catalog.tenantId })];
  }
  const ref = identityRef(findCluster(catalog, request.cluster), request);
  return [configMap, ...podIdentityObjects(request, { clientId, selector: selectorOf(request), ref })];
}

/** What Mooring makes in the identity mode that the namespace does not have. */
export function otherModeRefs(request: OnboardingRequest): readonly ObjectRef[] {
  return request.identityMode === "workloadIdentity" ? podIdentityRefs(request) : serviceAccountRefs(request);
}
