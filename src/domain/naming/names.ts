/** Names of what Mooring creates: the same request always gives the same names, and no two namespaces share one. */
import { createHash } from "node:crypto";

export interface Berth {
  readonly cluster: string;
  readonly namespace: string;
}

/** The field manager, label value, tag prefix and extended property by which Mooring knows its own. */
export const owner = "mooring";

export function berthKey({ cluster, namespace }: Berth): string {
  return `${cluster}/${namespace}`;
}

/**
 * The user-assigned identity, its SQL user and its AzureIdentity. Cluster and namespace may both hold hyphens, so
 * readable parts alone would collide (`a-b`/`c` and `a`/`b-c`); the hash keeps them apart. At most 128 characters, as
 * Azure allows: 8 + 40 + 1 + 63 + 1 + 8 = 121.
 */
export function identityName(berth: Berth): string {
  return `${owner}-${berth.cluster}-${berth.namespace}-${shortHash(berthKey(berth))}`;
}

/** 3 to 120 of [A-Za-z0-9_-], the first alphanumeric (entra-docs, workload identity federation considerations). */
export function federatedCredentialName(berth: Berth, serviceAccount: string): string {
  return `${owner}-${shortHash(`${berthKey(berth)}/${serviceAccount}`, 24)}`;
}

export function federatedSubject(namespace: string, serviceAccount: string): string {
  return `system:serviceaccount:${namespace}:${serviceAccount}`;
}

export function bindingName(berth: Berth): string {
  return `${identityName(berth)}-binding`;
}

/** What Mooring puts into every namespace, each under the same name in all of them. */
export const namesInside = {
  /** The ConfigMap that carries SERVER_NAME and DATABASE_NAME. */
  configMap: "mooring-databases",
} as const;

/** The Job that logs in as the workload does; the same for the same run, so that a second try finds it. */
export function verificationJobName(run: string): string {
  return `${owner}-verify-${shortHash(run)}`;
}

function shortHash(text: string, length = 8): string {
  return createHash("sha256").update(text).digest("hex").slice(0, length);
}
