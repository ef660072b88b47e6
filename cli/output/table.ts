/**
 * Columns of text. Names are never cut, so that they stay unique and can be copied. On a terminal that is too narrow, columns of
 * several words are wrapped, then optional columns are dropped one by one, and what still does not fit goes on a second line. In a
 * pipe, and with -o wide, each row is one line.
 */
import { printable } from "./printable.ts";
import type { Style, View } from "./view.ts";
import { wrap } from "./wrap.ts";

export interface Column<Row> {
  readonly title: string;
  cell(row: Row): string;
  style?(row: Row): Style | undefined;
  /** Its cells may break between words. */
  readonly wraps?: true;
  /** The column may be dropped; the lowest number is dropped first. */
  readonly goes?: number;
  /** Only with -o wide. */
  readonly isWide?: true;
}

const gap = 2;
const indent = 2;

export function table<Row>(rows: readonly Row[], columns: readonly Column<NoInfer<Row>>[], view: View): string[] {
  const { header, lines } = layOutTable(rows, columns, view);
  return [...header, ...lines.flat()];
}

/** Returns the lines of each row separately, for callers that print only some rows. */
export function layOutTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<NoInfer<Row>>[],
  { width, isWide, paint }: View,
): { readonly header: readonly string[]; readonly lines: readonly (readonly string[])[] } {
  const most = isWide ? undefined : width;
  const all = columns
    .filter((column) => isWide || !column.isWide)
    .map((column) => measure(column, [column.title, ...rows.map((row) => printable(column.cell(row)))]));
  const shown = choose(all, most);
  const parts = layOut(shown, most);
  const print = (index: number, row?: Row) =>
    parts.flatMap((line, number) => {
      const printed = printLine(line, index, (column, text) => {
        const style = row === undefined ? "dim" : column.style?.(row);
        return style === undefined ? text : paint(style, text);
      });
      // A second line with only empty cells is useless.
      return number === 0 ? printed : printed.flatMap((text) => (text === "" ? [] : [`${" ".repeat(indent)}${text}`]));
    });
  return { header: print(0), lines: rows.map((row, index) => print(index + 1, row)) };
}

interface Measured<Row> {
  readonly column: Column<Row>;
  /** The title, and a text for each row. */
  readonly texts: readonly string[];
  readonly width: number;
}

function measure<Row>(column: Column<Row>, texts: readonly string[]): Measured<Row> {
  return { column, texts, width: Math.max(...texts.map(({ length }) => length)) };
}

function widthOf(columns: readonly Measured<never>[]): number {
  return columns.reduce((sum, { width }) => sum + width + gap, -gap);
}

function choose<Row>(columns: readonly Measured<Row>[], width: number | undefined): readonly Measured<Row>[] {
  if (width === undefined || widthOf(columns) <= width) return columns;
  const narrow = columns.map((each) => (each.column.wraps ? { ...each, width: longestWord(each.texts) } : each));
  const room = width - widthOf(narrow);
  if (room >= 0) return widen(narrow, columns, room);
  const [first] = columns
    .filter(({ column }) => column.goes !== undefined)
    .toSorted((a, b) => (a.column.goes ?? 0) - (b.column.goes ?? 0));
  return first
    ? choose(
        columns.filter((each) => each !== first),
        width,
      )
    : narrow;
}

/** Gives the remaining width to the wrapped columns, from the left. */
function widen<Row>(narrow: readonly Measured<Row>[], natural: readonly Measured<Row>[], room: number) {
  let left = room;
  return narrow.map((each, index) => {
    const more = Math.min(left, (natural[index]?.width ?? each.width) - each.width);
    left -= more;
    return { ...each, width: each.width + more };
  });
}

function longestWord(texts: readonly string[]): number {
  return Math.max(...texts.flatMap((text) => text.split(" ")).map(({ length }) => length));
}

/** Puts as many columns on each line as fit. */
function layOut<Row>(columns: readonly Measured<Row>[], width: number | undefined): readonly Measured<Row>[][] {
  const lines: Measured<Row>[][] = [];
  for (const column of columns) {
    const line = lines.at(-1);
    const room = (width ?? Number.POSITIVE_INFINITY) - (lines.length > 1 ? indent : 0);
    if (line && widthOf([...line, column]) <= room) line.push(column);
    else lines.push([column]);
  }
  return lines;
}

function printLine<Row>(
  columns: readonly Measured<Row>[],
  index: number,
  paint: (column: Column<Row>, text: string) => string,
): readonly string[] {
  const cells = columns.map(({ column, texts, width }) => {
    const text = texts[index] ?? "";
    return column.wraps ? wrap(text, width) : [text];
  });
  const height = Math.max(...cells.map(({ length }) => length));
  return Array.from({ length: height }, (_, line) =>
    columns
      .map(({ column, width }, at) => {
        const text = cells[at]?.[line] ?? "";
        const padding = at === columns.length - 1 ? "" : " ".repeat(width - text.length + gap);
        return `${text === "" ? "" : paint(column, text)}${padding}`;
      })
      .join("")
      .trimEnd(),
  );
}
