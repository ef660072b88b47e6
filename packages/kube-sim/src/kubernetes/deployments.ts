/**
 * The controllers of deployments and replica sets: a replica set for each pod template, as many pods as it says, and what is ready of
 * them. A new template replaces all pods at once; a real cluster does it step by step, as the strategy says.
 */
import { createHash } from "node:crypto";
import { type Json, type JsonObject, listAt, numberAt, objectAt, stringAt, stringsAt, without } from "azure-sim/json";
import {
  attempt,
  type Controller,
  isOwnedBy,
  manager,
  mergePatch,
  ownerOf,
  type Parts,
  startController,
} from "./controller.ts";
import { type KubeObject, timestamp } from "./object.ts";
import { fill, isThere, writeStatus } from "./replicaSets.ts";
import type { Resource } from "./resource.ts";

const hashLabel = "pod-template-hash";
const revision = "deployment.kubernetes.io/revision";

export function startDeploymentController(parts: Parts): Controller {
  const { store, resources } = parts;
  return startController(store, {
    concerns: ({ resource }) => ["Deployment", "ReplicaSet", "Pod", "ServiceAccount"].includes(resource.kind),
    reconcile() {
      const deployments = resources.ofKind("apps/v1", "Deployment");
      const sets = resources.ofKind("apps/v1", "ReplicaSet");
      const pods = resources.ofKind("v1", "Pod");
      if (!deployments || !sets || !pods) return;
      for (const each of store.list(deployments)) if (isThere(each)) advance(parts, each, { deployments, sets });
      for (const set of store.list(sets)) if (isThere(set)) fill(parts, set, { sets, pods });
    },
  });
}

function advance(
  parts: Parts,
  deployment: KubeObject,
  { deployments, sets }: { deployments: Resource; sets: Resource },
) {
  const { namespace } = deployment.metadata;
  const owned = parts.store.list(sets, namespace).filter((set) => isOwnedBy(deployment, set));
  const hash = hashOf(objectAt(deployment, "spec", "template"));
  const replicas = numberAt(deployment, "spec", "replicas") ?? 1;
  let current = owned.find((set) => set.metadata.labels?.[hashLabel] === hash);
  if (objectAt(deployment, "spec")["paused"] !== true) {
    const last = Math.max(0, ...owned.map(revisionOf));
    if (current === undefined) current = makeSet(parts, deployment, { sets, hash, number: String(last + 1) });
    else describe(parts, sets, current, { deployment, number: revisionOf(current) < last ? last + 1 : last });
    for (const set of owned) {
      const wanted = set === current ? replicas : 0;
      if (numberAt(set, "spec", "replicas") !== wanted) merge(parts, sets, set, { spec: { replicas: wanted } });
    }
  }
  const all = parts.store.list(sets, namespace).filter((set) => isOwnedBy(deployment, set));
  const sum = (field: string) => all.reduce((total, set) => total + (numberAt(set, "status", field) ?? 0), 0);
  const updated = all.find((set) => set.metadata.labels?.[hashLabel] === hash);
  const available = sum("availableReplicas");
  const number = updated?.metadata.annotations?.[revision];
  if (number !== undefined && deployment.metadata.annotations?.[revision] !== number) {
    merge(parts, deployments, deployment, { metadata: { annotations: { [revision]: number } } });
  }
  writeStatus(parts, deployments, deployment, {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: sum("replicas"),
    updatedReplicas: numberAt(updated, "status", "replicas") ?? 0,
    readyReplicas: sum("readyReplicas"),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, replicas - available),
    conditions: [
      condition(parts, deployment, "Available", {
        holds: available >= replicas,
        reason: available >= replicas ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
        message: `Deployment ${available >= replicas ? "has" : "does not have"} minimum availability.`,
      }),
      ...(updated ? [progress(parts, deployment, updated, { isDone: isDone(all, updated, replicas) })] : []),
    ],
  });
}

/** Helm waits for this one. */
function progress(parts: Parts, deployment: KubeObject, set: KubeObject, { isDone }: { isDone: boolean }): Json {
  const name = `ReplicaSet ${JSON.stringify(set.metadata.name)}`;
  return condition(parts, deployment, "Progressing", {
    holds: true,
    reason: isDone ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
    message: isDone ? `${name} has successfully progressed.` : `${name} is progressing.`,
  });
}

/** A template that comes back is a revision of its own, with what the deployment says of it, such as why it has changed. */
function describe(
  parts: Parts,
  sets: Resource,
  set: KubeObject,
  { deployment, number }: { deployment: KubeObject; number: number },
) {
  const annotations = { ...ownAnnotations(deployment), [revision]: String(number) };
  const known = set.metadata.annotations ?? {};
  const isSame = Object.entries(annotations).every(([key, value]) => known[key] === value);
  if (!isSame) merge(parts, sets, set, { metadata: { annotations } });
}

function makeSet(
  { objects }: Parts,
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

function merge(parts: Parts, resource: Resource, object: KubeObject, body: JsonObject) {
  attempt(() => mergePatch(parts, resource, object, body));
}

function condition(
  { now }: Parts,
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

function hashOf(template: JsonObject): string {
  return createHash("sha256").update(JSON.stringify(template)).digest("hex").slice(0, 10);
}
