/** How a profile is brought about, removed and restored: objects of the cluster and, where Azure manages the namespace, what it holds. */
import { z } from "zod";
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { findCluster } from "../../domain/catalog/clusters.ts";
import { defined } from "../../domain/defined.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import { modeLeft, targetOf, usuallyLeft } from "../../domain/operation/migration.ts";
import type { StepAction } from "../../domain/operation/operation.ts";
import { type StepPlan, throwConflict } from "../../domain/operation/plan.ts";
import type { StepKey, StepName } from "../../domain/operation/stepName.ts";
import { type ManagedFields, managedFields, noFields } from "../../domain/profiles/managed.ts";
import { findProfile } from "../../domain/profiles/profile.ts";
import { AdoptionPolicy, IdentityMode, type OnboardingRequest } from "../../domain/request/request.ts";
import { requestFields, targetsOf } from "../../domain/targets/index.ts";
import type { Ports } from "../../ports/index.ts";
import type { ObjectRef } from "../../ports/kubernetes.ts";
import { leave } from "../definitions/leftCatalog.ts";
import { earlierOf, migrationOf, type OperationFacts } from "../definitions/operationFacts.ts";
import { recordedMarks } from "../definitions/recordedMark.ts";
import {
  defineStep,
  type Given,
  type Looking,
  type Planning,
  type StepContext,
  type StepInput,
  StepResult,
} from "../definitions/step.ts";
import { ensureObjects, strongest } from "../kubernetesObject/ensureObjects.ts";
import { ensuring } from "../kubernetesObject/objectSteps.ts";
import { planObjectRemoval, planObjectRestoration, planObjects } from "../kubernetesObject/planObjects.ts";
import { removeObjects } from "../kubernetesObject/removeObjects.ts";
import { type Rewritten, restoreObjects } from "../kubernetesObject/restoreObjects.ts";
import { announcing, withManaged, writeManaged } from "./inBothPlaces.ts";
import { decideProfile, decideRestoration, decideReturn, findManaged } from "./managedNamespace.ts";
import { isPolicy, type Profiled, profileObjects, profilePolicies, profileRefs, surplusRefs } from "./objects.ts";

/** All that its objects depend on: the network policy opens what the request names, and where pods of its modes get their tokens. */
const described = {
  ...requestFields,
  identityMode: IdentityMode,
  /** Since 0.2.0. */
  otherMode: IdentityMode.optional(),
};
const profile = { ...described, namespaceProfile: z.string() };
const perhaps = { ...described, namespaceProfile: z.string().exactOptional() };

function describe(request: OnboardingRequest): Given<typeof perhaps> {
  const { identityMode, namespaceProfile } = request;
  return { ...targetsOf(request), identityMode, ...(namespaceProfile === undefined ? {} : { namespaceProfile }) };
}

function profileOf(request: OnboardingRequest): Given<typeof profile> {
  const { namespaceProfile, ...rest } = describe(request);
  if (namespaceProfile === undefined) throw new Error("the request names no profile");
  return { ...rest, namespaceProfile };
}

const applied = { ...profile, adoptionPolicy: AdoptionPolicy };

export const applyProfile = defineStep({
  name: "applyProfile",
  stage: "connect",
  target: "namespace",
  undo: { by: "removeProfile", ofChange: "restoreProfile" },
  given: applied,
  output: StepResult,
  from: ({ request, isMigrating, otherMode }) => ({
    ...profileOf(request),
    // A repair must not close what the other mode needs.
    ...(isMigrating ? { otherMode: otherMode ?? usuallyLeft[request.identityMode] } : {}),
    adoptionPolicy: request.adoptionPolicy,
  }),
  async look(ports, input, { kind, step }) {
    const { cluster, managed, isManaged } = await placesOf(ports, input);
    const objects = profileObjects(ports.catalog, { ...input, isManaged });
    const how = { ...input, kind, recordedMark: recordedMarks(ports, input), step };
    const plan = await planObjects(ports.kubernetes, cluster, objects, how);
    return managed ? withManaged(plan, decideProfile(managed, fieldsOf(ports.catalog, input), input), "after") : plan;
  },
  async run(input, ports, step) {
    const { cluster, managed, isManaged } = await placesOf(ports, input);
    const objects = profileObjects(ports.catalog, { ...input, isManaged });
    const decision = managed && decideProfile(managed, fieldsOf(ports.catalog, input), input);
    throwConflict(decision?.conflict);
    const announced = announcing(step);
    const how = { ...input, recordedMark: recordedMarks(ports, input), step: announced };
    // What the policy in the cluster opens is open before Azure closes everything else.
    const action = await ensureObjects(ports.kubernetes, cluster, objects, how);
    if (!managed || !decision) return { action };
    return { action: strongest([action, await writeManaged(ports, managed, decision, announced.and())]) };
  },
  whenDropped: leave,
});

/** Removes all that any profile may have given. */
export const removeProfile = defineStep({
  name: "removeProfile",
  target: "namespace",
  given: {},
  output: StepResult,
  from: () => ({}),
  look: (ports, input, { step }) => planTakingAway(ports, input, { refs: profileRefs(input), step }),
  run: async (input, ports, step) => await takeAway(ports, input, { refs: profileRefs(input), step }),
  whenDropped: leave,
});

/** At the end of a change: removes what the new profile does not give. */
export const retireProfile = defineStep({
  name: "retireProfile",
  stage: "replace",
  target: "namespace",
  given: perhaps,
  output: StepResult,
  from: ({ request }) => describe(request),
  look: async (ports, input, { step }) =>
    await planTakingAway(ports, input, { ...(await surplusOf(ports, input)), step }),
  run: async (input, ports, step) => await takeAway(ports, input, { ...(await surplusOf(ports, input)), step }),
  whenDropped: leave,
});

interface TakenAway {
  readonly refs: readonly ObjectRef[];
  /** What the managed namespace keeps of a profile; nothing by default. */
  readonly kept?: ManagedFields;
}

/** What a namespace has of a profile, and should not have by that of the request. */
export async function surplusOf(
  ports: Pick<Ports, "catalog" | "managedNamespaces">,
  input: Omit<Profiled, "namespaceProfile"> & { readonly namespaceProfile?: string | undefined },
): Promise<TakenAway> {
  const { isManaged } = await placesOf(ports, input);
  const { namespaceProfile } = input;
  const kept = namespaceProfile === undefined ? noFields : fieldsOf(ports.catalog, { namespaceProfile });
  return { refs: surplusRefs(ports.catalog, { ...input, isManaged }), kept };
}

export async function planTakingAway(
  ports: Ports,
  input: Berth & { readonly createdBy?: string | undefined },
  { refs, kept, step }: TakenAway & { readonly step: StepKey },
): Promise<StepPlan> {
  const { cluster, managed } = await placesOf(ports, input);
  const how = { ...input, recordedMark: recordedMarks(ports, input), step };
  const plan = await planObjectRemoval(ports.kubernetes, cluster, refs, how);
  return managed
    ? withManaged(plan, decideReturn(managed, { ...input, ...defined({ wanted: kept }) }), "before")
    : plan;
}

export async function takeAway(
  ports: Ports,
  input: Berth & { readonly createdBy?: string | undefined },
  { refs, kept, step }: TakenAway & { readonly step: Pick<StepContext, "willDo"> },
): Promise<{ action: StepAction }> {
  const { cluster, managed } = await placesOf(ports, input);
  const announced = announcing(step);
  const decision = managed && decideReturn(managed, { ...input, ...defined({ wanted: kept }) });
  const returned = managed && decision ? await writeManaged(ports, managed, decision, announced) : "none";
  const how = { ...input, recordedMark: recordedMarks(ports, input), step: announced.and() };
  return { action: strongest([returned, await removeObjects(ports.kubernetes, cluster, refs, how)]) };
}

/** Undoes what a change wrote into objects that the earlier profile gave, too. */
export const restoreProfile = defineStep({
  name: "restoreProfile",
  target: "namespace",
  given: { written: z.object(profile), before: z.object(perhaps) },
  output: StepResult,
  from: (operation) => ({ written: profileOf(operation.request), before: describe(earlierOf(operation)) }),
  async look(ports, input, { step }) {
    const { cluster, managed, isManaged } = await placesOf(ports, input);
    const rewritten = rewrittenObjects(ports.catalog, { ...input, isManaged });
    const plan = await planObjectRestoration(ports.kubernetes, cluster, rewritten, { ...input, step });
    return managed
      ? withManaged(plan, decideRestoration(managed, replacedFields(ports.catalog, input)), "before")
      : plan;
  },
  async run(input, ports, step) {
    const { cluster, managed, isManaged } = await placesOf(ports, input);
    const announced = announcing(step);
    const decision = managed && decideRestoration(managed, replacedFields(ports.catalog, input));
    const returned = managed && decision ? await writeManaged(ports, managed, decision, announced) : "none";
    const rewritten = rewrittenObjects(ports.catalog, { ...input, isManaged });
    const how = { ...input, step: announced.and() };
    return { action: strongest([returned, await restoreObjects(ports.kubernetes, cluster, rewritten, how)]) };
  },
});

/** The cluster, and the managed namespace if the profile goes there, too. */
async function placesOf(ports: Pick<Ports, "catalog" | "managedNamespaces">, input: Berth) {
  const cluster = findCluster(ports.catalog, input.cluster);
  const managed = await findManaged(ports, cluster, input);
  return { cluster, managed, isManaged: managed !== undefined };
}

function fieldsOf(catalog: Catalog, { namespaceProfile }: { readonly namespaceProfile: string }): ManagedFields {
  return managedFields(findProfile(catalog, namespaceProfile));
}

function replacedFields(catalog: Catalog, { written, before, ...input }: Replaced) {
  const { namespaceProfile } = before;
  return {
    ...input,
    written: fieldsOf(catalog, written),
    before: namespaceProfile === undefined ? noFields : fieldsOf(catalog, { namespaceProfile }),
  };
}

/** The policies of a namespace that migrates, one after the other. */
function policiesOf(operation: OperationFacts) {
  const migration = migrationOf(operation);
  const profile = profileOf(operation.request);
  const [left, next] = [modeLeft(migration), targetOf(migration)];
  return {
    before: { ...profile, identityMode: left },
    both: { ...profile, identityMode: left, otherMode: next },
    after: { ...profile, identityMode: next },
  };
}

const onNamespace = { target: "namespace", output: StepResult } as const;
const policy = ensuring<Given<typeof applied>>((catalog, input) => profilePolicies(catalog, input));

/** Before a migration puts the new mode beside the other: pods of both get their tokens. */
export const openNetwork = defineStep({
  name: "openNetwork",
  ...onNamespace,
  undo: { by: "recloseNetwork" },
  given: applied,
  from: (operation) => ({ ...policiesOf(operation).both, adoptionPolicy: operation.request.adoptionPolicy }),
  ...policy,
  whenDropped: leave,
});

/** When the mode that was left has gone. */
export const closeNetwork = defineStep({
  name: "closeNetwork",
  ...onNamespace,
  undo: { by: "reopenNetwork" },
  given: applied,
  from: (operation) => ({ ...policiesOf(operation).after, adoptionPolicy: operation.request.adoptionPolicy }),
  ...policy,
  whenDropped: leave,
});

const rewritten = { written: z.object(profile), before: z.object(profile) };

/** Undoes what the step of this operation wrote; what an earlier phase wrote in another operation stays. */
function restoring(name: "openNetwork" | "closeNetwork") {
  const isOwn = async ({ registry }: Pick<Ports, "registry">, { createdBy, ...berth }: Looking) => {
    const step = createdBy === undefined ? undefined : await registry.getStep(createdBy, targetedAt(berth, name));
    return step?.action === "update" || step?.action === "create";
  };
  return {
    async look(ports: Ports, input: Looking & Given<typeof rewritten>, { step }: Pick<Planning, "step">) {
      const cluster = findCluster(ports.catalog, input.cluster);
      const objects = (await isOwn(ports, input)) ? rewrittenObjects(ports.catalog, input).filter(isOfPolicy) : [];
      return await planObjectRestoration(ports.kubernetes, cluster, objects, { ...input, step });
    },
    async run(input: StepInput & Given<typeof rewritten>, ports: Ports, step: StepContext) {
      const cluster = findCluster(ports.catalog, input.cluster);
      const objects = (await isOwn(ports, input)) ? rewrittenObjects(ports.catalog, input).filter(isOfPolicy) : [];
      return { action: await restoreObjects(ports.kubernetes, cluster, objects, { ...input, step }) };
    },
  };
}

function targetedAt(berth: Berth, name: StepName): StepKey {
  return { name, target: berthKey(berth) };
}

function isOfPolicy({ written }: Rewritten): boolean {
  return isPolicy(written);
}

export const recloseNetwork = defineStep({
  name: "recloseNetwork",
  ...onNamespace,
  given: rewritten,
  from(operation) {
    const { before, both } = policiesOf(operation);
    return { written: both, before };
  },
  ...restoring("openNetwork"),
  whenDropped: leave,
});

export const reopenNetwork = defineStep({
  name: "reopenNetwork",
  ...onNamespace,
  given: rewritten,
  from(operation) {
    const { both, after } = policiesOf(operation);
    return { written: after, before: both };
  },
  ...restoring("closeNetwork"),
  whenDropped: leave,
});

interface Replaced extends Berth {
  readonly written: Given<typeof profile>;
  readonly before: Given<typeof perhaps>;
  readonly createdBy?: string | undefined;
}

function rewrittenObjects(
  catalog: Catalog,
  {
    cluster,
    namespace,
    written,
    before: { namespaceProfile, ...before },
    isManaged = false,
  }: Replaced & { readonly isManaged?: boolean },
): readonly Rewritten[] {
  if (namespaceProfile === undefined) return [];
  const berth = { cluster, namespace, isManaged };
  const earlier = profileObjects(catalog, { ...berth, ...before, namespaceProfile });
  return profileObjects(catalog, { ...berth, ...written }).flatMap((object) => {
    const was = earlier.find(({ kind }) => kind === object.kind);
    return was ? [{ written: object, before: was }] : [];
  });
}
