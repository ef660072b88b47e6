/**
 * Everything that Mooring counts and measures, in one place. Nothing is sampled. An instrument that is created before the SDK is
 * loaded never does anything, so each is created with its first value.
 */
import { type Attributes, metrics } from "@opentelemetry/api";

let isOn = false;

/** Starts recording. Call it once the SDK is loaded. */
export function beginMetrics(): void {
  isOn = true;
}

interface Description {
  readonly description: string;
  /** UCUM. */
  readonly unit: string;
}

function counter<A extends Attributes>(name: string, description: Description) {
  let made: { add(value: number, attributes: A): void } | undefined;
  return {
    add(value: number, attributes: A): void {
      if (!isOn) return;
      made ??= metrics.getMeter("mooring").createCounter<A>(name, description);
      made.add(value, attributes);
    },
  };
}

function histogram<A extends Attributes>(name: string, description: Description, boundaries: number[]) {
  let made: { record(value: number, attributes: A): void } | undefined;
  return {
    record(seconds: number, attributes: A): void {
      if (!isOn) return;
      const advice = { explicitBucketBoundaries: boundaries };
      made ??= metrics.getMeter("mooring").createHistogram<A>(name, { ...description, advice });
      made.record(seconds, attributes);
    },
  };
}

const ofCalls = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const ofOperations = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600, 21_600, 86_400];

export const operations = counter<{ kind: string; outcome: string }>("mooring.operations", {
  description: "Operations that ended",
  unit: "{operation}",
});
export const operationDuration = histogram<{ kind: string; outcome: string }>(
  "mooring.operation.duration",
  { description: "From the acceptance of an operation to its end, approvals included", unit: "s" },
  ofOperations,
);
export const operationAge = histogram<{ kind: string; waitsForPerson: "yes" | "no" }>(
  "mooring.operation.age",
  {
    description: "How long each operation of a namespace has been under way, recorded every 15 seconds",
    unit: "s",
  },
  ofOperations,
);
export const stepRetries = counter<{ step: string; code: string }>("mooring.step.retries", {
  description: "Failed attempts of steps that are retried",
  unit: "{retry}",
});
export const undoFailures = counter<{ kind: string; undo: string }>("mooring.undo.failures", {
  description: "Undos that were given up when their operation ended",
  unit: "{undo}",
});
export const undoWaits = counter<{ kind: string; undo: string; code: string }>("mooring.undo.waits", {
  description: "Undos that wait to look again, or to reach what they could not, counted when they begin",
  unit: "{undo}",
});
export const throttles = counter<{ service: string }>("mooring.throttles", {
  description: "Calls that a service refused because there were too many",
  unit: "{call}",
});
export const driftFindings = counter<{ code: string; severity: string }>("mooring.drift.findings", {
  description: "Findings of the drift watcher, counted each time it looks at a namespace",
  unit: "{finding}",
});
export const queueAge = histogram<{ outcome: string }>(
  "mooring.queue.age",
  { description: "From when a message was sent until it was decided", unit: "s" },
  ofOperations,
);
export const unreadableRows = counter<{ table: string }>("mooring.registry.unreadable_rows", {
  description: "Rows of the registry that could not be read, counted each time one is met",
  unit: "{row}",
});
export const registryDuration = histogram<{ table: string; outcome: string }>(
  "mooring.registry.duration",
  { description: "Calls to the registry's tables", unit: "s" },
  ofCalls,
);
