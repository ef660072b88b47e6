/**
 * A namespace that is deleted is there until everything in it is gone: for seconds or, when something holds it, for ever. Its
 * conditions say what does (kubernetes.io "Namespaces"; k8s.io/api/core/v1 NamespaceConditionType).
 */
import { z } from "zod";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { isCode, TransientError } from "../../domain/errors.ts";
import { type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import type { StepRecord } from "../../domain/operation/records.ts";
import type { RetryPolicy } from "../../durable/retry.ts";
import type { Ports } from "../../ports/index.ts";
import type { KubernetesObject } from "../../ports/kubernetes.ts";
import { list } from "../definitions/dependants.ts";
import type { StepContext, StepResult } from "../definitions/step.ts";
import { unlessForbidden } from "../definitions/unlessForbidden.ts";
import { groupOf } from "./madeByCluster.ts";

const State = z.object({
  status: z
    .object({
      conditions: z
        .array(z.object({ type: z.string(), status: z.string(), message: z.string().default("") }))
        .default([]),
    })
    .prefault({}),
});

/** In one sentence; undefined if it is not being deleted. */
export function describeTerminating(
  namespaceRef: NamespaceRef,
  namespace: KubernetesObject | undefined,
): string | undefined {
  if (namespace?.metadata.deletionTimestamp === undefined) return undefined;
  const { finalizers: own = [] } = namespace.metadata;
  const held = [...conditionsOf(namespace), ...(own.length > 0 ? [`Its own finalizers keep it: ${list(own)}.`] : [])];
  const what = `Namespace ${namespaceKey(namespaceRef)} is being deleted`;
  if (held.length > 0) return `${what}. ${held.join(" ")}`;
  // So it is in the first seconds, and for as long as the controller is down.
  return `${what}, and the cluster's namespace controller has not said what is left in it.`;
}

function conditionsOf(namespace: KubernetesObject): readonly string[] {
  const { conditions } = State.safeParse(namespace).data?.status ?? { conditions: [] };
  return conditions.filter(({ status }) => status === "True").map(({ message }) => message);
}

/** Enough to find what holds a namespace, and never a long list. */
const most = { kinds: 5, objects: 5 };
const listed = /At \S+ these were left in it: .*$/;

/**
 * The objects that hold it, in one sentence more: conditions name only their kinds. That costs a list for each kind, so they are looked up
 * once, when the wait has lasted or is over, and `told` says them again.
 */
export async function nameWhatIsLeft(
  { kubernetes }: Pick<Ports, "kubernetes">,
  cluster: ClusterTarget,
  namespace: KubernetesObject,
  { told, isDue }: { readonly told: string | undefined; readonly isDue: boolean },
): Promise<string> {
  const before = listed.exec(told ?? "")?.[0];
  if (before !== undefined) return ` ${before}`;
  // "Some resources are remaining: configmaps. has 1 resource instances, widgets.example.com has 2 resource instances"
  const named = conditionsOf(namespace).flatMap((text) => [
    ...text.matchAll(/(\S+?\.\S*) has \d+ resource instances/g),
  ]);
  const left = new Set(named.map(([, kind = ""]) => kind));
  if (!isDue || left.size === 0) return "";
  const { kinds } = await kubernetes.namespacedKinds(cluster);
  const there = kinds.filter(({ apiVersion, plural }) => left.has(`${plural}.${groupOf(apiVersion)}`));
  const found = await Promise.all(
    there.slice(0, most.kinds).map(async (kind) => {
      const query = { ...kind, namespace: namespace.metadata.name, limit: most.objects };
      return (await unlessForbidden(() => kubernetes.listMetadata(cluster, query))) ?? [];
    }),
  );
  const objects = found.flat().map(({ kind, metadata: { name, finalizers = [] } }) => {
    return finalizers.length === 0 ? `${kind} ${name}` : `${kind} ${name} (finalizers: ${finalizers.join(", ")})`;
  });
  return objects.length === 0 ? "" : ` At ${new Date().toISOString()} these were left in it: ${objects.join("; ")}.`;
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

/** A namespace that is there after this time is held by something; the API server hears of it once in this time from then on. */
const heldMs = 5_000;

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
  const pauseMs = Math.min(Math.max(now - since, firstIntervalMs), Math.max(maxIntervalMs, heldMs));
  return new Date(Math.min(now + pauseMs, end)).toISOString();
}

/** What the notice of an earlier look says; undefined if the step has not waited. */
export function toldIn({ notices = [] }: Pick<StepRecord, "notices"> = {}): string | undefined {
  return notices.find(({ code }) => isCode(code, "NAMESPACE_GOING"))?.message;
}

export function isHeldFor(step: Pick<StepRecord, "startTime"> | undefined): boolean {
  return step?.startTime !== undefined && Date.now() - Date.parse(step.startTime) >= heldMs;
}

/** An API server that is away ends no wait that has begun. */
export async function goOnWaiting(
  retry: RetryPolicy,
  step: Pick<StepContext, "earlier">,
  look: () => Promise<StepResult>,
): Promise<StepResult> {
  try {
    return await look();
  } catch (error) {
    const earlier = error instanceof TransientError ? await step.earlier() : undefined;
    const waitsUntil = toldIn(earlier) === undefined ? undefined : await nextLook(retry, step);
    if (waitsUntil === undefined) throw error;
    return { action: earlier?.action ?? "none", waitsUntil };
  }
}
