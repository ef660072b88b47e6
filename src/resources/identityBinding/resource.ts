/** Binds the identity to the cluster, so that its pods can become it without a federated credential for each service account. */
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { clusterIdOf, findCluster, identityIdOf, identityRef } from "../../domain/catalog/clusters.ts";
import {
  automaticCredential,
  homeOf,
  identityBindingName,
  identityName,
  namespaceKey,
} from "../../domain/naming/names.ts";
import { isHeld } from "../../domain/operation/lifecycle.ts";
import { toOperationError, toStepPlan } from "../../domain/operation/plan.ts";
import { usesBinding } from "../../domain/request/identityModes.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import { mayBind, othersUsing } from "../definitions/identityMembers.ts";
import type { Obstacles } from "../definitions/preflight.ts";
import { defineResource } from "../definitions/resource.ts";
import { binds, isInCluster } from "./boundBy.ts";
import { inspectBinding, inspectBindingsOfGuests } from "./inspection.ts";
import { findBindingsLeftByGuests, removalsOf } from "./leftByGuests.ts";
import { bindingRef } from "./plan.ts";
import { preflightBinding } from "./preflight.ts";
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

  inspect(ports, input) {
    const { request, hasIdentity } = input;
    const target = identityName(request);
    if (!hasIdentity) return [];
    const own = { target, read: () => inspectBinding(ports, input) };
    return [
      usesBinding(request) ? own : { ...own, needsPast: true },
      { target, read: () => inspectBindingsOfGuests(ports, input), needsPast: true },
    ];
  },

  surplus: [
    {
      async look(ports, request, step) {
        const left = await findBindingsLeftByGuests(ports, request);
        return toStepPlan(step, { action: left.refs.length > 0 ? "delete" : "none", differences: removalsOf(left) });
      },
      async run(ports, { request }, step) {
        const left = await findBindingsLeftByGuests(ports, request);
        if (left.refs.length === 0) return "none";
        await step.willDo("delete", removalsOf(left));
        // Before the bindings: whoever takes up what a step leaves half done finds it by them.
        const identity = identityRef(ports.catalog, request);
        if (left.areLast) await ports.identities.removeFederatedCredential(identity, automaticCredential);
        for (const ref of left.refs) await ports.identityBindings.remove(ref);
        return "delete";
      },
    },
  ],

  remains(ports, request) {
    const cluster = findCluster(ports.catalog, request.cluster);
    const left = findBindingsLeftByGuests(ports, request).then(({ refs }) => refs);
    if (clusterIdOf(cluster) === undefined) return [left.then(stillThere)];
    const own = ports.identityBindings.get(bindingRef(cluster, request));
    const identityId = identityIdOf(ports.catalog, request);
    return [left.then(stillThere), own.then((found) => stillThere(found && binds(found, identityId) ? [found] : []))];
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

function stillThere(bindings: readonly { readonly name: string }[]): readonly string[] {
  return bindings.map(({ name }) => `Identity binding ${name} is still there.`);
}

/**
 * Azure binds an identity to a cluster once, and gives it one credential for all of its bindings. So of the namespaces that share an
 * identity, one in each cluster has a binding, and none is made while another one goes (docs/adr/0029).
 */
async function lookAtSharedBinding(
  ports: Pick<Ports, "catalog" | "registry">,
  { cluster, request }: { readonly cluster: ClusterTarget; readonly request: OnboardingRequest },
): Promise<Obstacles> {
  const binding = (await othersUsing(ports.registry, request)).filter(mayBind);
  const there = binding.find((each) => isInCluster(ports, cluster, each));
  const identity = `the identity of ${namespaceKey(homeOf(request))}`;
  if (there) {
    const message = `${namespaceKey(there)} binds ${identity} to the same cluster.`;
    return { blockers: [toOperationError("SHARED_IDENTITY_BOUND", message)] };
  }
  const busy = binding.find(isHeld);
  if (!busy) return {};
  const message = `Operation ${busy.operation} is running for ${namespaceKey(busy)}, which binds ${identity}.`;
  return { blockers: [toOperationError("SHARED_IDENTITY_BUSY", message)] };
}
