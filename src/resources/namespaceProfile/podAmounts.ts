/** What pods ask for and may have, as a quota counts it (k8s.io/component-helpers resource.PodRequests, PodLimits). */
import { z } from "zod";
import { milliOf } from "../../domain/profiles/quantity.ts";
import type { KubernetesObject } from "../../ports/kubernetes.ts";

const Amounts = z.record(z.string(), z.union([z.string(), z.number()]));
const resources = z.object({ requests: Amounts, limits: Amounts }).partial().default({});
const Container = z.object({ resources, restartPolicy: z.string().optional() });
const Pod = z.object({
  spec: z.object({
    containers: z.array(Container).default([]),
    initContainers: z.array(Container).default([]),
    overhead: Amounts.default({}),
    resources,
  }),
  status: z.object({ phase: z.string().default("") }).prefault({}),
});
export type Pod = z.infer<typeof Pod>;

export interface Computed {
  readonly from: "requests" | "limits";
  readonly resource: string;
}

export function readPods(listed: readonly KubernetesObject[]): readonly Pod[] {
  return listed.flatMap((each) => Pod.safeParse(each).data ?? []);
}

export function isRunning({ status: { phase } }: Pod): boolean {
  return !["Succeeded", "Failed"].includes(phase);
}

/** In thousandths. What the pod says as a whole replaces what its containers say. */
export function askedByPod({ spec }: Pod, computed: Computed): bigint {
  const whole = amountOf(spec, computed);
  const asked = whole ?? askedByContainers(spec, computed);
  const overhead = milliOf(spec.overhead[computed.resource] ?? 0) ?? 0n;
  // A pod without a limit has none for what runs it either.
  return computed.from === "limits" && asked === 0n ? 0n : asked + overhead;
}

/**
 * Init containers that go on running count beside the others. Each of the rest runs before the others, with those that went on before
 * it: the most of all this counts.
 */
function askedByContainers({ containers, initContainers }: Pod["spec"], computed: Computed): bigint {
  let going = 0n;
  let most = 0n;
  for (const container of initContainers) {
    const asked = going + askedByContainer(container, computed);
    if (container.restartPolicy === "Always") going = asked;
    if (asked > most) most = asked;
  }
  const together = containers.reduce((sum, container) => sum + askedByContainer(container, computed), going);
  return together > most ? together : most;
}

export function askedByContainer(container: Pick<Pod["spec"], "resources">, computed: Computed): bigint {
  return amountOf(container, computed) ?? 0n;
}

/** Whoever says only a limit asks for as much. */
function amountOf({ resources: { requests = {}, limits = {} } }: Pick<Pod["spec"], "resources">, computed: Computed) {
  const { from, resource } = computed;
  const amount = from === "limits" ? limits[resource] : (requests[resource] ?? limits[resource]);
  return amount === undefined ? undefined : milliOf(amount);
}
