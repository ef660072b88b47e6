/**
 * The progress of a running operation, on standard error. On a terminal it is redrawn in place; elsewhere every change is a new
 * line.
 */

import { hasEnded } from "../../clients/operations.ts";
import type { AnyOperationDocument, StepDocument } from "../../src/domain/documents/operation.ts";
import { stepInWords } from "../../src/domain/operation/stepName.ts";
import { actionText } from "./action.ts";
import { describeTotals } from "./batch.ts";
import { canBeLive, createLive, type Live } from "./live.ts";
import { headline, stepLines } from "./operation.ts";
import { writeLines } from "./print.ts";
import { printable } from "./printable.ts";
import { type View, viewOf } from "./view.ts";

const redrawMs = 200;

export function createProgress(stream: NodeJS.WriteStream): Live<AnyOperationDocument> {
  if (!canBeLive(stream)) return createLines(stream);
  const render = (operation: AnyOperationDocument) => {
    const view = viewOf(stream);
    return [headline(operation, view), ...partsOf(operation, view)];
  };
  return createLive(stream, { render, redrawMs });
}

function partsOf(operation: AnyOperationDocument, view: View): readonly string[] {
  if (operation.kind === "batch") return [`  ${describeTotals(operation)}`];
  const { steps } = operation;
  return [...(steps.length > 0 ? stepLines(steps, view) : []), ...steps.flatMap(waitOf).map((wait) => `  ${wait}`)];
}

/** What a step is waiting for, if it will look again by itself. */
function waitOf({ name, status, notices = [], nextRetryTime }: StepDocument): readonly string[] {
  if (status !== "Running" || nextRetryTime === undefined) return [];
  return notices.map(({ message }) => printable(`${stepInWords(name)} waits: ${message}`));
}

function createLines(stream: NodeJS.WriteStream): Live<AnyOperationDocument> {
  const shown = new Set<string>();
  const showOnce = (key: string, line: string) => {
    if (shown.has(key)) return;
    shown.add(key);
    writeLines(stream, [line]);
  };
  return {
    show(operation) {
      const view = viewOf(stream);
      showOnce(`${operation.phase} ${operation.status}`, headline(operation, view));
      if (operation.kind === "batch") {
        showOnce(describeTotals(operation), `  ${describeTotals(operation)}`);
        return;
      }
      for (const wait of operation.steps.flatMap(waitOf)) showOnce(wait, `  ${wait}`);
      for (const step of operation.steps) {
        const { name, target, status, attempts, error } = step;
        const what = printable(`${stepInWords(name)} ${target}`);
        if (hasEnded({ status })) {
          showOnce(what, `  ${what}: ${`${actionText(step)} ${status}`.trimStart()}`);
        } else if (error) {
          showOnce(
            `${what} ${attempts}`,
            `  ${what}: try ${attempts} met ${printable(`${error.code}: ${error.message}`)}`,
          );
        }
      }
    },
    above: (write) => write(),
    end: () => undefined,
  };
}
