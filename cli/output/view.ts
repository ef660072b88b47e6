/** How a text for people is drawn: on what width, in colours or not, as of when. */
import { styleText } from "node:util";

export type Style = Parameters<typeof styleText>[0];

export interface View {
  /** Undefined where lines are not cut: in a file or a pipe. */
  readonly width: number | undefined;
  readonly now: Date;
  readonly isWide: boolean;
  readonly paint: (style: Style, text: string) => string;
}

/** COLUMNS says it where it is exported (POSIX); a terminal that does not know its width says 0. */
function widthOf(stream: NodeJS.WriteStream): number | undefined {
  const columns = Number(process.env["COLUMNS"]);
  if (Number.isInteger(columns) && columns > 0) return columns;
  return stream.isTTY && stream.columns > 0 ? stream.columns : undefined;
}

/** NO_COLOR, FORCE_COLOR and what the stream can show are heeded. */
export function viewOf(stream: NodeJS.WriteStream, { isWide = false }: { isWide?: boolean } = {}): View {
  return {
    width: widthOf(stream),
    now: new Date(),
    isWide,
    paint: (style, text) => styleText(style, text, { stream }),
  };
}
