/** The Kubernetes namespace, with the objects that Mooring puts into every one (../namespacedObjects). */
import { expiryCaller } from "../../domain/access/caller.ts";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { findCluster } from "../../domain/catalog/clusters.ts";
import { PermanentError } from "../../domain/errors.ts";
import { type Finding, finding } from "../../domain/finding.ts";
import { namespaceKey } from "../../domain/naming/names.ts";
import { printMetadataMark } from "../../domain/naming/ownership.ts";
import { teamOf } from "../../domain/operation/lifecycle.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { toNotice } from "../../domain/operation/plan.ts";
import { checkSameNamespace, checkTeam } from "../../domain/policy/recheckRequest.ts";
import type { Ports } from "../../ports/index.ts";
import type { InspectionInput } from "../definitions/inspection.ts";
import type { Obstacles, PreflightCheck } from "../definitions/preflight.ts";
import { defineResource, type PreflightInput } from "../definitions/resource.ts";
import { refOf } from "../kubernetesObject/ensureObjects.ts";
import { inspectObject, remainsOfAll } from "../kubernetesObject/inspectObjects.ts";
import { thingOf } from "../kubernetesObject/knownMetadata.ts";
import { isManagedByArm } from "../kubernetesObject/managedByArm.ts";
import { asGiven } from "../target/findPlaces.ts";
import { findClosed } from "./closedByAzure.ts";
import { desiredObjects, knownInside, namespaceRefs } from "./contents.ts";
import { namespaceObject } from "./namespace.ts";
import { inspectLabels, wantedLabels } from "./podSecurity.ts";
import { applyNamespace, removeNamespace, restoreNamespace } from "./steps.ts";
import { describeTerminating } from "./terminating.ts";
import { isOfUnfinishedRepair } from "./unfinishedRepair.ts";

export const namespace = defineResource({
  steps: { applyNamespace, removeNamespace, restoreNamespace },
  making: "prepare",
  leaving: "namespace",
  ensure: (operation) => [applyNamespace.keyFor(operation)],
  remove: (operation) => [removeNamespace.keyFor(operation)],

  preflight,

  inspect(ports, input) {
    const { request } = input;
    const cluster = findCluster(ports.catalog, request.cluster);
    const target = `Namespace ${request.namespace}`;
    return [
      { target, read: () => inspectNamespaceRef(ports, cluster, input) },
      { target, read: () => inspectInside(ports, cluster, input) },
    ];
  },

  remains: (ports, request) =>
    remainsOfAll(
      ports,
      request,
      namespaceRefs(request).filter(({ isKept }) => !isKept),
    ),

  exported: (catalog, { request }) => desiredObjects(catalog, request, wantedLabels(catalog, request) ?? {}),
});

function preflight(
  { catalog, kubernetes, registry }: Ports,
  { request, cluster, takeOver }: PreflightInput,
): readonly PreflightCheck[] {
  const reading = Promise.all([
    registry.getNamespace(request),
    kubernetes.get(cluster, refOf(namespaceObject(request))),
  ]);
  reading.catch(() => undefined); // Each check below reports the failure; this avoids an unhandled rejection until then.
  const check = (
    look: (found: Awaited<typeof reading>) => Obstacles | undefined | Promise<Obstacles>,
  ): PreflightCheck => ({
    about: "namespace",
    look: async () => look(await reading),
  });
  return [
    check(([record]) => {
      if (record && !takeOver && !isOnlyNarrowed(record)) checkTeam(catalog, { team: teamOf(record) }, request);
      return undefined;
    }),
    check(([record, found]) => {
      const uids = { onboarded: record?.namespaceUid, current: found?.metadata.uid };
      if (!takeOver) checkSameNamespace(request, uids);
      return undefined;
    }),
    check(([, found]) => {
      const going = describeTerminating(request, found);
      if (going !== undefined) throw new PermanentError("NAMESPACE_TERMINATING", going);
      return undefined;
    }),
    check(([, found]) => {
      if (!found || !isManagedByArm(found)) return undefined;
      const message = `Azure Resource Manager manages namespace ${namespaceKey(request)}.`;
      return { notices: [toNotice("NAMESPACE_MANAGED", message)] };
    }),
    check(([, found]) =>
      found && isManagedByArm(found) ? findClosed({ catalog, kubernetes }, cluster, request) : undefined,
    ),
  ];
}

/** What Mooring narrows because access has ended gives a team nothing that it may no longer ask for. */
function isOnlyNarrowed({ state, requestedBy }: NamespaceRecord): boolean {
  return state === "Changing" && requestedBy === expiryCaller.id;
}

async function inspectInside(
  ports: Pick<Ports, "catalog" | "kubernetes" | "registry">,
  cluster: ClusterTarget,
  { request, note }: InspectionInput,
): Promise<readonly Finding[]> {
  const { objects, leftOut } = knownInside(await asGiven(ports, request), request);
  const found = await Promise.all(objects.map((object) => inspectObject(ports.kubernetes, cluster, object, note)));
  const incomparable = leftOut.map(({ what, why }) =>
    finding("NOT_IN_CATALOG", what, { field: "content", expected: "comparable", found: why }),
  );
  return [...found.flat(), ...incomparable];
}

async function inspectNamespaceRef(
  ports: Pick<Ports, "catalog" | "kubernetes" | "registry">,
  cluster: ClusterTarget,
  { request, namespaceUid, note }: InspectionInput,
): Promise<readonly Finding[]> {
  const ref = refOf(namespaceObject(request));
  const current = await ports.kubernetes.get(cluster, ref);
  const target = `Namespace ${request.namespace}`;
  if (!current) return [finding("OBJECT_MISSING", target, { field: "object", expected: "there", found: null })];
  const { uid = null, deletionTimestamp } = current.metadata;
  // Without the mark it is somebody else's (knownMetadata.ts), like one that was adopted as it was.
  note({
    thing: thingOf(ref),
    id: uid ?? undefined,
    mark: printMetadataMark(current.metadata) ?? "",
    field: "metadata",
  });
  if (deletionTimestamp !== undefined) {
    const what = { field: "metadata.deletionTimestamp", expected: null, found: deletionTimestamp };
    return [finding("NAMESPACE_TERMINATING", target, what)];
  }
  const labels = inspectLabels(ports.catalog, request, current);
  if (namespaceUid === undefined || uid === namespaceUid) return labels;
  if (await isOfUnfinishedRepair(ports.registry, request, current)) return labels;
  return [finding("NAMESPACE_RECREATED", target, { field: "metadata.uid", expected: namespaceUid, found: uid })];
}
