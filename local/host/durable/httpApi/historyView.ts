/** A history as the management API shows it: names for numbers, and a task in one entry instead of two. */
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
  const entry: Entry = { EventType: names.get(event.EventType) ?? String(event.EventType) };
  for (const [name, value] of Object.entries(event)) {
    if (name === "EventType" || hidden.has(name)) continue;
    if (name === "Result") {
      if (options.showOutput) entry[name] = readValue(String(value));
    } else if (name === "Input") {
      if (options.showInput) entry[name] = typeof value === "string" ? readValue(value) : value;
    } else if (name === "OrchestrationStatus") {
      entry[name] = statusNames[Number(value)] ?? value;
    } else {
      entry[name] = value;
    }
  }
  if (event.EventType === EventType.ExecutionStarted) {
    entry["FunctionName"] = event.Name;
    delete entry["Name"];
    if (options.showInput) entry["Input"] = readValue(options.input);
  }
  if (origin !== undefined && "Name" in origin) {
    entry["ScheduledTime"] = origin.Timestamp;
    entry["FunctionName"] = origin.Name;
    if (options.showInput && "Input" in origin && origin.Input !== undefined) {
      entry["Input"] = readValue(String(origin.Input));
    }
  }
  return entry;
}
