/** Compares two texts as `diff -u` does: the lines that differ, with some context. */
import type { Style, View } from "./view.ts";

const context = 3;

interface Line {
  readonly sign: " " | "-" | "+";
  readonly text: string;
}

/** Empty when the texts are equal. */
export function unifiedDiff(
  before: readonly string[],
  after: readonly string[],
  { names: [from, to], view: { paint } }: { names: readonly [string, string]; view: View },
): readonly string[] {
  const lines = compare(before, after);
  const changed = lines.flatMap(({ sign }, index) => (sign === " " ? [] : [index]));
  if (changed.length === 0) return [];
  const isNear = lines.map((_, index) => changed.some((each) => Math.abs(each - index) <= context));
  const shown: string[] = [paint("bold", `--- ${from}`), paint("bold", `+++ ${to}`)];
  let [left, right] = [1, 1];
  lines.forEach(({ sign, text }, index) => {
    if (isNear[index] && !isNear[index - 1]) {
      const length = isNear.slice(index).indexOf(false);
      const hunk = lines.slice(index, length < 0 ? undefined : index + length);
      const count = (other: Line["sign"]) => hunk.filter((each) => each.sign !== other).length;
      // In `diff -u`, an empty side starts at the line before.
      const start = (line: number, of: number) => (of === 0 ? line - 1 : line);
      const [removed, added] = [count("+"), count("-")];
      shown.push(paint("cyan", `@@ -${start(left, removed)},${removed} +${start(right, added)},${added} @@`));
    }
    if (isNear[index]) shown.push(styled(sign, `${sign}${text}`, paint));
    if (sign !== "+") left += 1;
    if (sign !== "-") right += 1;
  });
  return shown;
}

function styled(sign: Line["sign"], text: string, paint: View["paint"]): string {
  const styles: Partial<Record<Line["sign"], Style>> = { "-": "red", "+": "green" };
  const style = styles[sign];
  return style ? paint(style, text) : text;
}

/** By longest common subsequence, which is fast enough: an object has a few hundred lines at most. */
function compare(before: readonly string[], after: readonly string[]): readonly Line[] {
  const common = before
    .map(() => new Array<number>(after.length + 1).fill(0))
    .concat([new Array(after.length + 1).fill(0)]);
  const at = (i: number, j: number) => common[i]?.[j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1) {
    const row = common[i];
    if (!row) continue;
    for (let j = after.length - 1; j >= 0; j -= 1)
      row[j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [was = "", is = ""] = [before[i], after[j]];
    if (i < before.length && j < after.length && was === is) {
      lines.push({ sign: " ", text: was });
      i += 1;
      j += 1;
    } else if (j >= after.length || (i < before.length && at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ sign: "-", text: was });
      i += 1;
    } else {
      lines.push({ sign: "+", text: is });
      j += 1;
    }
  }
  return lines;
}
