/** The plans of a batch: a few at a time, and only as long as a caller can wait for an answer. */

import type { Clerk } from "../../application/admission/clerk.ts";
import { refuseBeyondQuota } from "../../application/batch/batchQuota.ts";
import { withEstimates } from "../../application/plan/estimatePlan.ts";
import { PermanentError, TransientError } from "../../domain/errors.ts";
import type { BatchPlan, PlannedItem } from "../../domain/operation/batch.ts";
import { type Plan, toOperationError } from "../../domain/operation/plan.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import { planUntimed } from "../onboardings/planRequest.ts";

/** Azure answers 5 lists of federated credentials a second (facts of the drift watcher), and others ask, too. */
const atOnce = 8;
/** Azure's load balancer gives an HTTP request 230 seconds (learn.microsoft.com, Functions "HTTP trigger", limits). */
const longestMs = 150_000;

export async function planBatch(
  clerk: Pick<Clerk, "ports" | "by" | "warn">,
  requests: readonly OnboardingRequest[],
  { plan = planUntimed, limitMs = longestMs }: { plan?: typeof planUntimed; limitMs?: number } = {},
): Promise<BatchPlan> {
  const end = performance.now() + limitMs;
  const wanted = requests.map((request, index) => ({ index, request }));
  const beyond = await refuseBeyondQuota(clerk, requests.length, async () => wanted);
  const refusals = new Map(beyond.map(({ item, refusal }) => [item.index, refusal]));
  const items: PlannedItem[] = [];
  let next = 0;
  const work = async () => {
    for (let index = next++; index < requests.length; index = next++) {
      const request = requests[index];
      if (!request) return;
      const { cluster, namespace } = request;
      const look = () => {
        const refusal = refusals.get(index);
        return refusal ? Promise.reject(refusal) : plan(clerk, request);
      };
      const found = performance.now() < end ? await take(look) : { status: "notPlanned" as const };
      items[index] = { index, cluster, namespace, ...found };
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, requests.length) }, work));
  const count = (status: PlannedItem["status"]) => items.filter((item) => item.status === status).length;
  const totals = {
    requests: requests.length,
    ready: count("ready"),
    blocked: count("blocked"),
    refused: count("refused"),
    notPlanned: count("notPlanned"),
  };
  return { totals, ...(await timeItems(clerk.ports, requests, { items, totals })) };
}

/** The items with their estimates, and one of all that are ready. */
async function timeItems(
  ports: Clerk["ports"],
  requests: readonly OnboardingRequest[],
  { items, totals }: Pick<BatchPlan, "items" | "totals">,
): Promise<Pick<BatchPlan, "items" | "estimate">> {
  const ready = items.flatMap(({ index, status, plan }) => {
    const request = requests[index];
    return status === "ready" && plan && request ? [{ index, plan, request }] : [];
  });
  if (ready.length === 0) return { items };
  const { blocked, refused, notPlanned } = totals;
  const { plans, total } = await withEstimates(ports, ready, { blocked, refused, notPlanned });
  const timed = new Map(ready.map(({ index }, at) => [index, plans[at]]));
  return {
    estimate: total,
    items: items.map((item) => {
      const plan = timed.get(item.index);
      return plan ? { ...item, plan } : item;
    }),
  };
}

async function take(work: () => Promise<Plan>): Promise<Pick<PlannedItem, "status" | "plan" | "error">> {
  try {
    const plan = await work();
    return { status: plan.blocked ? "blocked" : "ready", plan };
  } catch (error) {
    if (error instanceof Refusal || error instanceof PermanentError || error instanceof TransientError) {
      return { status: "refused", error: toOperationError(error.code, error.message) };
    }
    throw error;
  }
}
