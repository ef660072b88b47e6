/** What is there before any request: other people's things, and what an earlier operation of Mooring's left. */

import { createDice } from "test-support/random";
import { type ClientId, IdentityPair, PrincipalId } from "../../../src/domain/naming/identityPair.ts";
import {
  bindingName,
  federatedCredentialName,
  federatedSubject,
  identityName,
  type NamespaceRef,
  namesInside,
  namespaceKey,
} from "../../../src/domain/naming/names.ts";
import {
  ownerMetadata,
  ownerTags,
  printMark,
  printRoleMark,
  readMark,
  readRoleMark,
  type UserMark,
} from "../../../src/domain/naming/ownership.ts";
import { clientIdFromSid, sidFromClientId } from "../../../src/domain/naming/sid.ts";
import type { NamespaceRecord } from "../../../src/domain/operation/namespaceRecord.ts";
import { hashRequest } from "../../../src/domain/request/requestHash.ts";
import {
  assignmentName,
  everyRole,
  isAzureRolePlace,
  rolesFor,
  scopeOf,
} from "../../../src/domain/targets/azureRoles.ts";
import { isOwnAssignment } from "../../../src/domain/targets/cosmos.ts";
import { placeOf } from "../../../src/domain/targets/namedTarget.ts";
import type { DatabaseUser } from "../../../src/ports/databases.ts";
import type { ManagedIdentity } from "../../../src/ports/identities.ts";
import type { KubernetesObject } from "../../../src/ports/kubernetes.ts";
import type { RoleAssignment } from "../../../src/ports/roleAssignments.ts";
import { hasOwnName } from "../../../src/resources/target/azureRole/assignments.ts";
import { newPair } from "../../support/ids.ts";
import { place } from "../../support/models/kubernetes.ts";
import { furnishCosmos } from "./cosmosWorld.ts";
import { furnishPostgres } from "./postgresWorld.ts";
import { roleTargets } from "./roleTargets.ts";
import type { World } from "./world.ts";
import { guid, installation, issuer } from "./worldCatalog.ts";

/** Adds what exists before any request: other people's things, and what an earlier operation of Mooring's left. */
export function furnish(world: World, newGuid: () => string): void {
  const { azure, users, objects } = world;
  const somebody = identity("somebody", { newGuid, location: "westeurope", tags: { team: "x" } });
  azure.identities.set(somebody.name, somebody);
  for (const inDatabase of users.values()) inDatabase.set("somebody", user("somebody", somebody));

  if (world.hasRemains) furnishOwn(world, newGuid);
  else furnishForeign(world, newGuid);
  furnishOtherInstallation(world, newGuid);
  const webhook = { name: "azure-wi-webhook-mutating-webhook-configuration" };
  const kind = "MutatingWebhookConfiguration";
  place(objects, { apiVersion: "admissionregistration.k8s.io/v1", kind, metadata: webhook }, { uid: newGuid() });
}

function furnishForeign(world: World, newGuid: () => string): void {
  const { dice, azure, users, objects, request, catalog } = world;
  const name = identityName(request);
  let foreign: ManagedIdentity | undefined;
  if (dice.chance(0.2)) {
    const tags = dice.pick([{}, { team: "x" }, ownerTags({ cluster: "aks", namespace: "other" }, "another")]);
    foreign = identity(name, { newGuid, location: dice.pick(["westeurope", "westeurope", "northeurope"]), tags });
    azure.identities.set(name, foreign);
    const count = dice.pick([0, 1, 3, 19, 20]);
    const credentials = Array.from({ length: count }, (_, index) => credential(`theirs-${index}`, `repo:x:${index}`));
    if (count > 0 && dice.chance(0.3)) {
      credentials[0] = credential("theirs", federatedSubject(request.namespace, request.serviceAccount));
    }
    azure.credentials.set(name, credentials);
    furnishRoles(world, { own: foreign, description: undefined, newGuid });
    furnishCosmos(world, { own: foreign, operation: undefined, newGuid });
  }
  furnishPostgres(world, { identity: foreign, newGuid });
  for (const inDatabase of users.values()) {
    if (dice.chance(foreign ? 0.5 : 0.06)) {
      const sid = foreign && dice.chance(0.8) ? foreign : newPair(newGuid);
      const called = dice.chance(0.9) ? name : "theirs";
      const roles = dice.pick([[], ["db_datareader"], ["db_datareader", "db_datawriter"], ["app_role"]]);
      const permissions = dice.pick([[], ["EXECUTE"], ["SELECT"]]);
      inDatabase.set(called, {
        ...user(called, sid),
        roles,
        permissions,
        ownedSchemas: dice.pick([[], [], ["theirs"]]),
      });
    }
  }
  if (!dice.chance(0.5)) return;
  place(objects, object("v1", "Namespace", { name: "team", fields: { metadata: { labels: { team: "x" } } } }), {
    uid: newGuid(),
  });
  place(objects, object("v1", "Secret", { name: "theirs", fields: { data: { key: "value" } } }), { uid: newGuid() });
  if (dice.chance(0.4)) {
    const clientId = foreign && dice.chance(0.5) ? foreign.clientId : newGuid();
    const annotations = dice.pick([
      { note: "theirs" },
      { "azure.workload.identity/client-id": clientId },
      { "azure.workload.identity/client-id": clientId, "azure.workload.identity/tenant-id": catalog.tenantId },
    ]);
    const fields = { metadata: { annotations } };
    place(objects, object("v1", "ServiceAccount", { name: "app", fields }), { uid: newGuid() });
  }
  if (dice.chance(0.15)) {
    const fields = { data: dice.pick([{ SERVER_NAME: "theirs" }, { OTHER: "theirs" }]) };
    place(objects, object("v1", "ConfigMap", { name: namesInside.configMap, fields }), { uid: newGuid() });
  }
  if (dice.chance(0.1)) {
    const fields = { spec: dice.pick([{ selector: "theirs" }, { azureIdentity: name }]) };
    const binding = object("aadpodidentity.k8s.io/v1", "AzureIdentityBinding", { name: bindingName(request), fields });
    place(objects, binding, { uid: newGuid() });
  }
}

const earlier = "earlier";

function furnishOwn(world: World, newGuid: () => string): void {
  const { dice, azure, users, objects, request } = world;
  const namespaceRef: NamespaceRef = request;
  const name = identityName(namespaceRef);
  const own = identity(name, { newGuid, location: "westeurope", tags: ownerTags(namespaceRef, earlier) });
  if (dice.chance(0.7)) {
    azure.identities.set(name, own);
    const ours = { ...credential("", ""), name: federatedCredentialName(namespaceRef, request.serviceAccount) };
    const subject = federatedSubject("team", request.serviceAccount);
    if (dice.chance(0.5)) {
      azure.credentials.set(name, [{ ...ours, issuer: dice.pick([issuer, "https://before.example/"]), subject }]);
    }
  }
  for (const { server: alias, database } of request.databases) {
    if (!dice.chance(0.5)) continue;
    const asked = request.databases.find((each) => each.server === alias && each.database === database)?.roles ?? [];
    const whole = world.rightsIn.get(`${alias}/${database}`) === "least" ? "mooring_reader" : "db_datareader";
    const reader = asked.includes("reader@sales") ? "mooring_reader_sales" : whole;
    const roles = dice.pick([[], [reader], [reader, "app_role"]]);
    const grants = roles.includes(reader) ? { [reader]: earlier } : {};
    const mark = printMark({ berth: namespaceKey(namespaceRef), operation: earlier, grants });
    const ownedSchemas = dice.chance(0.05) ? ["app"] : [];
    users.get(`${alias}/${database}`)?.set(name, { ...user(name, own), roles, ownedSchemas, mark });
  }
  furnishRoles(world, { own, description: printRoleMark(namespaceRef, earlier), newGuid });
  furnishPostgres(world, { identity: own, operation: earlier, newGuid });
  furnishCosmos(world, { own, operation: earlier, newGuid });
  if (!dice.chance(0.7)) return;
  const { labels, annotations } = ownerMetadata(namespaceRef, earlier);
  const metadata = { labels, annotations };
  const by = () => ({ uid: newGuid(), manager: "mooring" });
  place(objects, object("v1", "Namespace", { name: "team", fields: { metadata } }), by());
  if (dice.chance(0.6)) {
    place(
      objects,
      object("v1", "ConfigMap", { name: namesInside.configMap, fields: { metadata, data: { SERVER_NAME: "x" } } }),
      by(),
    );
  }
  if (request.identityMode === "workloadIdentity" && dice.chance(0.6)) {
    place(objects, object("v1", "ServiceAccount", { name: request.serviceAccount, fields: { metadata } }), by());
  }
}

/** What the record of that operation knows: whoever has its marks had been written there before. */
function identitiesOf({ azure, postgres, users, request }: Pick<World, "azure" | "postgres" | "users" | "request">) {
  const roles = [...azure.roleAssignments.values()].filter((role) => hasMark(role, request));
  const inCosmos = [...azure.cosmosAccounts.values()].filter((each) => isOwnAssignment(each, request, installation));
  const onPostgres = [...postgres.roles.values()].filter(
    ({ comment }) => readMark(comment)?.berth === namespaceKey(request),
  );
  const own = azure.identities.get(identityName(request));
  const inDatabases = [...users.values()].flatMap((each) => [...each.values()]);
  const clients = inDatabases
    .filter(({ mark }) => isMarkOf(readMark(mark), request))
    .map(({ sid }) => clientIdFromSid(sid));
  const principals = [...roles, ...inCosmos, ...onPostgres].flatMap(({ principalId }) => principalId ?? []);
  const known = [...principals, ...clients];
  const former = known.map((id) => IdentityPair.parse({ clientId: id, principalId: id }));
  const before = former.filter(({ principalId }) => principalId !== own?.principalId);
  const all = [...before, ...(own ? [IdentityPair.parse(own)] : [])];
  return [...new Map(all.map((each) => [each.principalId, each])).values()];
}

const otherInstallation = "another";

/** In few worlds another installation of Mooring has a cluster and a namespace of the same names, and shares what they use. */
function furnishOtherInstallation(world: World, newGuid: () => string): void {
  const { users, request, seed } = world;
  const dice = createDice(seed ^ 0x0175);
  if (world.hasRemains || !dice.chance(0.03)) return;
  const theirs = newPair(newGuid);
  const [{ server, database } = { server: "", database: "" }] = request.databases;
  const inDatabase = users.get(`${server}/${database}`);
  const name = identityName(request);
  if (dice.chance(0.5) && inDatabase && !inDatabase.has(name)) {
    const grants = { db_datareader: "theirs" };
    const mark = printMark({
      berth: namespaceKey(request),
      operation: "theirs",
      installation: otherInstallation,
      grants,
    });
    inDatabase.set(name, { ...user(name, theirs), roles: ["db_datareader", "db_datawriter"], mark });
  }
  const description = printRoleMark(request, "theirs", otherInstallation);
  furnishRoles({ ...world, targetDice: dice }, { own: { ...theirs, name } as ManagedIdentity, description, newGuid });
}

/** Whether Mooring's mark says more than that somebody has copied it. */
export function hasMark(role: RoleAssignment, request: NamespaceRef, principalId?: string): boolean {
  const mark = readRoleMark(role.description);
  const isOurs = mark?.berth === namespaceKey(request) && isHere(mark);
  return isOurs && (role.principalId === principalId || hasOwnName(role));
}

/** Of a mark on a user: whether this installation wrote it for the namespace. */
export function isMarkOf(mark: UserMark | undefined, request: NamespaceRef): mark is UserMark {
  return mark?.berth === namespaceKey(request) && isHere(mark);
}

function isHere({ installation: found = installation }: { readonly installation?: string | undefined }): boolean {
  return found === installation;
}

/** Roles on some targets that the identity, or one before it, has already. */
function furnishRoles(
  { azure, request, targetDice: dice }: World,
  { own, description, newGuid }: { own: ManagedIdentity; description: string | undefined; newGuid: () => string },
): void {
  for (const { target, access } of request.targets ?? []) {
    const entry = roleTargets[target];
    if (!dice?.chance(0.5) || !entry) continue;
    const place = placeOf(entry);
    if (!isAzureRolePlace(place)) continue;
    const scope = scopeOf(place);
    // An earlier operation of Mooring's gave nothing but what its request asked for.
    const [role] = dice.shuffle(description ? rolesFor(place.kind, access) : everyRole(place.kind));
    const principalId = PrincipalId.parse(dice.chance(0.7) ? own.principalId : newGuid());
    if (!role) continue;
    const roleDefinitionId = `/providers/Microsoft.Authorization/roleDefinitions/${role.id}`;
    const name = description ? assignmentName(scope, principalId, role.id) : newGuid();
    const id = `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
    const made = { id, scope, roleDefinitionId, principalId, createdTime: newGuid() };
    azure.roleAssignments.set(id, { ...made, ...(description ? { description } : {}) });
  }
}

function identity(
  name: string,
  { newGuid, location, tags }: { newGuid: () => string; location: string; tags: Record<string, string> },
): ManagedIdentity {
  return { id: `/${name}`, name, location, tags, ...newPair(newGuid), tenantId: guid(0) };
}

function credential(name: string, subject: string) {
  return { name, subject, issuer, audiences: ["api://AzureADTokenExchange"] };
}

/** Of that operation, which stopped partway. */
export function incompleteRecord(world: World): NamespaceRecord {
  const { request, by } = world;
  const { cluster, namespace } = request;
  const [team] = by.teams;
  const origin = { operation: earlier, requestedBy: by.id, acceptedTime: "2026-11-23T00:00:00.000Z" };
  const owner = team === undefined ? {} : { team };
  const known = { ...owner, identities: identitiesOf(world) };
  return { cluster, namespace, state: "Incomplete", request, requestHash: hashRequest(request), ...origin, ...known };
}

function user(name: string, { clientId }: { clientId: ClientId }): DatabaseUser {
  const sid = sidFromClientId(clientId);
  return { name, type: "E", sid, roles: [], permissions: [], ownedSchemas: [], mark: undefined };
}

function object(
  apiVersion: string,
  kind: string,
  { name, fields }: { name: string; fields: { metadata?: object; [field: string]: unknown } },
): KubernetesObject {
  const place = kind === "Namespace" ? { name } : { name, namespace: "team" };
  return { apiVersion, kind, ...fields, metadata: { ...fields.metadata, ...place } };
}
