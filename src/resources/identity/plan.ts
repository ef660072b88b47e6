/** Whether to create, adopt or keep the identity, and whether to delete it. */
import { findCluster, identityRef } from "../../domain/catalog/clusters.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import { printTagsMark, readTags, readTagsMark } from "../../domain/naming/ownership.ts";
import { type Conflict, type StepPlan, stays, toStepPlan } from "../../domain/operation/plan.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import type { AdoptionPolicy } from "../../domain/request/request.ts";
import type { ManagedIdentity, Ports } from "../../ports.ts";
import { recordedMarks } from "../definitions/recordedMark.ts";

export interface IdentityDecision {
  readonly plan: StepPlan;
  readonly current: ManagedIdentity | undefined;
  readonly conflict: Conflict | undefined;
  /** Mooring's tags, if somebody removed them. */
  readonly lostTags?: Readonly<Record<string, string>> | undefined;
}

type Looking = Pick<Ports, "catalog" | "identities" | "registry">;

/** The tags, including Mooring's even if somebody removed them: the principal id is unique to the identity. */
export async function knownTags(
  ports: Pick<Ports, "registry">,
  berth: Berth,
  { name, principalId, tags }: ManagedIdentity,
): Promise<{ readonly tags: ManagedIdentity["tags"]; readonly lost?: ManagedIdentity["tags"] | undefined }> {
  if (printTagsMark(tags) !== undefined) return { tags };
  const lost = readTagsMark((await recordedMarks(ports, berth)(name, principalId)) ?? "");
  return { tags: { ...tags, ...lost }, lost };
}

export async function planIdentity(
  ports: Looking,
  input: Berth & {
    readonly operation: string;
    readonly adoptionPolicy: AdoptionPolicy;
    /** The client id of the identity that the namespace was onboarded with, if it was. */
    readonly clientId?: string | undefined;
  },
): Promise<IdentityDecision> {
  const cluster = findCluster(ports.catalog, input.cluster);
  const ref = identityRef(cluster, input);
  const current = await ports.identities.get(ref);
  const step: StepKey = { name: "ensureIdentity", target: ref.name };
  if (!current) {
    const differences = [
      { field: "name", current: null, desired: ref.name },
      { field: "location", current: null, desired: cluster.location },
    ];
    return { plan: toStepPlan(step, { action: "create", differences }), current, conflict: undefined };
  }
  const { tags, lost: lostTags } = await knownTags(ports, input, current);
  const ownership = readTags(tags);
  if (lostTags && ownership?.berth === berthKey(input)) {
    const differences = Object.entries(lostTags).map(([tag, desired]) => ({
      field: `tags.${tag}`,
      current: current.tags[tag] ?? null,
      desired,
    }));
    return { plan: toStepPlan(step, { action: "update", differences }), current, conflict: undefined, lostTags };
  }
  if (ownership?.berth === berthKey(input)) {
    const action = ownership.operation === input.operation ? "create" : "none";
    return { plan: toStepPlan(step, { action }), current, conflict: undefined };
  }
  // The same identity that was onboarded: adopted then, or its tags were removed before Mooring recorded them.
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
    const message = `Identity "${current.name}" was replaced: it has client ID ${current.clientId} instead of ${clientId}, and no Mooring tags.`;
    return { code, message };
  }
  if (adoptionPolicy === "Never") {
    return { code, message: `Identity "${current.name}" already exists and adoptionPolicy is Never.` };
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
  ports: Looking,
  input: Berth & { readonly createdBy?: string | undefined },
): Promise<Pick<IdentityDecision, "plan" | "current">> {
  const ref = identityRef(findCluster(ports.catalog, input.cluster), input);
  const step: StepKey = { name: "removeIdentity", target: ref.name };
  const current = await ports.identities.get(ref);
  if (!current) return { plan: toStepPlan(step, { action: "none" }), current };
  const ownership = readTags((await knownTags(ports, input, current)).tags);
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
