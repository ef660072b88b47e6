/**
 * Live display of an operation: on a terminal the lines are redrawn in place until it is over; elsewhere each step is printed
 * on its own line when it has ended.
 */

import { canBeLive, createLive } from "../../cli/output/live.ts";
import { viewOf } from "../../cli/output/view.ts";
import type { OperationDocument, StepDocument } from "../../src/domain/documents/operation.ts";
import { stepInWords } from "../../src/domain/operation/stepName.ts";
import { type BoundedView, renderOperation, renderState, renderStep } from "./operationView.ts";

export interface Progress {
  show(operation: OperationDocument): void;
  /** Leaves the display where it is; to be called when the operation is over or is no longer followed. */
  end(): void;
}

/** Wider lines are hard to read. */
const widest = 100;
/** One frame of the spinner of a running step. */
const redrawMs = 100;

export function boundedViewOf(stream: NodeJS.WriteStream): BoundedView {
  const view = viewOf(stream);
  return { ...view, width: Math.min(view.width ?? widest, widest) };
}

export function createProgress(stream: NodeJS.WriteStream): Progress {
  if (!canBeLive(stream)) return createPlainProgress(stream);
  const render = (operation: OperationDocument) => renderOperation(operation, boundedViewOf(stream));
  const { show, end } = createLive(stream, { render, redrawMs });
  return { show, end: () => end({ isShownElsewhere: false }) };
}

function createPlainProgress(stream: NodeJS.WriteStream): Progress {
  const told = new Set<string>();
  let last: OperationDocument | undefined;

  function tellStep(step: StepDocument, kind: string): void {
    const { name, target, status, attempts, error } = step;
    const key = `${name} ${target}`;
    const isOver = status === "Succeeded" || status === "Failed";
    if (isOver && !told.has(key)) {
      told.add(key);
      for (const line of renderStep(step, boundedViewOf(stream), kind)) stream.write(`${line}\n`);
    } else if (error && !isOver && !told.has(`${key} ${attempts}`)) {
      told.add(`${key} ${attempts}`);
      stream.write(
        `    ${stepInWords(name)} ${target}: attempt ${attempts} failed with ${error.code}: ${error.message}\n`,
      );
    }
  }

  return {
    show(operation) {
      if (!last) stream.write(`${renderState(operation, boundedViewOf(stream), { isHeader: true })}\n`);
      last = operation;
      for (const step of operation.steps) tellStep(step, operation.kind);
    },
    end() {
      if (last) stream.write(`${renderState(last, boundedViewOf(stream), { isHeader: false })}\n`);
      last = undefined;
      told.clear();
    },
  };
}
