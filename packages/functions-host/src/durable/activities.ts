/** Runs each activity at least once, and reports the outcome to the orchestration. */
import type { FunctionApp } from "../app.ts";
import { durableInputs } from "../durableInputs.ts";
import type { RankedSlots } from "../yieldingSlots.ts";
import type { Clock } from "./clock.ts";
import { describeActivityFailure } from "./failures.ts";
import type { DurableFunctions } from "./functions.ts";
import { EventType, type Failure, type HistoryEvent } from "./history.ts";
import { toActivityResult, toActivityTrigger } from "./payloads.ts";
import type { ActivityTask } from "./records.ts";
import type { DurableSettings } from "./settings.ts";
import type { DurableSpans } from "./spans.ts";

export interface ActivitiesOptions {
  readonly app: FunctionApp;
  readonly functions: DurableFunctions;
  /** The value of a `durableClient` input, which an activity may have like any function. */
  readonly clientPayload: () => string;
  readonly settings: DurableSettings;
  readonly clock: Clock;
  readonly spans: DurableSpans;
  readonly createSlots: (limit: number) => Pick<RankedSlots, "run" | "close">;
  /** Called when the task is done, with the event for the orchestration. */
  readonly onDone: (task: ActivityTask, event: HistoryEvent) => void;
}

interface Done {
  readonly Result: string;
  readonly Reason?: never;
}

export interface Activities {
  run(task: ActivityTask): void;
  close(): Promise<void>;
}

export function createActivities(options: ActivitiesOptions): Activities {
  const { app, functions, clientPayload, settings, clock, spans, onDone } = options;
  const slots = options.createSlots(settings.maxConcurrentActivityFunctions);

  async function perform(task: ActivityTask): Promise<void> {
    const outcome = await spans.activity(task, (hostSpan) => invoke(task, hostSpan));
    spans.taskEnded(task, outcome.Reason);
    const shared = { EventId: -1, Timestamp: new Date(clock.now()).toISOString(), TaskScheduledId: task.id };
    onDone(
      task,
      outcome.Result !== undefined
        ? { EventType: EventType.TaskCompleted, ...shared, ...outcome }
        : { EventType: EventType.TaskFailed, ...shared, ...outcome },
    );
  }

  async function invoke(
    { name, input, instanceId }: ActivityTask,
    hostSpan: string | undefined,
  ): Promise<Done | (Failure & { readonly Result?: never })> {
    try {
      const definition = functions.find("activity", name);
      if (definition === undefined) throw new Error(functions.explainUnknown("activity", name));
      const { returnValue } = await app.invoke(definition.name, {
        trigger: toActivityTrigger(input),
        inputs: durableInputs(definition, { clientPayload }),
        // As JSON: a plain string of digits would reach the app as a number.
        instanceId,
        triggerMetadata: { instanceId: { json: JSON.stringify(instanceId) } },
        ...(hostSpan === undefined ? {} : { hostSpan }),
      });
      return { Result: toActivityResult(returnValue) };
    } catch (error) {
      return describeActivityFailure(name, error);
    }
  }

  return {
    // The oldest orchestrations first, where a queue forms: so they end one by one, instead of all at last.
    run: (task) => slots.run(() => perform(task), task.instance),
    close: () => slots.close(),
  };
}
