/** What people and other operations may have done to an onboarded namespace since. */
import type { ClientId } from "../../../src/domain/naming/identityPair.ts";
import {
  bindingName,
  federatedCredentialName,
  federatedSubject,
  identityName,
  namesInside,
} from "../../../src/domain/naming/names.ts";
import { ownerMetadata, ownerTags, printMark, readMark } from "../../../src/domain/naming/ownership.ts";
import { sidFromClientId } from "../../../src/domain/naming/sid.ts";
import type { OnboardingRequest } from "../../../src/domain/request/request.ts";
import type { DatabaseUser } from "../../../src/ports/databases.ts";
import type { FederatedCredential } from "../../../src/ports/identities.ts";
import type { KubernetesObject, ObjectRef } from "../../../src/ports/kubernetes.ts";
import { clientIdOf, newPair } from "../../support/ids.ts";
import { place, refKey } from "../../support/models/kubernetes.ts";
import { onProfiles } from "./drift.ts";
import { onNetworks } from "./networkWorld.ts";
import { onPostgres } from "./postgresDeeds.ts";
import type { World } from "./world.ts";

const podApi = "aadpodidentity.k8s.io/v1";

/** Makes some of these changes. */
export function makeMess(world: World, request: OnboardingRequest, newGuid: () => string): void {
  const { dice } = world;
  const often = dice.pick([0, 0.15, 0.15, 0.4]);
  for (const mess of [messIdentity, messCredentials, messUsers, messObjects]) {
    if (dice.chance(often * 2)) mess(world, request, newGuid);
  }
  const { networkDice } = world;
  const onWhole = { ...onNetworks, ...onProfiles };
  for (let count = networkDice?.roll(3) ?? 0; networkDice && count > 0; count -= 1) {
    onWhole[networkDice.pick(Object.keys(onWhole))]?.(world, request);
  }
  const { postgresDice } = world;
  for (let count = postgresDice?.roll(3) ?? 0; postgresDice && count > 0; count -= 1) {
    onPostgres[postgresDice.pick(Object.keys(onPostgres))]?.(world, request, postgresDice);
  }
}

function messIdentity({ dice, azure }: World, request: OnboardingRequest, newGuid: () => string) {
  const name = identityName(request);
  const identity = azure.identities.get(name);
  const anew = newPair(newGuid);
  const choice = dice.roll(5);
  if (!identity || choice === 0) {
    azure.identities.delete(name);
    azure.credentials.delete(name);
  } else if (choice === 1) azure.identities.set(name, { ...identity, ...anew });
  else if (choice === 2) azure.identities.set(name, { ...identity, ...anew, tags: { team: "x" } });
  else if (choice === 3) azure.identities.set(name, { ...identity, tags: {} });
  else {
    const tags = ownerTags({ cluster: "aks", namespace: "other" }, "another");
    azure.identities.set(name, { ...identity, tags });
  }
}

function messCredentials({ dice, azure }: World, request: OnboardingRequest) {
  const name = identityName(request);
  if (!azure.identities.has(name)) return;
  const ours = azure.credentials.get(name) ?? [];
  const audiences = ["api://AzureADTokenExchange"];
  const foreign = (index: number): FederatedCredential => ({
    name: `theirs-${index}`,
    issuer: "https://theirs.example/",
    subject: `repo:x:${index}`,
    audiences,
  });
  const kept = dice.pick([
    ours,
    [],
    ours.map((each) => ({ ...each, issuer: "https://before.example/" })),
    ours.map((each) => ({ ...each, audiences: ["another"] })),
    ours.map((each) => ({ ...each, name: "renamed" })),
  ]);
  const count = dice.pick([0, 1, 18, 19, 20]);
  azure.credentials.set(name, [...kept, ...Array.from({ length: count }, (_, index) => foreign(index))].slice(0, 20));
}

function messUsers({ dice, users }: World, request: OnboardingRequest, newGuid: () => string) {
  const name = identityName(request);
  for (const inDatabase of users.values()) {
    if (!dice.chance(0.5)) continue;
    const user = inDatabase.get(name);
    if (!user) {
      if (dice.chance(0.2)) inDatabase.set(name, stranger(name, clientIdOf(newGuid())));
      continue;
    }
    const changed = changeUser(user, dice.roll(9), newGuid);
    inDatabase.delete(name);
    if (changed) inDatabase.set(changed.name, changed);
  }
}

function stranger(name: string, clientId: ClientId): DatabaseUser {
  const sid = sidFromClientId(clientId);
  return { name, type: "E", sid, roles: [], permissions: [], ownedSchemas: [], mark: undefined };
}

function changeUser(user: DatabaseUser, choice: number, newGuid: () => string): DatabaseUser | undefined {
  const mark = readMark(user.mark);
  const marked = (change: object) => (mark ? printMark({ ...mark, ...change }) : user.mark);
  switch (choice) {
    case 0:
      return undefined;
    case 1:
      return { ...user, sid: sidFromClientId(clientIdOf(newGuid())) };
    case 2:
      return { ...user, roles: user.roles.slice(1), permissions: [] };
    case 3:
      return {
        ...user,
        roles: [...new Set([...user.roles, "app_role"])],
        permissions: [...user.permissions, "SELECT"],
      };
    case 4:
      return { ...user, ownedSchemas: ["app"] };
    case 5:
      return { ...user, mark: undefined };
    case 6: {
      const grants = { ...mark?.grants, db_datawriter: "earlier" };
      return { ...user, roles: [...new Set([...user.roles, "db_datawriter"])], mark: marked({ grants }) };
    }
    case 7: {
      // Somebody removed grants that the mark still lists as Mooring's.
      const grants = { ...mark?.grants, db_datawriter: "earlier", EXECUTE: "earlier" };
      const roles = user.roles.filter((role) => role !== "db_datawriter");
      return { ...user, roles, permissions: [], mark: marked({ grants }), sid: sidFromClientId(clientIdOf(newGuid())) };
    }
    default:
      return { ...user, name: "renamed" };
  }
}

function messObjects({ dice, objects }: World, request: OnboardingRequest, newGuid: () => string) {
  const { namespace, serviceAccount } = request;
  const inNamespace = { apiVersion: "v1", namespace };
  const refs: readonly ObjectRef[] = [
    { ...inNamespace, kind: "ConfigMap", name: namesInside.configMap },
    { ...inNamespace, kind: "ServiceAccount", name: serviceAccount },
    { apiVersion: podApi, namespace, kind: "AzureIdentity", name: identityName(request) },
    { apiVersion: podApi, namespace, kind: "AzureIdentityBinding", name: bindingName(request) },
  ];
  const fields: Record<string, object> = {
    ConfigMap: { data: { SERVER_NAME: "elsewhere", EXTRA: "theirs" } },
    ServiceAccount: { metadata: { annotations: { "azure.workload.identity/client-id": newGuid() } } },
    AzureIdentity: { spec: { type: 0, clientID: newGuid() } },
    AzureIdentityBinding: { spec: { selector: "theirs" } },
  };
  const put = (ref: ObjectRef, mark: object, manager: string) => {
    const { apiVersion, kind, name } = ref;
    const own: { metadata?: object } = fields[kind] ?? {};
    const metadata = {
      ...merged(own.metadata ?? {}, mark),
      name,
      ...(ref.namespace ? { namespace: ref.namespace } : {}),
    };
    const object: KubernetesObject = { ...own, apiVersion, kind, metadata };
    place(objects, object, { uid: newGuid(), manager });
  };

  const hasNamespace = objects.has(refKey({ apiVersion: "v1", kind: "Namespace", name: namespace }));
  if (dice.chance(0.1)) {
    for (const [key, { ref }] of objects) if (ref.namespace === namespace) objects.delete(key);
    objects.delete(refKey({ apiVersion: "v1", kind: "Namespace", name: namespace }));
    if (dice.chance(0.5)) return;
    const theirs: KubernetesObject = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
    place(objects, theirs, { uid: newGuid() });
  } else if (!hasNamespace) return;
  if (dice.chance(0.2)) {
    const metadata = { name: "workload", namespace, labels: { aadpodidbinding: request.selector ?? namespace } };
    place(objects, { apiVersion: "v1", kind: "Pod", metadata }, { uid: newGuid() });
  }
  for (const ref of refs) {
    if (!dice.chance(0.4)) continue;
    const ours = ownerMetadata(request, "earlier");
    const choice = dice.roll(4);
    if (choice === 0) objects.delete(refKey(ref));
    else if (choice === 1) put(ref, {}, "somebody");
    else if (choice === 2) put(ref, ours, "mooring");
    else put(ref, ownerMetadata({ cluster: "aks", namespace: "other" }, "another"), "mooring");
  }
}

function merged(a: object, b: object): object {
  const result: Record<string, unknown> = { ...a };
  for (const [key, value] of Object.entries(b)) result[key] = { ...Object(result[key]), ...value };
  return result;
}

/** Adds a credential under another name, as somebody may have made it by hand. */
export function addTwin({ azure }: World, request: OnboardingRequest, issuer: string): void {
  const name = identityName(request);
  const ours = federatedCredentialName(request, request.serviceAccount);
  const others = (azure.credentials.get(name) ?? []).filter((each) => each.name !== ours);
  const subject = federatedSubject(request.namespace, request.serviceAccount);
  const twin = { name: "twin", issuer, subject, audiences: ["api://AzureADTokenExchange"] };
  // Not one more than Azure allows.
  if (azure.identities.has(name)) azure.credentials.set(name, [twin, ...others].slice(0, 20));
}
