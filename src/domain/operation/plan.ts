/** What a step finds and would do. The same plan answers a dry run and decides what the step does. */
import { z } from "zod";
import { defined, unlessEmpty } from "../defined.ts";
import { fixDocument } from "../errors/fix.ts";
import {
  type AnyNoticeCode,
  errorOf,
  fixOf,
  isErrorCode,
  isRetried,
  type PermanentCode,
  type RefusalCode,
  type StepErrorCode,
  type TransientCode,
} from "../errors.ts";
import { Loss } from "../request/loss.ts";
import { OnboardingRequest } from "../request/request.ts";
import { Estimate } from "./estimate.ts";
import { OperationError, StepAction } from "./operation.ts";
import type { StepKey } from "./stepName.ts";

export const Difference = z.object({
  field: z.string(),
  current: z.string().nullable(),
  desired: z.string().nullable(),
});
export type Difference = z.infer<typeof Difference>;

/** What a plan says about something that exists and will stay. */
export const stays = "stays";

export const StepPlan = z.object({
  name: z.string(),
  target: z.string(),
  action: StepAction,
  differences: z.array(Difference),
  blockers: z.array(OperationError),
  notices: z
    .array(OperationError)
    .exactOptional()
    .meta({ description: "What could not be found out; it does not stop the operation." }),
});
export type StepPlan = z.infer<typeof StepPlan> & StepKey;

/** What was planned for a step, kept after the plan itself is gone. */
export const PlannedStep = StepPlan.pick({ name: true, target: true, action: true, differences: true }).meta({
  id: "PlannedStep",
});
export type PlannedStep = z.infer<typeof PlannedStep>;

export const Plan = z
  .object({
    steps: z.array(StepPlan),
    blocked: z.boolean(),
    needsApproval: z.array(z.string()).readonly().meta({ description: "Why the operation would wait for approval." }),
    estimate: Estimate.exactOptional(),
    notices: z.array(z.string()).readonly().exactOptional().meta({
      description:
        "What stays as it is, what cannot be known in advance, and which targets are of another environment than the cluster.",
    }),
    request: OnboardingRequest.exactOptional().meta({
      description: "For an onboarding or a change: the request, with its defaults filled in.",
    }),
    replaces: OnboardingRequest.exactOptional().meta({ description: "For a change: the request that it replaces." }),
    removes: z.array(Loss).readonly().exactOptional().meta({
      description:
        "For a change: what the namespace would lose. Then the request needs confirmRemoval=true or If-Match. Absent if it loses nothing.",
    }),
    etag: z.string().exactOptional().meta({
      description:
        "For an onboarding or a change: the version of the namespace that was planned for. Send it as If-Match, so that nothing else is changed. Absent if the namespace is not onboarded yet; then send If-None-Match: *.",
    }),
    operation: z.string().exactOptional().meta({
      description: "There are no steps because this operation has done, or is doing, exactly this.",
    }),
  })
  .meta({ id: "Plan" });
export type Plan = Omit<z.infer<typeof Plan>, "steps"> & { readonly steps: StepPlan[] };

/** The fix is the code's own, unless there is a better one for the specific case. */
export function toOperationError(code: RefusalCode | StepErrorCode, message: string, ownFix?: string): OperationError {
  const own = ownFix === undefined ? { fix: fixOf(code, "answered") } : fixDocument(ownFix, "answered");
  return { code, message, ...own, retryable: isRetried(code) };
}

/** A notice stops nothing. */
export function toNotice(code: AnyNoticeCode, message: string): OperationError {
  return { code, message, fix: fixOf(code, "answered"), retryable: isRetried(code) };
}

/** For a code from a history or a table, which may be any string. */
export function describeCode(code: string, message: string): OperationError {
  const known = isErrorCode(code) ? code : "UNEXPECTED";
  return { code: known, message, fix: fixOf(known, "answered"), retryable: isRetried(known) };
}

/** A conflict, which a plan shows and a step throws. */
export interface Conflict {
  readonly code: PermanentCode;
  readonly message: string;
}

/** What stops a step: a conflict, or a transient fault during a look. */
export type Blocker = Omit<Conflict, "code"> & { readonly code: PermanentCode | TransientCode };

/** What a look could not find out, without stopping the step. */
export interface Notice {
  readonly code: AnyNoticeCode;
  readonly message: string;
}

/** If it is transient, the runtime looks again. */
export function throwConflict(conflict: Blocker | undefined): void {
  if (conflict) throw errorOf(conflict.code, conflict.message);
}

export function toStepPlan(
  step: StepKey,
  decision: {
    action: StepAction;
    differences?: readonly Difference[];
    conflict?: Blocker | undefined;
    conflicts?: readonly Blocker[];
    notices?: readonly Notice[];
  },
): StepPlan {
  const { action, differences = [], conflict, conflicts = conflict ? [conflict] : [], notices = [] } = decision;
  return {
    name: step.name,
    target: step.target,
    action: conflicts.length > 0 ? "conflict" : action,
    differences: [...differences],
    blockers: conflicts.map(({ code, message }) => toOperationError(code, message)),
    ...defined({ notices: unlessEmpty(notices.map(({ code, message }) => toNotice(code, message))) }),
  };
}

/** The plan of a repeated request: the answer is the operation that it already has, and nothing changes. */
export function planOfSame({ operation }: { operation: string }): Plan {
  return { ...toPlan([]), operation };
}

export function toPlan(steps: StepPlan[], needsApproval: readonly string[] = []): Plan {
  return { steps, blocked: steps.some(({ blockers }) => blockers.length > 0), needsApproval };
}

/** Whether one of these steps changes or removes something, and nothing is in the way of that. */
export function changesAny({ steps }: Plan, names: ReadonlySet<string>): boolean {
  return steps.some(({ name, action }) => names.has(name) && (action === "update" || action === "delete"));
}
