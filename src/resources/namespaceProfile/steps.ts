/** How a profile is brought about, removed and restored: objects of the cluster and, where Azure manages the namespace, what it holds. */

import { z } from "zod";
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { findCluster } from "../../domain/catalog/clusters.ts";
import { defined } from "../../domain/defined.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import { strongest } from "../../domain/operation/actions.ts";
import type { StepAction } from "../../domain/operation/operation.ts";
import { type StepPlan, throwConflict } from "../../domain/operation/plan.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import { type ManagedFields, managedFields, noFields } from "../../domain/profiles/managed.ts";
import { findProfile } from "../../domain/profiles/profile.ts";
import type { Ports } from "../../ports/index.ts";
import type { ObjectRef } from "../../ports/kubernetes.ts";
import { leave } from "../definitions/leftCatalog.ts";
import { earlierOf } from "../definitions/operationFacts.ts";
import { recordedMarks } from "../definitions/recordedMark.ts";
import { defineStep, type StepContext } from "../definitions/step.ts";
import { ensureObjects } from "../kubernetesObject/ensureObjects.ts";
import { planObjectRemoval, planObjectRestoration, planObjects } from "../kubernetesObject/planObjects.ts";
import { removeObjects } from "../kubernetesObject/removeObjects.ts";
import { restoreObjects } from "../kubernetesObject/restoreObjects.ts";
import { applied, describe, perhaps, profile, profileOf, type Replaced, rewrittenObjects } from "./given.ts";
import { announcing, withManaged, writeManaged } from "./inBothPlaces.ts";
import { decideProfile, decideRestoration, decideReturn, findManaged } from "./managedNamespace.ts";
import { type Profiled, profileObjects, profileRefs, surplusRefs } from "./objects.ts";

export const applyProfile = defineStep({
  name: "applyProfile",
  stage: "connect",
  target: "namespace",
  undo: { by: "removeProfile", ofChange: "restoreProfile" },
  given: applied,
  from: ({ request, modeBeside }) => ({
    ...profileOf(request),
    // A repair must not close what the other mode needs.
    ...defined({ otherMode: modeBeside }),
    adoptionPolicy: request.adoptionPolicy,
  }),
  async look(ports, input, planning) {
    const { cluster, managed, isManaged } = await placesOf(ports, input);
    const objects = profileObjects(ports.catalog, { ...input, isManaged });
    const { kind, step } = planning;
    const how = { ...input, kind, recordedMark: recordedMarks(ports, input, planning), step };
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
    return { action: strongest([action, await writeManaged(ports, managed, decision, announced.and(action))]) };
  },
  whenDropped: leave,
});

/** Removes all that any profile may have given. */
export const removeProfile = defineStep({
  name: "removeProfile",
  target: "namespace",
  given: {},
  from: () => ({}),
  look: (ports, input, { step }) => planRemoval(ports, input, { refs: profileRefs(input), step }),
  run: (input, ports, step) => removeGiven(ports, input, { refs: profileRefs(input), step }),
  whenDropped: leave,
});

/** At the end of a change: removes what the new profile does not give. */
export const retireProfile = defineStep({
  name: "retireProfile",
  stage: "replace",
  target: "namespace",
  given: perhaps,
  from: ({ request }) => describe(request),
  look: (ports, input, { step }) => planRemoval(ports, input, { ...surplusOf(ports.catalog, input), step }),
  run: (input, ports, step) => removeGiven(ports, input, { ...surplusOf(ports.catalog, input), step }),
  whenDropped: leave,
});

interface Removal {
  readonly refs: readonly ObjectRef[];
  /** The same where Azure manages the namespace, and has a part of the profile. */
  readonly besideAzure?: readonly ObjectRef[];
  /** What the managed namespace keeps of a profile; nothing by default. */
  readonly kept?: ManagedFields;
}

/** What a namespace may have of a profile, and should not have by that of the request. */
export function surplusOf(
  catalog: Catalog,
  input: Omit<Profiled, "namespaceProfile"> & { readonly namespaceProfile?: string | undefined },
): Removal {
  const { namespaceProfile } = input;
  return {
    refs: surplusRefs(catalog, { ...input, isManaged: false }),
    besideAzure: surplusRefs(catalog, { ...input, isManaged: true }),
    kept: namespaceProfile === undefined ? noFields : fieldsOf(catalog, { namespaceProfile }),
  };
}

export async function planRemoval(
  ports: Ports,
  input: NamespaceRef & { readonly createdBy?: string | undefined },
  { refs, besideAzure = refs, kept, step }: Removal & { readonly step: StepKey },
): Promise<StepPlan> {
  const { cluster, managed } = await placesOf(ports, input);
  const how = { ...input, recordedMark: recordedMarks(ports, input), step };
  const plan = await planObjectRemoval(ports.kubernetes, cluster, managed ? besideAzure : refs, how);
  return managed
    ? withManaged(plan, decideReturn(managed, { ...input, ...defined({ wanted: kept }) }), "before")
    : plan;
}

export async function removeGiven(
  ports: Ports,
  input: NamespaceRef & { readonly createdBy?: string | undefined },
  { refs, besideAzure = refs, kept, step }: Removal & { readonly step: Pick<StepContext, "willDo"> },
): Promise<{ action: StepAction }> {
  const { cluster, managed } = await placesOf(ports, input);
  const announced = announcing(step);
  const decision = managed && decideReturn(managed, { ...input, ...defined({ wanted: kept }) });
  const returned = managed && decision ? await writeManaged(ports, managed, decision, announced) : "none";
  const how = { ...input, recordedMark: recordedMarks(ports, input), step: announced.and(returned) };
  const removed = await removeObjects(ports.kubernetes, cluster, managed ? besideAzure : refs, how);
  return { action: strongest([returned, removed]) };
}

/** Undoes what a change wrote into objects that the earlier profile gave, too. */
export const restoreProfile = defineStep({
  name: "restoreProfile",
  target: "namespace",
  given: { written: z.object(profile), before: z.object(perhaps) },
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
    const how = { ...input, step: announced.and(returned) };
    return { action: strongest([returned, await restoreObjects(ports.kubernetes, cluster, rewritten, how)]) };
  },
});

/** The cluster, and the managed namespace if the profile goes there, too. */
async function placesOf(ports: Pick<Ports, "catalog" | "managedNamespaces">, input: NamespaceRef) {
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
