/** Whether to make the binding, make it anew or use another one, and whether to remove it. */

import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { clusterIdOf, findCluster, identityIdOf, identityRef } from "../../domain/catalog/clusters.ts";
import { PermanentError } from "../../domain/errors.ts";
import type { ClientId } from "../../domain/naming/identityPair.ts";
import {
  automaticCredential,
  type IdentityUser,
  identityBindingName,
  identityName,
  type NamespaceRef,
} from "../../domain/naming/names.ts";
import { isSameId } from "../../domain/naming/resourceId.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { type Conflict, type Difference, type StepPlan, toStepPlan } from "../../domain/operation/plan.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import { mayAdopt } from "../../domain/request/adoption.ts";
import type { AdoptionPolicy } from "../../domain/request/request.ts";
import type { BindingRef, IdentityBinding } from "../../ports/identityBindings.ts";
import type { Ports } from "../../ports/index.ts";
import { mayBind, othersUsing } from "../definitions/identityMembers.ts";
import { unknownClientId } from "../definitions/unknownClientId.ts";
import { bindingsOf, binds, isInCluster } from "./boundBy.ts";

type Looking = Pick<Ports, "catalog" | "identities" | "identityBindings">;

export function bindingRef(cluster: ClusterTarget, namespaceRef: NamespaceRef): BindingRef {
  const clusterId = clusterIdOf(cluster);
  if (clusterId === undefined) {
    const message = `The catalog gives no identityBinding.clusterId for cluster "${cluster.alias}".`;
    throw new PermanentError("IDENTITY_BINDING_UNAVAILABLE", message);
  }
  return { clusterId, name: identityBindingName(namespaceRef) };
}

interface BindingInput extends IdentityUser {
  readonly adoptionPolicy: AdoptionPolicy;
  /** What is known of it: nothing of one that does not exist yet. */
  readonly identity: { readonly clientId: ClientId };
}

export interface BindingDecision {
  readonly plan: StepPlan;
  readonly conflict: Conflict | undefined;
  readonly ref: BindingRef;
  readonly identityId: string;
  /** What is there is removed first: Azure would keep the earlier identity's client ID. */
  readonly isAnew: boolean;
}

export async function planBinding(ports: Looking, input: BindingInput): Promise<BindingDecision> {
  const cluster = findCluster(ports.catalog, input.cluster);
  const ref = bindingRef(cluster, input);
  const identityId = identityIdOf(ports.catalog, input);
  const identity = identityName(input);
  const step: StepKey = { name: "bindIdentity", target: identity };
  const decided = ({ isAnew = false, ...decision }: Decided): BindingDecision => ({
    plan: toStepPlan(step, decision),
    conflict: decision.conflict,
    ref,
    identityId,
    isAnew,
  });
  const own = await ports.identityBindings.get(ref);
  if (own && !binds(own, identityId)) {
    const message = `The identity binding "${ref.name}" of ${ref.clusterId} binds ${own.identityId}.`;
    return decided({ action: "update", conflict: { code: "IDENTITY_BINDING_CONFLICT", message } });
  }
  if (own) {
    const differences = await differencesOf(ports, own, input);
    const isAnew = differences.some(({ field }) => field !== state);
    return decided({ action: differences.length > 0 ? "update" : "none", differences, isAnew });
  }
  const others = (await ports.identityBindings.listAt(ref.clusterId)).filter((each) => binds(each, identityId));
  const [other] = others;
  if (!other) {
    return decided({
      action: "create",
      differences: [
        { field: "name", current: null, desired: ref.name },
        { field: "managedIdentity", current: null, desired: identity },
      ],
    });
  }
  const what = `The identity binding "${other.name}" of ${ref.clusterId} binds identity ${identity}`;
  const code = "IDENTITY_BINDING_CONFLICT";
  if (!mayAdopt(input.adoptionPolicy, { isIdentical: true })) {
    return decided({
      action: "adopt",
      conflict: { code, message: `${what}, and adoptionPolicy is ${input.adoptionPolicy}.` },
    });
  }
  const isStale = !isOf(other, input.identity);
  return decided({
    action: "adopt",
    ...(isStale ? { conflict: { code, message: `${what} of the same name that is gone.` } } : {}),
  });
}

interface Decided {
  readonly action: StepPlan["action"];
  readonly differences?: readonly Difference[];
  readonly conflict?: Conflict;
  readonly isAnew?: boolean;
}

const state = "provisioningState";

async function differencesOf(
  { catalog, identities }: Looking,
  own: IdentityBinding,
  { identity, ...user }: BindingInput,
): Promise<readonly Difference[]> {
  if (!isOf(own, identity)) {
    return [{ field: "clientId", current: own.clientId ?? null, desired: identity.clientId }];
  }
  if (!own.isReady) return [{ field: state, current: "not Succeeded", desired: "Succeeded" }];
  const credentials = await identities.federatedCredentials(identityRef(catalog, user));
  return credentials.some(({ name }) => name === automaticCredential)
    ? []
    : [{ field: `credential ${automaticCredential}`, current: null, desired: "there" }];
}

/** Azure names the client ID once the binding is ready. */
export function isOf({ clientId }: IdentityBinding, identity: { readonly clientId: ClientId }): boolean {
  if (clientId === undefined) return identity.clientId !== unknownClientId;
  return clientId.toLowerCase() === identity.clientId.toLowerCase();
}

export interface UnbindingDecision {
  readonly plan: StepPlan;
  readonly ref: BindingRef | undefined;
  readonly isAbsent?: boolean;
  /** No cluster of the catalog binds the identity then: its automatic credential goes, too. */
  readonly isLast?: boolean;
}

interface UnbindingInput extends IdentityUser {
  readonly createdBy?: string | undefined;
  /** An earlier try of the step has begun to remove it. */
  readonly resumes?: boolean;
  /** A repair looks for it where the namespace has another mode: without a binding, the credential may be of somebody else's. */
  readonly isLeftOver?: boolean | undefined;
}

export async function planUnbinding(
  ports: Looking & Pick<Ports, "registry">,
  { createdBy, resumes = false, isLeftOver = false, ...user }: UnbindingInput,
): Promise<UnbindingDecision> {
  const cluster = findCluster(ports.catalog, user.cluster);
  const target = identityName(user);
  const step: StepKey = { name: "unbindIdentity", target };
  const none: UnbindingDecision = { plan: toStepPlan(step, { action: "none" }), ref: undefined };
  // Where the catalog says nothing of bindings, there are none of Mooring's.
  if (clusterIdOf(cluster) === undefined) return none;
  if (createdBy !== undefined) {
    const record = await ports.registry.getStep(createdBy, { name: "bindIdentity", target });
    if (record?.action !== "create") return none;
  }
  const ref = bindingRef(cluster, user);
  const own = await ports.identityBindings.get(ref);
  const isOwn = own !== undefined && binds(own, identityIdOf(ports.catalog, user));
  const isAbsent = own === undefined;
  // Where somebody has removed the binding, Azure's credential is there still.
  if (!isOwn && !resumes && (!isAbsent || isLeftOver)) return { ...none, isAbsent };
  const [others, sharing, record, credentials] = await Promise.all([
    othersBinding(ports, user, ref),
    othersUsing(ports.registry, user),
    ports.registry.getNamespace(user),
    ports.identities.federatedCredentials(identityRef(ports.catalog, user)),
  ]);
  // A namespace that shares the identity may be about to bind it. In the same cluster none goes on while this binding is recorded
  // (resource.ts), and one that comes later brings the credential with its binding.
  const isRecorded = record !== undefined && mayBind(record);
  const mayBeBinding = (each: NamespaceRecord) =>
    each.state !== "Offboarding" && mayBind(each) && !(isRecorded && isInCluster(ports, cluster, each));
  const isNeeded = others > 0 || sharing.some(mayBeBinding);
  const isLast = !isNeeded && credentials.some(({ name }) => name === automaticCredential);
  const differences = [
    ...(isOwn ? [{ field: "name", current: ref.name, desired: null }] : []),
    ...(isLast ? [{ field: "credential", current: automaticCredential, desired: null }] : []),
  ];
  if (differences.length === 0) return { ...none, isAbsent };
  // Not yet a removal where the binding was not found: it is looked for once more.
  const action = isOwn || resumes ? "delete" : "update";
  return { plan: toStepPlan(step, { action, differences }), ref: isOwn ? ref : undefined, isAbsent, isLast };
}

/** How many other bindings the catalog's clusters have; what cannot be seen may bind it. */
async function othersBinding(ports: Looking, user: IdentityUser, ref: BindingRef): Promise<number> {
  try {
    const all = await bindingsOf(ports, user);
    return all.filter(({ clusterId, name }) => name !== ref.name || !isSameId(clusterId, ref.clusterId)).length;
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    return 1;
  }
}
