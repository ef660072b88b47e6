/** How long a planned operation will take under today's limits: by the steps of recent operations, and what runs now. */

import { lookUp } from "../../domain/catalog/targets.ts";
import { type Circumstances, estimate, keyOf, type Range, type TimedStep } from "../../domain/operation/estimate.ts";
import type { OperationKind } from "../../domain/operation/operation.ts";
import type { Plan } from "../../domain/operation/plan.ts";
import type { AnyOperation, StepRecord } from "../../domain/operation/records.ts";
import { plannedSteps } from "../../domain/operation/steps.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports.ts";

const recentOperations = 10;
const mostAhead = 200;

type Asked = Pick<Ports, "catalog" | "registry" | "identities">;

interface Planned {
  readonly kind: OperationKind;
  readonly request: OnboardingRequest;
  /** The operation that is there already: it does not wait for itself. */
  readonly operation?: string;
}

/** The plan with its estimate, as if what stands in the way were out of it. One without steps takes no time. */
export async function withEstimate(ports: Asked, plan: Plan, { kind, request, operation }: Planned): Promise<Plan> {
  if (plan.steps.length === 0) return plan;
  const { catalog, registry } = ports;
  const cluster = lookUp(catalog.clusters, request.cluster);
  const [durations, operationsAhead] = await Promise.all([timeRecent(registry), countAhead(registry, operation)]);
  const { intervalMs, waitMs } = ports.identities.pace(cluster?.subscriptionId ?? "");
  const circumstances: Circumstances = {
    durations,
    operationsAhead,
    identityWrites: { intervalSeconds: intervalMs / 1_000, waitSeconds: waitMs / 1_000 },
    jobSeconds: cluster?.verificationJob?.timeoutSeconds ?? 0,
    isSerial: kind === "compensate" || kind === "migrate",
    approvalMinutes: plan.needsApproval.length > 0 ? catalog.approval.timeoutMinutes : undefined,
  };
  return { ...plan, estimate: estimate(stepsOf(plan, kind, request), circumstances) };
}

/** A plan says nothing of the proof at the end, which takes its time all the same. */
function stepsOf({ steps }: Plan, kind: OperationKind, request: OnboardingRequest): readonly TimedStep[] {
  const isPlanned = (name: string) => steps.some((step) => step.name === name);
  const proofs = kind === "compensate" || kind === "migrate" ? [] : plannedSteps(kind, request);
  const unplanned = proofs.filter(({ name }) => name.startsWith("verify") && !isPlanned(name));
  return [...steps, ...unplanned.map((step) => ({ ...step, action: "none" as const }))];
}

/** Steps that succeeded at once, in the newest operations of anybody. */
async function timeRecent(registry: Ports["registry"]): Promise<ReadonlyMap<string, Range>> {
  const { value } = await registry.listOperations({ status: "Succeeded", limit: recentOperations });
  const steps = (await Promise.all(value.map(({ id }) => registry.listSteps(id)))).flat();
  const times = new Map<string, number[]>();
  for (const step of steps) {
    const seconds = secondsOf(step);
    if (seconds === undefined || step.action === undefined) continue;
    const key = keyOf({ name: step.name, action: step.action });
    times.set(key, [...(times.get(key) ?? []), seconds]);
  }
  return new Map([...times].map(([key, all]) => [key, { least: Math.min(...all), most: Math.max(...all) }]));
}

function secondsOf({ status, attempts, startTime, endTime }: StepRecord): number | undefined {
  if (status !== "Succeeded" || attempts !== 1 || endTime === undefined) return undefined;
  return (Date.parse(endTime) - Date.parse(startTime)) / 1_000;
}

async function countAhead(registry: Ports["registry"], own: string | undefined): Promise<number> {
  const pages = await Promise.all(
    (["Running", "NotStarted"] as const).map((status) => registry.listOperations({ status, limit: mostAhead })),
  );
  return pages.flatMap(({ value }) => value).filter((each) => each.id !== own && isAtWork(each)).length;
}

/** What waits for a person waits for none of the limits, and a batch works through its operations. */
function isAtWork(operation: AnyOperation): boolean {
  if (operation.kind === "batch") return false;
  const { approval } = operation;
  return approval === undefined || approval.decision !== undefined;
}
