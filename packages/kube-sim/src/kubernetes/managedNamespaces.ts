/**
 * What AKS does in a cluster about managed namespaces: it brings the namespace, its default quota and its default network policy to
 * what Azure Resource Manager has, and its webhook refuses that anybody else changes these (learn.microsoft.com "Use managed namespaces
 * in AKS"; Azure/AKS#5410 has the webhook's name and text). Not documented, and simulated as it seems: the texts about quota, policy
 * and deletion, what a namespace keeps that is given up, and under which name AKS writes.
 */
import type { ManagedNamespace, ManagedNamespaces } from "../../../azure-sim/src/managedNamespaces.ts";
import { equal, type JsonObject, objectAt, stringsAt } from "./json.ts";
import type { Resources } from "./resource.ts";
import type { Store } from "./store.ts";
import type { Objects } from "./verbs.ts";
import type { AdmissionRequest, AdmissionWebhook } from "./webhooks.ts";

const label = "kubernetes.azure.com/managedByArm";
const manager = "aks-namespace-manager";

export const managedNamespaceWebhook: AdmissionWebhook = {
  name: "aks-namespace-validating-webhook.azmk8s.io",
  sideEffects: "None",
  code: 400,
  deny({ operation, resource, name, object, oldObject = null }: AdmissionRequest) {
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

interface Parts {
  readonly store: Store;
  readonly resources: Resources;
  readonly objects: Objects;
}

export function serveManagedNamespaces(managed: ManagedNamespaces, cluster: string, parts: Parts): () => void {
  const { store, resources, objects } = parts;
  const kindOf = (apiVersion: string, kind: string) => {
    const resource = resources.ofKind(apiVersion, kind);
    if (resource === undefined) throw new Error(`The simulated cluster serves no ${kind}.`);
    return resource;
  };
  const namespaces = kindOf("v1", "Namespace");
  const inside = [
    { resource: kindOf("v1", "ResourceQuota"), name: "defaultresourcequota", spec: quotaSpec },
    { resource: kindOf("networking.k8s.io/v1", "NetworkPolicy"), name: "defaultnetworkpolicy", spec: policySpec },
  ];

  /** Creates it, or replaces the fields of it. */
  function put(resource: typeof namespaces, namespace: string | undefined, name: string, body: JsonObject): void {
    const live = store.get(resource, namespace, name);
    if (live === undefined) objects.create({ resource, namespace }, body, { manager });
    else objects.replace({ resource, namespace, name }, { ...live, ...body }, { manager });
  }

  function writeNamespace(name: string, labels: Record<string, string>, annotations: Record<string, string>): void {
    const metadata = objectAt(store.get(namespaces, undefined, name) ?? {}, "metadata");
    put(namespaces, undefined, name, { metadata: { ...metadata, name, labels, annotations } });
  }

  return managed.managedBy(cluster, {
    bring(wanted, before) {
      const { name, properties } = wanted;
      const live = store.get(namespaces, undefined, name);
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
      for (const { resource, name: own, spec } of inside) {
        const body = spec(wanted);
        if (body) put(resource, name, own, { metadata: { name: own, labels: { [label]: "true" } }, spec: body });
        else if (store.get(resource, name, own)) objects.remove({ resource, namespace: name, name: own }, {});
      }
      return undefined;
    },

    release({ name, properties }) {
      const live = store.get(namespaces, undefined, name);
      if (live === undefined) return;
      if (properties.deletePolicy === "Delete") {
        objects.remove({ resource: namespaces, namespace: undefined, name }, {});
        return;
      }
      const { [label]: _, ...labels } = live.metadata.labels ?? {};
      writeNamespace(name, labels, live.metadata.annotations ?? {});
      for (const { resource, name: own } of inside) {
        if (store.get(resource, name, own)) objects.remove({ resource, namespace: name, name: own }, {});
      }
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
