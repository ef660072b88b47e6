/** What a namespace gets by its profile, beside the labels on the namespace itself: a quota, limits, a network policy. */
import { findCluster } from "../../domain/catalog/clusters.ts";
import { haveOtherTokens } from "../../domain/catalog/networkReach.ts";
import { type Finding, finding } from "../../domain/finding.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import { type Migration, modeLeft, targetOf } from "../../domain/operation/migration.ts";
import { toStepPlan } from "../../domain/operation/plan.ts";
import { type ManagedFields, managedFields } from "../../domain/profiles/managed.ts";
import { findProfile } from "../../domain/profiles/profile.ts";
import { replacedProfile } from "../../domain/request/change.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import { unlessDropped } from "../definitions/leftCatalog.ts";
import { defineResource } from "../definitions/resource.ts";
import { inspectObject, inspectSurplus, remainsOfAll } from "../kubernetesObject/inspectObjects.ts";
import { decideReturn, departures, findManaged, isProfileOf, type Managed, nameOfManaged } from "./managedNamespace.ts";
import { closeNetwork, openNetwork, recloseNetwork, reopenNetwork } from "./networkSteps.ts";
import { profileObjects, profilePolicies, profileRefs, surplusRefs } from "./objects.ts";
import { checkProfile } from "./preflight.ts";
import {
  applyProfile,
  planRemoval,
  removeGiven,
  removeProfile,
  restoreProfile,
  retireProfile,
  surplusOf,
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

  inspect(ports, { request, earlier, modeBeside, note }) {
    if (!hasProfile(request)) return [];
    const { catalog, kubernetes } = ports;
    const cluster = findCluster(catalog, request.cluster);
    const target = `Namespace ${request.namespace}`;
    const isReplacing = earlier !== undefined && replacedProfile(request, earlier) !== undefined;
    const looking = once(() => findManaged(ports, cluster, request));
    const found = (all: readonly Promise<readonly Finding[]>[]) => Promise.all(all).then((each) => each.flat());
    return unlessDropped(
      () => {
        const fields = managedFields(findProfile(catalog, request.namespaceProfile));
        const objects = async () => {
          const input = { ...request, isManaged: (await looking()) !== undefined };
          return { wanted: profileObjects(catalog, input), surplus: surplusRefs(catalog, input) };
        };
        return [
          {
            target,
            async read() {
              const { wanted, surplus } = await objects();
              // During a migration, the policy may open what pods of the other mode need, too.
              const further = modeBeside ? profilePolicies(catalog, { ...request, otherMode: modeBeside }) : [];
              return await found([
                ...wanted.map((object) => {
                  const others = further.filter(({ kind }) => kind === object.kind);
                  return inspectObject(kubernetes, cluster, object, note, others);
                }),
                // A change removes what only the earlier profile gives at its end.
                ...(isReplacing ? [] : surplus).map((ref) =>
                  inspectSurplus(kubernetes, cluster, { ref, namespaceRef: request, code: "OBJECT_SURPLUS" }),
                ),
              ]);
            },
          },
          {
            target,
            async read() {
              const managed = await looking();
              return managed ? inspectManaged(managed, { namespaceRef: request, fields, isReplacing }) : [];
            },
          },
        ];
      },
      ({ message }) => {
        const what = `Profile ${request.namespaceProfile}`;
        const left = { field: "content", expected: "comparable", found: message };
        return [{ target, read: async () => [finding("NOT_IN_CATALOG", what, left)] }];
      },
    );
  },

  surplus: [
    {
      async look(ports, request, step) {
        const { cluster, namespace } = request;
        const left = surplusIn(ports, request);
        return left
          ? await planRemoval(ports, { cluster, namespace }, { ...left, step })
          : toStepPlan(step, { action: "none" });
      },
      async run(ports, { request, ...input }, step) {
        const left = surplusIn(ports, request);
        return left ? (await removeGiven(ports, input, { ...left, step })).action : "none";
      },
    },
  ],

  remains(ports, request) {
    if (!hasProfile(request)) return [];
    const cluster = findCluster(ports.catalog, request.cluster);
    return [
      ...remainsOfAll(ports, request, profileRefs(request)),
      findManaged(ports, cluster, request).then((managed) =>
        managed && isProfileOf(managed, request) ? [`${nameOfManaged(managed)} still has the profile.`] : [],
      ),
    ];
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

/** Undefined where a namespace has no profile, or one that the catalog has dropped: nothing is known to be surplus. */
function surplusIn({ catalog }: Pick<Ports, "catalog">, request: OnboardingRequest) {
  if (!hasProfile(request)) return undefined;
  return unlessDropped(
    () => surplusOf(catalog, request),
    () => undefined,
  );
}

/** Whether Azure has what the profile says and, unless a change is removing it just now, nothing of an earlier one. */
function inspectManaged(
  managed: Managed,
  { namespaceRef, fields, isReplacing }: { namespaceRef: NamespaceRef; fields: ManagedFields; isReplacing: boolean },
): readonly Finding[] {
  const target = nameOfManaged(managed);
  const { differences } = isReplacing
    ? { differences: [] }
    : decideReturn(managed, { ...namespaceRef, wanted: fields });
  return [
    ...departures(managed, fields).map(({ field, current: found, desired: expected }) =>
      finding("OBJECT_CHANGED", target, { field, expected, found }),
    ),
    ...differences
      .filter(({ field }) => field !== target)
      .map(({ field, current: found, desired: expected }) =>
        finding("OBJECT_SURPLUS", target, { field, expected, found }),
      ),
  ];
}

/** Several looks share it. */
function once<T>(look: () => Promise<T>): () => Promise<T> {
  let looking: Promise<T> | undefined;
  return () => {
    looking ??= look();
    return looking;
  };
}
