/** How long what is planned will take under today's limits: by the steps of recent operations, and what runs now. */

import { lookUp } from "../../domain/lookUp.ts";
import { type BatchEstimate, estimateBatch } from "../../domain/operation/batchEstimate.ts";
import { type Circumstances, estimate, type TimedStep } from "../../domain/operation/estimate.ts";
import type { OperationKind } from "../../domain/operation/operation.ts";
import type { Plan } from "../../domain/operation/plan.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports.ts";
import { stepFacts } from "../../resources/index.ts";
import { plannedSteps } from "../../resources/plannedSteps.ts";
import { timedStep } from "../../resources/timedStep.ts";
import { type Measurements, readMeasurements } from "./measurements.ts";

type Asked = Pick<Ports, "catalog" | "registry" | "identities">;

interface Planned {
  /** Undefined: of no operation, so that nothing but what is planned takes time. */
  readonly kind: OperationKind | undefined;
  readonly request: OnboardingRequest;
  /** The operation that is there already: it does not wait for itself. */
  readonly operation?: string;
}

/** The plan with its estimate, as if what stands in the way were out of it. One without steps takes no time. */
export async function withEstimate(ports: Asked, plan: Plan, { kind, request, operation }: Planned): Promise<Plan> {
  if (plan.steps.length === 0) return plan;
  const measurements = await readMeasurements(ports.registry, operation === undefined ? {} : { own: operation });
  const circumstances = circumstancesOf(ports, measurements, { plan, request });
  return { ...plan, estimate: estimate(stepsOf(plan, kind, request), { ...circumstances, isSerial: isSerial(kind) }) };
}

function isSerial(kind: Planned["kind"]): boolean {
  return kind === "compensate" || kind === "migrate";
}

export interface PlannedRequest extends Pick<Planned, "kind" | "request"> {
  readonly plan: Plan;
}

/** Recent operations for a batch: enough to see how many get on at a time. */
const recentForBatch = 30;

/** Of each of the ready plans from when a lane takes it, and of all of them together. What is not ready is only counted. */
export async function withEstimates(
  ports: Asked,
  ready: readonly PlannedRequest[],
  others: Omit<BatchEstimate["leftOut"], "awaitingApproval">,
): Promise<{ plans: readonly Plan[]; total: BatchEstimate }> {
  const { catalog, identities } = ports;
  const measurements = await readMeasurements(ports.registry, { recent: recentForBatch });
  const waiting = ready.filter(({ plan }) => plan.needsApproval.length > 0);
  const items = ready
    .filter(({ plan }) => plan.needsApproval.length === 0)
    .map(({ plan, kind, request }) => ({
      steps: stepsOf(plan, kind, request),
      isSerial: isSerial(kind),
      subscription: lookUp(catalog.clusters, request.cluster)?.subscriptionId ?? "",
      jobSeconds: lookUp(catalog.clusters, request.cluster)?.verificationJob?.timeoutSeconds ?? 0,
    }));
  const { lanes } = catalog.batch;
  const total = estimateBatch(items, {
    ...measurements,
    lanes,
    identityWrites: (subscription) => inSeconds(identities.pace(subscription)),
    leftOut: { ...others, awaitingApproval: waiting.length },
    approvalMinutes: waiting.length > 0 ? catalog.approval.timeoutMinutes : undefined,
  });
  const busy = items.filter(({ steps }) => steps.length > 0).length;
  const operationsAhead = measurements.operationsAhead + Math.max(0, Math.min(lanes, busy) - 1);
  const plans = ready.map(({ plan, kind, request }) => {
    if (plan.steps.length === 0) return plan;
    const circumstances = circumstancesOf(ports, { ...measurements, operationsAhead }, { plan, request });
    const timed = estimate(stepsOf(plan, kind, request), { ...circumstances, isSerial: isSerial(kind) });
    return { ...plan, estimate: timed };
  });
  return { plans, total };
}

function circumstancesOf(
  { catalog, identities }: Asked,
  { durations, betweenStages, operationsAhead }: Measurements,
  { plan, request }: Pick<PlannedRequest, "plan" | "request">,
): Circumstances {
  const cluster = lookUp(catalog.clusters, request.cluster);
  return {
    durations,
    betweenStages,
    operationsAhead,
    identityWrites: inSeconds(identities.pace(cluster?.subscriptionId ?? "")),
    jobSeconds: cluster?.verificationJob?.timeoutSeconds ?? 0,
    approvalMinutes: plan.needsApproval.length > 0 ? catalog.approval.timeoutMinutes : undefined,
  };
}

function inSeconds({ intervalMs, waitMs }: ReturnType<Ports["identities"]["pace"]>): Circumstances["identityWrites"] {
  return { intervalSeconds: intervalMs / 1_000, waitSeconds: waitMs / 1_000 };
}

/** A plan says nothing of the proof at the end, which takes its time all the same. One without steps has no proof. */
function stepsOf({ steps }: Plan, kind: Planned["kind"], request: OnboardingRequest): readonly TimedStep[] {
  if (steps.length === 0) return [];
  const isPlanned = (name: string) => steps.some((step) => step.name === name);
  const proofs = kind === undefined || isSerial(kind) ? [] : plannedSteps(kind, request);
  const unplanned = proofs.filter(({ name }) => stepFacts[name].waitsForJob && !isPlanned(name));
  return [
    ...steps.map(({ name, action }) => timedStep(name, action)),
    ...unplanned.map(({ name }) => timedStep(name, "none")),
  ];
}
