/** How long a plan will take under today's limits, judging by the steps of recent operations and by what is running now. */
import { defined } from "../../domain/defined.ts";
import { lookUp } from "../../domain/lookUp.ts";
import { type BatchEstimate, estimateBatch } from "../../domain/operation/batchEstimate.ts";
import { type Circumstances, estimate, type TimedStep } from "../../domain/operation/estimate.ts";
import type { OperationKind, StepAction } from "../../domain/operation/operation.ts";
import type { Plan } from "../../domain/operation/plan.ts";
import type { StepName } from "../../domain/operation/stepName.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import { steps as definitions, steps } from "../process/index.ts";
import { plannedSteps } from "../process/programs.ts";
import { type Measurements, readMeasurements } from "./measurements.ts";

type Asked = Pick<Ports, "catalog" | "registry" | "identities">;

interface Planned {
  /** Undefined for a plan without an operation: nothing but its steps takes time. */
  readonly kind: OperationKind | undefined;
  readonly request: OnboardingRequest;
  /** The operation that already exists: it does not wait for itself. */
  readonly operation?: string;
}

/** The plan with its estimate, as if its blockers were resolved. A plan without steps takes no time. */
export async function withEstimate(ports: Asked, plan: Plan, { kind, request, operation }: Planned): Promise<Plan> {
  if (plan.steps.length === 0) return plan;
  const measurements = await readMeasurements(ports.registry, defined({ own: operation }));
  const circumstances = circumstancesOf(ports, measurements, { plan, request });
  return { ...plan, estimate: estimate(stepsOf(plan, kind, request), { ...circumstances, isSerial: isSerial(kind) }) };
}

/** The plan that such a look makes, with its estimate. */
export function estimated<C extends { readonly ports: Asked }, O extends unknown[]>(
  look: (claimContext: C, ...about: O) => Promise<PlannedRequest>,
): (claimContext: C, ...about: O) => Promise<Plan> {
  return async (claimContext, ...about) => {
    const { plan, ...planned } = await look(claimContext, ...about);
    return await withEstimate(claimContext.ports, plan, planned);
  };
}

function isSerial(kind: Planned["kind"]): boolean {
  return kind === "compensate" || kind === "migrate";
}

export interface PlannedRequest extends Pick<Planned, "kind" | "request"> {
  readonly plan: Plan;
}

/** Recent operations for a batch: enough to see how many make progress at a time. */
const recentForBatch = 30;

/** Estimates each ready plan from when a lane takes it, and all of them together. Plans that are not ready are only counted. */
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

/** A plan does not list the proof at the end, which still takes time. A plan without steps has no proof. */
function stepsOf({ steps }: Plan, kind: Planned["kind"], request: OnboardingRequest): readonly TimedStep[] {
  if (steps.length === 0) return [];
  const isPlanned = (name: string) => steps.some((step) => step.name === name);
  const proofs = kind === undefined || isSerial(kind) ? [] : plannedSteps({ kind, request });
  const unplanned = proofs.filter(({ name }) => definitions[name].waitsForJob && !isPlanned(name));
  return [
    ...steps.map(({ name, action }) => timedStep(name, action)),
    ...unplanned.map(({ name }) => timedStep(name, "none")),
  ];
}

/** The step with all that an estimate needs to know about it. */
export function timedStep(name: StepName, action: StepAction): TimedStep {
  const { stage = name, duration, writesIdentity, waitsForJob } = steps[name];
  return { name, action, stage, duration, writesIdentity, waitsForJob };
}
