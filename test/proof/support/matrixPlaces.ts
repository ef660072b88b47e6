/** The namespaces in which the cells of the fault matrix run: what their requests ask for, and what disturbs them. */
import { ApiextensionsV1Api, CoreV1Api, CustomObjectsApi, NetworkingV1Api } from "@kubernetes/client-node";
import { usesRealApiServer } from "kube-sim";
import { vi } from "vitest";
import { parse, stringify } from "yaml";
import { type Cloud, names } from "../../../sandbox/cloud.ts";
import {
  automaticCredential,
  federatedSubject,
  identityName,
  type NamespaceRef,
  namesOfProfile,
  namespaceKey,
} from "../../../src/domain/naming/names.ts";
import type { AzureRoleKindName } from "../../../src/domain/targets/azureRoles.ts";
import { kubeConfigOf } from "../../support/kubeConfig.ts";
import { findManaged, managedNamespace, manageNamespace } from "../../support/managedNamespaces.ts";
import type { Course, Mode } from "./matrix.ts";
import {
  accountOf,
  cosmosRolesOf,
  disturbOnPostgres,
  identityOf,
  type ProfileParts,
  rolesOf,
  roleTargetOf,
} from "./remains.ts";
import { narrow, wide } from "./roleKinds.ts";

export interface Place extends Pick<Course, "mode" | "setting"> {
  readonly namespace: string;
  readonly database: string;
  readonly roleKind: AzureRoleKindName;
  /** The PostgreSQL server that nobody else uses at the time, if it uses one. */
  readonly schema?: string | undefined;
  /** The namespace, in the cluster outside Azure, whose identity a guest uses. */
  readonly home?: string | undefined;
}

export function clusterOf({ setting }: Pick<Place, "setting">): string {
  return setting === "outside" ? names.otherCluster : names.cluster;
}

export function userOf(place: Place) {
  const { namespace, home } = place;
  const sharedIdentity =
    home === undefined ? undefined : namespaceKey({ cluster: names.otherCluster, namespace: home });
  return { cluster: clusterOf(place), namespace, sharedIdentity };
}

/** What the operator's catalog says of the two clusters besides; and the namespaces that may be homes. */
export function withMatrix(homes: readonly NamespaceRef[]): (app: string, text: string) => string {
  return (_app, text) => {
    const catalog = parse(text);
    const { [names.cluster]: aks, [names.otherCluster]: outside } = catalog.clusters;
    return stringify({
      ...catalog,
      clusters: {
        [names.cluster]: { ...aks, network: { ...aks.network, tokenProxy: { addresses: ["10.0.0.1/32"] } } },
        [names.otherCluster]: { ...outside, network: { ...outside.network, policies: "cilium" } },
      },
      sharedIdentities: Object.fromEntries(
        homes.map((home) => [namespaceKey(home), { clusters: [names.cluster, names.otherCluster] }]),
      ),
    });
  };
}

const cilium = { group: "cilium.io", version: "v2", plural: "ciliumnetworkpolicies" };

/** As far as an API server knows Cilium: its kind. */
export async function installCilium(cloud: Cloud): Promise<void> {
  const { group, version, plural } = cilium;
  const anything = { type: "object", x_kubernetes_preserve_unknown_fields: true };
  const schema = { openAPIV3Schema: { type: "object", properties: { spec: anything } } };
  const config = kubeConfigIn(cloud, names.otherCluster);
  await config.makeApiClient(ApiextensionsV1Api).createCustomResourceDefinition({
    body: {
      metadata: { name: `${plural}.${group}` },
      spec: {
        ...{ group, scope: "Namespaced" },
        names: { kind: "CiliumNetworkPolicy", plural, singular: "ciliumnetworkpolicy" },
        versions: [{ name: version, served: true, storage: true, schema }],
      },
    },
  });
  // A real API server serves it a moment later.
  await vi.waitFor(() => config.makeApiClient(CustomObjectsApi).getAPIResources({ group, version }), 20_000);
}

function kubeConfigIn({ clusters, kubernetes }: Cloud, cluster: string) {
  return kubeConfigOf({ kubernetes: clusters.get(cluster)?.kubernetes ?? kubernetes });
}

/** What the two requests of each mode ask for. In a namespace that Azure manages, some of it is there. */
export const profiles = {
  whole: {
    quota: { pods: 20, "requests.cpu": "4000m" },
    limits: { container: { max: { cpu: 4 } } },
    podSecurity: { enforce: "baseline" },
    network: {},
  },
  narrow: { quota: { pods: 10 }, podSecurity: { enforce: "privileged", warn: "baseline" }, network: { from: ["web"] } },
};
interface Profiled {
  readonly name: string;
  readonly parts: ProfileParts;
}
export const standard: Profiled = {
  name: "standard",
  parts: {
    hard: { pods: "20", "requests.cpu": "4", "requests.memory": "8Gi" },
    hasLimits: true,
    labels: { enforce: "baseline", warn: "restricted" },
  },
};
export const small: Profiled = {
  name: "small",
  parts: {
    hard: { "count/jobs.batch": "5", "requests.cpu": "1", "requests.memory": "2Gi" },
    hasLimits: false,
    labels: {},
  },
};
const withNetwork: Profiles = {
  now: {
    name: "whole",
    parts: { hard: { pods: "20", "requests.cpu": "4" }, hasLimits: true, labels: { enforce: "baseline" }, from: [] },
  },
  before: {
    name: "narrow",
    parts: {
      hard: { pods: "10" },
      hasLimits: false,
      labels: { enforce: "privileged", warn: "baseline" },
      from: ["web"],
    },
  },
};
interface Profiles {
  readonly now: Profiled;
  /** Of the request before a change. */
  readonly before: Profiled;
}
/** A network policy closes the metadata service, from which pod identity takes its tokens. */
const profileOf: { readonly [M in Mode]: Profiles } = {
  workloadIdentity: withNetwork,
  podIdentity: { now: standard, before: small },
  identityBinding: withNetwork,
};

/** What its namespace has by its profile. */
export function profileParts(place: Place, when: keyof Profiles): ProfileParts {
  const { parts } = profileOf[place.mode][when];
  return isManaged(place) ? { ...parts, hard: { ...parts.hard, "limits.cpu": "9" } } : parts;
}

/** Azure manages the namespaces of one mode. A real API server has no AKS around it. */
export function isManaged({ mode, setting }: Pick<Place, "mode" | "setting">): boolean {
  return mode === "identityBinding" && setting === "alone" && !usesRealApiServer;
}

/** What Azure then has before the first request, and after the last. */
export const asTheirs = {
  tags: {},
  quota: { cpuLimit: "9000m" },
  network: { ingress: "AllowSameNamespace", egress: "AllowAll" },
  labels: { owner: "platform" },
};

export async function managedOf(cloud: Cloud, { namespace }: Place) {
  const managed = await findManaged(cloud, namespace);
  if (!managed) return undefined;
  const { tags, properties } = managed;
  const { defaultResourceQuota: quota = null, defaultNetworkPolicy: network, labels } = properties;
  return { tags, quota, network, labels };
}

/** Before the first operation. */
export async function furnish(cloud: Cloud, place: Place): Promise<void> {
  if (!isManaged(place)) return;
  const { labels, quota: defaultResourceQuota } = asTheirs;
  await manageNamespace(cloud, place.namespace, { labels, defaultResourceQuota });
}

/** Everyone's request. */
export function requestFor(place: Place, changes: object = {}) {
  const { database, mode, roleKind, schema } = place;
  const wanted = { server: names.sqlServer, database, roles: ["reader"] };
  const places = [accountOf(database), ...(schema === undefined ? [] : [schema])];
  return {
    ...userOf(place),
    identityMode: mode,
    databases: [wanted],
    targets: [
      { target: roleTargetOf(roleKind, database), access: narrow(roleKind).access },
      ...places.map((target) => ({ target, access: ["read"] })),
    ],
    namespaceProfile: profileOf[mode].now.name,
    // Azure gives a managed namespace a network policy, whose values are other than the profile's.
    ...(isManaged(place) ? { adoptionPolicy: "Always" } : {}),
    ...changes,
  };
}

/** In Cosmos DB, what `read` gives. */
export const reader = "00000000-0000-0000-0000-000000000001";

/** What it gives. */
export function wideRights({ roleKind }: Pick<Place, "roleKind">) {
  return {
    roles: wide(roleKind).roles,
    cosmosRole: "00000000-0000-0000-0000-000000000002",
    userRoles: ["mooring_executor", "mooring_reader"],
  };
}

/** The same before a change. */
export function rightsBefore(place: Place) {
  return { ...wideRights(place), serviceAccount: "before", may: ["DELETE", "INSERT", "SELECT", "UPDATE"] };
}

/** The request before a change, which removes a role, a service account, a selector and parts of its profile, and leads to everyone else's request. */
export function requestBefore(place: Place) {
  const name = place.mode === "podIdentity" ? { selector: "before" } : { serviceAccount: "before" };
  return requestFor(place, { ...wideAccess(place), namespaceProfile: profileOf[place.mode].before.name, ...name });
}

/** More than everyone asks for. */
export function wideAccess({ database, roleKind, schema }: Pick<Place, "database" | "roleKind" | "schema">) {
  return {
    databases: [{ server: names.sqlServer, database, roles: ["reader", "executor"] }],
    targets: [
      { target: roleTargetOf(roleKind, database), access: wide(roleKind).access },
      { target: accountOf(database), access: ["read", "write"] },
      ...(schema === undefined ? [] : [{ target: schema, access: ["write"] }]),
    ],
  };
}

/** Somebody takes away what a repair gives back. What a home has is not a guest's to repair. */
export async function disturb(cloud: Cloud, place: Place): Promise<void> {
  if (place.setting === "guest") await disturbWayIn(cloud, place);
  else await disturbAccess(cloud, place);
  await disturbProfile(cloud, place);
}

async function disturbAccess(cloud: Cloud, place: Place): Promise<void> {
  const { database, schema } = place;
  await cloud.sql.database(database).runScript(`DROP USER [${identityName(userOf(place))}]`);
  await disturbWayIn(cloud, place);
  for (const each of rolesOf(cloud, [database])) cloud.world.roleAssignments.delete(each.name);
  for (const [key] of cosmosRolesOf(cloud, [database])) cloud.world.cosmosAssignments.delete(key);
  if (schema !== undefined) await disturbOnPostgres(cloud, userOf(place), schema);
}

/** Its credentials, and Azure's own; those of others that use the identity stay. */
async function disturbWayIn(cloud: Cloud, place: Place): Promise<void> {
  const { namespace, home } = place;
  const identity =
    home === undefined ? identityOf(cloud, namespace, clusterOf(place)) : identityOf(cloud, home, names.otherCluster);
  const { federatedCredentials } = identity ?? {};
  for (const [key, { name, subject }] of federatedCredentials ?? []) {
    const isIts = name === automaticCredential || subject.startsWith(federatedSubject(namespace, ""));
    if (isIts) federatedCredentials?.delete(key);
  }
}

/** Somebody deletes what the profile has in the cluster, and takes away in Azure what it has there. */
async function disturbProfile(cloud: Cloud, place: Place): Promise<void> {
  const { namespace } = place;
  const config = kubeConfigIn(cloud, clusterOf(place));
  const core = config.makeApiClient(CoreV1Api);
  await core.deleteNamespacedResourceQuota({ name: namesOfProfile.quota, namespace });
  await core.deleteNamespacedLimitRange({ name: namesOfProfile.limits, namespace });
  const name = namesOfProfile.network;
  if (place.setting === "outside") {
    await config.makeApiClient(CustomObjectsApi).deleteNamespacedCustomObject({ ...cilium, name, namespace });
  } else if (profileParts(place, "now").from) {
    await config.makeApiClient(NetworkingV1Api).deleteNamespacedNetworkPolicy({ name, namespace });
  }
  if (!isManaged(place)) return;
  const { tags, properties } = await managedNamespace(cloud, namespace);
  const { labels, quota: defaultResourceQuota } = asTheirs;
  await manageNamespace(cloud, namespace, { ...properties, labels, defaultResourceQuota }, tags);
}
