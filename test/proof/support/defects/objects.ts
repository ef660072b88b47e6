/** Objects of a cluster that are overlooked, stay, or allow more than is asked for. */

import { z } from "zod";
import type { Ports } from "../../../../src/ports/index.ts";
import type { KubernetesObject } from "../../../../src/ports/kubernetes.ts";
import { isPolicyKind } from "../networkWorld.ts";
import { type Defects, leaks } from "./defect.ts";

/** Deletes anything with the given name, whoever made it. */
function withoutLooking(ports: Ports): Ports {
  const { kubernetes } = ports;
  return {
    ...ports,
    kubernetes: {
      ...kubernetes,
      async apply(cluster, object, options) {
        if (options?.dryRun) return await kubernetes.apply(cluster, object, options);
        const { namespace, name } = object.metadata;
        const ref = { apiVersion: object.apiVersion, kind: object.kind, name, ...(namespace ? { namespace } : {}) };
        const current = await kubernetes.get(cluster, ref);
        if (current?.metadata.uid) await kubernetes.remove(cluster, ref, { uid: current.metadata.uid });
        return await kubernetes.apply(cluster, object, options);
      },
    },
  };
}

/** Sees no pods, even if some use the identity. */
function withoutPods(ports: Ports): Ports {
  return { ...ports, kubernetes: { ...ports.kubernetes, list: async () => [] } };
}

/** Sees nothing of what others have in a namespace. */
function withoutOccupants(ports: Ports): Ports {
  return { ...ports, kubernetes: { ...ports.kubernetes, listMetadata: async () => [] } };
}

/** As 0.1.0: only these kinds counted. */
function withoutOtherKinds(ports: Ports): Ports {
  const { kubernetes } = ports;
  const work = ["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "PersistentVolumeClaim", "Pod"];
  const listMetadata: typeof kubernetes.listMetadata = async (cluster, query) =>
    work.includes(query.kind) ? kubernetes.listMetadata(cluster, query) : [];
  return { ...ports, kubernetes: { ...kubernetes, listMetadata } };
}

/** Whatever owns an object, it is taken for the owner's. */
function withoutOwnedObjects(ports: Ports): Ports {
  const { kubernetes } = ports;
  const listMetadata: typeof kubernetes.listMetadata = async (cluster, query) =>
    (await kubernetes.listMetadata(cluster, query)).filter(({ metadata }) => metadata.ownerReferences === undefined);
  return { ...ports, kubernetes: { ...kubernetes, listMetadata } };
}

/** What Mooring wrote in Azure stays there. */
function withLastingProfiles(ports: Ports): Ports {
  const { managedNamespaces } = ports;
  const replace: typeof managedNamespaces.replace = async (ref, document, eTag) => {
    if (document.tags?.["mooring-namespace"] !== undefined) await managedNamespaces.replace(ref, document, eTag);
  };
  return { ...ports, managedNamespaces: { ...managedNamespaces, replace } };
}

/** A quota that is deleted stays, and nobody says so. */
function withLastingQuotas(ports: Ports): Ports {
  const { kubernetes } = ports;
  const remove: typeof kubernetes.remove = async (cluster, ref, ...rest) =>
    ref.kind === "ResourceQuota" ? undefined : await kubernetes.remove(cluster, ref, ...rest);
  return { ...ports, kubernetes: { ...kubernetes, remove } };
}

/** Claims to undo a migration's phases without doing so. */
function withoutUndoing(ports: Ports): Ports {
  const { kubernetes } = ports;
  const remove: typeof kubernetes.remove = async (cluster, ref, precondition) =>
    ref.kind === "ServiceAccount" ? undefined : kubernetes.remove(cluster, ref, precondition);
  return { ...ports, kubernetes: { ...kubernetes, remove } };
}

const everywhere = { to: [{ ipBlock: { cidr: "10.99.0.0/16" } }] };

/** Opens more by a network policy than is asked for, and does not see that. */
function withWiderPolicies(ports: Ports): Ports {
  const { kubernetes } = ports;
  const withRules = (object: KubernetesObject, change: (rules: unknown[]) => unknown[]): KubernetesObject => {
    const { egress, ...spec } = z.looseObject({ egress: z.array(z.unknown()) }).parse(object["spec"]);
    return { ...object, spec: { ...spec, egress: change(egress) } };
  };
  const isWider = (rule: unknown) => JSON.stringify(rule) === JSON.stringify(everywhere);
  const seen = (object: KubernetesObject) => withRules(object, (rules) => rules.filter((rule) => !isWider(rule)));
  return {
    ...ports,
    kubernetes: {
      ...kubernetes,
      async apply(cluster, object, options) {
        if (!isPolicyKind(object.kind)) return await kubernetes.apply(cluster, object, options);
        const wider = withRules(object, (rules) => [...rules, everywhere]);
        return seen(await kubernetes.apply(cluster, wider, options));
      },
      async get(cluster, ref) {
        const found = await kubernetes.get(cluster, ref);
        return found && isPolicyKind(ref.kind) ? seen(found) : found;
      },
    },
  };
}

/** Sees in a ConfigMap only what it wants there: what it set before, and does not want any more, stays. */
function withoutOwnFields(ports: Ports): Ports {
  const { kubernetes } = ports;
  const get: typeof kubernetes.get = async (cluster, ref) => {
    const found = await kubernetes.get(cluster, ref);
    if (found?.kind !== "ConfigMap") return found;
    const { managedFields: _, ...metadata } = found.metadata;
    return { ...found, metadata };
  };
  return { ...ports, kubernetes: { ...kubernetes, get } };
}

export const objects: Defects = {
  "an object that is replaced without a look": { spoil: withoutLooking, finds: leaks },
  "a service account that is never removed": { spoil: withoutUndoing, finds: leaks },
  "a ConfigMap that forgets no target": { spoil: withoutOwnFields, finds: /names the targets|ConfigMap/ },
  "a migration that overlooks pods": { spoil: withoutPods, finds: /a pod has lost its identity/, from: 500 },
  "a namespace that is deleted with what others have in it": {
    spoil: withoutOccupants,
    finds: /removed, and somebody else's/,
  },
  "a namespace in which only workloads count": { spoil: withoutOtherKinds, finds: /removed, and somebody else's/ },
  "a namespace in which nothing counts that has an owner": {
    spoil: withoutOwnedObjects,
    finds: /removed, and somebody else's/,
  },
  "a quota of a profile that stays": { spoil: withLastingQuotas, finds: /left behind|left over|still there/ },
  "a profile in Azure that is never given back": {
    spoil: withLastingProfiles,
    finds: /still has the profile|changed, and not Mooring's: managed/,
  },
  "a network policy that opens more than is asked for": {
    spoil: withWiderPolicies,
    finds: /the network policy opens 10\.99/,
  },
};
