/** Who may use the bound identity in the cluster: the service account of the workload, by Kubernetes' own roles. */

import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { clusterIdOf, findCluster } from "../../domain/catalog/clusters.ts";
import { type Finding, finding } from "../../domain/finding.ts";
import type { ClientId } from "../../domain/naming/identityPair.ts";
import { identityName, namespaceKey } from "../../domain/naming/names.ts";
import { replacedAccount } from "../../domain/request/change.ts";
import { usesBinding } from "../../domain/request/identityModes.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import type { Kubernetes, ObjectRef } from "../../ports/kubernetes.ts";
import type { Reading } from "../definitions/inspection.ts";
import { replacesAccount } from "../definitions/operationFacts.ts";
import { recordedMarks } from "../definitions/recordedMark.ts";
import { defineResource } from "../definitions/resource.ts";
import { refOf } from "../kubernetesObject/ensureObjects.ts";
import { inspectObject, inspectSurplus, remainsOf } from "../kubernetesObject/inspectObjects.ts";
import { thingOf } from "../kubernetesObject/knownMetadata.ts";
import { surplusOf } from "../kubernetesObject/objectSteps.ts";
import { findOtherBindings } from "./bindings.ts";
import { findRightsLeftByGuests, rightsLeftByGuests } from "./leftByGuests.ts";
import { useBindingRef, useObjects, useOf, useRoleRef } from "./objects.ts";
import { allowIdentityUse, retireIdentityUse, returnIdentityUse, withdrawIdentityUse } from "./steps.ts";

export const identityUse = defineResource({
  steps: { allowIdentityUse, withdrawIdentityUse, retireIdentityUse, returnIdentityUse },
  making: "connect",
  leaving: "access",
  ensure: (operation) => [allowIdentityUse.keyFor(operation)],
  remove: (operation) => [withdrawIdentityUse.keyFor(operation)],
  replace: (operation) =>
    replacesAccount(operation) && usesBinding(operation.request) ? [retireIdentityUse.keyFor(operation)] : [],

  inspect(ports, { request, earlier, clientId, modeBeside, note }) {
    const cluster = findCluster(ports.catalog, request.cluster);
    const ofGuests: Reading = {
      target: identityName(request),
      needsPast: true,
      read: () => inspectRightsOfGuests(ports, request),
    };
    // Where the catalog says nothing of bindings, Mooring has no right to look for them.
    if (clusterIdOf(cluster) === undefined) return [ofGuests];
    const target = `Namespace ${request.namespace}`;
    const { kubernetes } = ports;
    const replaced = earlier && replacedAccount(request, earlier);
    const others: Reading = {
      target,
      needsPast: true,
      async read() {
        const found = await findOtherBindings(kubernetes, cluster, request);
        return found
          .filter(({ metadata }) => replaced === undefined || metadata.name !== useBindingRef(request, replaced).name)
          .map((binding) =>
            finding("IDENTITY_USE_SURPLUS", thingOf(refOf(binding)), {
              field: "object",
              expected: null,
              found: "made by Mooring",
            }),
          );
      },
    };
    if (!usesBinding(request)) {
      if (modeBeside) return [ofGuests];
      const left = refsOf(request).map((ref): Reading => {
        const surplus = { ref, namespaceRef: request, code: "IDENTITY_USE_SURPLUS" } as const;
        return { target, needsPast: true, read: () => inspectSurplus(kubernetes, cluster, surplus) };
      });
      return [...left, others, ofGuests];
    }
    const desired = useObjects(request, { ...request, clientId });
    const own = desired.map(
      (object): Reading => ({ target, read: () => inspectObject(kubernetes, cluster, object, note) }),
    );
    const review: Reading = { target, read: () => inspectAllowance(kubernetes, cluster, { request, clientId }) };
    return [...own, review, ...(modeBeside ? [] : [others]), ofGuests];
  },

  surplus: [surplusOf(surplusRefs), rightsLeftByGuests],

  remains(ports, request) {
    const cluster = findCluster(ports.catalog, request.cluster);
    const ofGuests = findRightsLeftByGuests(ports, request).then((left) =>
      left.flatMap(({ refs }) => refs.map((ref) => `${thingOf(ref)} is still there.`)),
    );
    if (clusterIdOf(cluster) === undefined) return [ofGuests];
    const recordedMark = recordedMarks(ports, request);
    const [binding, role] = [useBindingRef(request, request.serviceAccount), useRoleRef(request)];
    return [
      ofGuests,
      remainsOf(ports.kubernetes, cluster, { ref: binding, namespaceRef: request, recordedMark }),
      // Without its mark, it was left to others, whatever the record says of it.
      remainsOf(ports.kubernetes, cluster, { ref: role, namespaceRef: request, recordedMark: async () => undefined }),
    ];
  },

  exported: (_catalog, { request, clientId }) => ({ objects: useObjects(request, { ...request, clientId }) }),
});

/** What guests that are there no longer have left, at their home. */
async function inspectRightsOfGuests(
  ports: Pick<Ports, "catalog" | "kubernetes" | "registry">,
  request: OnboardingRequest,
): Promise<readonly Finding[]> {
  const left = await findRightsLeftByGuests(ports, request);
  return left.flatMap(({ guest, refs }) =>
    refs.map((ref) =>
      finding("IDENTITY_USE_SURPLUS", thingOf(ref), {
        field: "object",
        expected: null,
        found: `made by Mooring for ${namespaceKey(guest)}`,
      }),
    ),
  );
}

/** In the order of removal: first what gives the right. */
function refsOf(request: OnboardingRequest): readonly ObjectRef[] {
  return [useBindingRef(request, request.serviceAccount), useRoleRef(request)];
}

/** Where the mode is another, the step that removes this one's takes the account's own. */
async function surplusRefs(
  { catalog, kubernetes }: Pick<Ports, "catalog" | "kubernetes">,
  request: OnboardingRequest,
): Promise<readonly ObjectRef[]> {
  const cluster = findCluster(catalog, request.cluster);
  if (clusterIdOf(cluster) === undefined) return [];
  return (await findOtherBindings(kubernetes, cluster, request)).map(refOf);
}

/** The objects may be right and the answer still no: another authorizer may deny it. */
async function inspectAllowance(
  kubernetes: Pick<Kubernetes, "mayDo">,
  cluster: ClusterTarget,
  { request: { namespace, serviceAccount: name }, clientId }: { request: OnboardingRequest; clientId: ClientId },
): Promise<readonly Finding[]> {
  const use = useOf(clientId);
  if (await kubernetes.mayDo(cluster, { namespace, name }, use)) return [];
  const found = `denied to the service account ${name}`;
  const target = thingOf({ apiVersion: "v1", kind: "ServiceAccount", name });
  return [finding("IDENTITY_USE_DENIED", target, { field: `${use.verb} ${clientId}`, expected: "allowed", found })];
}
