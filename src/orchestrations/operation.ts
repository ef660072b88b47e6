/** The input of every orchestration of an operation, and how it reports its outcome. */

import type { OrchestrationContext } from "durable-functions";
import { z } from "zod";
import { recordOutcome } from "../activities/operation.ts";
import type { Work } from "../activities/steps.ts";
import { defined } from "../domain/defined.ts";
import type { StepErrorCode } from "../domain/errors.ts";
import { messageOf } from "../domain/messageOf.ts";
import type { OperationKind, Phase } from "../domain/operation/operation.ts";
import type { Outcome } from "../domain/operation/outcome.ts";
import { describeCode, toOperationError } from "../domain/operation/plan.ts";
import { programOf } from "../domain/operation/program.ts";
import { describeReasons, type Parts } from "../domain/operation/reasons.ts";
import { Resumption } from "../domain/operation/resumption.ts";
import { OnboardingRequest } from "../domain/request/request.ts";
import { Time } from "../domain/time.ts";
import { StepFailed } from "../durable/activity.ts";
import { RetryPolicy } from "../durable/retry.ts";
import { CompensationFailed } from "../durable/saga.ts";
import type { Durable } from "../durable/step.ts";
import type { Again } from "../durable/undo.ts";
import { pauseUntil } from "../durable/waiting.ts";
import type { OperationFacts } from "../resources/definitions/operationFacts.ts";
import { userOf } from "../resources/definitions/step.ts";

export const OperationInput = z.object({
  operation: z.string(),
  request: OnboardingRequest,
  retry: RetryPolicy,
  /** The request that this one replaces: for a change, and for an operation after a change that stopped partway. */
  earlier: OnboardingRequest.optional(),
  requestedBy: z.string(),
  team: z.string().optional(),
  traceparent: z.string().optional(),
  /**
   * The namespace goes to another team: it gets nothing before the first team has lost what only that one may have. Since 0.2.0;
   * an operation that is older gives first.
   */
  takesOver: z.boolean().optional(),
  /** Access has ended: it goes before anything else, whatever else is wrong. Since 0.2.0. */
  endsFirst: z.boolean().optional(),
  /** For a change: targets that it also revokes where the catalog had them before. Since 0.2.0. */
  moved: z.array(z.string()).readonly().optional(),
  /** Absent in the first run. */
  resumed: Resumption.optional(),
  /** How often the operation had been resumed when this run began; absent in the first. */
  restarts: z.number().optional(),
  /** RFC 3339: until then, writes of an earlier operation may still take effect. Since 0.2.0. */
  notBefore: Time.optional(),
});
export type OperationInput = z.infer<typeof OperationInput>;

/** The input that all steps share. */
export function stepBase({
  operation,
  request,
  retry,
  retrial,
  ...origin
}: Omit<OperationInput, "earlier" | "resumed" | "takesOver" | "endsFirst" | "moved"> & {
  readonly retrial?: Again | undefined;
}) {
  const { requestedBy, team, traceparent } = origin;
  return { operation, ...userOf(request), retry, requestedBy, team, traceparent, ...defined({ retrial }) };
}

/** What its steps are given, apart from what only this kind of operation knows. */
export function workOf(input: OperationInput, kind: OperationKind, more: Partial<OperationFacts> = {}): Work {
  const { request, earlier, moved, restarts } = input;
  const program = programOf({ kind, ...input });
  return { base: stepBase(input), operation: { kind, program, request, earlier, moved, ...more }, restarts };
}

/** Read by GET /operations/{id} while the operation runs. */
export function setPhase(context: OrchestrationContext, phase: Phase): void {
  context.df.setCustomStatus({ phase });
}

/** What an operation reports at its end in addition to its status. */
export type Report = Partial<
  Pick<Outcome, "clientId" | "namespaceUid" | "findings" | "things" | "migration" | "isUntouched">
> & {
  /** Whether the last step has already recorded the end. */
  readonly isRecorded?: boolean;
};

/**
 * Runs the body and records how it ended. A failure is an outcome of the operation, not of the orchestration; `reached` says
 * what to report anyway. If the outcome cannot be recorded, it is still the outcome: the output keeps it, and the timer records
 * it later (startAccepted.ts).
 */
export function* conclude(
  context: OrchestrationContext,
  { kind, ...input }: OperationInput & { kind: OperationKind },
  body: () => Durable<Report>,
  reached: () => Report = () => ({}),
): Durable<Outcome> {
  const { request, restarts } = input;
  const operation = { ...stepBase(input), kind, request, ...defined({ restarts }) };
  let ended: Outcome;
  let isRecorded: boolean | undefined;
  try {
    // What an earlier operation wrote without an answer takes effect before this one looks, or never.
    if (input.notBefore !== undefined) yield* pauseUntil(context, input.notBefore);
    const { isRecorded: byLastStep, ...report } = yield* body();
    isRecorded = byLastStep;
    ended = { status: "Succeeded", leftBehind: false, ...report };
  } catch (error) {
    ended = { status: "Failed", ...whatIsLeft(error), ...describe(error), ...reached() };
  }
  try {
    if (!isRecorded) yield* recordOutcome({ ...operation, ...ended }, input.retry);
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
  }
  setPhase(context, "done");
  return ended;
}

const notRemoved = "The new state is in place. What it replaces could not be taken away";

/** A change stopped after its point of no return: nothing of it is undone. The message says how far it came. */
export class ChangeIncomplete extends Error {
  override readonly name = "ChangeIncomplete";

  constructor(cause: unknown, message = notRemoved) {
    super(message, { cause });
  }
}

function whatIsLeft(error: unknown): { leftBehind: boolean; leftUndone?: string[] } {
  if (!(error instanceof CompensationFailed)) return { leftBehind: error instanceof ChangeIncomplete };
  return { leftBehind: true, leftUndone: error.failures.map(({ compensation }) => compensation) };
}

function describe(error: unknown): Pick<Outcome, "error" | "reasons"> {
  const reasons = partsOf(error);
  const message = describeReasons(reasons);
  const isText = reasons.every((part) => typeof part === "string");
  const described =
    error instanceof StepFailed ? describeCode(error.code, message) : toOperationError(codeOf(error), message);
  return { error: described, ...(isText ? {} : { reasons }) };
}

function codeOf(error: unknown): StepErrorCode {
  if (error instanceof ChangeIncomplete) return "CHANGE_INCOMPLETE";
  return error instanceof CompensationFailed ? "COMPENSATION_FAILED" : "UNEXPECTED";
}

function partsOf(error: unknown): Parts {
  if (error instanceof ChangeIncomplete) {
    return [`${error.message}: `, ...partsOf(error.cause)];
  }
  if (error instanceof CompensationFailed) {
    const failures = error.failures.flatMap(({ compensation, error: why }, index) => [
      `${index === 0 ? "" : "; "}${compensation} (`,
      ...partsOf(why),
      ")",
    ]);
    return [...partsOf(error.cause), " What could not be undone: ", ...failures, "."];
  }
  if (error instanceof StepFailed) return [error.failure.step ?? error.message];
  return [messageOf(error)];
}
