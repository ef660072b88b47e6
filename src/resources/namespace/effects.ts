import { z } from "zod";
import type { Catalog, ClusterTarget } from "../../domain/catalog/catalog.ts";
import { findCluster } from "../../domain/catalog/clusters.ts";
import { PermanentError } from "../../domain/errors.ts";
import type { LeftOut } from "../../domain/export/exportScripts.ts";
import { type Finding, finding } from "../../domain/finding.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import { printMetadataMark } from "../../domain/naming/ownership.ts";
import { teamOf } from "../../domain/operation/lifecycle.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { toNotice, toOperationError } from "../../domain/operation/plan.ts";
import { checkSameNamespace, checkTeam } from "../../domain/policy/recheckRequest.ts";
import { AdoptionPolicy, DeletePolicy } from "../../domain/request/request.ts";
import { requestFields } from "../../domain/targets/index.ts";
import { DatabaseRequest } from "../../domain/targets/sqlDatabase.ts";
import type { KubernetesObject, Ports } from "../../ports.ts";
import type { InspectionInput } from "../definitions/inspection.ts";
import { noticeOfLeft, unlessDropped } from "../definitions/leftCatalog.ts";
import type { PreflightCheck } from "../definitions/look.ts";
import type { Contents, NamespacedObject } from "../definitions/namespacedObject.ts";
import { recordedMarks } from "../definitions/recordedMark.ts";
import type { PreflightInput, ResourceEffects } from "../definitions/resourceEffects.ts";
import { defineStep, RemovalInput, StepInput, StepResult } from "../definitions/step.ts";
import { bringObjects, refOf } from "../kubernetesObject/ensureObjects.ts";
import { inspectObject, remainsOf } from "../kubernetesObject/inspectObjects.ts";
import { thingOf } from "../kubernetesObject/knownMetadata.ts";
import { planObjectRemoval, planObjectRestoration, planObjects } from "../kubernetesObject/planObjects.ts";
import { type Leaving, removeObjects } from "../kubernetesObject/removeObjects.ts";
import { type Rewritten, restoreObjects } from "../kubernetesObject/restoreObjects.ts";
import { namespacedObjects } from "../namespacedObjects/index.ts";
import { findOwnAccounts, findSurplusAccounts } from "../serviceAccount/surplus.ts";
import { describeOccupants, isFree, type Occupants, occupantsOf } from "./dependants.ts";
import { type namespace, namespaceObject } from "./namespace.ts";
import { isOfUnfinishedRepair } from "./unfinishedRepair.ts";

/** The namespace, created if missing, and what Mooring puts into every namespace. */
export const applyNamespace = defineStep({
  name: "applyNamespace",
  input: StepInput.extend({ ...requestFields, adoptionPolicy: AdoptionPolicy }),
  output: StepResult.extend({ uid: z.string().exactOptional() }),
  target: berthKey,
  async run(input, ports, step) {
    const { catalog, kubernetes } = ports;
    const cluster = findCluster(catalog, input.cluster);
    const { objects, leftOut } = desiredObjects(catalog, input);
    const { action, uids } = await bringObjects(kubernetes, cluster, objects, {
      ...input,
      recordedMark: recordedMarks(ports, input),
      step,
    });
    if (leftOut.length > 0) await step.notice(leftOut.map(noticeOfLeftOut));
    const [uid] = uids;
    return { action, ...(uid === undefined ? {} : { uid }) };
  },
});

/**
 * Removes what Mooring put into it, and the namespace if Mooring created it, the request allows that, and nobody else has anything
 * in it; otherwise keeps it.
 */
export const removeNamespace = defineStep({
  name: "removeNamespace",
  input: RemovalInput.extend({
    deletePolicy: DeletePolicy,
    /** Since 0.2.0. For an offboarding: deletes it with what others have in it. */
    ignoreDependants: z.boolean().exactOptional(),
  }),
  output: StepResult,
  target: berthKey,
  async run(input, ports, step) {
    const cluster = findCluster(ports.catalog, input.cluster);
    const recordedMark = recordedMarks(ports, input);
    const mustStay = async () => {
      const news = newsOf(input, await occupantsOf(ports, input, recordedMark), input.ignoreDependants);
      // An earlier try may have found somebody who has left since.
      const isFirst = (await step.earlier()) === undefined;
      if (news || !isFirst) await step.notice(news ? [news] : []);
      return news?.code === kept;
    };
    const removal = { ...input, recordedMark, step };
    // An offboarding has removed those that the record knows: these came late, and would stay in a namespace that stays.
    const late = input.createdBy === undefined ? await findOwnAccounts(ports.kubernetes, cluster, input) : [];
    const refs = [...late.map(refOf), ...namespaceRefs(input, mustStay)];
    return { action: await removeObjects(ports.kubernetes, cluster, refs, removal) };
  },
});

/** Undoes what a change wrote into the objects in the namespace. */
export const restoreNamespace = defineStep({
  name: "restoreNamespace",
  input: RemovalInput.extend({ written: z.array(DatabaseRequest), before: z.array(DatabaseRequest) }),
  output: StepResult,
  target: berthKey,
  async run(input, { catalog, kubernetes }, step) {
    const cluster = findCluster(catalog, input.cluster);
    return { action: await restoreObjects(kubernetes, cluster, rewrittenContents(catalog, input), { ...input, step }) };
  },
});

interface Desired {
  readonly objects: readonly KubernetesObject[];
  /** What nobody can write any more, because the catalog has dropped a name that it needs: it stays as it is. */
  readonly leftOut: readonly LeftOut[];
}

function desiredObjects(catalog: Catalog, contents: Contents): Desired {
  const { objects, leftOut } = knownInside(catalog, contents);
  return { objects: [namespaceObject(contents), ...objects], leftOut };
}

function knownInside(catalog: Catalog, contents: Contents): Desired {
  const parts = namespacedObjects.map((each) =>
    unlessDropped(
      (): Desired => ({ objects: [objectInside(catalog, contents, each)], leftOut: [] }),
      ({ message: why }): Desired => ({ objects: [], leftOut: [{ what: `${each.kind} ${each.name}`, why }] }),
    ),
  );
  return {
    objects: parts.flatMap(({ objects }) => objects),
    leftOut: parts.flatMap(({ leftOut }) => leftOut),
  };
}

function objectInside(
  catalog: Catalog,
  contents: Contents,
  { apiVersion, kind, name, fields }: NamespacedObject,
): KubernetesObject {
  return { apiVersion, kind, metadata: { name, namespace: contents.namespace }, ...fields(catalog, contents) };
}

function noticeOfLeftOut({ what, why }: LeftOut): OperationError {
  return noticeOfLeft({ message: `${what} stays as it is. ${why}` });
}

const kept = "NAMESPACE_KEPT";

/** What to say of a namespace that would be deleted; undefined if nobody else has anything in it. */
function newsOf(berth: Berth, occupants: Occupants, isIgnored = false): OperationError | undefined {
  if (isFree(occupants)) return undefined;
  return isIgnored
    ? toOperationError("NAMESPACE_IN_USE", describeOccupants(berth, occupants, "is deleted with everything in it"))
    : toNotice(kept, describeOccupants(berth, occupants, "stays, without Mooring's mark"));
}

/** In the order of removal. */
function namespaceRefs(
  { namespace: name, deletePolicy }: Pick<Berth, "namespace"> & { deletePolicy: DeletePolicy },
  mustStay: () => Promise<boolean> = async () => false,
): readonly Leaving[] {
  const inside = namespacedObjects.map(({ apiVersion, kind, name: own }) => ({
    apiVersion,
    kind,
    name: own,
    namespace: name,
  }));
  return [...inside, { ...refOf(namespaceObject({ namespace: name })), isKept: deletePolicy === "Keep", mustStay }];
}

/** The objects in the namespace as a change writes them, and as they were before. */
function rewrittenContents(
  catalog: Catalog,
  { cluster, namespace: name, written, before }: Berth & { written: DatabaseRequest[]; before: DatabaseRequest[] },
): readonly Rewritten[] {
  const objects = (databases: DatabaseRequest[]) =>
    namespacedObjects.map((each) => objectInside(catalog, { cluster, namespace: name, databases }, each));
  const earlier = objects(before);
  return objects(written).flatMap((object, index) => {
    const was = earlier[index];
    return was ? [{ written: object, before: was }] : [];
  });
}

export const namespaceEffects: ResourceEffects<keyof typeof namespace.steps> = {
  looks: {
    async applyNamespace(ports, { kind, request, operation, step }) {
      const { catalog, kubernetes } = ports;
      const cluster = findCluster(catalog, request.cluster);
      const input = { ...request, kind, operation, recordedMark: recordedMarks(ports, request), step };
      const { objects, leftOut } = desiredObjects(catalog, request);
      const plan = await planObjects(kubernetes, cluster, objects, input);
      const notices = leftOut.map(noticeOfLeftOut);
      return notices.length > 0 ? { ...plan, notices: [...(plan.notices ?? []), ...notices] } : plan;
    },
    async removeNamespace(ports, { request, earlier, createdBy, step, ignoreDependants = false }) {
      const { cluster, namespace: name } = request;
      const target = findCluster(ports.catalog, cluster);
      // An undo deletes what its operation made, even if an offboarding would keep it.
      const deletePolicy = createdBy === undefined ? request.deletePolicy : "Delete";
      const recordedMark = recordedMarks(ports, request);
      const notices: OperationError[] = [];
      const mustStay = async () => {
        const news = newsOf(request, await occupantsOf(ports, request, recordedMark), ignoreDependants);
        if (news) notices.push(news);
        return news?.code === kept;
      };
      const surplus = createdBy === undefined ? await findSurplusAccounts(ports.kubernetes, target, request) : [];
      const late = surplus.filter(({ metadata }) => metadata.name !== earlier?.serviceAccount);
      const refs = [...late.map(refOf), ...namespaceRefs({ namespace: name, deletePolicy }, mustStay)];
      const input = { cluster, namespace: name, createdBy, recordedMark, step };
      const plan = await planObjectRemoval(ports.kubernetes, target, refs, input);
      return notices.length > 0 ? { ...plan, notices: [...(plan.notices ?? []), ...notices] } : plan;
    },
    async restoreNamespace({ catalog, kubernetes }, { request, earlier = request, step }) {
      const { cluster, namespace: name, databases: written } = request;
      const rewritten = rewrittenContents(catalog, { cluster, namespace: name, written, before: earlier.databases });
      const input = { cluster, namespace: name, step };
      return await planObjectRestoration(kubernetes, findCluster(catalog, cluster), rewritten, input);
    },
  },

  preflight,

  inspect(ports, input) {
    const { request } = input;
    const cluster = findCluster(ports.catalog, request.cluster);
    const target = `Namespace ${request.namespace}`;
    const { objects, leftOut } = knownInside(ports.catalog, request);
    return [
      { target, read: () => inspectBerth(ports, cluster, input) },
      ...objects.map((object) => ({
        target,
        read: () => inspectObject(ports.kubernetes, cluster, object, input.note),
      })),
      ...leftOut.map(({ what, why }) => ({
        target: what,
        read: async () => [finding("NOT_IN_CATALOG", what, { field: "content", expected: "comparable", found: why })],
      })),
    ];
  },

  remains(ports, request) {
    const cluster = findCluster(ports.catalog, request.cluster);
    const input = { berth: request, recordedMark: recordedMarks(ports, request) };
    return namespaceRefs(request).flatMap((ref) =>
      ref.isKept ? [] : [remainsOf(ports.kubernetes, cluster, { ref, ...input })],
    );
  },

  exported: (catalog, { request }) => desiredObjects(catalog, request),
};

function preflight(
  { catalog, kubernetes, registry }: Ports,
  { request, cluster, takeOver }: PreflightInput,
): readonly PreflightCheck[] {
  const reading = Promise.all([
    registry.getNamespace(request),
    kubernetes.get(cluster, refOf(namespaceObject(request))),
  ]);
  reading.catch(() => undefined); // Each check below reports the failure; this avoids an unhandled rejection until then.
  const check = (look: (found: Awaited<typeof reading>) => void): PreflightCheck => ({
    about: "namespace",
    look: async () => void look(await reading),
  });
  return [
    check(([record]) => {
      if (record && !takeOver) checkTeam(catalog, { team: teamOf(record) }, request);
    }),
    check(([record, found]) => {
      const uids = { onboarded: record?.namespaceUid, current: found?.metadata.uid };
      if (!takeOver) checkSameNamespace(request, uids);
    }),
    check(([, found]) => {
      if (found?.metadata.deletionTimestamp === undefined) return;
      throw new PermanentError("NAMESPACE_TERMINATING", `Namespace ${berthKey(request)} is being deleted.`);
    }),
  ];
}

async function inspectBerth(
  ports: Pick<Ports, "kubernetes" | "registry">,
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
  if (namespaceUid === undefined || uid === namespaceUid) return [];
  if (await isOfUnfinishedRepair(ports.registry, request, current)) return [];
  return [finding("NAMESPACE_RECREATED", target, { field: "metadata.uid", expected: namespaceUid, found: uid })];
}
