/** How to draw text for people: its width, its colours, and the current time. */
import { styleText } from "node:util";

export type Style = Parameters<typeof styleText>[0];

export interface View {
  /** Undefined in a file or a pipe, where lines are not cut. */
  readonly width: number | undefined;
  readonly now: Date;
  readonly isWide: boolean;
  readonly paint: (style: Style, text: string) => string;
}

/** COLUMNS, if it is exported (POSIX); a terminal that does not know its width reports 0. */
function widthOf(stream: NodeJS.WriteStream): number | undefined {
  const columns = Number(process.env["COLUMNS"]);
  if (Number.isInteger(columns) && columns > 0) return columns;
  return stream.isTTY && stream.columns > 0 ? stream.columns : undefined;
}

/** Respects NO_COLOR, FORCE_COLOR and the capabilities of the stream. */
export function viewOf(stream: NodeJS.WriteStream, { isWide = false }: { isWide?: boolean } = {}): View {
  return {
    width: widthOf(stream),
    now: new Date(),
    isWide,
    paint: (style, text) => styleText(style, text, { stream }),
  };
}
