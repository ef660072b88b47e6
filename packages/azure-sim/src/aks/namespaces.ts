/**
 * What AKS does in a cluster about managed namespaces: it brings the namespace, its default quota and its default network policy to
 * what Azure Resource Manager has, and its webhook refuses that anybody else changes these (learn.microsoft.com "Use managed namespaces
 * in AKS"; Azure/AKS#5410 has the webhook's name and text). Not documented, and simulated as it seems: the texts about quota, policy
 * and deletion, what a namespace keeps that is given up, and under which name AKS writes.
 */
import { equal, type JsonObject, objectAt, stringsAt } from "../json.ts";
import type { ManagedNamespace, ManagedNamespaces } from "../managedNamespaces.ts";
import type { Item } from "./object.ts";

const label = "kubernetes.azure.com/managedByArm";

interface Asked {
  readonly operation: "CREATE" | "UPDATE" | "DELETE";
  readonly resource: { readonly kind: string };
  readonly name: string | undefined;
  readonly object: JsonObject;
  readonly oldObject?: JsonObject | null;
}

export const managedNamespaceWebhook = {
  name: "aks-namespace-validating-webhook.azmk8s.io",
  sideEffects: "None" as const,
  code: 400,
  deny({ operation, resource, name, object, oldObject = null }: Asked) {
    if (oldObject === null || stringsAt(oldObject, "metadata", "labels")[label] !== "true") return undefined;
    const refused = (what: string) =>
      `Updating/deleting ${what} is not allowed because it is managed by ARM. Please update this namespace through ARM api.`;
    const differs = (...path: readonly string[]) => !equal(objectAt(object, ...path), objectAt(oldObject, ...path));
    if (resource.kind === "Namespace") {
      if (operation === "DELETE") return refused(`namespace ${name}`);
      const changed = ["labels", "annotations"].find((field) => differs("metadata", field));
      return changed === undefined ? undefined : refused(`namespace ${name} ${changed}`);
    }
    if (resource.kind !== "ResourceQuota" && resource.kind !== "NetworkPolicy") return undefined;
    const isChanged = operation === "DELETE" || differs("spec") || differs("metadata", "labels");
    return isChanged ? refused(`${resource.kind.toLowerCase()} ${name}`) : undefined;
  },
};

type Kind = readonly [apiVersion: string, kind: string];
const namespaces: Kind = ["v1", "Namespace"];
const inside = [
  { kind: ["v1", "ResourceQuota"], own: "defaultresourcequota", spec: quotaSpec },
  { kind: ["networking.k8s.io/v1", "NetworkPolicy"], own: "defaultnetworkpolicy", spec: policySpec },
] as const;

/** The cluster's objects, to whoever writes them as AKS. */
interface Objects {
  find(kind: Kind, namespace: string | undefined, name: string): Item | undefined;
  /** Creates it, or replaces these fields of it. */
  put(kind: Kind, namespace: string | undefined, name: string, body: JsonObject): void;
  remove(kind: Kind, namespace: string | undefined, name: string): void;
}

export function serveManagedNamespaces(managed: ManagedNamespaces, cluster: string, objects: Objects): () => void {
  function writeNamespace(name: string, labels: Record<string, string>, annotations: Record<string, string>): void {
    const metadata = objectAt(objects.find(namespaces, undefined, name), "metadata");
    objects.put(namespaces, undefined, name, { metadata: { ...metadata, name, labels, annotations } });
  }

  function removeIfThere(kind: Kind, namespace: string, name: string): void {
    if (objects.find(kind, namespace, name)) objects.remove(kind, namespace, name);
  }

  return managed.managedBy(cluster, {
    bring(wanted, before) {
      const { name, properties } = wanted;
      const live = objects.find(namespaces, undefined, name);
      const found = { labels: live?.metadata.labels ?? {}, annotations: live?.metadata.annotations ?? {} };
      if (before === undefined && live !== undefined) {
        const isIdentical = (["labels", "annotations"] as const).every((field) =>
          Object.entries(properties[field] ?? {}).every(([key, value]) => found[field][key] === value),
        );
        if (properties.adoptionPolicy === "Never") return `namespace ${name} already exists`;
        if (properties.adoptionPolicy === "IfIdentical" && !isIdentical) return `namespace ${name} differs`;
      }
      const merged = (field: "labels" | "annotations") => {
        const given = Object.keys(before?.properties[field] ?? {});
        const kept = Object.entries(found[field]).filter(([key]) => !given.includes(key));
        return { ...Object.fromEntries(kept), ...properties[field] };
      };
      writeNamespace(name, { ...merged("labels"), [label]: "true" }, merged("annotations"));
      for (const { kind, own, spec } of inside) {
        const body = spec(wanted);
        if (body) objects.put(kind, name, own, { metadata: { name: own, labels: { [label]: "true" } }, spec: body });
        else removeIfThere(kind, name, own);
      }
      return undefined;
    },

    release({ name, properties }) {
      const live = objects.find(namespaces, undefined, name);
      if (live === undefined) return;
      if (properties.deletePolicy === "Delete") {
        objects.remove(namespaces, undefined, name);
        return;
      }
      const { [label]: _, ...labels } = live.metadata.labels ?? {};
      writeNamespace(name, labels, live.metadata.annotations ?? {});
      for (const { kind, own } of inside) removeIfThere(kind, name, own);
    },
  });
}

const amounts = {
  "requests.cpu": "cpuRequest",
  "limits.cpu": "cpuLimit",
  "requests.memory": "memoryRequest",
  "limits.memory": "memoryLimit",
} as const;

function quotaSpec({ properties: { defaultResourceQuota } }: ManagedNamespace): JsonObject | undefined {
  const hard = Object.entries(amounts).flatMap(([key, field]) => {
    const amount = defaultResourceQuota?.[field];
    return amount === undefined ? [] : [[key, amount] as const];
  });
  return hard.length === 0 ? undefined : { hard: Object.fromEntries(hard) };
}

function policySpec({ properties: { defaultNetworkPolicy } }: ManagedNamespace): JsonObject | undefined {
  if (!defaultNetworkPolicy) return undefined;
  const rules = (rule: string, peers: "from" | "to"): JsonObject[] => {
    if (rule === "AllowAll") return [{}];
    return rule === "AllowSameNamespace" ? [{ [peers]: [{ podSelector: {} }] }] : [];
  };
  const ingress = rules(defaultNetworkPolicy.ingress, "from");
  const egress = rules(defaultNetworkPolicy.egress, "to");
  return {
    podSelector: {},
    policyTypes: ["Ingress", "Egress"],
    ...(ingress.length > 0 ? { ingress } : {}),
    ...(egress.length > 0 ? { egress } : {}),
  };
}
