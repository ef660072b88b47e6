/** What a namespace gets by its profile, beside the labels on the namespace itself: a quota, limits. */
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { findCluster } from "../../domain/catalog/clusters.ts";
import { haveOtherTokens } from "../../domain/catalog/networkReach.ts";
import { finding } from "../../domain/finding.ts";
import { type Migration, modeLeft, targetOf } from "../../domain/operation/migration.ts";
import { replacedProfile } from "../../domain/request/change.ts";
import { IdentityMode, type OnboardingRequest } from "../../domain/request/request.ts";
import type { KubernetesObject } from "../../ports/kubernetes.ts";
import { unlessDropped } from "../definitions/leftCatalog.ts";
import { recordedMarks } from "../definitions/recordedMark.ts";
import { defineResource } from "../definitions/resource.ts";
import { inspectObject, inspectSurplus, remainsOf } from "../kubernetesObject/inspectObjects.ts";
import { planObjectRemoval } from "../kubernetesObject/planObjects.ts";
import { removeObjects } from "../kubernetesObject/removeObjects.ts";
import { profileObjects, profilePolicies, profileRefs, surplusRefs } from "./objects.ts";
import { checkProfile } from "./preflight.ts";
import {
  applyProfile,
  closeNetwork,
  openNetwork,
  recloseNetwork,
  removeProfile,
  reopenNetwork,
  restoreProfile,
  retireProfile,
} from "./steps.ts";

type Profiled = OnboardingRequest & { readonly namespaceProfile: string };

function hasProfile(request: OnboardingRequest): request is Profiled {
  return request.namespaceProfile !== undefined;
}

export const namespaceProfile = defineResource({
  steps: {
    ...{ applyProfile, removeProfile, retireProfile, restoreProfile },
    ...{ openNetwork, recloseNetwork, closeNetwork, reopenNetwork },
  },
  making: "connect",
  leaving: "namespace",
  ensure: (operation) => (hasProfile(operation.request) ? [applyProfile.keyFor(operation)] : []),
  remove: (operation) => (hasProfile(operation.request) ? [removeProfile.keyFor(operation)] : []),
  replace: (operation) => {
    const { request, earlier } = operation;
    return earlier && replacedProfile(request, earlier) !== undefined ? [retireProfile.keyFor(operation)] : [];
  },

  migrating: {
    begin: (operation, way) => (needsBoth(operation.request, way) ? [openNetwork.keyFor(operation)] : []),
    end: (operation, way) => (needsBoth(operation.request, way) ? [closeNetwork.keyFor(operation)] : []),
  },

  preflight: (ports, { request, cluster }) => (hasProfile(request) ? checkProfile(ports, { request, cluster }) : []),

  inspect({ catalog, kubernetes }, { request, earlier, isMigrating = false, note }) {
    if (!hasProfile(request)) return [];
    const cluster = findCluster(catalog, request.cluster);
    const target = `Namespace ${request.namespace}`;
    return unlessDropped(
      () => [
        ...profileObjects(catalog, request).map((object) => ({
          target,
          read: () =>
            inspectObject(kubernetes, cluster, object, note, isMigrating ? openFurther(catalog, request, object) : []),
        })),
        // A change takes away what only the earlier profile gives at its end.
        ...(earlier && replacedProfile(request, earlier) !== undefined ? [] : surplusRefs(catalog, request)).map(
          (ref) => ({
            target,
            read: () => inspectSurplus(kubernetes, cluster, { ref, berth: request, code: "OBJECT_SURPLUS" }),
          }),
        ),
      ],
      ({ message }) => {
        const what = `Profile ${request.namespaceProfile}`;
        const left = { field: "content", expected: "comparable", found: message };
        return [{ target, read: async () => [finding("NOT_IN_CATALOG", what, left)] }];
      },
    );
  },

  surplus: {
    async look(ports, request, step) {
      const { cluster, namespace } = request;
      const removal = { cluster, namespace, recordedMark: recordedMarks(ports, request), step };
      return await planObjectRemoval(
        ports.kubernetes,
        findCluster(ports.catalog, cluster),
        surplusOf(ports.catalog, request),
        removal,
      );
    },
    async takeAway(ports, { request, ...input }, step) {
      const removal = { ...input, recordedMark: recordedMarks(ports, input), step };
      return await removeObjects(
        ports.kubernetes,
        findCluster(ports.catalog, input.cluster),
        surplusOf(ports.catalog, request),
        removal,
      );
    },
  },

  remains(ports, request) {
    if (!hasProfile(request)) return [];
    const cluster = findCluster(ports.catalog, request.cluster);
    const input = { berth: request, recordedMark: recordedMarks(ports, request) };
    return profileRefs(request).map((ref) => remainsOf(ports.kubernetes, cluster, { ref, ...input }));
  },

  exported: (catalog, { request }) => {
    if (!hasProfile(request)) return {};
    return unlessDropped(
      () => ({ objects: profileObjects(catalog, request) }),
      ({ message: why }) => ({ leftOut: [{ what: `Profile ${request.namespaceProfile}`, why }] }),
    );
  },
});

/** Whether its network policy has to open more as long as both modes are in place. */
function needsBoth(request: OnboardingRequest, way: Pick<Migration, "to" | "from">): boolean {
  return hasProfile(request) && haveOtherTokens(modeLeft(way), targetOf(way));
}

/** During a migration, the policy may open what pods of another mode need, too. */
function openFurther(catalog: Catalog, request: Profiled, { kind }: KubernetesObject): readonly KubernetesObject[] {
  return IdentityMode.options
    .filter((mode) => haveOtherTokens(request.identityMode, mode))
    .flatMap((otherMode) => profilePolicies(catalog, { ...request, otherMode }))
    .filter((each) => each.kind === kind);
}

/** Where a namespace has no profile, or one that the catalog has dropped, nothing is known to be surplus. */
function surplusOf(catalog: Catalog, request: OnboardingRequest) {
  if (!hasProfile(request)) return [];
  return unlessDropped(
    () => surplusRefs(catalog, request),
    () => [],
  );
}
