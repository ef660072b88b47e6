/** A step: one action on one thing, as data. src/application/steps runs, records and reports it. */
import { z } from "zod";
import { type OperationError, StepAction } from "../../domain/operation/operation.ts";
import type { Difference } from "../../domain/operation/plan.ts";
import type { StepRecord } from "../../domain/operation/records.ts";
import type { StepName } from "../../domain/operation/stepName.ts";
import { Time } from "../../domain/time.ts";
import { type Invocation, Retrial } from "../../durable/activity.ts";
import { RetryPolicy } from "../../durable/retry.ts";
import type { Ports } from "../../ports.ts";

/** The input that all steps share. */
export const StepInput = z.object({
  operation: z.string(),
  cluster: z.string(),
  namespace: z.string(),
  retry: RetryPolicy,
  retrial: Retrial.optional(),
  requestedBy: z.string(),
  team: z.string().optional(),
  /** W3C trace context of the request. */
  traceparent: z.string().optional(),
});
export type StepInput = z.infer<typeof StepInput>;

/** The input that all undos share. */
export const RemovalInput = StepInput.extend({
  /** For an undo: remove only what this operation created. Absent in an offboarding, which removes all that is Mooring's. */
  createdBy: z.string().optional(),
  /** In an offboarding: the step may ask to look again. Absent in those that 0.1.0 began, which look once. */
  looksAgain: z.boolean().optional(),
});
export type RemovalInput = z.infer<typeof RemovalInput>;

export function isUndo<I extends StepInput>(input: I): input is I & { readonly createdBy: string } {
  return "createdBy" in input && typeof input.createdBy === "string";
}

export const StepResult = z.object({
  action: StepAction,
  /** RFC 3339: the step is not done and looks again at this time. Its notices say what it waits for. */
  waitsUntil: Time.optional(),
  /** It did not find what the records say was made (missed.ts). Since 0.2.0. */
  isMissed: z.boolean().optional(),
});
export type StepResult = z.infer<typeof StepResult>;

export interface StepContext {
  readonly invocation: Invocation;
  /**
   * Records what the step is about to do, before it does it. An attempt after a crash finds the change made and nothing left to
   * do, but must still report and audit what was done. Pass `isMarked` if the change itself carries this operation's mark: the
   * next attempt recognizes the change by its mark, which saves a write.
   */
  willDo(action: StepAction, differences?: readonly Difference[], options?: { isMarked?: boolean }): Promise<void>;
  /** What an earlier attempt recorded; undefined in the first. */
  earlier(): Promise<StepRecord | undefined>;
  /** Reports what the step could not check and what does not stop it. */
  notice(notices: readonly OperationError[]): Promise<void>;
  /** The point of no return: from here on the operation cannot be canceled. Throws if it was canceled before. */
  commit(): Promise<void>;
}

export interface StepDefinition<I extends StepInput, O extends StepResult> {
  readonly name: StepName;
  readonly input: z.ZodType<I>;
  readonly output: z.ZodType<O>;
  readonly target: (input: I) => string;
  readonly run: (input: I, ports: Ports, step: StepContext) => Promise<NoInfer<O>>;
}

export function defineStep<I extends StepInput, O extends StepResult>(
  definition: StepDefinition<I, O>,
): StepDefinition<I, O> {
  return definition;
}
