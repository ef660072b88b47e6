/** What goes into the audit trail: every effect of a step, and every decision about a namespace. */

import { defined } from "../../domain/defined.ts";
import { namespaceKey } from "../../domain/naming/names.ts";
import { isChange } from "../../domain/operation/actions.ts";
import type { StepAction } from "../../domain/operation/operation.ts";
import type { Difference } from "../../domain/operation/plan.ts";
import type { StepKey as StepName } from "../../domain/operation/stepName.ts";
import { type AuditEntry, auditId } from "../../domain/watching/audit.ts";
import { type Traceparent, traceIdOf } from "../../domain/watching/trace.ts";
import type { Ports } from "../../ports/index.ts";

interface Origin {
  readonly cluster?: string | undefined;
  readonly namespace?: string | undefined;
  readonly operation?: string | undefined;
  readonly requestedBy: string;
  readonly team?: string | undefined;
  readonly traceparent?: Traceparent | undefined;
}

export interface Effect {
  readonly action: StepAction;
  readonly differences: readonly Difference[];
}

interface StepEffect extends Effect {
  readonly step: StepName;
  readonly outcome: "Succeeded" | "Failed";
  readonly code?: string;
}

/** One entry for what a step did to its target, however often it ran. */
export async function appendEffect(
  { audit }: Pick<Ports, "audit">,
  origin: Origin & { readonly operation: string },
  { step: { name: what, target }, action, differences, outcome, code }: StepEffect,
): Promise<void> {
  if (!isChange(action)) return;
  const id = auditId(origin.operation, what, target, action, outcome);
  await audit.append({
    ...base(origin),
    id,
    kind: "effect",
    what,
    target,
    action,
    outcome,
    ...has(code),
    differences: [...differences],
  });
}

export interface Decision {
  /** Identifies the decision: entries with the same ID are written once. */
  readonly id: string;
  /** What was decided on, such as `onboard`. */
  readonly what: string;
  /** `accepted`, `refused`, `ended` … */
  readonly action: string;
  readonly outcome: string;
  readonly code?: string | undefined;
  readonly reason?: string;
  readonly differences?: readonly Difference[];
}

export async function appendDecision(
  { audit }: Pick<Ports, "audit">,
  origin: Origin,
  { id, what, action, outcome, code, reason, differences = [] }: Decision,
): Promise<void> {
  const { cluster, namespace, operation = "" } = origin;
  // A batch is its own target. A request that was refused before anyone read its content has no target.
  const target = cluster !== undefined && namespace !== undefined ? namespaceKey({ cluster, namespace }) : operation;
  const entry = { id: auditId(id, action, outcome), kind: "decision", what, target, action, outcome } as const;
  await audit.append({ ...base(origin), ...entry, ...has(code), ...why(reason), differences: [...differences] });
}

function base({
  cluster,
  namespace,
  operation,
  requestedBy,
  team,
  traceparent,
}: Origin): Pick<AuditEntry, "time" | "cluster" | "namespace" | "who"> {
  return {
    time: new Date().toISOString(),
    ...defined({ cluster, namespace }),
    who: requestedBy,
    ...defined({ team, operation }),
    ...(traceparent === undefined ? {} : { traceId: traceIdOf(traceparent) }),
  };
}

const longestReason = 1_000;

function why(reason: string | undefined): { reason?: string } {
  return reason === undefined ? {} : { reason: reason.slice(0, longestReason) };
}

function has(code: string | undefined): { code?: string } {
  return defined({ code });
}
