/**
 * Asked once for all namespaces: lists of whole places (a cluster's objects of a kind, a subscription's role assignments, a database's
 * users), and what is true of a place whoever asks (docs/adr/0035-index-of-elsewhere.md).
 */
import type { ClusterTarget } from "../domain/catalog/catalog.ts";
import { PermanentError, TransientError } from "../domain/errors.ts";
import type { DatabaseTarget } from "../domain/targets/sqlDatabase.ts";
import type { Ports, ReadIndex } from "../ports/index.ts";
import type { Kubernetes, KubernetesObject, ObjectRef } from "../ports/kubernetes.ts";

/** What looks elsewhere ask for by name, of which a cluster has few enough to list. */
const listedKinds: ReadonlySet<string> = new Set([
  "ServiceAccount",
  "ClusterRole",
  "ClusterRoleBinding",
  "AzureIdentity",
  "AzureIdentityBinding",
]);

interface Kept {
  readonly time: number;
  /** Undefined where the whole cannot be read. */
  readonly whole: Promise<unknown>;
}

interface Index extends ReadIndex {
  /** Drops the lists whose keys begin so. */
  forget(...key: readonly string[]): void;
}

/** The ports with an index of what they say. `keptMs`: how old an answer may be, unless these ports themselves have written there. */
export function withIndex(ports: Ports, keptMs: number): Ports {
  const index = createReadIndex(keptMs);
  const { kubernetes, identityBindings, roleAssignments, cosmosRoles, databases } = ports;
  // Afterwards: what was read meanwhile may be either state.
  const thenForget = <T>(written: Promise<T>, ...key: readonly string[]) => written.finally(() => index.forget(...key));
  return {
    ...ports,
    index,
    kubernetes: {
      ...kubernetes,
      apply: (cluster, object, options) =>
        thenForget(kubernetes.apply(cluster, object, options), ...keyOfObjects(cluster, object)),
      remove: (cluster, ref, ...how) =>
        thenForget(kubernetes.remove(cluster, ref, ...how), ...keyOfObjects(cluster, ref)),
    },
    identityBindings: {
      ...identityBindings,
      put: (ref, binding) => thenForget(identityBindings.put(ref, binding), "bindings", ref.clusterId),
      remove: (ref) => thenForget(identityBindings.remove(ref), "bindings", ref.clusterId),
    },
    roleAssignments: {
      ...roleAssignments,
      put: (ref, given) => thenForget(roleAssignments.put(ref, given), "roles"),
      remove: (ref) => thenForget(roleAssignments.remove(ref), "roles"),
    },
    cosmosRoles: {
      ...cosmosRoles,
      assign: (accountId, role) => thenForget(cosmosRoles.assign(accountId, role), "cosmos", accountId.toLowerCase()),
      remove: (accountId, name) => thenForget(cosmosRoles.remove(accountId, name), "cosmos", accountId.toLowerCase()),
    },
    databases: {
      ...databases,
      change: (target, changes) => thenForget(databases.change(target, changes), ...keyOfUsers(target)),
    },
  };
}

function keyOfObjects({ alias }: ClusterTarget, { apiVersion, kind }: Pick<ObjectRef, "apiVersion" | "kind">) {
  return ["objects", alias, apiVersion, kind] as const;
}

function keyOfUsers({ server, database }: DatabaseTarget) {
  return ["users", server.alias, database] as const;
}

function createReadIndex(keptMs: number): Index {
  const lists = new Map<string, Kept>();

  function wholeOf<T>(key: string, read: () => Promise<T>): Promise<T | undefined> {
    const known = lists.get(key);
    if (known && performance.now() - known.time < keptMs) return known.whole as Promise<T | undefined>;
    const whole = read().catch((error: unknown) => {
      // Without the right to the whole, nobody asks for it again before the list would be old.
      if (error instanceof PermanentError) return undefined;
      lists.delete(key);
      if (error instanceof TransientError) return undefined;
      throw error;
    });
    lists.set(key, { time: performance.now(), whole });
    return whole;
  }

  async function once<T>(key: readonly unknown[], ask: () => Promise<T>): Promise<T> {
    return await from(key, { read: async () => ({ answer: await ask() }), pick: ({ answer }) => answer, ask });
  }

  async function from<T, R>(
    key: readonly unknown[],
    { read, pick, ask }: { read: () => Promise<T>; pick: (whole: T) => R; ask: () => Promise<R> },
  ): Promise<R> {
    const whole = await wholeOf(JSON.stringify(key), read);
    return whole === undefined ? await ask() : pick(whole);
  }

  return {
    forget(...key) {
      const beginning = JSON.stringify(key).slice(0, -1);
      for (const known of [...lists.keys()]) if (known.startsWith(beginning)) lists.delete(known);
    },

    places(ports) {
      const { kubernetes, roleAssignments, sqlServers } = ports;
      return {
        ...ports,
        kubernetes: {
          ...kubernetes,
          get: (cluster, ref) =>
            ref.kind === "MutatingWebhookConfiguration"
              ? once(["webhook", cluster.alias, ref.name], () => kubernetes.get(cluster, ref))
              : kubernetes.get(cluster, ref),
        },
        roleAssignments: {
          ...roleAssignments,
          ownPermissions: (scope) => once(["permissions", scope], () => roleAssignments.ownPermissions(scope)),
        },
        sqlServers: {
          ...sqlServers,
          inspect: (server) => once(["server", server.resourceId], () => sqlServers.inspect(server)),
        },
      };
    },

    elsewhere(ports) {
      const { kubernetes, identityBindings, roleAssignments, cosmosRoles, databases } = ports;
      return {
        ...ports,
        kubernetes: {
          ...kubernetes,
          async get(cluster, ref) {
            const { apiVersion, kind } = ref;
            if (!listedKinds.has(kind)) return await kubernetes.get(cluster, ref);
            return await from(keyOfObjects(cluster, ref), {
              read: () => kubernetes.list(cluster, { apiVersion, kind }),
              pick: (all) => all.find(({ metadata }) => isNamed(metadata, ref)),
              ask: () => kubernetes.get(cluster, ref),
            });
          },
          async list(cluster, query) {
            const { apiVersion, kind } = query;
            if (!listedKinds.has(kind)) return await kubernetes.list(cluster, query);
            return await from(keyOfObjects(cluster, query), {
              read: () => kubernetes.list(cluster, { apiVersion, kind }),
              pick: (all) => all.filter(({ metadata }) => isSelected(metadata, query)),
              ask: () => kubernetes.list(cluster, query),
            });
          },
        },
        identityBindings: {
          ...identityBindings,
          get: (ref) =>
            from(["bindings", ref.clusterId], {
              read: () => identityBindings.listAt(ref.clusterId),
              pick: (all) => all.find(({ name }) => name === ref.name),
              ask: () => identityBindings.get(ref),
            }),
        },
        roleAssignments: {
          ...roleAssignments,
          givenTo: (principalId, where) =>
            from(["roles", where.subscriptionId], {
              read: () => roleAssignments.givenIn(where.subscriptionId),
              pick: (all) => all.filter((each) => each.principalId === principalId),
              ask: () => roleAssignments.givenTo(principalId, where),
            }),
          subscriptions: () => once(["subscriptions"], () => roleAssignments.subscriptions()),
        },
        cosmosRoles: {
          ...cosmosRoles,
          assignmentsIn: (accountId) =>
            once(["cosmos", accountId.toLowerCase()], () => cosmosRoles.assignmentsIn(accountId)),
        },
        databases: {
          ...databases,
          inspect: (target, user) =>
            from(keyOfUsers(target), {
              read: () => databases.inspectAll(target),
              pick: (all) => ({
                ...all,
                users: all.users.filter(({ name, sid }) => name === user.name || sid === user.sid),
              }),
              ask: () => databases.inspect(target, user),
            }),
        },
      };
    },
  };
}

function isNamed(metadata: Pick<ObjectRef, "name" | "namespace">, ref: ObjectRef): boolean {
  return metadata.name === ref.name && metadata.namespace === ref.namespace;
}

/** Of a selector, the one form that looks elsewhere use: a label and its value. */
function isSelected(
  { namespace, labels = {} }: KubernetesObject["metadata"],
  wanted: Parameters<Kubernetes["list"]>[1],
): boolean {
  const [label = "", value] = wanted.labelSelector?.split("=") ?? [];
  const isLabelled = wanted.labelSelector === undefined || labels[label] === value;
  return isLabelled && (wanted.namespace === undefined || namespace === wanted.namespace);
}
