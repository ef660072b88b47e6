/** What somebody else does to an onboarded namespace between two operations. */

import { createDice } from "test-support/random";
import type { IdentityPair } from "../../../src/domain/naming/identityPair.ts";
import {
  automaticCredential,
  bindingName,
  federatedCredentialName,
  federatedSubject,
  identityBindingName,
  identityName,
  namesInside,
  namesOfProfile,
} from "../../../src/domain/naming/names.ts";
import { ownerMetadata, readMark } from "../../../src/domain/naming/ownership.ts";
import { sidFromClientId } from "../../../src/domain/naming/sid.ts";
import type { NamespaceRecord } from "../../../src/domain/operation/namespaceRecord.ts";
import { podParts } from "../../../src/domain/request/identityModes.ts";
import type { IdentityMode, OnboardingRequest } from "../../../src/domain/request/request.ts";
import type { DatabaseUser } from "../../../src/ports/databases.ts";
import type { ObjectRef } from "../../../src/ports/kubernetes.ts";
import { unknownIdentity } from "../../../src/resources/definitions/operationFacts.ts";
import { useObjects } from "../../../src/resources/identityUse/objects.ts";
import { serviceAccountObject } from "../../../src/resources/serviceAccount/serviceAccount.ts";
import { newPair } from "../../support/ids.ts";
import { edit, place, print, refKey } from "../../support/models/kubernetes.ts";
import { inCosmos } from "./cosmosWorld.ts";
import { hasMark } from "./furnish.ts";
import { disturbManaged } from "./managedWorld.ts";
import { onNetworks } from "./networkWorld.ts";
import { onPostgres } from "./postgresDeeds.ts";
import { takeSnapshot } from "./snapshot.ts";
import type { World } from "./world.ts";
import { clusterId, issuer } from "./worldCatalog.ts";

/** Returns undefined when there was nothing to change. */
type Deed = (world: World, request: OnboardingRequest) => "repairable" | "foreign" | undefined;

const inNamespace = (request: OnboardingRequest, apiVersion: string, kind: string, name: string): ObjectRef => ({
  apiVersion,
  kind,
  name,
  namespace: request.namespace,
});

function ownObjects(request: OnboardingRequest): readonly ObjectRef[] {
  const pod = "aadpodidentity.k8s.io/v1";
  return [
    inNamespace(request, "v1", "ConfigMap", namesInside.configMap),
    inNamespace(request, "v1", "ServiceAccount", request.serviceAccount),
    inNamespace(request, pod, "AzureIdentity", identityName(request)),
    inNamespace(request, pod, "AzureIdentityBinding", bindingName(request)),
  ];
}

/** Only what Mooring made is disturbed; changes to other people's things are no drift. */
function isOurs(world: World, request: OnboardingRequest, key: string): boolean {
  return takeSnapshot(world, request).get(key)?.madeBy !== undefined;
}

function ourUser(world: World, request: OnboardingRequest) {
  const name = identityName(request);
  const chosen = world.dice.pick(request.databases);
  const users = world.users.get(`${chosen.server}/${chosen.database}`);
  const user = users?.get(name);
  // A user that is only lent belongs to somebody else.
  return users && user && (readMark(user.mark)?.operation ?? null) !== null ? { users, user, name } : undefined;
}

/** As if the namespace had had it before. */
function rememberIdentity({ rows, newGuid }: World, { namespace }: OnboardingRequest): IdentityPair | undefined {
  const table = rows.get("MooringNamespaces");
  const [key, row] = [...(table ?? [])].find(([, { record }]) => Reflect.get(record, "namespace") === namespace) ?? [];
  if (!table || key === undefined || !row) return undefined;
  const former = newPair(newGuid);
  const { identities = [] } = row.record as NamespaceRecord;
  table.set(key, { ...row, record: { ...row.record, identities: [former, ...identities] } });
  return former;
}

function ofOthers(name: string, sid: string): DatabaseUser {
  return { name, type: "E", sid, roles: ["db_datareader"], permissions: [], ownedSchemas: [], mark: undefined };
}

const deeds: Readonly<Record<string, Deed>> = {
  "deletes the identity"(world, request) {
    const name = identityName(request);
    if (!isOurs(world, request, `identity ${name}`)) return undefined;
    world.azure.identities.delete(name);
    world.azure.credentials.delete(name);
    return "repairable";
  },
  "makes the identity anew"(world, request) {
    const name = identityName(request);
    const identity = world.azure.identities.get(name);
    if (!identity || !isOurs(world, request, `identity ${name}`)) return undefined;
    const { newGuid } = world;
    world.azure.identities.set(name, { ...identity, tags: {}, ...newPair(newGuid) });
    world.azure.credentials.delete(name);
    return "foreign";
  },
  "drops the user"(world, request) {
    const found = ourUser(world, request);
    return found?.users.delete(found.name) ? "repairable" : undefined;
  },
  "takes a role away"(world, request) {
    const found = ourUser(world, request);
    if (!found || found.user.roles.length === 0) return undefined;
    found.users.set(found.name, { ...found.user, roles: found.user.roles.slice(1) });
    return "repairable";
  },
  "gives a role"(world, request) {
    const found = ourUser(world, request);
    if (!found) return undefined;
    found.users.set(found.name, { ...found.user, roles: [...new Set([...found.user.roles, "app_role"])] });
    return "repairable";
  },
  "gives the user another SID"(world, request) {
    const found = ourUser(world, request);
    // It is restored from a backup of when another identity had it.
    const former = found && rememberIdentity(world, request);
    if (!former) return undefined;
    found.users.set(found.name, { ...found.user, sid: sidFromClientId(former.clientId) });
    return "repairable";
  },
  "renames the user"(world, request) {
    const found = ourUser(world, request);
    if (!found || found.users.has("renamed")) return undefined;
    found.users.delete(found.name);
    found.users.set("renamed", { ...found.user, name: "renamed" });
    return "foreign";
  },
  "makes another user with the SID"(world, request) {
    const found = ourUser(world, request);
    if (!found) return undefined;
    found.users.delete(found.name);
    found.users.set("another", ofOthers("another", found.user.sid));
    return "foreign";
  },
  "gives the identity a user elsewhere"({ azure, dice, users }, request) {
    const identity = azure.identities.get(identityName(request));
    const named = request.databases.map(({ server, database }) => `${server}/${database}`);
    const others = [...users].filter(([database]) => !named.includes(database));
    if (!identity || others.length === 0) return undefined;
    const [, chosen] = dice.pick(others);
    const sid = sidFromClientId(identity.clientId);
    if (chosen.has("elsewhere") || [...chosen.values()].some((user) => user.sid === sid)) return undefined;
    chosen.set("elsewhere", ofOthers("elsewhere", sid));
    return "foreign";
  },
  "deletes an object"(world, request) {
    const there = ownObjects(request).filter((ref) => isOurs(world, request, `object ${refKey(ref)}`));
    if (there.length === 0) return undefined;
    return world.objects.delete(refKey(world.dice.pick(there))) ? "repairable" : undefined;
  },
  "edits an object"(world, request) {
    const { objects } = world;
    const [configMap, account, , binding] = ownObjects(request);
    const edits: [ObjectRef | undefined, string[]][] = [
      [configMap, ["data", "SERVER_NAME"]],
      [account, ["metadata", "annotations", "azure.workload.identity/client-id"]],
      [binding, ["spec", "selector"]],
    ];
    const there = edits.filter(([ref]) => ref && isOurs(world, request, `object ${refKey(ref)}`));
    if (there.length === 0) return undefined;
    const [ref, path] = world.dice.pick(there);
    if (ref) edit(objects, ref, path, "edited");
    return "repairable";
  },
  "deletes the namespace": (world, request) => (removeNamespace(world, request) ? "repairable" : undefined),
  "makes the namespace anew"(world, request) {
    if (!removeNamespace(world, request)) return undefined;
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: request.namespace } };
    place(world.objects, namespace, { uid: world.newGuid() });
    return "foreign";
  },
  "removes the credential"({ azure }, request) {
    const name = identityName(request);
    const found = azure.credentials.get(name) ?? [];
    const left = found.filter((each) => !each.name.startsWith("mooring-"));
    azure.credentials.set(name, left);
    return left.length === found.length ? undefined : "repairable";
  },
  "changes the credential"({ azure }, request) {
    const name = identityName(request);
    const found = azure.credentials.get(name) ?? [];
    const changed = found.map((each) =>
      each.name.startsWith("mooring-") ? { ...each, issuer: "https://another.example/" } : each,
    );
    azure.credentials.set(name, changed);
    return found.some((each) => each.name.startsWith("mooring-")) ? "repairable" : undefined;
  },
};

/** What somebody does to a role on a target, where the namespace has one. */
const onTargets: Readonly<Record<string, Deed>> = {
  "takes a role on a target away"({ azure }, request) {
    const [ours] = ourRoles(azure, request);
    return ours && azure.roleAssignments.delete(ours.id) ? "repairable" : undefined;
  },
  "limits a role on a target"({ azure }, request) {
    const [ours] = ourRoles(azure, request);
    if (!ours) return undefined;
    azure.roleAssignments.set(ours.id, { ...ours, condition: "never" });
    return "repairable";
  },
  "gives a role on a target"({ azure, newGuid }, request) {
    const [ours] = ourRoles(azure, request);
    if (!ours) return undefined;
    const roleDefinitionId = "/providers/Microsoft.Authorization/roleDefinitions/of-others";
    const { description: _description, ...theirs } = ours;
    const id = `${ours.scope}/providers/Microsoft.Authorization/roleAssignments/${newGuid()}`;
    azure.roleAssignments.set(id, { ...theirs, id, roleDefinitionId });
    return "foreign";
  },
};

/** What somebody does with Mooring's marks. */
const withMarks: Readonly<Record<string, Deed>> = {
  "gives the identity a role with Mooring's mark elsewhere"({ azure, dice, newGuid }, request) {
    const [ours] = ourRoles(azure, request);
    const identity = azure.identities.get(identityName(request));
    if (!ours || ours.principalId !== identity?.principalId) return undefined;
    const parts = ours.scope.split("/");
    const above = [3, 5, 9].filter((length) => length < parts.length).map((length) => parts.slice(0, length).join("/"));
    const scope = dice.pick(above);
    if ([...azure.roleAssignments.values()].some((each) => each.scope === scope)) return undefined;
    const id = `${scope}/providers/Microsoft.Authorization/roleAssignments/${newGuid()}`;
    azure.roleAssignments.set(id, { ...ours, id, scope });
    return "repairable";
  },
  "copies a role with its description to somebody"({ azure, newGuid }, request) {
    const [ours] = ourRoles(azure, request);
    if (!ours) return undefined;
    const id = `${ours.scope}/providers/Microsoft.Authorization/roleAssignments/${newGuid()}`;
    azure.roleAssignments.set(id, { ...ours, id, principalId: newGuid() });
    return "foreign";
  },
};

function ourRoles({ roleAssignments, identities }: World["azure"], request: OnboardingRequest) {
  return [...roleAssignments.values()].filter((role) =>
    hasMark(role, request, identities.get(identityName(request))?.principalId),
  );
}

/** What somebody does to an object of the profile, or to a label that it sets. */
export const onProfiles: Readonly<Record<string, Deed>> = {
  "edits the quota": (world, request) => editOwn(world, quotaOf(request), ["spec", "hard", "pods"], request),
  "deletes the quota"(world, request) {
    const key = refKey(quotaOf(request));
    return isOurs(world, request, `object ${key}`) && world.objects.delete(key) ? "repairable" : undefined;
  },
  "edits the namespace's Pod Security"(world, request) {
    if (request.namespaceProfile !== "small") return undefined;
    const ref = { apiVersion: "v1", kind: "Namespace", name: request.namespace };
    return editOwn(world, ref, ["metadata", "labels", "pod-security.kubernetes.io/enforce"], request);
  },
};

/** The same in Azure. */
const inManaged: Readonly<Record<string, Deed>> = {
  "takes a quota out in Azure": ({ azure }, request) => (disturbManaged(azure, request) ? "repairable" : undefined),
};

function quotaOf(request: OnboardingRequest): ObjectRef {
  return inNamespace(request, "v1", "ResourceQuota", namesOfProfile.quota);
}

function editOwn(
  world: World,
  ref: ObjectRef,
  path: readonly string[],
  request: OnboardingRequest,
): "repairable" | undefined {
  if (!isOurs(world, request, `object ${refKey(ref)}`)) return undefined;
  edit(world.objects, ref, path, "edited");
  return "repairable";
}

const former = "former";

/** Writes of an operation before, for another service account, that take effect only now. Mooring made them, and no record knows. */
const lateWrites: Readonly<Record<string, Deed>> = {
  "a credential comes late"(world, request) {
    const identity = identityName(request);
    if (!isOurs(world, request, `identity ${identity}`)) return undefined;
    const credential = {
      name: federatedCredentialName(request, former),
      issuer,
      subject: federatedSubject(request.namespace, former),
      audiences: ["api://AzureADTokenExchange"],
    };
    const { credentials } = world.azure;
    credentials.set(identity, [...(credentials.get(identity) ?? []), credential]);
    return "repairable";
  },
  "a service account comes late"(world, request) {
    const identity = world.azure.identities.get(identityName(request));
    const namespace = refKey({ apiVersion: "v1", kind: "Namespace", name: request.namespace });
    if (!identity || !isOurs(world, request, `object ${namespace}`)) return undefined;
    const { clientId } = identity;
    const account = serviceAccountObject(request, { serviceAccount: former, clientId, tenantId: "tenant" });
    const { labels, annotations } = ownerMetadata(request, "earlier");
    const metadata = { ...account.metadata, labels, annotations: { ...account.metadata.annotations, ...annotations } };
    place(world.objects, { ...account, metadata }, { uid: world.newGuid(), manager: "mooring" });
    return "repairable";
  },
};

/** What somebody does to a binding, where the namespace has one of Mooring's. */
const onBindings: Readonly<Record<string, Deed>> = {
  "removes the binding"({ azure }, request) {
    return azure.bindings.delete(`${clusterId}/${identityBindingName(request)}`) ? "repairable" : undefined;
  },
  "removes Azure's own credential"({ azure }, request) {
    const name = identityName(request);
    const found = azure.credentials.get(name) ?? [];
    const left = found.filter((each) => each.name !== automaticCredential);
    azure.credentials.set(name, left);
    return left.length === found.length ? undefined : "repairable";
  },
  "takes the right to use the identity away"({ objects }, request) {
    const [, binding] = useObjects(request, { ...request, clientId: unknownIdentity.clientId });
    return objects.delete(refKey({ ...binding, name: binding.metadata.name })) ? "repairable" : undefined;
  },
  "lets the role use another identity"({ objects }, request) {
    const [role] = useObjects(request, { ...request, clientId: unknownIdentity.clientId });
    const ref = { apiVersion: role.apiVersion, kind: role.kind, name: role.metadata.name };
    if (!objects.has(refKey(ref))) return undefined;
    edit(objects, ref, ["rules"], role.rules);
    return "repairable";
  },
  "a right to use the identity comes late"(world, request) {
    const [role, binding] = useObjects(request, { serviceAccount: former, clientId: unknownIdentity.clientId });
    if (!world.objects.has(refKey({ ...role, name: role.metadata.name }))) return undefined;
    const { labels, annotations } = ownerMetadata(request, "earlier");
    const metadata = { ...binding.metadata, labels: { ...binding.metadata.labels, ...labels }, annotations };
    place(world.objects, { ...binding, metadata }, { uid: world.newGuid(), manager: "mooring" });
    return "repairable";
  },
};

/** Whoever owns a database runs infra/sql/database-user.sql there. */
function makeRoles({ rightsIn }: World, { databases }: OnboardingRequest): "repairable" | undefined {
  const keys = databases.map(({ server, database }) => `${server}/${database}`);
  const found = keys.find((key) => rightsIn.get(key) === "owner");
  if (found !== undefined) rightsIn.set(found, "ownerWithRoles");
  return found === undefined ? undefined : "repairable";
}

/** Removes a namespace that Mooring made, with everything in it, if it exists and is not being deleted. */
function removeNamespace(world: World, { namespace: name, ...namespaceRef }: OnboardingRequest): boolean {
  const key = refKey({ apiVersion: "v1", kind: "Namespace", name });
  if (!isOurs(world, { ...namespaceRef, namespace: name }, `object ${key}`)) return false;
  for (const [each, { ref }] of world.objects) {
    if (ref.namespace !== name) continue;
    world.objects.delete(each);
    world.visitors.brought.delete(each);
  }
  return world.objects.delete(key);
}

/** Returns what was done, and whether something of somebody else's has replaced something of Mooring's. */
export function disturb(world: World, request: OnboardingRequest): { done: readonly string[]; isForeign: boolean } {
  const { dice, faults } = world;
  const done: string[] = [];
  let isForeign = false;
  const happen = (kinds: typeof deeds, name: string) => {
    const effect = kinds[name]?.(world, request);
    if (effect) done.push(name);
    if (effect === "foreign") isForeign = true;
  };
  const { targetDice, profileDice, networkDice, cosmosDice, postgresDice } = world;
  const byDice = Object.entries(onPostgres).map(([name, deed]): [string, Deed] => [
    name,
    (...on) => (postgresDice ? deed(...on, postgresDice) : undefined),
  ]);
  const withPostgres = Object.fromEntries(byDice);
  if (world.deed !== undefined) {
    const all = {
      ...deeds,
      ...lateWrites,
      ...onTargets,
      ...onProfiles,
      ...onNetworks,
      ...inCosmos,
      ...onBindings,
      ...withMarks,
    };
    happen({ ...all, ...withPostgres }, world.deed);
  }
  for (let count = dice.pick([1, 1, 2, 3]); count > 0; count -= 1) happen(deeds, dice.pick(Object.keys(deeds)));
  // Separate dice, so that the other worlds stay the same.
  const own = createDice(world.seed ^ 0x1a7e);
  if (own.chance(0.4)) happen(lateWrites, own.pick(Object.keys(lateWrites)));
  if (targetDice?.chance(0.4)) happen(onTargets, targetDice.pick(Object.keys(onTargets)));
  if (request.namespaceProfile !== undefined && profileDice?.chance(0.4)) {
    happen(onProfiles, profileDice.pick(Object.keys(onProfiles)));
    happen(inManaged, "takes a quota out in Azure");
  }
  if (request.namespaceProfile !== undefined && networkDice?.chance(0.6)) {
    happen(onNetworks, networkDice.pick(Object.keys(onNetworks)));
  }
  if (cosmosDice?.chance(0.5)) happen(inCosmos, cosmosDice.pick(Object.keys(inCosmos)));
  if (postgresDice?.chance(0.6)) happen(withPostgres, postgresDice.pick(Object.keys(onPostgres)));
  if (world.binds && own.chance(0.6)) happen(onBindings, own.pick(Object.keys(onBindings)));
  const marks = createDice(world.seed ^ 0x3a7c);
  if (targetDice && marks.chance(0.3)) happen(withMarks, marks.pick(Object.keys(withMarks)));
  if (own.chance(0.4)) happen({ "makes Mooring's roles": makeRoles }, "makes Mooring's roles");
  faults.trace?.push(`— somebody ${done.join(", ") || "does nothing"}`);
  return { done, isForeign };
}

/** Creates a pod that gets its identity in the mode of the request. */
export function deployPod({ objects, newGuid }: World, request: OnboardingRequest): void {
  const { metadata, spec } = podParts(request);
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { ...metadata, name: "app-1", namespace: request.namespace } };
  place(objects, { ...pod, spec }, { uid: newGuid() });
}

/** The team has redeployed, and no pod uses a mode that is left. */
export function removePods({ objects }: World): void {
  for (const [key, { ref }] of objects) if (ref.kind === "Pod") objects.delete(key);
}

/** In which modes pods get their identity. */
export function modesOfPods({ objects }: World): ReadonlySet<IdentityMode> {
  const pods = [...objects.values()].filter(({ ref }) => ref.kind === "Pod").map(print);
  return new Set(
    pods.map(({ metadata: { labels = {}, annotations = {} } }) => {
      if ("aadpodidbinding" in labels) return "podIdentity";
      return "azure.workload.identity/use-identity-binding" in annotations ? "identityBinding" : "workloadIdentity";
    }),
  );
}
