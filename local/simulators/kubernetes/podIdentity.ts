/**
 * aad-pod-identity's MIC: keeps an AzureAssignedIdentity for every pod that a binding matches, as long as pod, binding and
 * identity exist. The rules are those of MIC 1.8, except that it needs no node and assigns immediately (on a virtual
 * machine scale set, the assignment takes about a minute).
 */
import { type Controller, startController } from "./controller.ts";
import { equal, numberAt, objectAt, stringAt } from "./json.ts";
import type { KubeObject } from "./object.ts";
import type { Objects } from "./objects.ts";
import type { Resource, Resources } from "./resource.ts";
import type { Store } from "./store.ts";

const group = "aadpodidentity.k8s.io/v1";
const manager = "mic";
/** Unanchored and case-insensitive, as in MIC; an identity with any other id is silently ignored. */
const resourceId =
  /\/subscriptions\/(.+?)\/resourcegroups\/(.+?)\/providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\/(.+)/i;

interface Assignment {
  readonly namespace: string;
  readonly name: string;
  readonly pod: KubeObject;
  readonly binding: KubeObject;
  readonly identity: KubeObject;
}

export function startPodIdentityController({
  store,
  objects,
  resources,
}: {
  readonly store: Store;
  readonly objects: Objects;
  readonly resources: Resources;
}): Controller {
  return startController(store, {
    concerns: ({ resource }) => resource.kind === "Pod" || resource.group === "aadpodidentity.k8s.io",
    reconcile() {
      const assigned = resources.ofKind(group, "AzureAssignedIdentity");
      if (assigned === undefined) return;
      const wanted = new Map(assignments().map((assignment) => [key(assignment), assignment]));
      for (const object of store.list(assigned)) {
        const { namespace, name } = object.metadata;
        const assignment = wanted.get(`${namespace}/${name}`);
        if (assignment !== undefined && isStill(object, assignment)) wanted.delete(`${namespace}/${name}`);
        else objects.remove({ resource: assigned, namespace, name });
      }
      for (const assignment of wanted.values()) if (!isTerminating(assignment.namespace)) assign(assigned, assignment);
    },
  });

  function all(apiVersion: string, kind: string): KubeObject[] {
    const resource = resources.ofKind(apiVersion, kind);
    return resource === undefined ? [] : store.list(resource);
  }

  function assignments(): Assignment[] {
    const identities = all(group, "AzureIdentity").filter(isUsable);
    return all("v1", "Pod")
      .filter((pod) => ["Pending", "Running"].includes(stringAt(pod, "status", "phase") ?? ""))
      .flatMap((pod) =>
        all(group, "AzureIdentityBinding").flatMap((binding) => {
          const identity = identities.find(
            ({ metadata }) =>
              metadata.namespace === binding.metadata.namespace &&
              metadata.name === stringAt(binding, "spec", "azureIdentity"),
          );
          return identity === undefined || !matches(pod, binding, identity) ? [] : [assignment(pod, binding, identity)];
        }),
      );
  }

  function isTerminating(name: string): boolean {
    const namespaces = resources.ofKind("v1", "Namespace");
    const namespace = namespaces === undefined ? undefined : store.get(namespaces, undefined, name);
    return namespace === undefined || namespace.metadata.deletionTimestamp !== undefined;
  }

  function assign(resource: Resource, { namespace, name, pod, binding, identity }: Assignment) {
    const body = {
      metadata: { name, labels: { nodename: stringAt(pod, "spec", "nodeName") ?? "" } },
      spec: {
        azureIdentityRef: identity,
        azureBindingRef: binding,
        pod: pod.metadata.name,
        podNamespace: pod.metadata.namespace ?? "",
        nodename: stringAt(pod, "spec", "nodeName") ?? "",
      },
      status: { status: "Assigned", availableReplicas: 1 },
    };
    objects.create({ resource, namespace }, body, { manager, fieldValidation: "Ignore" });
  }
}

function isUsable(identity: KubeObject): boolean {
  const type = numberAt(identity, "spec", "type") ?? 0;
  return type !== 0 || resourceId.test(stringAt(identity, "spec", "resourceID") ?? "");
}

function matches(pod: KubeObject, binding: KubeObject, identity: KubeObject): boolean {
  const label = pod.metadata.labels?.["aadpodidbinding"] ?? "";
  if (label === "" || label !== stringAt(binding, "spec", "selector")) return false;
  return !isNamespaced(identity) || pod.metadata.namespace === binding.metadata.namespace;
}

function isNamespaced(identity: KubeObject): boolean {
  return identity.metadata.annotations?.["aadpodidentity.k8s.io/Behavior"] === "namespaced";
}

function assignment(pod: KubeObject, binding: KubeObject, identity: KubeObject): Assignment {
  // MIC puts what is not namespaced into the namespace `default`, where equal identity names collide (issue 1065).
  const namespace = isNamespaced(identity) ? (identity.metadata.namespace ?? "") : "default";
  const name = `${pod.metadata.name}-${pod.metadata.namespace}-${identity.metadata.name}`;
  return { namespace, name, pod, binding, identity };
}

function key({ namespace, name }: Assignment): string {
  return `${namespace}/${name}`;
}

/** Whether an assignment belongs to the current objects, and not to earlier ones of the same names. */
function isStill(assigned: KubeObject, { pod, binding, identity }: Assignment): boolean {
  const spec = objectAt(assigned, "spec");
  return (
    stringAt(spec, "pod") === pod.metadata.name &&
    equal(objectAt(spec, "azureIdentityRef", "spec"), objectAt(identity, "spec")) &&
    equal(objectAt(spec, "azureBindingRef", "spec"), objectAt(binding, "spec"))
  );
}
