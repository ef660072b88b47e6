/**
 * A history as the management API shows it: names instead of numbers, and one entry for each task instead of two, in the order
 * in which they ended. Modelled on the extension's DurableClient.cs (GetDurableOrchestrationStatusAsync); the fields that are
 * always null are those of DurableTask.Core's history classes.
 */
import { EventType, type HistoryEvent } from "../history.ts";
import { readValue } from "./statusView.ts";

export interface HistoryViewOptions {
  readonly showInput: boolean;
  readonly showOutput: boolean;
  /** JSON text of the orchestration's input. */
  readonly input: string | null;
}

type Entry = Record<string, unknown>;

const names = new Map<number, string>(Object.entries(EventType).map(([name, type]) => [type, name]));
const statusNames = ["Running", "Completed", "ContinuedAsNew", "Failed", "Canceled", "Terminated", "Pending"];

export function viewHistory(events: readonly HistoryEvent[], options: HistoryViewOptions): Entry[] {
  const scheduled = new Map<number, HistoryEvent>();
  const ended = new Set<number>();
  for (const event of events) {
    if (event.EventType === EventType.TaskScheduled || event.EventType === EventType.SubOrchestrationInstanceCreated) {
      scheduled.set(event.EventId, event);
    } else if ("TaskScheduledId" in event) {
      ended.add(event.TaskScheduledId);
    }
  }
  return events.flatMap((event) => {
    if (event.EventType === EventType.OrchestratorStarted || event.EventType === EventType.OrchestratorCompleted)
      return [];
    if (scheduled.get(event.EventId) === event && ended.has(event.EventId)) return [];
    const origin = "TaskScheduledId" in event ? scheduled.get(event.TaskScheduledId) : undefined;
    return [viewEvent(event, origin, options)];
  });
}

const hidden = new Set([
  "EventId",
  "Host",
  "TaskScheduledId",
  "TimerId",
  "OrchestrationInstance",
  "ParentInstance",
  "ParentTraceContext",
  "Version",
  "Tags",
]);

function viewEvent(event: HistoryEvent, origin: HistoryEvent | undefined, options: HistoryViewOptions): Entry {
  const entry: Entry = { EventType: names.get(event.EventType) ?? String(event.EventType), ...unused(event) };
  for (const [name, value] of Object.entries(event)) {
    if (name === "EventType" || hidden.has(name)) continue;
    if (name === "Result") {
      if (options.showOutput) entry[name] = readValue(String(value));
    } else if (name === "Input") {
      if (options.showInput) entry[name] = value;
    } else if (name === "OrchestrationStatus") {
      entry[name] = statusNames[Number(value)] ?? value;
    } else {
      entry[name] = value;
    }
  }
  if (event.EventType === EventType.ExecutionStarted) {
    entry["FunctionName"] = event.Name;
    delete entry["Name"];
    // The extension does not parse inputs in a history.
    if (options.showInput) entry["Input"] = options.input;
  }
  if (origin !== undefined && "Name" in origin) {
    entry["ScheduledTime"] = origin.Timestamp;
    entry["FunctionName"] = origin.Name;
    if (options.showInput) entry["Input"] = null;
    if ("InstanceId" in origin) entry["InstanceId"] = origin.InstanceId;
  }
  return entry;
}

/** Fields that the extension shows and this host has no values for. */
function unused({ EventType: type }: HistoryEvent): Entry {
  switch (type) {
    case EventType.ExecutionStarted:
      return {
        Correlation: null,
        ParentTraceContext: null,
        ScheduledStartTime: null,
        Generation: 0,
        GenerateNewTrace: false,
      };
    case EventType.EventRaised:
    case EventType.TaskScheduled:
      return { ParentTraceContext: null };
    case EventType.TaskFailed:
    case EventType.SubOrchestrationInstanceFailed:
    case EventType.ExecutionCompleted:
      return { FailureDetails: null };
    default:
      return {};
  }
}
