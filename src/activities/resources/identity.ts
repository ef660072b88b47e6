import { z } from "zod";
import { findCluster, identityRef } from "../../domain/catalog/clusters.ts";
import { type Berth, berthKey, identityName } from "../../domain/naming/names.ts";
import { ownerTags, readTags } from "../../domain/naming/ownership.ts";
import { type Conflict, type StepPlan, stays, throwConflict, toStepPlan } from "../../domain/operation/plan.ts";
import { AdoptionPolicy } from "../../domain/request/request.ts";
import type { ManagedIdentity, Ports } from "../../ports.ts";
import { defineStep, RemovalInput, StepInput, StepResult, stepActivity } from "../operation/step.ts";

const EnsureIdentityInput = StepInput.extend({
  adoptionPolicy: AdoptionPolicy,
  /** Of the identity that the namespace was onboarded with, when it was. */
  clientId: z.guid().optional(),
});
type EnsureIdentityInput = z.infer<typeof EnsureIdentityInput>;

/** Stands for the client id of an identity that is not there yet: none that is there is the same. */
export const unknownClientId = "00000000-0000-0000-0000-000000000000";
export const onceItExists = "the client id of the identity, once it exists";

/** A plan of things that carry the client id, which may not be known yet. */
export function withUnknownClientId(plan: StepPlan): StepPlan {
  const differences = plan.differences.map((difference) =>
    difference.desired === unknownClientId ? { ...difference, desired: onceItExists } : difference,
  );
  return { ...plan, differences };
}

export interface IdentityDecision {
  readonly plan: StepPlan;
  readonly current: ManagedIdentity | undefined;
  readonly conflict: Conflict | undefined;
}

export async function planIdentity(
  { catalog, identities }: Pick<Ports, "catalog" | "identities">,
  input: Pick<EnsureIdentityInput, "cluster" | "namespace" | "operation" | "adoptionPolicy" | "clientId">,
): Promise<IdentityDecision> {
  const cluster = findCluster(catalog, input.cluster);
  const ref = identityRef(cluster, input);
  const current = await identities.get(ref);
  const step = { name: "ensureIdentity", target: ref.name };
  if (!current) {
    const differences = [
      { field: "name", current: null, desired: ref.name },
      { field: "location", current: null, desired: cluster.location },
    ];
    return { plan: toStepPlan(step, { action: "create", differences }), current, conflict: undefined };
  }
  const ownership = readTags(current.tags);
  if (ownership?.berth === berthKey(input)) {
    const action = ownership.operation === input.operation ? "create" : "none";
    return { plan: toStepPlan(step, { action }), current, conflict: undefined };
  }
  // The very one that was onboarded: adopted then, or its tags were taken off since.
  if (current.clientId === input.clientId) {
    return { plan: toStepPlan(step, { action: "none" }), current, conflict: undefined };
  }
  const conflict = adoptionConflict(current, { ...input, owner: ownership?.berth, location: cluster.location });
  return { plan: toStepPlan(step, { action: "adopt", conflict }), current, conflict };
}

/** Of a look that may have failed: its error is its own step's, and the other steps are looked at all the same. */
export function isDecision(value: unknown): value is IdentityDecision {
  return typeof value === "object" && value !== null && "plan" in value;
}

function adoptionConflict(
  current: ManagedIdentity,
  {
    adoptionPolicy,
    owner,
    location,
    clientId,
  }: { adoptionPolicy: AdoptionPolicy; owner: string | undefined; location: string; clientId?: string | undefined },
): Conflict | undefined {
  const code = "IDENTITY_CONFLICT";
  if (owner !== undefined) {
    return { code, message: `Identity "${current.name}" belongs to the onboarded namespace ${owner}.` };
  }
  if (clientId !== undefined && adoptionPolicy !== "Always") {
    const message = `Identity "${current.name}" was replaced by somebody: it has client id ${current.clientId}, was onboarded with ${clientId}, and does not carry Mooring's tags.`;
    return { code, message };
  }
  if (adoptionPolicy === "Never") {
    return { code, message: `Identity "${current.name}" exists already and adoptionPolicy is Never.` };
  }
  if (adoptionPolicy === "IfIdentical" && current.location !== location) {
    return {
      code,
      message: `Identity "${current.name}" exists in ${current.location}, the cluster's identities are in ${location}.`,
    };
  }
  return undefined;
}

/** Creates the user-assigned identity of the namespace, or takes the one that is there as it is. */
export const ensureIdentity = defineStep({
  name: "ensureIdentity",
  input: EnsureIdentityInput,
  output: StepResult.extend({ id: z.string(), clientId: z.guid(), principalId: z.guid() }),
  target: (input) => identityName(input),
  async run(input, ports, step) {
    const { plan, current, conflict } = await planIdentity(ports, input);
    throwConflict(conflict);
    if (current) return { action: plan.action, ...pick(current) };
    const cluster = findCluster(ports.catalog, input.cluster);
    const tags = ownerTags(input, input.operation);
    await step.willDo("create", plan.differences, { isMarked: true });
    const created = await ports.identities.put(identityRef(cluster, input), { location: cluster.location, tags });
    return { action: "create", ...pick(created) };
  },
});

export async function planIdentityRemoval(
  ports: Pick<Ports, "catalog" | "identities">,
  input: Berth & { readonly createdBy?: string | undefined },
): Promise<StepPlan> {
  return (await decideIdentityRemoval(ports, input)).plan;
}

export async function decideIdentityRemoval(
  { catalog, identities }: Pick<Ports, "catalog" | "identities">,
  input: Berth & { readonly createdBy?: string | undefined },
): Promise<Pick<IdentityDecision, "plan" | "current">> {
  const ref = identityRef(findCluster(catalog, input.cluster), input);
  const step = { name: "removeIdentity", target: ref.name };
  const current = await identities.get(ref);
  if (!current) return { plan: toStepPlan(step, { action: "none" }), current };
  const ownership = readTags(current.tags);
  const isCreated = ownership?.berth === berthKey(input);
  if (isCreated && (input.createdBy === undefined || ownership.operation === input.createdBy)) {
    const differences = [
      { field: "name", current: ref.name, desired: null },
      { field: "clientId", current: current.clientId, desired: null },
    ];
    return { plan: toStepPlan(step, { action: "delete", differences }), current };
  }
  const differences = [{ field: "name", current: `${ref.name}, not created by Mooring`, desired: stays }];
  return { plan: toStepPlan(step, { action: "none", differences }), current };
}

/** Removes the identity when Mooring created it; its federated credentials go with it. */
export const removeIdentity = stepActivity({
  name: "removeIdentity",
  input: RemovalInput,
  output: StepResult,
  target: (input) => identityName(input),
  async run(input, ports, step) {
    const { action, differences } = await planIdentityRemoval(ports, input);
    if (action === "delete") {
      await step.willDo(action, differences);
      await ports.identities.remove(identityRef(findCluster(ports.catalog, input.cluster), input));
    }
    return { action };
  },
});

function pick({ id, clientId, principalId }: ManagedIdentity) {
  return { id, clientId, principalId };
}
