/** How the objects of a profile are made, removed and restored. */
import { z } from "zod";
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { findCluster } from "../../domain/catalog/clusters.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import { modeLeft, targetOf, usuallyLeft } from "../../domain/operation/migration.ts";
import type { StepKey, StepName } from "../../domain/operation/stepName.ts";
import { AdoptionPolicy, IdentityMode, type OnboardingRequest } from "../../domain/request/request.ts";
import { requestFields, targetsOf } from "../../domain/targets/index.ts";
import type { Ports } from "../../ports/index.ts";
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
import { ensuring, removing } from "../kubernetesObject/objectSteps.ts";
import { planObjectRemoval, planObjectRestoration } from "../kubernetesObject/planObjects.ts";
import { removeObjects } from "../kubernetesObject/removeObjects.ts";
import { type Rewritten, restoreObjects } from "../kubernetesObject/restoreObjects.ts";
import { isPolicy, profileObjects, profilePolicies, profileRefs, surplusRefs } from "./objects.ts";

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
  ...ensuring<Given<typeof applied>>((catalog, input) => profileObjects(catalog, input)),
  whenDropped: leave,
});

/** Removes all that any profile may have given. */
export const removeProfile = defineStep({
  name: "removeProfile",
  target: "namespace",
  given: {},
  output: StepResult,
  from: () => ({}),
  ...removing<object>(profileRefs),
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
  async look(ports, input, { step }) {
    const refs = surplusRefs(ports.catalog, input);
    const how = { ...input, recordedMark: recordedMarks(ports, input), step };
    return await planObjectRemoval(ports.kubernetes, findCluster(ports.catalog, input.cluster), refs, how);
  },
  async run(input, ports, step) {
    const refs = surplusRefs(ports.catalog, input);
    const how = { ...input, recordedMark: recordedMarks(ports, input), step };
    return { action: await removeObjects(ports.kubernetes, findCluster(ports.catalog, input.cluster), refs, how) };
  },
  whenDropped: leave,
});

/** Undoes what a change wrote into objects that the earlier profile gave, too. */
export const restoreProfile = defineStep({
  name: "restoreProfile",
  target: "namespace",
  given: { written: z.object(profile), before: z.object(perhaps) },
  output: StepResult,
  from: (operation) => ({ written: profileOf(operation.request), before: describe(earlierOf(operation)) }),
  async look({ catalog, kubernetes }, input, { step }) {
    const cluster = findCluster(catalog, input.cluster);
    return await planObjectRestoration(kubernetes, cluster, rewrittenObjects(catalog, input), { ...input, step });
  },
  async run(input, { catalog, kubernetes }, step) {
    const cluster = findCluster(catalog, input.cluster);
    return { action: await restoreObjects(kubernetes, cluster, rewrittenObjects(catalog, input), { ...input, step }) };
  },
});

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
}

function rewrittenObjects(
  catalog: Catalog,
  { cluster, namespace, written, before: { namespaceProfile, ...before } }: Replaced,
): readonly Rewritten[] {
  if (namespaceProfile === undefined) return [];
  const berth = { cluster, namespace };
  const earlier = profileObjects(catalog, { ...berth, ...before, namespaceProfile });
  return profileObjects(catalog, { ...berth, ...written }).flatMap((object) => {
    const was = earlier.find(({ kind }) => kind === object.kind);
    return was ? [{ written: object, before: was }] : [];
  });
}
