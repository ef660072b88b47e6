/** The facts of one thing, one per line: `team     team-a`. */
import { printable } from "./printable.ts";
import type { View } from "./view.ts";
import { wrap } from "./wrap.ts";

/** Text that people copy stays `whole`, however long it is. */
export type Fact = readonly [label: string, text: string | undefined, wrapping?: "whole"];

export function facts(given: readonly Fact[], { width, paint }: View, indent = 2): readonly string[] {
  const there = given.flatMap(([label, text, wrapping]) =>
    text === undefined || text === "" ? [] : [{ label, text, isWhole: wrapping === "whole" }],
  );
  const labelWidth = Math.max(0, ...there.map(({ label }) => label.length));
  const left = indent + labelWidth + 2;
  return there.flatMap(({ label, text, isWhole }) => {
    const [first = "", ...rest] = isWhole
      ? [printable(text)]
      : wrap(printable(text), Math.max(20, (width ?? Number.POSITIVE_INFINITY) - left));
    const padding = " ".repeat(labelWidth - label.length + 2);
    return [
      `${" ".repeat(indent)}${paint("dim", label)}${padding}${first}`,
      ...rest.map((line) => `${" ".repeat(left)}${line}`),
    ];
  });
}
