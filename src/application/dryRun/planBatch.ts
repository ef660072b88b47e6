/** The plans of a batch: a few at a time, and only for as long as a caller can wait for an answer. */
import { PermanentError, TransientError } from "../../domain/errors.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import type { BatchPlan, PlannedItem } from "../../domain/operation/batch.ts";
import { toOperationError } from "../../domain/operation/plan.ts";
import { errorAsSent } from "../../domain/policy/errorAsSent.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { SentAs } from "../../domain/request/sentRequest.ts";
import type { Need } from "../../resources/definitions/sharedLimit.ts";
import type { ClaimContext } from "../admission/claimContext.ts";
import { refuseBeyondQuota } from "../batch/batchQuota.ts";
import { type PlannedRequest, withEstimates } from "../plan/estimatePlan.ts";
import { planUntimed } from "./planRequest.ts";
import { blockUnfit } from "./sharedLimits.ts";

/** Azure answers 5 lists of federated credentials a second (facts of the drift watcher), and there are other callers. */
const atOnce = 8;
/** Azure's load balancer gives an HTTP request 230 seconds (learn.microsoft.com, Functions "HTTP trigger", limits). */
const longestMs = 150_000;

/** An item, and how to look at it. */
export interface ItemToPlan extends NamespaceRef {
  readonly look: (onNeed: (need: Need) => void) => Promise<PlannedRequest>;
}

/** One that would begin, and what it adds under limits that others share. */
interface Ready extends PlannedRequest {
  readonly index: number;
  readonly needs: readonly Need[];
}

export async function planBatch(
  claimContext: Pick<ClaimContext, "ports" | "by" | "warn">,
  requests: readonly OnboardingRequest[],
  {
    plan = planUntimed,
    sentAs = [],
    adoptIdentity,
    ...limits
  }: {
    plan?: typeof planUntimed;
    sentAs?: readonly SentAs[];
    adoptIdentity?: string | undefined;
    limitMs?: number;
  } = {},
): Promise<BatchPlan> {
  const wanted = requests.map((request, index) => ({ index, request }));
  const beyond = await refuseBeyondQuota(claimContext, requests.length, async () => wanted);
  const refusals = new Map(beyond.map(({ item, refusal }) => [item.index, refusal]));
  const items = requests.map((request, index) => {
    const look: ItemToPlan["look"] = async (onNeed) => {
      const refusal = refusals.get(index);
      if (refusal) throw refusal;
      try {
        return {
          plan: await plan(claimContext, request, { onNeed, adoptIdentity }),
          kind: "onboard" as const,
          request,
        };
      } catch (error) {
        throw errorAsSent(error, sentAs[index]);
      }
    };
    return { cluster: request.cluster, namespace: request.namespace, look };
  });
  return await planItems(claimContext.ports, items, limits);
}

export async function planItems(
  ports: ClaimContext["ports"],
  wanted: readonly ItemToPlan[],
  { limitMs = longestMs }: { limitMs?: number } = {},
): Promise<BatchPlan> {
  const end = performance.now() + limitMs;
  const items: PlannedItem[] = [];
  const found: Ready[] = [];
  let next = 0;
  const work = async () => {
    for (let index = next++; index < wanted.length; index = next++) {
      const item = wanted[index];
      if (!item) return;
      const { cluster, namespace, look } = item;
      const { planned, ...said } =
        performance.now() < end ? await planOrRefuse(look) : { status: "notPlanned" as const };
      items[index] = { index, cluster, namespace, ...said };
      if (planned) found.push({ index, ...planned });
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, wanted.length) }, work));
  const inOrder = await blockUnfit(found.toSorted((a, b) => a.index - b.index));
  for (const { index, plan } of inOrder.filter((each) => each.plan.blocked)) {
    const item = items[index];
    if (item) items[index] = { ...item, status: "blocked", plan };
  }
  const ready = inOrder.filter(({ plan }) => !plan.blocked);
  const count = (status: PlannedItem["status"]) => items.filter((item) => item.status === status).length;
  const totals = {
    requests: wanted.length,
    ready: count("ready"),
    blocked: count("blocked"),
    refused: count("refused"),
    notPlanned: count("notPlanned"),
  };
  return { totals, ...(await timeItems(ports, ready, { items, totals })) };
}

/** The items with their estimates, and one estimate for all that are ready. */
async function timeItems(
  ports: ClaimContext["ports"],
  ready: readonly Ready[],
  { items, totals }: Pick<BatchPlan, "items" | "totals">,
): Promise<Pick<BatchPlan, "items" | "estimate">> {
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

type PlanOrRefusal = Pick<PlannedItem, "status" | "plan" | "error"> & { readonly planned?: Omit<Ready, "index"> };

async function planOrRefuse(look: ItemToPlan["look"]): Promise<PlanOrRefusal> {
  try {
    const needs: Need[] = [];
    const planned = await look((need) => void needs.push(need));
    const { plan } = planned;
    return plan.blocked ? { status: "blocked", plan } : { status: "ready", plan, planned: { ...planned, needs } };
  } catch (error) {
    if (error instanceof Refusal || error instanceof PermanentError || error instanceof TransientError) {
      return { status: "refused", error: toOperationError(error.code, error.message) };
    }
    throw error;
  }
}
