/** How the namespace is made, removed and restored, with what Mooring puts into it. */

import { z } from "zod";
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { findCluster } from "../../domain/catalog/clusters.ts";
import { defined } from "../../domain/defined.ts";
import { PermanentError } from "../../domain/errors.ts";
import type { LeftOut } from "../../domain/export/exportScripts.ts";
import { type IdentityUser, type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { type StepPlan, toNotice, toOperationError } from "../../domain/operation/plan.ts";
import { AdoptionPolicy, DeletePolicy, type OnboardingRequest } from "../../domain/request/request.ts";
import { requestFields, type Targets, targetsOf } from "../../domain/targets/index.ts";
import { TargetRequest } from "../../domain/targets/namedTarget.ts";
import { DatabaseRequest } from "../../domain/targets/sqlDatabase.ts";
import type { Ports } from "../../ports/index.ts";
import type { KubernetesObject } from "../../ports/kubernetes.ts";
import { leave, noticeOfLeft } from "../definitions/leftCatalog.ts";
import { earlierOf } from "../definitions/operationFacts.ts";
import { recordedMarks } from "../definitions/recordedMark.ts";
import {
  defineStep,
  type Given,
  isUndo,
  type Planning,
  type StepContext,
  type StepInput,
  StepResult,
  userOf,
} from "../definitions/step.ts";
import { bringObjects, refOf } from "../kubernetesObject/ensureObjects.ts";
import { isObject } from "../kubernetesObject/knownMetadata.ts";
import { planObjectRemoval, planObjectRestoration, planObjects } from "../kubernetesObject/planObjects.ts";
import { removeObjects } from "../kubernetesObject/removeObjects.ts";
import { type Rewritten, restoreObjects } from "../kubernetesObject/restoreObjects.ts";
import { namespacedObjects } from "../namespacedObjects/index.ts";
import { removeServiceAccount, retireServiceAccount } from "../serviceAccount/steps.ts";
import { findOwnAccounts } from "../serviceAccount/surplus.ts";
import { asGiven, withRemembered } from "../target/findPlaces.ts";
import { desiredObjects, keeps, namespaceRefs, objectInside, withoutDropped } from "./contents.ts";
import { describeOccupants, isFree, type Occupants, occupantsOf } from "./dependants.ts";
import { noticeOfMainDatabase } from "./mainDatabase.ts";
import { namespaceObject } from "./namespace.ts";
import { decideLabels, wantedLabels } from "./podSecurity.ts";
import { removeCounter } from "./secrets.ts";
import {
  describeHeld,
  describeTerminating,
  goOnWaiting,
  isHeldFor,
  nameWhatIsLeft,
  nextLook,
  toldIn,
} from "./terminating.ts";

const profile = { namespaceProfile: z.string().exactOptional() };

function profileOf({ namespaceProfile }: OnboardingRequest): Given<typeof profile> {
  return defined({ namespaceProfile });
}

/** The namespace, created if missing, and what Mooring puts into every namespace. */
export const applyNamespace = defineStep({
  name: "applyNamespace",
  stage: "prepare",
  target: "namespace",
  undo: { by: "removeNamespace", ofChange: "restoreNamespace" },
  given: { ...requestFields, ...profile, adoptionPolicy: AdoptionPolicy },
  output: StepResult.extend({ uid: z.string().exactOptional() }),
  from: ({ request }) => ({
    ...targetsOf(request),
    ...profileOf(request),
    adoptionPolicy: request.adoptionPolicy,
  }),
  async look(ports, input, planning) {
    const cluster = findCluster(ports.catalog, input.cluster);
    const { labels, notices } = await decideLabels(ports, cluster, input);
    const { objects, leftOut } = desiredObjects(await asGiven(ports, input), input, labels);
    const { kind, step } = planning;
    const ensuring = { ...input, kind, recordedMark: recordedMarks(ports, input, planning), step };
    const plan = await planObjects(ports.kubernetes, cluster, objects, ensuring);
    // A repair leads them back to where they were.
    const about = { namespace: input.namespace, plan };
    const main = kind === "repair" ? [] : await noticeOfMainDatabase(ports.kubernetes, cluster, about);
    return withNotices(plan, [...notices, ...leftOut.map(noticeOfLeftOut), ...main]);
  },
  async run(input, ports, step) {
    const { catalog, kubernetes } = ports;
    const cluster = findCluster(catalog, input.cluster);
    const { labels, notices } = await decideLabels(ports, cluster, input);
    const { objects, leftOut } = desiredObjects(await asGiven(ports, input), input, labels);
    const { action, uids } = await bringObjects(kubernetes, cluster, objects, {
      ...input,
      recordedMark: recordedMarks(ports, input),
      step,
    });
    const news = [...notices, ...leftOut.map(noticeOfLeftOut)];
    if (news.length > 0) await step.notice(news);
    const [uid] = uids;
    return { action, ...defined({ uid }) };
  },
});

const removal = {
  deletePolicy: DeletePolicy,
  /** Since 0.2.0. For an offboarding: deletes it with what others have in it. */
  ignoreDependants: z.boolean().exactOptional(),
};

/**
 * Removes what Mooring put into it, and the namespace if Mooring created it, the request allows that, and nobody else has anything
 * in it; otherwise keeps it.
 */
export const removeNamespace = defineStep({
  name: "removeNamespace",
  target: "namespace",
  given: removal,
  // An undo deletes what its operation made, even if an offboarding would keep it.
  from: ({ request, createdBy, ignoreDependants }) =>
    defined({
      deletePolicy: createdBy === undefined ? request.deletePolicy : "Delete",
      ignoreDependants: ignoreDependants || undefined,
    }),
  async look(ports, input, planning) {
    const cluster = findCluster(ports.catalog, input.cluster);
    const { step } = planning;
    const recordedMark = recordedMarks(ports, input);
    const notices: OperationError[] = [];
    const mustStay = async () => {
      // That takes a list of each kind, and nothing found now would count in the end.
      if (planning.hasBegun) return false;
      const found = await occupantsOf(ports, input, { recordedMark, mayWrite: false });
      const news = newsOf(input, found, input.ignoreDependants);
      notices.push(news ?? uncountedIn(input));
      return news?.code === kept;
    };
    const found = isUndo(input) ? [] : await findOwnAccounts(ports.kubernetes, cluster, input);
    const late = found.filter(({ metadata }) => !removedBefore(planning).includes(metadata.name));
    const refs = [...late.map(refOf), ...namespaceRefs(input, mustStay)];
    return withNotices(
      await planObjectRemoval(ports.kubernetes, cluster, refs, { ...input, recordedMark, step }),
      notices,
    );
  },
  async run(input, ports, step) {
    return await goOnWaiting(input.retry, step, async () => await remove(input, ports, step));
  },
  whenDropped: leave,
  isAbout: isObject,
});

async function remove(input: StepInput & Given<typeof removal>, ports: Ports, step: StepContext) {
  const cluster = findCluster(ports.catalog, input.cluster);
  const before = await step.earlier();
  const look = () => ports.kubernetes.get(cluster, refOf(namespaceObject(input)));
  // Deleted before, and waited for: with it goes what is in it.
  const isDeleted = before?.action === "delete" && toldIn(before) !== undefined;
  const waitedFor = isDeleted ? await look() : undefined;
  if (isDeleted && !waitedFor) return { action: "none" as const };
  const isGoing = waitedFor?.metadata.deletionTimestamp !== undefined;
  const recordedMark = recordedMarks(ports, input);
  const mustStay = async () => {
    const mayWrite = input.ignoreDependants !== true;
    const news = newsOf(input, await occupantsOf(ports, input, { recordedMark, mayWrite }), input.ignoreDependants);
    // An earlier try may have found somebody who has left since.
    if (news || before) await step.notice(news ? [news] : []);
    return news?.code === kept;
  };
  const removing = { ...input, recordedMark, step };
  // An offboarding has removed those that the record knows: these came late, and would stay in a namespace that stays.
  const late = input.createdBy !== undefined || isGoing ? [] : await findOwnAccounts(ports.kubernetes, cluster, input);
  const refs = [...late.map(refOf), ...namespaceRefs(input, mustStay)];
  const held: KubernetesObject[] = [];
  const onHeld = (object: KubernetesObject) => void held.push(object);
  const action = isGoing
    ? ("delete" as const)
    : await removeObjects(ports.kubernetes, cluster, refs, { ...removing, onHeld });
  if (keeps[input.deletePolicy]) await removeCounter(ports.kubernetes, cluster, input.namespace);
  // One that others delete is not waited for; in one that stays, what Mooring put into it is.
  const isWaited = (input.retry.namespaceDeletionMs ?? 0) > 0;
  if (!isWaited) return { action };
  const namespace = isGoing || action !== "delete" ? waitedFor : await look();
  const going = action === "delete" ? describeTerminating(input, namespace) : describeHeld(held);
  if (going === undefined) return { action };
  const waitsUntil = await nextLook(input.retry, step);
  const earlier = await step.earlier();
  const isDue = waitsUntil === undefined || isHeldFor(earlier);
  const named = namespace && (await nameWhatIsLeft(ports, cluster, namespace, { told: toldIn(earlier), isDue }));
  const told = going + (named ?? "");
  if (waitsUntil === undefined) throw new PermanentError("NAMESPACE_HELD", told);
  await step.notice([toNotice("NAMESPACE_GOING", told)]);
  return { action, waitsUntil };
}

/** The service accounts that the same plan removes by steps of their own. */
function removedBefore({ beside = [], ...operation }: Planning): readonly string[] {
  return [removeServiceAccount, retireServiceAccount]
    .filter(({ name }) => beside.some((step) => step.name === name))
    .map(({ from }) => from(operation, "").serviceAccount);
}

/** Undoes what a change wrote into the objects in the namespace. */
export const restoreNamespace = defineStep({
  name: "restoreNamespace",
  target: "namespace",
  given: {
    written: z.array(DatabaseRequest),
    before: z.array(DatabaseRequest),
    /** Since 0.2.0; absent where there is none. */
    writtenTargets: z.array(TargetRequest).exactOptional(),
    targetsBefore: z.array(TargetRequest).exactOptional(),
    /** Since 0.2.0. Absent if neither request names one. */
    profiles: z.object({ written: z.object(profile), before: z.object(profile) }).exactOptional(),
  },
  from: (operation) => {
    const [request, earlier] = [operation.request, earlierOf(operation)];
    const profiles = { written: profileOf(request), before: profileOf(earlier) };
    const hasProfile = [request, earlier].some(({ namespaceProfile }) => namespaceProfile !== undefined);
    return {
      ...{ written: request.databases, before: earlier.databases },
      ...defined({ writtenTargets: request.targets, targetsBefore: earlier.targets }),
      ...(hasProfile ? { profiles } : {}),
    };
  },
  async look(ports, input, { step }) {
    const { kubernetes } = ports;
    const cluster = findCluster(ports.catalog, input.cluster);
    const { rewritten, notices } = rewrittenContents(await withRemembered(ports, input), input);
    return withNotices(await planObjectRestoration(kubernetes, cluster, rewritten, { ...input, step }), notices);
  },
  async run(input, ports, step) {
    const { kubernetes } = ports;
    const cluster = findCluster(ports.catalog, input.cluster);
    const { rewritten, notices } = rewrittenContents(await withRemembered(ports, input), input);
    if (notices.length > 0) await step.notice(notices);
    return { action: await restoreObjects(kubernetes, cluster, rewritten, { ...input, step }) };
  },
});

function noticeOfLeftOut({ what, why }: LeftOut): OperationError {
  return noticeOfLeft({ message: `${what} stays as it is. ${why}` });
}

function withNotices(plan: StepPlan, notices: readonly OperationError[]): StepPlan {
  return notices.length > 0 ? { ...plan, notices: [...(plan.notices ?? []), ...notices] } : plan;
}

const kept = "NAMESPACE_KEPT";

/** What to say of a namespace that would be deleted; undefined if nobody else has anything in it. */
function newsOf(namespaceRef: NamespaceRef, occupants: Occupants, isIgnored = false): OperationError | undefined {
  if (isFree(occupants)) return undefined;
  return isIgnored
    ? toOperationError(
        "NAMESPACE_IN_USE",
        describeOccupants(namespaceRef, occupants, "is deleted with everything in it"),
      )
    : toNotice(kept, describeOccupants(namespaceRef, occupants, "stays, without Mooring's mark"));
}

function uncountedIn(namespaceRef: NamespaceRef): OperationError {
  return toNotice(
    "SECRETS_UNCOUNTED",
    `Namespace ${namespaceKey(namespaceRef)} stays if it has Secrets: they are counted when it would go.`,
  );
}

interface Change extends IdentityUser {
  readonly written: DatabaseRequest[];
  readonly before: DatabaseRequest[];
  readonly writtenTargets?: TargetRequest[] | undefined;
  readonly targetsBefore?: TargetRequest[] | undefined;
  readonly profiles?: { readonly written: Given<typeof profile>; readonly before: Given<typeof profile> } | undefined;
}

/** The namespace's labels, and the objects in it, as a change writes them, and as they were before. */
function rewrittenContents(
  catalog: Catalog,
  { written, before, writtenTargets, targetsBefore, profiles, ...input }: Change,
): { readonly rewritten: readonly Rewritten[]; readonly notices: readonly OperationError[] } {
  const known = (targets: Targets) => withoutDropped(catalog, { ...userOf(input), ...targets });
  const now = known({ databases: written, ...defined({ targets: writtenTargets }) });
  const earlier = known({ databases: before, ...defined({ targets: targetsBefore }) });
  const inside = namespacedObjects.map((each) => ({
    written: objectInside(catalog, now.contents, each),
    before: objectInside(catalog, earlier.contents, each),
  }));
  return {
    rewritten: [...rewrittenLabels(catalog, input.namespace, profiles), ...inside],
    notices: earlier.dropped.map(({ what, why }) => noticeOfLeft({ message: `${why} ${what} no longer names it.` })),
  };
}

function rewrittenLabels(
  catalog: Catalog,
  namespace: string,
  { written = {}, before = {} }: NonNullable<Change["profiles"]> | Record<string, never> = {},
): readonly Rewritten[] {
  const [labels, were] = [wantedLabels(catalog, written), wantedLabels(catalog, before)];
  // Where the catalog has dropped a profile, nobody knows what to restore.
  if (!labels || !were || JSON.stringify(labels) === JSON.stringify(were)) return [];
  return [{ written: namespaceObject({ namespace }, labels), before: namespaceObject({ namespace }, were) }];
}
