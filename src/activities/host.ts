/** How steps become activities: registered under their own names, alone or combined. */
import { z } from "zod";
import type { Backlog } from "../application/queue/backlog.ts";
import { describeFailure, runStep, StepUnfinished } from "../application/steps/runStep.ts";
import type { StepFailure } from "../application/steps/stepTrail.ts";
import { errorCatalogue, isAuthenticationFailure, PermanentError } from "../domain/errors.ts";
import { type Activity, type ActivityDefinition, createActivityHost, type Invocation } from "../durable/activity.ts";
import type { Failure } from "../durable/failure.ts";
import type { Ports } from "../ports/index.ts";
import type { StepDefinition, StepInput, StepResult } from "../resources/definitions/step.ts";
import { logLine } from "../telemetry/logLine.ts";
import { concerning, inTrace } from "../telemetry/spans.ts";

export interface ActivityPorts extends Ports {
  /** Absent where no requests come from a queue. */
  readonly backlog?: Pick<Backlog, "beginNext">;
}

const host = createActivityHost<ActivityPorts>({
  permanentFailure: (error) => (error instanceof PermanentError ? describeFailure(error) : undefined),
  lingeringFailure: (error) => (isAuthenticationFailure(error) ? describeFailure(error) : undefined),
  describe: describeFailure,
  forRuntime: (error) =>
    error instanceof StepUnfinished
      ? { ...describeFailure(error), step: error.step }
      : causeOf(describeFailure(error).code),
});
export const { call, providePorts } = host;

/** Spans and log lines of an activity name the operation that it runs for. */
export function activity<I extends object, O>(
  definition: ActivityDefinition<I, O, ActivityPorts>,
): Activity<I, O, ActivityPorts> {
  return host.activity({
    ...definition,
    run(input, ports, invocation) {
      const { batch, traceparent, ...subject } = Subject.safeParse(input).data ?? {};
      // If the host does not export the extension's spans, the activity has no parent, or one in an unrelated trace.
      return inTrace(traceparent, () =>
        concerning({ ...subject, operation: subject.operation ?? batch }, async () => {
          try {
            return await definition.run(input, ports, invocation);
          } catch (error) {
            if (!(error instanceof StepUnfinished)) logFailure(definition.name, error, invocation);
            throw error;
          }
        }),
      );
    },
  });
}

const Subject = z.object({
  operation: z.string().optional(),
  batch: z.string().optional(),
  cluster: z.string().optional(),
  namespace: z.string().optional(),
  traceparent: z.string().optional(),
});

/** The reason goes to the log, because the runtime gets only the code. */
function logFailure(activity: string, error: unknown, invocation: Invocation): void {
  const { code, message } = describeFailure(error);
  invocation.warn(logLine("activity failed", { activity, code, reason: message }));
}

function causeOf(code: StepFailure["code"]): Failure {
  return { code, message: errorCatalogue[code].cause };
}

/** A step as a separate activity. */
export function stepActivity<G extends object, O extends StepResult>(
  definition: StepDefinition<G, O>,
): Activity<StepInput & G, O, ActivityPorts> {
  return activity({
    name: definition.name,
    input: definition.input,
    output: definition.output,
    run: (input, ports, invocation) => runStep(definition, input, ports, invocation),
  });
}

/**
 * Two independent steps as one activity, which costs the runtime one message instead of two. Each keeps its own row in the
 * status, its own attempts and its own effects. A retry of one repeats both: the other looks and finds its work done.
 */
export function combinedActivity<G1 extends object, O1 extends StepResult, G2 extends object, O2 extends StepResult>(
  name: string,
  first: StepDefinition<G1, O1>,
  second: StepDefinition<G2, O2>,
): Activity<StepInput & G1 & G2, [O1, O2], ActivityPorts> {
  return activity({
    name,
    input: z.intersection(first.input, second.input),
    output: z.tuple([first.output, second.output]),
    async run(input, ports, invocation) {
      const [one, two] = await Promise.allSettled([
        runStep(first, input, ports, invocation),
        runStep(second, input, ports, invocation),
      ]);
      if (one.status === "fulfilled" && two.status === "fulfilled") return [one.value, two.value];
      const failed = [one, two].filter((result) => result.status === "rejected");
      // A permanent failure takes precedence: retrying the other step would be futile. Next comes an authentication failure,
      // which may outlast the runtime's attempts.
      throw (
        failed.find(({ reason }) => reason instanceof PermanentError) ??
        failed.find(({ reason }) => isAuthenticationFailure(reason)) ??
        failed[0]
      )?.reason;
    },
  });
}
