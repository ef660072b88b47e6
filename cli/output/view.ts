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

/** NO_COLOR, FORCE_COLOR and what the stream can show are heeded. */
export function viewOf(stream: NodeJS.WriteStream, { isWide = false }: { isWide?: boolean } = {}): View {
  return {
    // A terminal that does not know its width says 0.
    width: stream.isTTY && stream.columns > 0 ? stream.columns : undefined,
    now: new Date(),
    isWide,
    paint: (style, text) => styleText(style, text, { stream }),
  };
}
