/**
 * Asked once for all namespaces: lists of whole places (a cluster's objects of a kind, a subscription's role assignments, a database's
 * users), and what is true of a place whoever asks (docs/adr/0035-index-of-elsewhere.md).
 */
import { defined } from "../domain/defined.ts";
import { PermanentError, TransientError } from "../domain/errors.ts";
import type { ReadIndex } from "../ports/index.ts";
import type { ObjectRef } from "../ports/kubernetes.ts";

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

/** `keptMs`: how old an answer may be. */
export function createReadIndex(keptMs: number): ReadIndex {
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
            return await from(["objects", cluster.alias, apiVersion, kind], {
              read: () => kubernetes.list(cluster, { apiVersion, kind }),
              pick: (all) => all.find(({ metadata }) => isNamed(metadata, ref)),
              ask: () => kubernetes.get(cluster, ref),
            });
          },
          async list(cluster, query) {
            const { apiVersion, kind, namespace, labelSelector } = query;
            if (!listedKinds.has(kind)) return await kubernetes.list(cluster, query);
            return await from(["objects", cluster.alias, apiVersion, kind, labelSelector], {
              read: () => kubernetes.list(cluster, { apiVersion, kind, ...defined({ labelSelector }) }),
              pick: (all) =>
                namespace === undefined ? all : all.filter(({ metadata }) => metadata.namespace === namespace),
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
            from(["users", target.server.alias, target.database], {
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
