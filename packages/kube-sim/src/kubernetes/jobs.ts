/**
 * The Job controller, for jobs with one pod at a time: creates the pod, retries while backoffLimit allows, and records the
 * outcome. After a pod that failed, it makes the next one immediately; a real cluster waits for 10 s and more.
 */
import { equal, type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "azure-sim/json";
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
import type { Resource } from "./resource.ts";

export function startJobController(parts: Parts): Controller {
  const { store, objects, resources, now } = parts;
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
    const own = store.list(pods, job.metadata.namespace).filter((pod) => isOwnedBy(job, pod));
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
    mergePatch(parts, jobs, job, { status }, { manager, subresource: "status" });
  }

  function createPod(job: KubeObject, pods: Resource): boolean {
    const { namespace, name } = job.metadata;
    const template = objectAt(job, "spec", "template");
    const metadata = { ...objectAt(template, "metadata"), generateName: `${name}-`, ownerReferences: [ownerOf(job)] };
    const create = () => objects.create({ resource: pods, namespace }, { ...template, metadata }, { manager });
    const refused = ({ message }: Error) => {
      isRefused = true;
      report(job, message);
    };
    return attempt(create, refused) !== undefined;
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
