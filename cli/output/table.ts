/** Columns of text. On a terminal the columns that may are cut so that a row is one line; in a pipe, and with -o wide, nothing is cut. */
import { printable } from "./printable.ts";
import type { Style, View } from "./view.ts";

export interface Column<Row> {
  readonly title: string;
  cell(row: Row): string;
  style?(row: Row): Style | undefined;
  /** May be cut down to so many characters. */
  readonly least?: number;
  /** Only with -o wide. */
  readonly isWide?: true;
}

const gap = 2;

export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<NoInfer<Row>>[],
  { width, isWide, paint }: View,
): string[] {
  const shown = columns.filter((column) => isWide || !column.isWide);
  const cells = rows.map((row) => shown.map(({ cell }) => printable(cell(row))));
  const natural = shown.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((line) => line[index]?.length ?? 0)),
  );
  const widths = fitWidths(natural, shown, isWide ? undefined : width);
  const print = (texts: readonly string[], style: (index: number) => Style | undefined) =>
    texts
      .map((text, index) => {
        const most = widths[index] ?? 0;
        const cut = shorten(text, most);
        const padding = index === texts.length - 1 ? "" : " ".repeat(most - cut.length + gap);
        const how = style(index);
        return `${how === undefined ? cut : paint(how, cut)}${padding}`;
      })
      .join("")
      .trimEnd();
  const header = print(
    shown.map(({ title }) => title),
    () => "dim",
  );
  return [header, ...rows.map((row, line) => print(cells[line] ?? [], (index) => shown[index]?.style?.(row)))];
}

function fitWidths<Row>(
  natural: readonly number[],
  columns: readonly Column<Row>[],
  width: number | undefined,
): number[] {
  const widths = [...natural];
  if (width === undefined) return widths;
  const total = () => widths.reduce((sum, each) => sum + each + gap, -gap);
  while (total() > width) {
    // The widest that may still give.
    const [widest] = columns
      .map(({ least }, index) => ({ index, least, now: widths[index] ?? 0 }))
      .filter(({ least, now }) => least !== undefined && now > least)
      .toSorted((a, b) => b.now - a.now);
    if (!widest) return widths;
    widths[widest.index] = widest.now - 1;
  }
  return widths;
}

/** Cut in the middle: both ends of a name tell it from others. Of several words the first are kept. */
export function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  if (text.includes(" ")) return `${text.slice(0, width - 1)}…`;
  const head = Math.ceil((width - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (width - 1 - head))}`;
}
