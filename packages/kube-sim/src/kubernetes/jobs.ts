/**
 * The Job controller, for jobs with one pod at a time: creates the pod, retries while backoffLimit allows, and records the
 * outcome. After a pod that failed, it makes the next one immediately; a real cluster waits for 10 s and more.
 */

import { equal, type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "azure-sim/json";
import { type Controller, startController } from "./controller.ts";
import { ApiFailure } from "./failures.ts";
import { type KubeObject, timestamp } from "./object.ts";
import type { Resource, Resources } from "./resource.ts";
import type { Store } from "./store.ts";
import type { Objects } from "./verbs.ts";

const manager = "kube-controller-manager";

export function startJobController({
  store,
  objects,
  resources,
  now,
}: {
  readonly store: Store;
  readonly objects: Objects;
  readonly resources: Resources;
  readonly now: () => Date;
}): Controller {
  let isRefused = false;
  return startController(store, {
    // Service accounts, too: a pod without one is refused, and retried when the account appears.
    concerns: ({ resource }) => ["Job", "Pod", "ServiceAccount"].includes(resource.kind),
    reconcile() {
      const jobs = resources.ofKind("batch/v1", "Job");
      const pods = resources.ofKind("v1", "Pod");
      if (jobs === undefined || pods === undefined) return;
      isRefused = false;
      for (const job of store.list(jobs)) if (isOpen(job)) advance(job, { jobs, pods });
    },
    isRefused: () => isRefused,
  });

  function advance(job: KubeObject, { jobs, pods }: { jobs: Resource; pods: Resource }) {
    const { namespace, name, uid } = job.metadata;
    const own = store
      .list(pods, namespace)
      .filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid) ?? false);
    const count = (phase: string) => own.filter((pod) => stringAt(pod, "status", "phase") === phase).length;
    const [succeeded, failed] = [count("Succeeded"), count("Failed")];
    const active = own.length - succeeded - failed;
    const isComplete = succeeded >= (numberAt(job, "spec", "completions") ?? 1);
    const isFailed = !isComplete && failed > (numberAt(job, "spec", "backoffLimit") ?? 6);
    const isCreated = !isComplete && !isFailed && active === 0 && createPod(job, pods);
    const status: JsonObject = {
      ...objectAt(job, "status"),
      startTime: stringAt(job, "status", "startTime") ?? timestamp(now()),
      ...counts({ active: isCreated ? 1 : active, succeeded, failed }),
      ...(isComplete ? { completionTime: timestamp(now()), conditions: ended("Complete", "CompletionsReached") } : {}),
      ...(isFailed ? { conditions: ended("Failed", "BackoffLimitExceeded") } : {}),
    };
    if (equal(status, objectAt(job, "status"))) return;
    const target = { resource: jobs, namespace, name };
    const merge = { mediaType: "application/merge-patch+json", body: { status } };
    objects.patch(target, merge, { manager, subresource: "status" });
  }

  function createPod(job: KubeObject, pods: Resource): boolean {
    const { namespace, name, uid } = job.metadata;
    const template = objectAt(job, "spec", "template");
    const owner = { apiVersion: "batch/v1", kind: "Job", name, uid, controller: true, blockOwnerDeletion: true };
    const metadata = { ...objectAt(template, "metadata"), generateName: `${name}-`, ownerReferences: [owner] };
    try {
      objects.create({ resource: pods, namespace }, { ...template, metadata }, { manager });
      return true;
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      isRefused = true;
      report(job, error.message);
      return false;
    }
  }

  /** `kubectl describe job` shows this event as the reason why there is no pod. */
  function report(job: KubeObject, message: string) {
    const events = resources.ofKind("v1", "Event");
    const { namespace, name, uid } = job.metadata;
    if (events === undefined || namespace === undefined) return;
    const time = timestamp(now());
    const eventName = `${name}.failedcreate`;
    if (store.get(events, namespace, eventName) !== undefined) return;
    const event = {
      metadata: { name: eventName },
      involvedObject: { apiVersion: "batch/v1", kind: "Job", namespace, name, uid },
      type: "Warning",
      reason: "FailedCreate",
      message: `Error creating: ${message}`,
      source: { component: "job-controller" },
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
    };
    objects.create({ resource: events, namespace }, event, { manager });
  }

  function ended(type: string, reason: string): Json[] {
    const time = timestamp(now());
    const isComplete = type === "Complete";
    const message = isComplete
      ? "Reached expected number of succeeded pods"
      : "Job has reached the specified backoff limit";
    // The first one says that it will end so; the second one comes when its pods are gone.
    return [isComplete ? "SuccessCriteriaMet" : "FailureTarget", type].map((each) => ({
      ...{ type: each, status: "True", reason, message, lastProbeTime: time, lastTransitionTime: time },
    }));
  }
}

function isOpen(job: KubeObject): boolean {
  if (job.metadata.deletionTimestamp !== undefined || objectAt(job, "spec")["suspend"] === true) return false;
  return listAt(job, "status", "conditions").length === 0;
}

/** Zero becomes null, with which a merge patch removes the field. */
function counts(numbers: Record<string, number>): JsonObject {
  return Object.fromEntries(Object.entries(numbers).map(([name, count]) => [name, count === 0 ? null : count]));
}
