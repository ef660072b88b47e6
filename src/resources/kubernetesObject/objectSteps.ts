/** What steps have in common that bring Kubernetes objects to a desired state, or remove them. */
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { findCluster } from "../../domain/catalog/clusters.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import type { StepAction } from "../../domain/operation/operation.ts";
import type { StepPlan } from "../../domain/operation/plan.ts";
import type { AdoptionPolicy, OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import type { KubernetesObject, ObjectRef } from "../../ports/kubernetes.ts";
import { recordedMarks } from "../definitions/recordedMark.ts";
import type { Surplus } from "../definitions/resource.ts";
import type { Looking, Planning, StepContext, StepInput } from "../definitions/step.ts";
import { withUnknownClientId } from "../definitions/unknownClientId.ts";
import { ensureObjects } from "./ensureObjects.ts";
import { planObjectRemoval, planObjects } from "./planObjects.ts";
import { type Leaving, removeObjects } from "./removeObjects.ts";

/** The look and the run of a step that makes these objects; `begin` is called when nothing but the cluster can refuse them. */
export function ensuring<G extends { readonly adoptionPolicy: AdoptionPolicy }>(
  desired: (catalog: Catalog, input: NamespaceRef & G) => readonly KubernetesObject[],
  begin: (input: G, step: StepContext) => Promise<void> = async () => undefined,
) {
  return {
    async look(ports: Ports, input: Looking & G, planning: Planning): Promise<StepPlan> {
      const cluster = findCluster(ports.catalog, input.cluster);
      const { kind, step } = planning;
      const how = { ...input, kind, recordedMark: recordedMarks(ports, input, planning), step };
      return withUnknownClientId(await planObjects(ports.kubernetes, cluster, desired(ports.catalog, input), how));
    },
    async run(input: StepInput & G, ports: Ports, step: StepContext): Promise<{ action: StepAction }> {
      const cluster = findCluster(ports.catalog, input.cluster);
      const objects = desired(ports.catalog, input);
      await begin(input, step);
      const how = { ...input, recordedMark: recordedMarks(ports, input), step };
      return { action: await ensureObjects(ports.kubernetes, cluster, objects, how) };
    },
  };
}

/** What a repair removes besides: objects that Mooring made and no record asks for. */
export function surplusOf(find: (ports: Ports, request: OnboardingRequest) => Promise<readonly ObjectRef[]>): Surplus {
  return {
    async look(ports, request, step) {
      const { cluster, namespace } = request;
      const how = { cluster, namespace, recordedMark: recordedMarks(ports, request), step };
      const refs = await find(ports, request);
      return await planObjectRemoval(ports.kubernetes, findCluster(ports.catalog, cluster), refs, how);
    },
    async run(ports, { request, ...input }, step) {
      const refs = await find(ports, request);
      const how = { ...input, recordedMark: recordedMarks(ports, input), step };
      return await removeObjects(ports.kubernetes, findCluster(ports.catalog, input.cluster), refs, how);
    },
  };
}

/** The look and the run of a step that removes them. */
export function removing<G extends object>(
  refsOf: (input: Looking & G, ports: Ports) => readonly Leaving[] | Promise<readonly Leaving[]>,
) {
  return {
    async look(ports: Ports, input: Looking & G, { step }: Pick<Planning, "step">): Promise<StepPlan> {
      const cluster = findCluster(ports.catalog, input.cluster);
      const how = { ...input, recordedMark: recordedMarks(ports, input), step };
      return await planObjectRemoval(ports.kubernetes, cluster, await refsOf(input, ports), how);
    },
    async run(input: StepInput & G, ports: Ports, step: StepContext): Promise<{ action: StepAction }> {
      const cluster = findCluster(ports.catalog, input.cluster);
      const how = { ...input, recordedMark: recordedMarks(ports, input), step };
      return { action: await removeObjects(ports.kubernetes, cluster, await refsOf(input, ports), how) };
    },
  };
}
