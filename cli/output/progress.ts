/**
 * An operation while it runs, on standard error. On a terminal it is drawn again in place; elsewhere every change is a line,
 * and nothing moves.
 */
import { stripVTControlCharacters } from "node:util";
import type { AnyOperationDocument } from "../../src/domain/documents/operation.ts";
import { describeTotals } from "./batch.ts";
import { headline, stepLines } from "./operation.ts";
import { printable } from "./printable.ts";
import { type View, viewOf } from "./view.ts";

export interface Progress {
  show(operation: AnyOperationDocument): void;
  /** Makes room for a line that is not its own. */
  above(write: () => void): void;
  /** Takes away what moved, and leaves the last state where nothing else will show it. */
  end(options: { isShownElsewhere: boolean }): void;
}

export function createProgress(stream: NodeJS.WriteStream): Progress {
  const isLive =
    stream.isTTY && stream.columns > 0 && process.env["TERM"] !== "dumb" && process.env["CI"] === undefined;
  return isLive ? createLive(stream) : createLines(stream);
}

const redrawMs = 200;
const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";
const clearBelow = "\u001b[0J";

function createLive(stream: NodeJS.WriteStream): Progress {
  let operation: AnyOperationDocument | undefined;
  let drawn: readonly string[] = [];
  let timer: NodeJS.Timeout | undefined;

  const erase = () => {
    const rows = drawn.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(stripVTControlCharacters(line).length / stream.columns)),
      0,
    );
    drawn = [];
    if (rows > 0) stream.write(`\u001b[${rows}A\r${clearBelow}`);
  };
  const draw = () => {
    if (!operation) return;
    const view = viewOf(stream);
    const lines = [headline(operation, view), ...partsOf(operation, view)];
    erase();
    // What has scrolled off the screen cannot be drawn again, so only the end of a long list is live.
    drawn = lines.slice(-Math.max(1, stream.rows - 1));
    stream.write(drawn.map((line) => `${line}\n`).join(""));
  };
  return {
    show(next) {
      if (!operation) stream.write(hideCursor);
      operation = next;
      draw();
      timer ??= setInterval(draw, redrawMs);
    },
    above(write) {
      erase();
      write();
      draw();
    },
    end({ isShownElsewhere }) {
      clearInterval(timer);
      timer = undefined;
      if (!operation) return;
      if (isShownElsewhere) erase();
      else draw();
      stream.write(showCursor);
      operation = undefined;
      drawn = [];
    },
  };
}

function partsOf(operation: AnyOperationDocument, view: View): readonly string[] {
  if (operation.kind === "batch") return [`  ${describeTotals(operation)}`];
  return operation.steps.length > 0 ? stepLines(operation.steps, view) : [];
}

function createLines(stream: NodeJS.WriteStream): Progress {
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
      if (operation.kind === "batch") {
        tell(describeTotals(operation), `  ${describeTotals(operation)}`);
        return;
      }
      for (const { name, target, action = "", status, attempts, error } of operation.steps) {
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
