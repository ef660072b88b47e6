/**
 * Typed activities. The handler parses its input and its output, so a wrong value stops at the boundary and not three
 * steps later. A permanent failure is recorded as data, `{ failure }`: the JavaScript RetryOptions have no predicate, and
 * the runtime would try a 403 until its attempts are used up. So is a lingering one, for which the attempts would not last
 * (patience.ts).
 */
import type { InvocationContext } from "@azure/functions";
import { app, type DurableClient, getClient, input, type RegisteredActivityTask } from "durable-functions";
import { z } from "zod";
import { type RetryPolicy, toRetryOptions } from "./retry.ts";
import { type Step, step } from "./step.ts";

const Failure = z.object({ code: z.string(), message: z.string() });
export type Failure = z.infer<typeof Failure>;

/** What an activity leaves in the history: an object, whatever it returns. */
const Recorded = z.object({
  result: z.unknown().optional(),
  failure: Failure.optional(),
  /** The orchestration may run the step again. */
  isLingering: z.boolean().optional(),
});

/** What the input of a try says that comes after a lingering failure; absent in the first. */
export const Retrial = z.object({
  /** How long it is from this try to another; absent when this is the last. */
  nextMs: z.number().optional(),
});
type Retrial = z.infer<typeof Retrial>;

const Tried = z.object({ retrial: Retrial.optional() });

/** A step that ended for good without a result: the code and message that the activity recorded, or its last error. */
export class StepFailed extends Error {
  override readonly name = "StepFailed";
  readonly activity: string;
  readonly code: string;
  /** It may pass with time. */
  readonly isLingering: boolean;

  constructor(
    activity: string,
    { code, message }: Failure,
    { isLingering = false, ...options }: ErrorOptions & { isLingering?: boolean | undefined } = {},
  ) {
    super(message, options);
    this.activity = activity;
    this.code = code;
    this.isLingering = isLingering;
  }
}

/** Input and what is recorded are objects: through the Durable extension a bare `true` arrives as "True", a null as nothing. */
export interface ActivityDefinition<I extends object, O, Ports> {
  /** The registered name, which the history keeps: never reuse one for something else. */
  readonly name: string;
  readonly input: z.ZodType<I>;
  readonly output: z.ZodType<O>;
  /** Gives its invocation a durable client. */
  readonly hasClient?: boolean;
  readonly run: (input: I, ports: Ports, invocation: Invocation) => Promise<NoInfer<O>>;
}

/** What an activity may know of the invocation that runs it. */
export interface Invocation extends Pick<InvocationContext, "invocationId" | "log" | "warn" | "traceContext"> {
  /** Of an activity with `hasClient`. */
  readonly client?: () => DurableClient;
}

export interface Activity<I extends object, O, Ports> {
  /** Schedules the activity; `yield*` the result in an orchestrator. */
  (input: I, retry?: RetryPolicy): Step<O>;
  readonly activityName: string;
  readonly run: ActivityDefinition<I, O, Ports>["run"];
}

export interface ActivityHost<Ports> {
  activity<I extends object, O>(definition: ActivityDefinition<I, O, Ports>): Activity<I, O, Ports>;
  /** Called once, by the composition root. */
  providePorts(ports: Ports): void;
}

export interface FailureRules {
  /** The failure to record when trying again will not help; undefined lets the runtime retry. */
  readonly permanentFailure: (error: unknown) => Failure | undefined;
  /** The failure to record when it may outlast the attempts of the runtime, and the orchestration has to wait. */
  readonly lingeringFailure: (error: unknown) => Failure | undefined;
  /** Code and message of an error that came back from the runtime without ours. */
  readonly describe: (error: unknown) => Failure;
  /** What the runtime is told of an error that it retries: it shows that in its own spans, so nothing that came from outside. */
  readonly tell: (error: unknown) => Failure;
}

/** Ties activities to the ports that they get, and to the errors that are permanent. */
export function createActivityHost<Ports>({
  permanentFailure,
  lingeringFailure,
  describe,
  tell,
}: FailureRules): ActivityHost<Ports> {
  let provided: { ports: Ports } | undefined;
  return {
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
      const registered = app.activity(name, {
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
            const { code, message } = tell(error);
            // The host keeps only the text of an error, so the code travels in it; `retriedFailure` reads it back. No cause:
            // what prints it whole would print that, too.
            throw new Error(`[${code}] ${message}`);
          }
        },
      });

      const call = (value: I, retry?: RetryPolicy): Step<O> => {
        const task: RegisteredActivityTask = registered(value);
        const again = (nextMs: number | undefined) => call(afterFailure(value, nextMs), retry);
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
      return Object.assign(call, { activityName: name, run });
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

/** The input of the next try. An activity whose schema does not want to know drops the field. */
function afterFailure<I>(value: I, nextMs: number | undefined): I {
  return { ...value, retrial: nextMs === undefined ? {} : { nextMs } } satisfies I & { retrial: Retrial };
}

function isLastTry(value: unknown): boolean {
  const retrial = Tried.safeParse(value).data?.retrial;
  return retrial !== undefined && retrial.nextMs === undefined;
}

/** Turns the runtime's text for an activity that used up its attempts back into a code and a message. */
function retriedFailure(activity: string, error: unknown, describe: FailureRules["describe"]): StepFailed {
  if (error instanceof StepFailed) return error;
  const text = error instanceof Error ? error.message : String(error);
  const [, code, message] = /\[([A-Z][A-Z_]+)\] (.*?)(?: \n |\n|$)/.exec(text) ?? [];
  const failure =
    code === undefined || message === undefined ? { ...describe(error), message: text } : { code, message };
  return new StepFailed(activity, failure, { cause: error });
}
