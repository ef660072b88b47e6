/** Tells the walk-through to a machine: one event on each line. */
import type { DemoEvent, Teller } from "./events.ts";
import type { Step } from "./service.ts";

export function createJsonTeller(stream: NodeJS.WritableStream): Teller {
  const write = (event: object) => stream.write(`${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`);
  const told = new Map<string, string>();

  /** An operation is polled; a step is told when it has changed. */
  function tellSteps(operation: string, steps: readonly Step[]): void {
    for (const step of steps) {
      const key = `${operation} ${step.name} ${step.target}`;
      const text = JSON.stringify(step);
      if (step.status === "NotStarted" || told.get(key) === text) continue;
      told.set(key, text);
      write({ event: "step", operation, ...step });
    }
  }

  function tell(event: DemoEvent): void {
    if (event.event !== "operation") return void write(event);
    const { steps, ...state } = event.operation;
    tellSteps(state.id, steps);
    const text = JSON.stringify(state);
    if (told.get(state.id) === text) return;
    told.set(state.id, text);
    write({ event: "operation", ...state });
  }

  return { tell, close: () => undefined };
}
