/** Names of what Mooring creates: a request always gives the same names, and no two namespaces share one. */
import { createHash } from "node:crypto";

export interface NamespaceRef {
  readonly cluster: string;
  readonly namespace: string;
}

/** The field manager, label value, tag prefix and extended property by which Mooring recognizes its own. */
export const owner = "mooring";

export function namespaceKey({ cluster, namespace }: NamespaceRef): string {
  return `${cluster}/${namespace}`;
}

/** The namespace of a key: neither of its parts has a slash. */
export function namespaceRefOf(key: string): NamespaceRef {
  const [cluster = "", namespace = ""] = key.split("/");
  return { cluster, namespace };
}

/** A namespace that has an identity: one of its own or, for a guest, that of another namespace (docs/adr/0029). */
export interface IdentityUser extends NamespaceRef {
  /** The key of the namespace whose identity it is; absent for one's own. */
  readonly sharedIdentity?: string | undefined;
}

export function isGuest({ sharedIdentity }: Pick<IdentityUser, "sharedIdentity">): boolean {
  return sharedIdentity !== undefined;
}

/** The namespace whose identity it is. */
export function homeOf({ cluster, namespace, sharedIdentity }: IdentityUser): NamespaceRef {
  return sharedIdentity === undefined ? { cluster, namespace } : namespaceRefOf(sharedIdentity);
}

/** The name of the user-assigned identity and its SQL user. */
export function identityName(user: IdentityUser): string {
  return nameOf(homeOf(user));
}

/**
 * Cluster and namespace may both contain hyphens, so readable parts alone would collide (`a-b`/`c` and `a`/`b-c`); the hash
 * prevents that. Azure allows at most 128 characters: 8 + 40 + 1 + 63 + 1 + 8 = 121.
 */
function nameOf(namespaceRef: NamespaceRef): string {
  return `${owner}-${namespaceRef.cluster}-${namespaceRef.namespace}-${shortHash(namespaceKey(namespaceRef))}`;
}

/** The namespace of the cluster whose identity has this name; undefined for any other name. */
export function namespaceNamed(name: string, cluster: string): string | undefined {
  const begin = `${owner}-${cluster}-`;
  const namespace = name.slice(begin.length, -("-".length + shortHash("").length));
  return namespace !== "" && nameOf({ cluster, namespace }) === name ? namespace : undefined;
}

/** PostgreSQL cuts longer names silently. */
const longestRole = 63;

/**
 * The name of the namespace's role on a PostgreSQL server: the identity's where it fits, otherwise as much of it as leaves room for
 * a longer hash, since what is cut off no longer tells two namespaces apart.
 */
export function postgresRoleName(user: IdentityUser): string {
  const name = identityName(user);
  if (name.length <= longestRole) return name;
  const hash = shortHash(namespaceKey(homeOf(user)), 16);
  return `${name.slice(0, longestRole - hash.length - 1)}-${hash}`;
}

/** Owns what a role made that runs with its owner's rights, once the role has given it up. Nobody can act as it. */
export function postgresHeirName(role: string): string {
  const name = `${role}-heir`;
  return name.length <= longestRole ? name : `${role.slice(0, longestRole - 22)}-${shortHash(role, 16)}-heir`;
}

/** 3 to 120 of [A-Za-z0-9_-], the first alphanumeric (entra-docs, workload identity federation considerations). */
export function federatedCredentialName(namespaceRef: NamespaceRef, serviceAccount: string): string {
  return `${owner}-${shortHash(`${namespaceKey(namespaceRef)}/${serviceAccount}`, 24)}`;
}

export function federatedSubject(namespace: string, serviceAccount: string): string {
  return `system:serviceaccount:${namespace}:${serviceAccount}`;
}

/** Azure's own: lower-case letters and digits, the first a letter, at most 63 (Azure/bicep-types-az, identityBindings). */
export function identityBindingName(namespaceRef: NamespaceRef): string {
  return `${owner}${shortHash(namespaceKey(namespaceRef), 24)}`;
}

/** Whether only Mooring gives a binding this name, for whatever namespace. */
export function isIdentityBindingName(name: string): boolean {
  return new RegExp(`^${owner}[0-9a-f]{24}$`).test(name);
}

/** The credential that Azure gives an identity for all of its identity bindings. */
export const automaticCredential = "aks-identity-binding";

/** The namespace's ClusterRole, which lets its holders use the identity through a binding. A guest has one of its own. */
export function useRoleName(namespaceRef: NamespaceRef): string {
  return nameOf(namespaceRef);
}

/** A label for the namespace's roles in the whole cluster, whose values are shorter than names. */
export function useLabel(namespaceRef: NamespaceRef): string {
  return shortHash(namespaceKey(namespaceRef), 24);
}

/** What gives that role to one service account. */
export function useBindingName(namespaceRef: NamespaceRef, serviceAccount: string): string {
  return `${nameOf(namespaceRef)}-${shortHash(serviceAccount)}`;
}

/** The namespace's AzureIdentity. */
export function azureIdentityName(namespaceRef: NamespaceRef): string {
  return nameOf(namespaceRef);
}

export function bindingName(namespaceRef: NamespaceRef): string {
  return `${nameOf(namespaceRef)}-binding`;
}

/** Names of objects that are the same in every namespace. */
export const namesInside = {
  /** The ConfigMap that says how to connect to databases and other targets. Its name is that of 0.1.0. */
  configMap: "mooring-databases",
} as const;

/** The ResourceQuota that counts Secrets before a namespace is deleted. */
export const secretsQuota = "mooring-secrets";

/** Names of the objects of a profile, the same in every namespace that has one. */
export const namesOfProfile = {
  quota: "mooring-quota",
  limits: "mooring-limits",
  network: "mooring-network",
} as const;

/** The Job that logs in as the workload does. A run always gives the same name, so that a second attempt finds the Job. */
export function verificationJobName(run: string): string {
  return `${owner}-verify-${shortHash(run)}`;
}

function shortHash(text: string, length = 8): string {
  return createHash("sha256").update(text).digest("hex").slice(0, length);
}
