/** Binds the identity to the cluster, so that its pods can become it without a federated credential for each service account. */
import { clusterIdOf, findCluster, identityIdOf } from "../../domain/catalog/clusters.ts";
import { identityBindingName, identityName } from "../../domain/naming/names.ts";
import { defineResource } from "../definitions/resource.ts";
import { binds } from "./boundBy.ts";
import { inspectBinding } from "./inspection.ts";
import { bindingRef } from "./plan.ts";
import { preflightBinding } from "./preflight.ts";
import { lookAtSharedBinding } from "./shared.ts";
import { bindIdentity, returnIdentityBinding, unbindIdentity } from "./steps.ts";

export const identityBinding = defineResource({
  steps: { bindIdentity, unbindIdentity, returnIdentityBinding },
  making: "connect",
  leaving: "credential",
  ensure: (operation) => [bindIdentity.keyFor(operation)],
  remove: (operation) => [unbindIdentity.keyFor(operation)],

  preflight: (ports, { cluster, request }) =>
    [...preflightBinding(ports, { cluster, request }), () => lookAtSharedBinding(ports, { cluster, request })].map(
      (look) => ({ about: "cluster", look }),
    ),

  // Azure gives the identity its credential in the caller's name.
  armActions: () => ["Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/delete"],

  inspect: (ports, input) =>
    input.hasIdentity ? [{ target: identityName(input.request), read: () => inspectBinding(ports, input) }] : [],

  remains(ports, request) {
    const cluster = findCluster(ports.catalog, request.cluster);
    if (clusterIdOf(cluster) === undefined) return [];
    const looking = ports.identityBindings.get(bindingRef(cluster, request));
    return [
      looking.then((found) =>
        found && binds(found, identityIdOf(ports.catalog, request))
          ? [`Identity binding ${found.name} is still there.`]
          : [],
      ),
    ];
  },

  exported(catalog, { request }) {
    const cluster = findCluster(catalog, request.cluster);
    const { clusterId } = bindingRef(cluster, request);
    const [, , subscriptionId = "", , resourceGroup = "", , , , clusterName = ""] = clusterId.split("/");
    const place = ["--subscription", subscriptionId, "--resource-group", resourceGroup, "--cluster-name", clusterName];
    const identityId = identityIdOf(catalog, request);
    return {
      commands: [
        [
          ...["az", "aks", "identity-binding", "create", ...place, "--name", identityBindingName(request)],
          ...["--managed-identity-resource-id", identityId],
        ],
      ],
    };
  },
});
