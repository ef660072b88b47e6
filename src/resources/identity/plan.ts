/** Whether to create, adopt or keep the identity, and whether to delete it. */

import { findCluster, identityRef } from "../../domain/catalog/clusters.ts";
import { defined } from "../../domain/defined.ts";
import { anyIdentity, type ClientId } from "../../domain/naming/identityPair.ts";
import { homeOf, type IdentityUser, isGuest, type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import { readMark, readTags } from "../../domain/naming/ownership.ts";
import { operationsOf, requestsOf } from "../../domain/operation/lifecycle.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { type Conflict, type StepPlan, stays, toStepPlan } from "../../domain/operation/plan.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import { mayAdopt } from "../../domain/request/adoption.ts";
import type { AdoptionPolicy, OnboardingRequest } from "../../domain/request/request.ts";
import { waysOf } from "../../domain/targets/databaseRoles.ts";
import { isAskedFor } from "../../domain/targets/namedTarget.ts";
import { keyOf } from "../../domain/targets/sqlDatabase.ts";
import type { ManagedIdentity } from "../../ports/identities.ts";
import type { Ports } from "../../ports/index.ts";
import type { RoleAssignment } from "../../ports/roleAssignments.ts";
import { list } from "../definitions/dependants.ts";
import { describeReached, findAddedOnTargets, findTargetReach } from "../target/reach.ts";
import { findReach, namedIn, type Reach } from "../target/sqlDatabase/elsewhere.ts";
import { describeUserIn } from "./reach.ts";
import { describeRole, findRolesOnTargets } from "./roles.ts";
import { knownTags } from "./tags.ts";
import { besideConflict, mayHaveAnother, unrecordedConflict } from "./unrecorded.ts";
import { isUsedByNamespace } from "./uses.ts";

export interface IdentityDecision {
  readonly plan: StepPlan;
  readonly current: ManagedIdentity | undefined;
  readonly conflict: Conflict | undefined;
  /** Mooring's tags, if somebody removed them. */
  readonly lostTags?: Readonly<Record<string, string>> | undefined;
}

type Looking = Pick<Ports, "catalog" | "identities" | "registry">;

interface IdentityInput extends IdentityUser {
  readonly operation: string;
  readonly adoptionPolicy: AdoptionPolicy;
  /** The client id of the identity that the namespace was onboarded with, if it was. */
  readonly clientId?: ClientId | undefined;
  /** For a plan: what is asked for. An operation's own record has its request. */
  readonly databases?: OnboardingRequest["databases"];
  readonly targets?: OnboardingRequest["targets"];
  /** For a plan that an operator asks for. */
  readonly operator?: { readonly adoptIdentity: string | undefined } | undefined;
}

export async function planIdentity(ports: Ports, input: IdentityInput): Promise<IdentityDecision> {
  const decision = await (isGuest(input) ? planSharedIdentity(ports, input) : planOwnIdentity(ports, input));
  if (decision.conflict || input.clientId !== undefined || !mayHaveAnother(ports, input)) return decision;
  const record = await ports.registry.getNamespace(input);
  const conflict = wasOnboarded({ ...input, record }) ? undefined : await besideConflict(ports, input);
  if (!conflict) return decision;
  const { action, differences } = decision.plan;
  return { ...decision, plan: toStepPlan(decision.plan, { action, differences, conflict }), conflict };
}

async function planOwnIdentity(ports: Ports, input: IdentityInput): Promise<IdentityDecision> {
  const cluster = findCluster(ports.catalog, input.cluster);
  const ref = identityRef(ports.catalog, input);
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
  if (lostTags && ownership?.berth === namespaceKey(input)) {
    const differences = Object.entries(lostTags).map(([tag, desired]) => ({
      field: `tags.${tag}`,
      current: current.tags[tag] ?? null,
      desired,
    }));
    return { plan: toStepPlan(step, { action: "update", differences }), current, conflict: undefined, lostTags };
  }
  if (ownership?.berth === namespaceKey(input) && ownership.operation === input.operation) {
    return { plan: toStepPlan(step, { action: "create" }), current, conflict: undefined };
  }
  // The same identity that was onboarded: adopted then, or its tags were removed before Mooring recorded them.
  if (current.clientId === input.clientId) {
    return { plan: toStepPlan(step, { action: "none" }), current, conflict: undefined };
  }
  const record = await ports.registry.getNamespace(input);
  const using = { ...input, record };
  if (ownership?.berth === namespaceKey(input)) {
    if (isKnownTo(record, current, { ...input, createdBy: ownership.operation })) {
      return { plan: toStepPlan(step, { action: "none" }), current, conflict: undefined };
    }
    const conflict = isDecided(using, current)
      ? await accessConflict(ports, current, using, surplusOf)
      : await unrecordedConflict(ports, current, using, `has Mooring's tags from operation ${ownership.operation}`);
    const differences = [{ field: "clientId", current: "of no record", desired: current.clientId }];
    return { plan: toStepPlan(step, { action: "adopt", differences, conflict }), current, conflict };
  }
  const conflict =
    adoptionConflict(current, { ...input, owner: ownership?.berth, location: cluster.location }) ??
    (await usedConflict(ports, current, using)) ??
    (await accessConflict(ports, current, using));
  return { plan: toStepPlan(step, { action: "adopt", conflict }), current, conflict };
}

/** A guest uses the identity of its home as that one's record knows it, and never makes or changes it. */
async function planSharedIdentity(ports: Looking, input: IdentityInput): Promise<IdentityDecision> {
  const home = homeOf(input);
  const ref = identityRef(ports.catalog, input);
  const [current, record] = await Promise.all([ports.identities.get(ref), ports.registry.getNamespace(home)]);
  const isUsable = current !== undefined && current.clientId === record?.clientId;
  const what = current ? "is not the one that was onboarded" : "is not there";
  const conflict: Conflict | undefined = isUsable
    ? undefined
    : { code: "SHARED_IDENTITY_UNAVAILABLE", message: `Identity "${ref.name}" of ${namespaceKey(home)} ${what}.` };
  const plan = toStepPlan({ name: "ensureIdentity", target: ref.name }, { action: "none", conflict });
  return { plan, current: isUsable ? current : undefined, conflict };
}

/**
 * An identity with the namespace's tags is only the namespace's if its record says so: the row may have been lost, and another
 * team may ask for the namespace.
 */
export function isKnownTo(
  record: NamespaceRecord | undefined,
  { name, clientId, principalId }: ManagedIdentity,
  { operation, createdBy }: { readonly operation: string; readonly createdBy: string },
): boolean {
  if (!record) return false;
  if (record.things?.some(({ thing, id }) => thing === name && id === principalId)) return true;
  if (operationsOf(record).includes(createdBy)) return true;
  if (record.clientId !== undefined) return record.clientId === clientId;
  return isOlderThan(operation, record);
}

/** An earlier operation left the namespace incomplete, and its identity with it, or onboarded. */
function isOlderThan(operation: string, record: NamespaceRecord): boolean {
  return record.operation !== operation || record.previous !== undefined;
}

/** Or left incomplete: then its record knows what it may have. */
function wasOnboarded({ record, operation }: Pick<Use, "record" | "operation">): boolean {
  return record !== undefined && (record.clientId !== undefined || isOlderThan(operation, record));
}

interface Use extends IdentityInput {
  readonly record: NamespaceRecord | undefined;
}

/** Whether an operator has decided to use it, in a plan or in the operation. */
function isDecided({ record, operation, operator }: Use, { clientId }: Pick<ManagedIdentity, "clientId">): boolean {
  const own = record?.operation === operation ? record.adoptIdentity : undefined;
  const decided = operator ? operator.adoptIdentity : own;
  return decided === anyIdentity || decided === clientId;
}

/** An identity that was there before Mooring is somebody's whose row was lost, too, if Mooring wrote something for it. */
async function usedConflict(ports: Ports, current: ManagedIdentity, use: Use): Promise<Conflict | undefined> {
  const { record, operation } = use;
  if (wasOnboarded(use) || isDecided(use, current)) return undefined;
  // What is there may be from an earlier run of the operation, which found nothing.
  const step = record && (await ports.registry.getStep(operation, { name: "ensureIdentity", target: current.name }));
  if (step?.action === "adopt" || !(await isUsedByNamespace(ports, current, use))) return undefined;
  return await unrecordedConflict(ports, current, use, `has what Mooring wrote for ${namespaceKey(use)}`);
}

/**
 * What somebody else's identity can open becomes the namespace's with it, so it must not be more than the request asks for. An
 * identity that Mooring made for an unknown request may hold more in the request's own databases, too: `surplusOf` finds it.
 */
async function accessConflict(
  ports: Ports,
  current: ManagedIdentity,
  { record, databases, targets, operator, ...namespaceRef }: Use,
  surplus?: typeof surplusOf,
): Promise<Conflict | undefined> {
  const asked = databases ? [defined({ databases, targets })] : [];
  const requested = [...(record ? requestsOf(record) : []), ...asked];
  const named = namedIn(...requested);
  const { principalId } = current;
  const [{ users }, others] = await Promise.all([
    findReach(ports, current, surplus ? new Set() : named),
    findTargetReach(ports, { namespaceRef, principalId }, ...requested),
  ]);
  const inDatabases = users.filter(({ database }) => !named.has(database)).map(describeUserIn);
  const elsewhere = [...inDatabases, ...others.reached.map(describeReached)];
  const more = (await surplus?.(ports, current, { namespaceRef, requested, users })) ?? [];
  if (elsewhere.length + more.length === 0) return undefined;
  const where = operator
    ? list([...elsewhere, ...more])
    : [
        ...(inDatabases.length > 0 ? [`${inDatabases.length} of the catalog's databases`] : []),
        ...(others.reached.length > 0 ? [`${others.reached.length} of its other targets`] : []),
        ...(more.length > 0 ? [`${more.length} with more than the request's roles`] : []),
      ].join(", ");
  const message = `Identity "${current.name}" has access that the request does not ask for: ${where}.`;
  return { code: "IDENTITY_HAS_ACCESS", message };
}

interface Requested {
  readonly namespaceRef: NamespaceRef;
  readonly requested: readonly Pick<OnboardingRequest, "databases" | "targets">[];
  readonly users: Reach["users"];
}

/** Beyond the requested roles; what Mooring's mark names is revoked when the users are adopted. */
async function surplusOf(
  ports: Ports,
  current: ManagedIdentity,
  { namespaceRef, requested, users }: Requested,
): Promise<readonly string[]> {
  const wanted = (database: string) =>
    requested.flatMap(({ databases }) =>
      databases.filter((each) => keyOf(each) === database).flatMap(({ roles }) => waysOf(roles)),
    );
  const held = users.flatMap(({ database, user }) => {
    const asked = wanted(database).map(({ name }) => name);
    const mark = readMark(user.mark);
    const given = mark?.berth === namespaceKey(namespaceRef) ? mark.grants : {};
    const isMore = (name: string) => !asked.includes(name) && !(name in given);
    const more = { ...user, roles: user.roles.filter(isMore), permissions: user.permissions.filter(isMore) };
    const hasMore = asked.length > 0 && more.roles.length + more.permissions.length > 0;
    return hasMore ? [describeUserIn({ database, user: more })] : [];
  });
  const roles = await findRolesOnTargets(ports, current);
  const isAsked = (role: RoleAssignment) => requested.some((each) => isAskedFor(ports.catalog, each, role));
  const added = await findAddedOnTargets(ports, { namespaceRef, identity: current }, requested);
  return [...held, ...roles.filter((role) => !isAsked(role)).map(describeRole), ...added];
}

function adoptionConflict(
  current: ManagedIdentity,
  {
    adoptionPolicy,
    owner,
    location,
    clientId,
  }: { adoptionPolicy: AdoptionPolicy; owner: string | undefined; location: string; clientId?: ClientId | undefined },
): Conflict | undefined {
  const code = "IDENTITY_CONFLICT";
  if (owner !== undefined) {
    return { code, message: `Identity "${current.name}" belongs to the onboarded namespace ${owner}.` };
  }
  if (clientId !== undefined && !mayAdopt(adoptionPolicy, { isIdentical: false })) {
    const message = `Identity "${current.name}" was replaced: it has client ID ${current.clientId} instead of ${clientId}, and no Mooring tags.`;
    return { code, message };
  }
  if (!mayAdopt(adoptionPolicy, { isIdentical: true })) {
    return { code, message: `Identity "${current.name}" already exists and adoptionPolicy is ${adoptionPolicy}.` };
  }
  if (!mayAdopt(adoptionPolicy, { isIdentical: current.location === location })) {
    return {
      code,
      message: `Identity "${current.name}" exists in ${current.location}, the cluster's identities are in ${location}.`,
    };
  }
  return undefined;
}

export async function planIdentityRemoval(
  ports: Looking,
  input: IdentityUser & { readonly createdBy?: string | undefined },
): Promise<Pick<IdentityDecision, "plan" | "current">> {
  const ref = identityRef(ports.catalog, input);
  const step: StepKey = { name: "removeIdentity", target: ref.name };
  const current = await ports.identities.get(ref);
  if (!current) return { plan: toStepPlan(step, { action: "none" }), current };
  const ownership = readTags((await knownTags(ports, input, current)).tags);
  const isCreated = !isGuest(input) && ownership?.berth === namespaceKey(input);
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
