/**
 * What every step of an operation has in common: it is written to the registry when it starts and when it ends, so that a
 * status shows it as it happens, and its errors carry the catalogue's code.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { commitOperation, expectNotCanceled, expectNotSucceeded } from "../../application/decisions/cancellation.ts";
import { appendEffect, type Effect } from "../../application/watching/audit.ts";
import { type PermanentCode, PermanentError, type TransientCode, TransientError } from "../../domain/errors.ts";
import { type OperationError, StepAction } from "../../domain/operation/operation.ts";
import { type Difference, toOperationError } from "../../domain/operation/plan.ts";
import type { StepName } from "../../domain/operation/steps.ts";
import { shorten } from "../../domain/watching/audit.ts";
import { logLine } from "../../domain/watching/logLine.ts";
import { traceIdOf } from "../../domain/watching/trace.ts";
import { type Activity, createActivityHost, type Failure, type Invocation } from "../../durable/activity.ts";
import { delayAfterAttempt, RetryPolicy } from "../../durable/retry.ts";
import type { Ports } from "../../ports.ts";
import { gateWrites } from "./gateWrites.ts";

/** What every step is told. */
export const StepInput = z.object({
  operation: z.string(),
  cluster: z.string(),
  namespace: z.string(),
  retry: RetryPolicy,
  requestedBy: z.string().optional(),
  team: z.string().optional(),
  /** W3C trace context of the request. */
  traceparent: z.string().optional(),
});
export type StepInput = z.infer<typeof StepInput>;

/** What every undo is told besides. */
export const RemovalInput = StepInput.extend({
  /** An undo: remove only what this operation created. Absent in an offboarding, which removes all that is Mooring's. */
  createdBy: z.string().optional(),
});
export type RemovalInput = z.infer<typeof RemovalInput>;

export const StepResult = z.object({ action: StepAction });
export type StepResult = z.infer<typeof StepResult>;

const host = createActivityHost<Ports>({
  permanentFailure: (error) => (error instanceof PermanentError ? describe(error) : undefined),
  describe,
});
export const { providePorts, activity } = host;

export interface StepContext {
  readonly invocation: Invocation;
  /**
   * Records what the step is about to do, before it does it: a try after a crash finds the change made and nothing left to
   * do, and must still report, and enter in the audit trail, what was done. Pass `isMarked` when the change itself carries
   * the mark of this operation: then the next try knows it again, and a write on the way is saved.
   */
  willDo(action: StepAction, differences?: readonly Difference[], options?: { isMarked?: boolean }): Promise<void>;
  /** Says what the step could not find out, and what does not stop it. */
  notice(notices: readonly OperationError[]): Promise<void>;
  /** The point of no return: from here on the operation cannot be canceled. Throws when it was canceled before. */
  commit(): Promise<void>;
}

export interface StepDefinition<I extends StepInput, O extends StepResult> {
  readonly name: string;
  readonly input: z.ZodType<I>;
  readonly output: z.ZodType<O>;
  readonly target: (input: I) => string;
  readonly run: (input: I, ports: Ports, step: StepContext) => Promise<NoInfer<O>>;
}

/** A step that is part of an activity of several (together.ts), or of one that goes on after it. */
export function defineStep<I extends StepInput, O extends StepResult>(
  definition: StepDefinition<I, O>,
): StepDefinition<I, O> {
  return definition;
}

/** A step that is an activity of its own. */
export function stepActivity<I extends StepInput, O extends StepResult>(
  definition: StepDefinition<I, O>,
): Activity<I, O, Ports> {
  return activity({
    name: definition.name,
    input: definition.input,
    output: definition.output,
    run: (input, ports, invocation) => runStep(definition, input, ports, invocation),
  });
}

export async function runStep<I extends StepInput, O extends StepResult>(
  { name, target, run }: StepDefinition<I, O>,
  input: I,
  ports: Ports,
  invocation: Invocation,
): Promise<O> {
  const { registry } = ports;
  const { operation, retry } = input;
  const step: StepName = { name, target: target(input) };
  const traceId = input.traceparent === undefined ? undefined : traceIdOf(input.traceparent);
  const begun = Date.now();
  const facts = (more: object) => ({ operation, step: name, target: step.target, ...more, traceId });
  // Not awaited yet: the record and the first look at the world go on at the same time.
  const startTime = now();
  const started = registry.startStep(operation, step, startTime);
  started.catch(() => undefined);
  let intended: Effect | undefined;
  const createdBy = undoes(input);
  // An undo may run because its operation was canceled, and must not stop for that.
  const isWanted =
    createdBy === undefined ? expectNotCanceled(registry, operation) : expectNotSucceeded(registry, createdBy);
  const mayGoOn = Promise.all([started, isWanted]);
  mayGoOn.catch(() => undefined);

  try {
    const result = await run(input, gateWrites(ports, mayGoOn), {
      invocation,
      commit: () => commitOperation(registry, operation),
      async notice(notices) {
        if (notices.length === 0) return;
        await started;
        await registry.updateStep(operation, step, { notices });
      },
      async willDo(action, differences = [], { isMarked = false } = {}) {
        intended = { action, differences: shorten(differences) };
        if (isMarked) return;
        await started;
        await registry.updateStep(operation, step, intended);
      },
    });
    await mayGoOn;
    const attempts = await started;
    const earlier = intended === undefined && attempts > 1 ? await registry.getStep(operation, step) : undefined;
    const action = earlier?.action ?? result.action;
    const differences = intended?.differences ?? earlier?.differences ?? [];
    // At the same time: the audit trail costs no more than the longer of the two.
    await Promise.all([
      registry.updateStep(operation, step, { status: "Succeeded", action, differences, endTime: now() }),
      appendEffect(ports, input, { step, action, differences, outcome: "Succeeded" }),
    ]);
    invocation.log(logLine("step done", facts({ action, durationMs: Date.now() - begun })));
    return { ...result, action };
  } catch (error) {
    const { code, message } = describe(error);
    invocation.warn(logLine("step failed", facts({ code, durationMs: Date.now() - begun })));
    const delayAfter = (attempt: number) =>
      error instanceof PermanentError ? undefined : delayAfterAttempt(retry, attempt);
    let delay = delayAfter(1);
    try {
      // A change would make the row by itself, without name and start: the start is written first, if need be again.
      delay = delayAfter(await started.catch(() => registry.startStep(operation, step, startTime)));
      await Promise.all([
        registry.updateStep(operation, step, {
          status: delay === undefined ? "Failed" : "Running",
          error: toOperationError(code, message),
          ...(delay === undefined ? { endTime: now() } : { nextRetryTime: new Date(Date.now() + delay).toISOString() }),
        }),
        // It, or a try before it, may have had a part of its effect, or all of it without knowing.
        delay === undefined && code !== "OPERATION_CANCELED" && appendFailure(ports, input, { step, code, intended }),
      ]);
    } catch (recordError) {
      // The step's own error is the one to report; the orchestration records the outcome again at its end.
      invocation.warn(logLine("step failure not recorded", facts({ reason: describe(recordError).message })));
    }
    await waitAsAsked(error, delay);
    throw error;
  }
}

async function appendFailure(
  ports: Ports,
  input: StepInput,
  { step, code, intended }: { step: StepName; code: string; intended: Effect | undefined },
): Promise<void> {
  const effect = intended ?? (await ports.registry.getStep(input.operation, step));
  if (effect?.action === undefined) return;
  const { action, differences = [] } = effect;
  await appendEffect(ports, input, { step, action, differences, outcome: "Failed", code });
}

/** The operation that the step undoes, when it is an undo. */
function undoes(input: StepInput & { readonly createdBy?: unknown }): string | undefined {
  return typeof input.createdBy === "string" ? input.createdBy : undefined;
}

/** The runtime waits by its own policy; what a service asked for beyond that (Retry-After) is waited here. */
async function waitAsAsked(error: unknown, delay: number | undefined): Promise<void> {
  const asked = error instanceof TransientError ? (error.retryAfterSeconds ?? 0) * 1_000 : 0;
  if (delay !== undefined && asked > delay) await sleep(Math.min(asked - delay, maxWaitMs));
}

/** Well below the functionTimeout in host.json. */
const maxWaitMs = 120_000;

function describe(error: unknown): Failure & { readonly code: PermanentCode | TransientCode } {
  if (error instanceof PermanentError || error instanceof TransientError) {
    return { code: error.code, message: error.message };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: "UNEXPECTED", message };
}

function now(): string {
  return new Date().toISOString();
}
