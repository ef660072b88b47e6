/** How the objects of a profile are made, removed and restored. */
import { z } from "zod";
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { findCluster } from "../../domain/catalog/clusters.ts";
import type { Berth } from "../../domain/naming/names.ts";
import { AdoptionPolicy, type OnboardingRequest } from "../../domain/request/request.ts";
import { leave } from "../definitions/leftCatalog.ts";
import { earlierOf } from "../definitions/operationFacts.ts";
import { recordedMarks } from "../definitions/recordedMark.ts";
import { defineStep, type Given, StepResult } from "../definitions/step.ts";
import { refOf } from "../kubernetesObject/ensureObjects.ts";
import { ensuring, removing } from "../kubernetesObject/objectSteps.ts";
import { planObjectRemoval, planObjectRestoration } from "../kubernetesObject/planObjects.ts";
import { removeObjects } from "../kubernetesObject/removeObjects.ts";
import { type Rewritten, restoreObjects } from "../kubernetesObject/restoreObjects.ts";
import { profileObjects, profileRefs, surplusRefs } from "./objects.ts";

const profile = { namespaceProfile: z.string() };

function profileOf({ namespaceProfile }: OnboardingRequest): Given<typeof profile> {
  if (namespaceProfile === undefined) throw new Error("the request names no profile");
  return { namespaceProfile };
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

const kept = { namespaceProfile: z.string().exactOptional() };

/** At the end of a change: removes what the new profile does not give. */
export const retireProfile = defineStep({
  name: "retireProfile",
  stage: "replace",
  target: "namespace",
  given: kept,
  output: StepResult,
  from: ({ request: { namespaceProfile } }) => (namespaceProfile === undefined ? {} : { namespaceProfile }),
  async look(ports, input, { step }) {
    const refs = surplusRefs(ports.catalog, input, input.namespaceProfile);
    const how = { ...input, recordedMark: recordedMarks(ports, input), step };
    return await planObjectRemoval(ports.kubernetes, findCluster(ports.catalog, input.cluster), refs, how);
  },
  async run(input, ports, step) {
    const refs = surplusRefs(ports.catalog, input, input.namespaceProfile);
    const how = { ...input, recordedMark: recordedMarks(ports, input), step };
    return { action: await removeObjects(ports.kubernetes, findCluster(ports.catalog, input.cluster), refs, how) };
  },
  whenDropped: leave,
});

/** Undoes what a change wrote into objects that the earlier profile gave, too. */
export const restoreProfile = defineStep({
  name: "restoreProfile",
  target: "namespace",
  given: { written: z.object(profile), before: z.object(kept) },
  output: StepResult,
  from: (operation) => {
    const { namespaceProfile } = earlierOf(operation);
    return {
      written: profileOf(operation.request),
      before: namespaceProfile === undefined ? {} : { namespaceProfile },
    };
  },
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
  readonly before: Given<typeof kept>;
}

function rewrittenObjects(
  catalog: Catalog,
  { cluster, namespace, written, before: { namespaceProfile } }: Replaced,
): readonly Rewritten[] {
  if (namespaceProfile === undefined) return [];
  const berth = { cluster, namespace };
  const earlier = profileObjects(catalog, { ...berth, namespaceProfile });
  return profileObjects(catalog, { ...berth, ...written }).flatMap((object) => {
    const ref = JSON.stringify(refOf(object));
    const before = earlier.find((each) => JSON.stringify(refOf(each)) === ref);
    return before ? [{ written: object, before }] : [];
  });
}
