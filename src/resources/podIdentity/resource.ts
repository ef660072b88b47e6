/** AzureIdentity and AzureIdentityBinding, which give the identity to pods with a label (aad-pod-identity). */

import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { findCluster } from "../../domain/catalog/clusters.ts";
import { PermanentError } from "../../domain/errors.ts";
import { usesSelector } from "../../domain/request/identityModes.ts";
import { selectorOf } from "../../domain/request/request.ts";
import type { Kubernetes } from "../../ports/kubernetes.ts";
import { defineResource } from "../definitions/resource.ts";
import { inspectObject, inspectSurplus, remainsOfAll } from "../kubernetesObject/inspectObjects.ts";
import { inspectBindings } from "./bindings.ts";
import { checkKubeletRoles } from "./kubeletRoles.ts";
import { desiredObjects, podIdentityApi, podIdentityRefs } from "./podIdentity.ts";
import { applyPodIdentity, removePodIdentity, restorePodIdentity, returnPodIdentity } from "./steps.ts";

export const podIdentity = defineResource({
  steps: { applyPodIdentity, removePodIdentity, restorePodIdentity, returnPodIdentity },
  making: "connect",
  leaving: "access",
  ensure: (operation) => [applyPodIdentity.keyFor(operation)],
  remove: (operation) => [removePodIdentity.keyFor(operation)],

  preflight: (ports, { cluster, identity }) => [
    { about: "cluster", look: async () => void (await expectInstalled(ports.kubernetes, cluster)) },
    { about: "cluster", look: () => checkKubeletRoles(ports, cluster, identity) },
  ],

  inspect(ports, { request, clientId, modeBeside, note }) {
    const cluster = findCluster(ports.catalog, request.cluster);
    const target = `Namespace ${request.namespace}`;
    if (usesSelector(request)) {
      const desired = desiredObjects(ports.catalog, request, { clientId, selector: selectorOf(request) });
      return [
        ...desired.map((object) => ({ target, read: () => inspectObject(ports.kubernetes, cluster, object, note) })),
        { target, read: () => inspectBindings(ports, cluster, request) },
      ];
    }
    if (modeBeside) return [];
    return podIdentityRefs(request).map((ref) => ({
      target,
      needsPast: true,
      read: () =>
        inspectSurplus(ports.kubernetes, cluster, { ref, namespaceRef: request, code: "POD_IDENTITY_SURPLUS" }),
    }));
  },

  remains: (ports, request) => remainsOfAll(ports, request, podIdentityRefs(request)),

  exported(catalog, { request, clientId }) {
    return { objects: desiredObjects(catalog, request, { clientId, selector: selectorOf(request) }) };
  },
});

async function expectInstalled(kubernetes: Kubernetes, cluster: ClusterTarget): Promise<void> {
  const kinds = await kubernetes.kinds(cluster, podIdentityApi);
  if (kinds.includes("AzureIdentity") && kinds.includes("AzureIdentityBinding")) return;
  throw new PermanentError("POD_IDENTITY_NOT_INSTALLED", `Cluster "${cluster.alias}" has no ${podIdentityApi} kinds.`);
}
