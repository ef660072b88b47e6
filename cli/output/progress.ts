/**
 * An operation while it runs, on standard error. On a terminal it is drawn again in place; elsewhere every change is a line,
 * and nothing moves.
 */
import type { Operation } from "../service/documents.ts";
import { describeTotals } from "./batch.ts";
import { canBeLive, createLive, type Live } from "./live.ts";
import { headline, stepLines } from "./operation.ts";
import { printable } from "./printable.ts";
import { type View, viewOf } from "./view.ts";

const redrawMs = 200;

export function createProgress(stream: NodeJS.WriteStream): Live<Operation> {
  if (!canBeLive(stream)) return createLines(stream);
  return createLive(stream, { render: (operation) => liveLines(operation, viewOf(stream)), redrawMs });
}

function liveLines(operation: Operation, view: View): readonly string[] {
  const { steps = [] } = operation;
  return [
    headline(operation, view),
    ...(operation.totals ? [`  ${describeTotals(operation)}`] : []),
    ...(steps.length > 0 ? stepLines(steps, view) : []),
  ];
}

function createLines(stream: NodeJS.WriteStream): Live<Operation> {
  const told = new Set<string>();
  const tell = (key: string, line: string) => {
    if (told.has(key)) return;
    told.add(key);
    stream.write(`${line}\n`);
  };
  return {
    show(operation) {
      const view = viewOf(stream);
      tell(`${operation.phase} ${operation.status}`, headline(operation, view));
      if (operation.totals) tell(describeTotals(operation), `  ${describeTotals(operation)}`);
      for (const { name, target, action = "", status, attempts, error } of operation.steps ?? []) {
        const what = printable(`${name} ${target}`);
        if (status !== "NotStarted" && status !== "Running") {
          tell(what, `  ${what}: ${action === "none" ? "" : `${action} `}${status}`);
        } else if (error) {
          tell(`${what} ${attempts}`, `  ${what}: try ${attempts} met ${printable(`${error.code}: ${error.message}`)}`);
        }
      }
    },
    above: (write) => write(),
    end: () => undefined,
  };
}
