/**
 * Typed activities. The handler parses its input and its output, so a wrong value fails at the boundary and not three
 * steps later. A permanent failure is recorded as data, `{ failure }`: the JavaScript RetryOptions have no predicate, and
 * the runtime would retry a 403 until its attempts are used up. So is a lingering failure, which would outlast the attempts
 * (patience.ts).
 */
import type { InvocationContext } from "@azure/functions";
import { app, type DurableClient, getClient, input, type RegisteredActivityTask } from "durable-functions";
import { z } from "zod";
import { Failure, printFailure, readFailure } from "./failure.ts";
import { type RetryPolicy, toRetryOptions } from "./retry.ts";
import { type Step, step } from "./step.ts";

/** What an activity leaves in the history: always an object, whatever the activity returns. */
const Recorded = z.object({
  result: z.unknown().optional(),
  failure: Failure.optional(),
  /** The orchestration may run the step again. */
  isLingering: z.boolean().optional(),
});

/** Added to the input of an attempt after a lingering failure; absent in the first. */
export const Retrial = z.object({
  /** How long until the next attempt; absent if this is the last. */
  nextMs: z.number().optional(),
});
type Retrial = z.infer<typeof Retrial>;

const Tried = z.object({ retrial: Retrial.optional() });

/** A step failed for good: the code and message that the activity recorded, or its last error. */
export class StepFailed extends Error {
  override readonly name = "StepFailed";
  readonly activity: string;
  readonly code: string;
  readonly failure: Failure;
  /** The fault may pass with time. */
  readonly isLingering: boolean;

  constructor(
    activity: string,
    failure: Failure,
    { isLingering = false, ...options }: ErrorOptions & { isLingering?: boolean | undefined } = {},
  ) {
    super(failure.message, options);
    this.activity = activity;
    this.code = failure.code;
    this.failure = failure;
    this.isLingering = isLingering;
  }
}

/** Input and recorded result are objects: the Durable extension delivers a bare `true` as "True" and a null as nothing. */
export interface ActivityDefinition<I extends object, O, Ports> {
  /** The registered name, which histories contain: never reuse it for something else. */
  readonly name: string;
  readonly input: z.ZodType<I>;
  readonly output: z.ZodType<O>;
  /** Whether its invocation gets a durable client. */
  readonly hasClient?: boolean;
  readonly run: (input: I, ports: Ports, invocation: Invocation) => Promise<NoInfer<O>>;
}

/** What an activity may know of the invocation that runs it. */
export interface Invocation extends Pick<InvocationContext, "invocationId" | "log" | "warn" | "traceContext"> {
  /** For an activity with `hasClient`. */
  readonly client?: () => DurableClient;
}

export interface Activity<I extends object, O, Ports> {
  /** Schedules the activity; `yield*` the result in an orchestrator. */
  (input: I, retry?: RetryPolicy): Step<O>;
  readonly activityName: string;
  readonly run: ActivityDefinition<I, O, Ports>["run"];
}

type Called<I extends object, O> = Pick<ActivityDefinition<I, O, never>, "name" | "output"> & {
  readonly input: z.ZodType<I>;
};

export interface ActivityHost<Ports> {
  /** Registers the activity. */
  activity<I extends object, O>(definition: ActivityDefinition<I, O, Ports>): Activity<I, O, Ports>;
  /** Schedules a registered activity, by its definition. */
  call<I extends object, O>(definition: Called<I, O>, value: NoInfer<I>, retry?: RetryPolicy): Step<O>;
  /** Called once, by the composition root. */
  providePorts(ports: Ports): void;
}

export interface FailureRules {
  /** The failure to record if retrying will not help; undefined lets the runtime retry. */
  readonly permanentFailure: (error: unknown) => Failure | undefined;
  /** The failure to record if it may outlast the runtime's attempts, so that the orchestration has to wait. */
  readonly lingeringFailure: (error: unknown) => Failure | undefined;
  /** Code and message for an error from the runtime that carries none of ours. */
  readonly describe: (error: unknown) => Failure;
  /** What the runtime gets of an error that it retries and shows in its own spans; so it must contain nothing from outside. */
  readonly forRuntime: (error: unknown) => Failure;
}

/** Binds activities to their ports and to the rules for failures. */
export function createActivityHost<Ports>({
  permanentFailure,
  lingeringFailure,
  describe,
  forRuntime,
}: FailureRules): ActivityHost<Ports> {
  let provided: { ports: Ports } | undefined;
  const registered = new Map<string, (value: unknown) => RegisteredActivityTask>();
  const call = <I extends object, O>(definition: Called<I, O>, value: I, retry?: RetryPolicy): Step<O> => {
    const { name, output } = definition;
    const schedule = registered.get(name);
    if (!schedule) throw new Error(`no activity is registered as ${name}`);
    const task = schedule(value);
    const again = (nextMs: number | undefined) => call(definition, afterFailure(value, nextMs), retry);
    return step(retry ? task.withRetry(toRetryOptions(retry)) : task, {
      decode(recorded) {
        const { result, failure, isLingering } = Recorded.parse(recorded);
        if (failure) throw new StepFailed(name, failure, { isLingering });
        return output.parse(result);
      },
      failed: (error) => retriedFailure(name, error, describe),
      lingering: retry && { policy: retry, isLingering: isLingeringFailure, again },
    });
  };
  return {
    call,
    providePorts(ports) {
      provided = { ports };
    },
    activity<I extends object, O>({
      name,
      input: schema,
      output,
      hasClient = false,
      run,
    }: ActivityDefinition<I, O, Ports>) {
      const schedule = app.activity(name, {
        ...(hasClient ? { extraInputs: [input.durableClient()] } : {}),
        async handler(value: unknown, context: InvocationContext) {
          if (!provided) throw new Error(`activity ${name} ran before providePorts was called`);
          const invocation = hasClient ? withClient(context) : context;
          try {
            return { result: output.parse(await run(schema.parse(value), provided.ports, invocation)) };
          } catch (error) {
            const failure = permanentFailure(error);
            if (failure) return { failure };
            const lingering = lingeringFailure(error);
            if (lingering) return isLastTry(value) ? { failure: lingering } : { failure: lingering, isLingering: true };
            // No cause: anything that prints the whole error would print the cause, too.
            throw new Error(printFailure(forRuntime(error)));
          }
        },
      });

      registered.set(name, schedule);
      const own = (value: I, retry?: RetryPolicy): Step<O> => call({ name, input: schema, output }, value, retry);
      return Object.assign(own, { activityName: name, run });
    },
  };
}

function withClient(context: InvocationContext): Invocation {
  const { invocationId, traceContext } = context;
  return {
    invocationId,
    ...(traceContext ? { traceContext } : {}),
    log: context.log.bind(context),
    warn: context.warn.bind(context),
    client: () => getClient(context),
  };
}

function isLingeringFailure(error: unknown): boolean {
  return error instanceof StepFailed && error.isLingering;
}

/** The input of the next attempt. An activity whose schema does not have the field drops it. */
function afterFailure<I>(value: I, nextMs: number | undefined): I {
  return { ...value, retrial: nextMs === undefined ? {} : { nextMs } } satisfies I & { retrial: Retrial };
}

function isLastTry(value: unknown): boolean {
  const retrial = Tried.safeParse(value).data?.retrial;
  return retrial !== undefined && retrial.nextMs === undefined;
}

/** The failure of an activity that used up its attempts. */
function retriedFailure(activity: string, error: unknown, describe: FailureRules["describe"]): StepFailed {
  if (error instanceof StepFailed) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new StepFailed(activity, readFailure(text) ?? { ...describe(error), message: text }, { cause: error });
}
