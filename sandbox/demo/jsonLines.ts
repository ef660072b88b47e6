/** Reports the walk-through to a machine: one event on each line. */
import type { OperationDocument, StepDocument } from "../../src/domain/documents/operation.ts";
import type { DemoEvent, DemoReporter } from "./events.ts";

export function createJsonReporter(stream: NodeJS.WritableStream): DemoReporter {
  const write = (event: object) => stream.write(`${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`);
  const told = new Map<string, string>();

  /** Each change carries the whole operation; parts that have not changed are not repeated. */
  function tellChange(key: string, event: object): void {
    const text = JSON.stringify(event);
    if (told.get(key) === text) return;
    told.set(key, text);
    write(event);
  }

  function tell(event: DemoEvent): void {
    if (event.event !== "operation") return void write(event);
    const { id, steps } = event.operation;
    for (const step of steps.filter(({ status }) => status !== "NotStarted"))
      tellChange(`${id} ${step.name} ${step.target}`, { event: "step", operation: id, ...stepOf(step) });
    tellChange(id, { event: "operation", ...stateOf(event.operation) });
  }

  return { report: tell, close: () => undefined };
}

/** What the walk-through is about, not everything that the service reports. */
function stepOf({ name, target, action, status, attempts, startTime, endTime, error, nextRetryTime }: StepDocument) {
  return { name, target, action, status, attempts, startTime, endTime, error: errorOf(error), nextRetryTime };
}

function stateOf({
  id,
  kind,
  status,
  phase,
  cluster,
  namespace,
  createdTime,
  endTime,
  result,
  error,
}: OperationDocument) {
  const { clientId } = result ?? {};
  return {
    ...{ id, kind, status, phase, cluster, namespace, createdTime, endTime },
    result: result && { clientId },
    error: errorOf(error),
  };
}

function errorOf(error: OperationDocument["error"]) {
  return error && { code: error.code, message: error.message, fix: error.fix };
}
