/** Prints a failure so that a person can act on it: what went wrong, in which fields, what to do, where to get help. */
import { fixInCommands } from "../../clients/fixes.ts";
import { type Failure, Interrupted, Refused } from "../failures.ts";
import { writeLines } from "./print.ts";
import { printable } from "./printable.ts";
import type { Spelling } from "./program.ts";
import { type View, viewOf } from "./view.ts";
import { wrap } from "./wrap.ts";

export function printFailure(stream: NodeJS.WriteStream, failure: Failure, spell: Spelling): void {
  writeLines(stream, describeFailure(failure, viewOf(stream)).map(spell));
}

const widest = 120;

export function describeFailure(failure: Failure, view: View): readonly string[] {
  const { paint } = view;
  const width = view.width === undefined ? Number.POSITIVE_INFINITY : Math.min(view.width, widest);
  const fact = (label: string, text: string) => {
    const [first = "", ...rest] = wrap(printable(text), width - 9);
    return [`  ${paint("bold", label.padEnd(5))}  ${first}`, ...rest.map((line) => `         ${line}`)];
  };
  // Not wrapped, so that commands can be copied.
  const acts = (all: readonly string[]) =>
    all.map((act, index) => `  ${paint("bold", (index === 0 ? "next" : "").padEnd(5))}  ${printable(act)}`);
  if (!(failure instanceof Refused)) {
    // The person who pressed Ctrl-C knows why it stopped.
    const what = failure instanceof Interrupted ? [] : wrap(`mooring: ${printable(failure.message)}`, width);
    return [...what.map((line) => paint("red", line)), ...acts(failure.next)];
  }
  const { problem, operation, filter, retryAfterSeconds } = failure;
  const { code, detail, errors = [], traceId } = problem;
  const { fix, next } = fixInCommands(problem, { operation, filter });
  const follow = operation === undefined || next?.includes(operation) ? [] : [`mooring status ${operation} --wait`];
  const head =
    errors.length === 0 ? detail : `${errors.length === 1 ? "one field is" : `${errors.length} fields are`} wrong`;
  const pointerWidth = Math.max(0, ...errors.map(({ pointer }) => pointer.length));
  return [
    ...wrap(`mooring: ${printable(`${code}: ${head}`)}`, width).map((line) => paint("red", line)),
    ...errors.flatMap(({ pointer, detail: what }) => {
      const label = printable(pointer || "the request").padEnd(pointerWidth);
      const [first = "", ...rest] = wrap(printable(what), Math.max(30, width - label.length - 4));
      return [`  ${paint("bold", label)}  ${first}`, ...rest.map((line) => `${" ".repeat(label.length + 4)}${line}`)];
    }),
    ...fact("fix", fix),
    ...(retryAfterSeconds !== undefined && problem.status !== 409
      ? fact("wait", `${retryAfterSeconds} s; with --wait it is done for you`)
      : []),
    ...acts([...follow, ...(next === undefined ? [] : [next]), ...failure.next]),
    ...(traceId === undefined ? [] : fact("trace", traceId)),
  ];
}
