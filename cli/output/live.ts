/** Lines on a terminal that are redrawn in place until they are removed or left to stand. */
import { stripVTControlCharacters } from "node:util";
import { printableLine } from "./printable.ts";

export interface Live<T> {
  show(what: T): void;
  /** Lets others write above the live lines. */
  above(write: () => void): void;
  /** Removes the live lines, but leaves the last state if nothing else will show it. */
  end(options: { isShownElsewhere: boolean }): void;
}

export function canBeLive(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && stream.columns > 0 && process.env["TERM"] !== "dumb" && process.env["CI"] === undefined;
}

const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";
const clearBelow = "\u001b[0J";

export function createLive<T extends object>(
  stream: NodeJS.WriteStream,
  { render, redrawMs }: { render: (what: T) => readonly string[]; redrawMs: number },
): Live<T> {
  let shown: T | undefined;
  let drawn: readonly string[] = [];
  let timer: NodeJS.Timeout | undefined;

  /** Draws over the previous lines; a line wider than the window takes several rows. */
  const replace = (lines: readonly string[]) => {
    const rows = drawn.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(stripVTControlCharacters(line).length / stream.columns)),
      0,
    );
    const back = rows > 0 ? `\u001b[${rows}A\r${clearBelow}` : "";
    stream.write(`${back}${lines.map((line) => `${printableLine(line)}\n`).join("")}`);
    drawn = lines;
  };
  const draw = () => {
    // Lines that have scrolled off the screen cannot be redrawn, so only the end of a long list is live.
    if (shown) replace(render(shown).slice(-Math.max(1, stream.rows - 1)));
  };
  return {
    show(what) {
      if (!shown) stream.write(hideCursor);
      shown = what;
      draw();
      timer ??= setInterval(draw, redrawMs);
    },
    above(write) {
      replace([]);
      write();
      draw();
    },
    end({ isShownElsewhere }) {
      clearInterval(timer);
      timer = undefined;
      if (!shown) return;
      replace(isShownElsewhere ? [] : render(shown));
      stream.write(showCursor);
      shown = undefined;
      drawn = [];
    },
  };
}
