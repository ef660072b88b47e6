/**
 * The controllers of deployments and replica sets: a replica set for each pod template, as many pods as it says, and what is ready of
 * them. A new template replaces all pods at once; a real cluster does it step by step, as the strategy says.
 */
import { createHash } from "node:crypto";
import {
  equal,
  type Json,
  type JsonObject,
  listAt,
  numberAt,
  objectAt,
  stringAt,
  stringsAt,
  without,
} from "azure-sim/json";
import { type Controller, startController } from "./controller.ts";
import { ApiFailure } from "./failures.ts";
import { type KubeObject, timestamp } from "./object.ts";
import type { Resource, Resources } from "./resource.ts";
import type { Store } from "./store.ts";
import type { Objects } from "./verbs.ts";

interface Parts {
  readonly store: Store;
  readonly objects: Objects;
  readonly resources: Resources;
  readonly now: () => Date;
}

const manager = "kube-controller-manager";
const hashLabel = "pod-template-hash";
const revision = "deployment.kubernetes.io/revision";

export function startDeploymentController({ store, objects, resources, now }: Parts): Controller {
  return startController(store, {
    concerns: ({ resource }) => ["Deployment", "ReplicaSet", "Pod", "ServiceAccount"].includes(resource.kind),
    reconcile() {
      const deployments = resources.ofKind("apps/v1", "Deployment");
      const sets = resources.ofKind("apps/v1", "ReplicaSet");
      const pods = resources.ofKind("v1", "Pod");
      if (!deployments || !sets || !pods) return;
      for (const deployment of store.list(deployments))
        if (isThere(deployment)) advance(deployment, { deployments, sets });
      for (const set of store.list(sets)) if (isThere(set)) fill(set, { sets, pods });
    },
  });

  function advance(deployment: KubeObject, { deployments, sets }: { deployments: Resource; sets: Resource }) {
    const { namespace } = deployment.metadata;
    const owned = ownedBy(deployment, store.list(sets, namespace));
    const hash = hashOf(objectAt(deployment, "spec", "template"));
    const replicas = numberAt(deployment, "spec", "replicas") ?? 1;
    let current = owned.find((set) => set.metadata.labels?.[hashLabel] === hash);
    if (objectAt(deployment, "spec")["paused"] !== true) {
      const last = Math.max(0, ...owned.map(revisionOf));
      if (current === undefined) current = makeSet(deployment, { sets, hash, number: String(last + 1) });
      else describe(sets, current, { deployment, number: revisionOf(current) < last ? last + 1 : last });
      for (const set of owned) scale(sets, set, set === current ? replicas : 0);
    }
    const all = ownedBy(deployment, store.list(sets, namespace));
    const sum = (field: string) => all.reduce((total, set) => total + (numberAt(set, "status", field) ?? 0), 0);
    const updated = all.find((set) => set.metadata.labels?.[hashLabel] === hash);
    const available = sum("availableReplicas");
    const number = updated?.metadata.annotations?.[revision];
    if (number !== undefined && deployment.metadata.annotations?.[revision] !== number) {
      merge(deployments, deployment, { metadata: { annotations: { [revision]: number } } });
    }
    writeStatus(deployments, deployment, {
      observedGeneration: deployment.metadata.generation ?? 0,
      replicas: sum("replicas"),
      updatedReplicas: numberAt(updated, "status", "replicas") ?? 0,
      readyReplicas: sum("readyReplicas"),
      availableReplicas: available,
      unavailableReplicas: Math.max(0, replicas - available),
      conditions: [
        condition(deployment, "Available", {
          holds: available >= replicas,
          reason: available >= replicas ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
          message: `Deployment ${available >= replicas ? "has" : "does not have"} minimum availability.`,
        }),
        ...(updated ? [progress(deployment, updated, { isDone: isDone(all, updated, replicas) })] : []),
      ],
    });
  }

  /** Helm waits for this one. */
  function progress(deployment: KubeObject, set: KubeObject, { isDone }: { isDone: boolean }): Json {
    const name = `ReplicaSet ${JSON.stringify(set.metadata.name)}`;
    return condition(deployment, "Progressing", {
      holds: true,
      reason: isDone ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
      message: isDone ? `${name} has successfully progressed.` : `${name} is progressing.`,
    });
  }

  /** A template that comes back is a revision of its own, with what the deployment says of it, such as why it has changed. */
  function describe(
    sets: Resource,
    set: KubeObject,
    { deployment, number }: { deployment: KubeObject; number: number },
  ) {
    const annotations = { ...ownAnnotations(deployment), [revision]: String(number) };
    const known = set.metadata.annotations ?? {};
    const isSame = Object.entries(annotations).every(([key, value]) => known[key] === value);
    if (!isSame) merge(sets, set, { metadata: { annotations } });
  }

  function makeSet(
    deployment: KubeObject,
    { sets, hash, number }: { sets: Resource; hash: string; number: string },
  ): KubeObject | undefined {
    const { namespace, name } = deployment.metadata;
    const spec = objectAt(deployment, "spec");
    const template = objectAt(spec, "template");
    const labels = { ...stringsAt(template, "metadata", "labels"), [hashLabel]: hash };
    const set = {
      metadata: {
        name: `${name}-${hash}`,
        labels,
        annotations: { ...ownAnnotations(deployment), [revision]: number },
        ownerReferences: [ownerOf(deployment)],
      },
      spec: {
        replicas: spec["replicas"] ?? 1,
        selector: { matchLabels: { ...stringsAt(spec, "selector", "matchLabels"), [hashLabel]: hash } },
        template: { ...template, metadata: { ...objectAt(template, "metadata"), labels } },
      },
    };
    return attempt(() => objects.create({ resource: sets, namespace }, set, { manager }));
  }

  function scale(sets: Resource, set: KubeObject, replicas: number) {
    if (numberAt(set, "spec", "replicas") !== replicas) merge(sets, set, { spec: { replicas } });
  }

  /** Makes pods or deletes them. */
  function fill(set: KubeObject, { sets, pods }: { sets: Resource; pods: Resource }) {
    const { namespace, name } = set.metadata;
    const active = () =>
      ownedBy(set, store.list(pods, namespace)).filter(
        (pod) => isThere(pod) && !["Succeeded", "Failed"].includes(stringAt(pod, "status", "phase") ?? ""),
      );
    const wanted = numberAt(set, "spec", "replicas") ?? 1;
    const own = active();
    for (const pod of own.slice(wanted)) objects.remove({ resource: pods, namespace, name: pod.metadata.name });
    const template = objectAt(set, "spec", "template");
    const metadata = {
      ...objectAt(template, "metadata"),
      generateName: `${name}-`,
      ownerReferences: [ownerOf(set)],
    };
    for (let missing = wanted - own.length; missing > 0; missing -= 1) {
      // Refused, for instance by a quota: the next change tries again.
      if (!attempt(() => objects.create({ resource: pods, namespace }, { ...template, metadata }, { manager }))) break;
    }
    const ready = active().filter(isReady).length;
    writeStatus(sets, set, {
      observedGeneration: set.metadata.generation ?? 0,
      replicas: active().length,
      fullyLabeledReplicas: active().length,
      readyReplicas: ready,
      availableReplicas: ready,
    });
  }

  function merge(resource: Resource, { metadata: { namespace, name } }: KubeObject, body: JsonObject) {
    attempt(() =>
      objects.patch({ resource, namespace, name }, { mediaType: "application/merge-patch+json", body }, { manager }),
    );
  }

  function writeStatus(resource: Resource, object: KubeObject, status: JsonObject) {
    const { namespace, name } = object.metadata;
    const live = store.get(resource, namespace, name);
    const shown = Object.fromEntries(
      Object.entries(status).filter(([field, value]) => value !== 0 || field === "replicas"),
    );
    if (live === undefined || equal(withoutTimes(live["status"]), withoutTimes(shown))) return;
    const target = { resource, namespace, name };
    attempt(() => objects.replace(target, { ...live, status: shown }, { manager, subresource: "status" }));
  }

  function condition(
    deployment: KubeObject,
    type: string,
    { holds, reason, message }: { holds: boolean; reason: string; message: string },
  ): Json {
    const time = timestamp(now());
    const before = listAt(deployment, "status", "conditions").find((each) => stringAt(each, "type") === type);
    const status = holds ? "True" : "False";
    const since = stringAt(before, "status") === status ? stringAt(before, "lastTransitionTime") : undefined;
    return {
      ...{ type, status, lastUpdateTime: since ?? time, lastTransitionTime: since ?? time },
      reason,
      message,
    };
  }
}

function revisionOf({ metadata }: KubeObject): number {
  return Number(metadata.annotations?.[revision] ?? 0);
}

function ownAnnotations({ metadata: { annotations = {} } }: KubeObject): JsonObject {
  return without(annotations, "kubectl.kubernetes.io/last-applied-configuration", revision);
}

/** Whether the newest set has all replicas, and no other has any. */
function isDone(sets: readonly KubeObject[], newest: KubeObject, replicas: number): boolean {
  const number = (set: KubeObject, field: string) => numberAt(set, "status", field) ?? 0;
  const total = sets.reduce((sum, set) => sum + number(set, "replicas"), 0);
  return (
    number(newest, "replicas") === replicas && total === replicas && number(newest, "availableReplicas") >= replicas
  );
}

/** Undefined if the API server refuses it. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof ApiFailure) return undefined;
    throw error;
  }
}

function isThere({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp === undefined;
}

function isReady(pod: KubeObject): boolean {
  return listAt(pod, "status", "conditions").some(
    (each) => stringAt(each, "type") === "Ready" && stringAt(each, "status") === "True",
  );
}

function ownedBy({ metadata: { uid } }: KubeObject, objects: readonly KubeObject[]): KubeObject[] {
  return objects.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid));
}

function ownerOf({ apiVersion, kind, metadata: { name, uid } }: KubeObject): JsonObject {
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

function hashOf(template: JsonObject): string {
  return createHash("sha256").update(JSON.stringify(template)).digest("hex").slice(0, 10);
}

function withoutTimes(status: Json | undefined): Json {
  return JSON.parse(JSON.stringify(status ?? {}, (key, value: Json) => (key.endsWith("Time") ? undefined : value)));
}
