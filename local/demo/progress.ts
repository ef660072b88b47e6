/**
 * Live display of an operation: on a terminal the lines are drawn again in place until it is over; elsewhere each step is
 * a line of its own when it has ended.
 */
import { stripVTControlCharacters } from "node:util";
import { paintFor, renderOperation, renderState, renderStep, type View } from "./operationView.ts";
import type { Operation, Step } from "./service.ts";

export interface Progress {
  show(operation: Operation): void;
  /** Leaves what is shown where it is; to be called when the operation is over, and when nobody will follow it further. */
  end(): void;
}

/** Lines wider than this are harder to read than to widen a window for. */
const widest = 100;

export function widthOf({ columns = 100 }: { columns?: number }): number {
  return Math.min(columns, widest);
}

export function createProgress(stream: NodeJS.WriteStream): Progress {
  return isLive(stream) ? createLiveProgress(stream) : createPlainProgress(stream);
}

function isLive(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && process.env["TERM"] !== "dumb" && process.env["CI"] === undefined;
}

function viewOf(stream: NodeJS.WriteStream): View {
  return { width: widthOf(stream), now: new Date(), paint: paintFor(stream) };
}

const redrawMs = 100;
const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";
const clearBelow = "\u001b[0J";

function createLiveProgress(stream: NodeJS.WriteStream): Progress {
  let operation: Operation | undefined;
  let drawn: readonly string[] = [];
  let timer: NodeJS.Timeout | undefined;

  function draw(isLast: boolean): void {
    if (!operation) return;
    const lines = renderOperation(operation, viewOf(stream));
    // What has scrolled off the screen cannot be drawn again, so only the end of a long list is live.
    const shown = isLast ? lines : lines.slice(-Math.max(1, stream.rows - 1));
    stream.write(`${back(stream, drawn)}${shown.join("\n")}\n`);
    drawn = shown;
  }

  return {
    show(next) {
      if (!operation) stream.write(hideCursor);
      operation = next;
      draw(false);
      timer ??= setInterval(() => draw(false), redrawMs);
    },
    end() {
      clearInterval(timer);
      timer = undefined;
      if (!operation) return;
      draw(true);
      stream.write(showCursor);
      operation = undefined;
      drawn = [];
    },
  };
}

/** To the first of the drawn lines; one that was wider than the window is now takes several rows. */
function back({ columns }: NodeJS.WriteStream, lines: readonly string[]): string {
  const rows = lines.reduce(
    (sum, line) => sum + Math.max(1, Math.ceil(stripVTControlCharacters(line).length / columns)),
    0,
  );
  return rows === 0 ? "" : `\u001b[${rows}A\r${clearBelow}`;
}

function createPlainProgress(stream: NodeJS.WriteStream): Progress {
  const told = new Set<string>();
  let last: Operation | undefined;

  function tellStep(step: Step, kind: string): void {
    const { name, target, status, attempts, error } = step;
    const key = `${name} ${target}`;
    const isOver = status === "Succeeded" || status === "Failed";
    if (isOver && !told.has(key)) {
      told.add(key);
      stream.write(`${renderStep(step, viewOf(stream), kind)}\n`);
    } else if (error && !isOver && !told.has(`${key} ${attempts}`)) {
      told.add(`${key} ${attempts}`);
      stream.write(`    ${name} ${target}: try ${attempts} met ${error.code}: ${error.message}\n`);
    }
  }

  return {
    show(operation) {
      if (!last) stream.write(`${renderState(operation, viewOf(stream), { isHeader: true })}\n`);
      last = operation;
      for (const step of operation.steps) tellStep(step, operation.kind);
    },
    end() {
      if (last) stream.write(`${renderState(last, viewOf(stream), { isHeader: false })}\n`);
      last = undefined;
      told.clear();
    },
  };
}
