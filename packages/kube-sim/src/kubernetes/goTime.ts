/** Where Go stops in a text that is no time, and what it says then (time/format.go). */

type Piece = readonly [layout: string, pattern: RegExp, range?: readonly [what: string, from: number, to: number]];

const two = /^\d\d/;
const literal = (text: string): Piece => [text, new RegExp(`^${text}`)];
const date: readonly Piece[] = [
  ["2006", /^\d{4}/],
  literal("-"),
  ["01", two, ["month", 1, 12]],
  literal("-"),
  ["02", two],
  literal("T"),
  ["15", two, ["hour", 0, 23]],
  literal(":"),
  ["04", two, ["minute", 0, 59]],
  literal(":"),
  ["05", two, ["second", 0, 59]],
];
const zone: Piece = ["Z07:00", /^(Z|[+-]\d\d:\d\d)/];

const seconds = [...date, ["", /^([.,]\d+)?/] as const, zone];
const micros = [...date, [".000000", /^\.\d{6}/] as const, zone];

/** Undefined for a time of RFC 3339. */
export const timeProblem = (text: string) => problemOf(text, seconds, "2006-01-02T15:04:05Z07:00");

/** Undefined for a time with six digits after its seconds. */
export const microTimeProblem = (text: string) => problemOf(text, micros, "2006-01-02T15:04:05.000000Z07:00");

function problemOf(text: string, pieces: readonly Piece[], layout: string): string | undefined {
  const quoted = JSON.stringify(text);
  let rest = text;
  for (const [name, pattern, range] of pieces) {
    const found = pattern.exec(rest)?.[0];
    if (found === undefined) {
      return `parsing time ${quoted} as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(name)}`;
    }
    if (range && (Number(found) < range[1] || Number(found) > range[2])) {
      return `parsing time ${quoted}: ${range[0]} out of range`;
    }
    rest = rest.slice(found.length);
  }
  if (rest !== "") return `parsing time ${quoted}: extra text: ${JSON.stringify(rest)}`;
  const [year, month, day] = text.slice(0, 10).split("-").map(Number);
  const isDay = day !== 0 && new Date(Date.UTC(year ?? 0, (month ?? 1) - 1, day)).getUTCDate() === day;
  return isDay ? undefined : `parsing time ${quoted}: day out of range`;
}
