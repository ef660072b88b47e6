/** How the objects of a profile are made, removed and restored. */
import { z } from "zod";
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { findCluster } from "../../domain/catalog/clusters.ts";
import type { Berth } from "../../domain/naming/names.ts";
import { AdoptionPolicy, IdentityMode, type OnboardingRequest } from "../../domain/request/request.ts";
import { requestFields, targetsOf } from "../../domain/targets/index.ts";
import { leave } from "../definitions/leftCatalog.ts";
import { earlierOf } from "../definitions/operationFacts.ts";
import { recordedMarks } from "../definitions/recordedMark.ts";
import { defineStep, type Given, StepResult } from "../definitions/step.ts";
import { ensuring, removing } from "../kubernetesObject/objectSteps.ts";
import { planObjectRemoval, planObjectRestoration } from "../kubernetesObject/planObjects.ts";
import { removeObjects } from "../kubernetesObject/removeObjects.ts";
import { type Rewritten, restoreObjects } from "../kubernetesObject/restoreObjects.ts";
import { profileObjects, profileRefs, surplusRefs } from "./objects.ts";

/** All that its objects depend on: the network policy opens what the request names. */
const described = { ...requestFields, identityMode: IdentityMode };
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
  from: ({ request }) => ({ ...profileOf(request), adoptionPolicy: request.adoptionPolicy }),
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
