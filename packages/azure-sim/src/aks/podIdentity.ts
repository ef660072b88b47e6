/**
 * aad-pod-identity's MIC: keeps an AzureAssignedIdentity for every pod that a binding matches, as long as pod, binding and
 * identity exist. The rules are those of MIC 1.8, except that it assigns immediately (on a virtual machine scale
 * set, the assignment takes about a minute).
 */
import { equal, numberAt, objectAt, stringAt } from "../json.ts";
import type { ClusterApi, Item } from "./object.ts";

const group = "aadpodidentity.k8s.io/v1";
/** Unanchored and case-insensitive, as in MIC; an identity with any other id is silently ignored. */
const resourceId =
  /\/subscriptions\/(.+?)\/resourcegroups\/(.+?)\/providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\/(.+)/i;

interface Assignment {
  readonly namespace: string;
  readonly name: string;
  readonly pod: Item;
  readonly binding: Item;
  readonly identity: Item;
}

/** The objects at a path, as last seen. */
type Follow = (path: string, onChange: () => void) => { objects(): readonly Item[]; close(): Promise<void> };

export function startPodIdentityController(api: ClusterApi, follow: Follow): { close(): Promise<void> } {
  let isDue = false;
  let isClosed = false;
  let running: Promise<void> = Promise.resolve();
  const onChange = () => {
    if (isDue || isClosed) return;
    isDue = true;
    running = running.then(async () => {
      isDue = false;
      await reconcile();
    });
  };
  const pods = follow("/api/v1/pods", onChange);
  const identities = follow(`/apis/${group}/azureidentities`, onChange);
  const bindings = follow(`/apis/${group}/azureidentitybindings`, onChange);
  const assigned = follow(`/apis/${group}/azureassignedidentities`, onChange);
  const followers = [pods, identities, bindings, assigned];

  async function reconcile(): Promise<void> {
    const wanted = new Map(assignments().map((assignment) => [key(assignment), assignment]));
    for (const object of assigned.objects()) {
      const { namespace = "", name, uid } = object.metadata;
      const assignment = wanted.get(`${namespace}/${name}`);
      if (assignment !== undefined && isStill(object, assignment)) wanted.delete(`${namespace}/${name}`);
      // The next change tries again what fails here, such as a namespace that is being deleted.
      else await api.remove(path(namespace, name), { preconditions: { uid } }).catch(() => undefined);
    }
    for (const assignment of wanted.values()) {
      const { namespace } = assignment;
      if (isClosed) return;
      await api.post(path(namespace), assignedIdentity(assignment)).catch(() => undefined);
    }
  }

  function assignments(): Assignment[] {
    const usable = identities.objects().filter(isUsable);
    return pods
      .objects()
      .filter((pod) => ["Pending", "Running"].includes(stringAt(pod, "status", "phase") ?? ""))
      .flatMap((pod) =>
        bindings.objects().flatMap((binding) => {
          const identity = usable.find(
            ({ metadata }) =>
              metadata.namespace === binding.metadata.namespace &&
              metadata.name === stringAt(binding, "spec", "azureIdentity"),
          );
          return identity === undefined || !matches(pod, binding, identity) ? [] : [assignment(pod, binding, identity)];
        }),
      );
  }

  return {
    async close() {
      isClosed = true;
      await Promise.all(followers.map((follower) => follower.close()));
      await running;
    },
  };
}

function path(namespace: string, name?: string): string {
  const collection = `/apis/${group}/namespaces/${namespace}/azureassignedidentities`;
  return name === undefined ? collection : `${collection}/${name}`;
}

function assignedIdentity({ name, pod, binding, identity }: Assignment) {
  const nodename = stringAt(pod, "spec", "nodeName") ?? "";
  return {
    apiVersion: group,
    kind: "AzureAssignedIdentity",
    metadata: { name, labels: { nodename } },
    spec: {
      azureIdentityRef: { ...identity, apiVersion: group, kind: "AzureIdentity" },
      azureBindingRef: { ...binding, apiVersion: group, kind: "AzureIdentityBinding" },
      pod: pod.metadata.name,
      podNamespace: pod.metadata.namespace ?? "",
      nodename,
    },
    status: { status: "Assigned", availableReplicas: 1 },
  };
}

function isUsable(identity: Item): boolean {
  const type = numberAt(identity, "spec", "type") ?? 0;
  return type !== 0 || resourceId.test(stringAt(identity, "spec", "resourceID") ?? "");
}

function matches(pod: Item, binding: Item, identity: Item): boolean {
  const label = pod.metadata.labels?.["aadpodidbinding"] ?? "";
  if (label === "" || label !== stringAt(binding, "spec", "selector")) return false;
  return !isNamespaced(identity) || pod.metadata.namespace === binding.metadata.namespace;
}

function isNamespaced(identity: Item): boolean {
  return identity.metadata.annotations?.["aadpodidentity.k8s.io/Behavior"] === "namespaced";
}

function assignment(pod: Item, binding: Item, identity: Item): Assignment {
  // MIC puts what is not namespaced into the namespace `default`, where equal identity names collide (issue 1065).
  const namespace = isNamespaced(identity) ? (identity.metadata.namespace ?? "") : "default";
  const name = `${pod.metadata.name}-${pod.metadata.namespace}-${identity.metadata.name}`;
  return { namespace, name, pod, binding, identity };
}

function key({ namespace, name }: Assignment): string {
  return `${namespace}/${name}`;
}

/** Whether an assignment belongs to the current objects, and not to earlier ones of the same names. */
function isStill(assigned: Item, { pod, binding, identity }: Assignment): boolean {
  const spec = objectAt(assigned, "spec");
  return (
    stringAt(spec, "pod") === pod.metadata.name &&
    equal(objectAt(spec, "azureIdentityRef", "spec"), objectAt(identity, "spec")) &&
    equal(objectAt(spec, "azureBindingRef", "spec"), objectAt(binding, "spec"))
  );
}
