/**
 * A namespace that is deleted is there until everything in it is gone: for seconds or, when something holds it, for ever. Its
 * conditions say what does (kubernetes.io "Namespaces"; k8s.io/api/core/v1 NamespaceConditionType).
 */
import { z } from "zod";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import type { RetryPolicy } from "../../durable/retry.ts";
import type { Ports } from "../../ports/index.ts";
import type { KubernetesObject } from "../../ports/kubernetes.ts";
import type { StepContext } from "../definitions/step.ts";
import { refOf } from "../kubernetesObject/ensureObjects.ts";
import { namespaceObject } from "./namespace.ts";

const State = z.object({
  status: z
    .object({
      conditions: z
        .array(z.object({ type: z.string(), status: z.string(), message: z.string().default("") }))
        .default([]),
    })
    .prefault({}),
});

/** In one sentence; undefined if it is not being deleted, or gone. */
export async function whyTerminating(
  { kubernetes }: Pick<Ports, "kubernetes">,
  cluster: ClusterTarget,
  berth: Berth,
): Promise<string | undefined> {
  return describeTerminating(berth, await kubernetes.get(cluster, refOf(namespaceObject(berth))));
}

export function describeTerminating(berth: Berth, namespace: KubernetesObject | undefined): string | undefined {
  if (namespace?.metadata.deletionTimestamp === undefined) return undefined;
  const { conditions } = State.safeParse(namespace).data?.status ?? { conditions: [] };
  const held = conditions.filter(({ status }) => status === "True").map(({ message }) => message);
  const what = `Namespace ${berthKey(berth)} is being deleted`;
  if (held.length > 0) return `${what}. ${held.join(" ")}`;
  // So it is in the first seconds, and for as long as the controller is down.
  return `${what}, and the cluster's namespace controller has not said what is left in it.`;
}

/** The same of objects in a namespace that stays; undefined if all of them are gone. */
export function describeHeld(held: readonly KubernetesObject[]): string | undefined {
  if (held.length === 0) return undefined;
  return held
    .map(({ kind, metadata: { namespace, name, finalizers = [] } }) => {
      const what = `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
      return `${what} is being deleted, and its finalizers keep it: ${finalizers.join(", ")}.`;
    })
    .join(" ");
}

/**
 * RFC 3339: when to look again, or undefined when the time is over (`namespaceDeletionMs` of the catalog). Operations that began
 * before 0.2.0 do not wait.
 */
export async function nextLook(
  { namespaceDeletionMs = 0, firstIntervalMs, maxIntervalMs }: RetryPolicy,
  step: Pick<StepContext, "earlier">,
): Promise<string | undefined> {
  const now = Date.now();
  const since = Date.parse((await step.earlier())?.startTime ?? new Date(now).toISOString());
  const end = since + namespaceDeletionMs;
  if (now >= end) return undefined;
  // Ever more slowly: what has not gone in a minute takes longer than another second.
  const pauseMs = Math.min(Math.max(now - since, firstIntervalMs), maxIntervalMs);
  return new Date(Math.min(now + pauseMs, end)).toISOString();
}
