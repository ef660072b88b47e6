/** Whether the identity is created, taken as it is or left alone, and whether it goes. */
import { findCluster, identityRef } from "../../domain/catalog/clusters.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import { readTags } from "../../domain/naming/ownership.ts";
import { type Conflict, type StepPlan, stays, toStepPlan } from "../../domain/operation/plan.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import type { AdoptionPolicy } from "../../domain/request/request.ts";
import type { ManagedIdentity, Ports } from "../../ports.ts";

export interface IdentityDecision {
  readonly plan: StepPlan;
  readonly current: ManagedIdentity | undefined;
  readonly conflict: Conflict | undefined;
}

export async function planIdentity(
  { catalog, identities }: Pick<Ports, "catalog" | "identities">,
  input: Berth & {
    readonly operation: string;
    readonly adoptionPolicy: AdoptionPolicy;
    /** Of the identity that the namespace was onboarded with, when it was. */
    readonly clientId?: string | undefined;
  },
): Promise<IdentityDecision> {
  const cluster = findCluster(catalog, input.cluster);
  const ref = identityRef(cluster, input);
  const current = await identities.get(ref);
  const step: StepKey = { name: "ensureIdentity", target: ref.name };
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

export async function planIdentityRemoval(
  { catalog, identities }: Pick<Ports, "catalog" | "identities">,
  input: Berth & { readonly createdBy?: string | undefined },
): Promise<Pick<IdentityDecision, "plan" | "current">> {
  const ref = identityRef(findCluster(catalog, input.cluster), input);
  const step: StepKey = { name: "removeIdentity", target: ref.name };
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
