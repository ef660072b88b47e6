/** The network policy of a namespace that migrates: it opens what pods of both modes need, as long as both are in place. */
import { z } from "zod";
import { findCluster } from "../../domain/catalog/clusters.ts";
import { namespaceKey } from "../../domain/naming/names.ts";
import { modeLeft, targetOf } from "../../domain/operation/migration.ts";
import type { Ports } from "../../ports/index.ts";
import { leave } from "../definitions/leftCatalog.ts";
import { migrationOf, type OperationFacts } from "../definitions/operationFacts.ts";
import { recordedMarks } from "../definitions/recordedMark.ts";
import {
  defineStep,
  type Given,
  type Looking,
  type Planning,
  type StepContext,
  type StepInput,
} from "../definitions/step.ts";
import { ensuring } from "../kubernetesObject/objectSteps.ts";
import { onceBrought, planObjectRestoration } from "../kubernetesObject/planObjects.ts";
import { type Rewritten, restoreObjects } from "../kubernetesObject/restoreObjects.ts";
import { applied, profile, profileOf, rewrittenObjects } from "./given.ts";
import { isPolicy, profilePolicies } from "./objects.ts";

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

const onNamespace = { target: "namespace" } as const;
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
  /** Where the same plan opens it first, it closes what will be open then. */
  async look(ports, input, planning) {
    if (!planning.beside?.some(({ name }) => name === "openNetwork")) return await policy.look(ports, input, planning);
    const opened = profilePolicies(ports.catalog, { ...input, ...policiesOf(planning).both });
    const how = { ...input, recordedMark: recordedMarks(ports, input) };
    return await policy.look({ ...ports, kubernetes: onceBrought(ports.kubernetes, opened, how) }, input, planning);
  },
  whenDropped: leave,
});

const rewritten = { written: z.object(profile), before: z.object(profile) };

/** Undoes what the step of this operation wrote; what an earlier phase wrote in another operation stays. */
function restoring(name: "openNetwork" | "closeNetwork") {
  const isOwn = async ({ registry }: Pick<Ports, "registry">, { createdBy, ...namespaceRef }: Looking) => {
    const step =
      createdBy === undefined
        ? undefined
        : await registry.getStep(createdBy, { name, target: namespaceKey(namespaceRef) });
    return step?.action === "update" || step?.action === "create";
  };
  async function find(ports: Ports, input: Looking & Given<typeof rewritten>) {
    const objects = (await isOwn(ports, input)) ? rewrittenObjects(ports.catalog, input).filter(isOfPolicy) : [];
    return { cluster: findCluster(ports.catalog, input.cluster), objects };
  }
  return {
    async look(ports: Ports, input: Looking & Given<typeof rewritten>, { step }: Pick<Planning, "step">) {
      const { cluster, objects } = await find(ports, input);
      return await planObjectRestoration(ports.kubernetes, cluster, objects, { ...input, step });
    },
    async run(input: StepInput & Given<typeof rewritten>, ports: Ports, step: StepContext) {
      const { cluster, objects } = await find(ports, input);
      return { action: await restoreObjects(ports.kubernetes, cluster, objects, { ...input, step }) };
    },
  };
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
