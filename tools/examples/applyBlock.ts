import type { Block } from "./chapters.ts";

/** Returns the file with the block applied; `current` is undefined if it does not exist. */
export function applyBlock(current: string | undefined, { file, line, kind, text }: Block): string {
  const fail = (why: string) => new Error(`line ${line}: the block for ${file} no longer applies: ${why}`);
  if (kind === "file") {
    if (current !== undefined) throw fail("the file already exists");
    return text;
  }
  if (current === undefined) throw fail("the file does not exist");
  return hunksOf(text)
    .reduce((lines, { before, after }) => {
      const places = placesOf(lines, before);
      const [place] = places;
      const first = before.find((each) => each.trim() !== "") ?? "";
      if (place === undefined) throw fail(`it does not have the lines from "${first.trim()}" on`);
      if (places.length > 1) throw fail(`it has the lines from "${first.trim()}" on ${places.length} times`);
      return lines.toSpliced(place, before.length, ...after);
    }, current.split("\n"))
    .join("\n");
}

interface Hunk {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** As in a unified diff, but without line numbers: a hunk's own lines determine its place. */
function hunksOf(text: string): readonly Hunk[] {
  return text.split(/^@@.*\n/m).flatMap((hunk) => {
    // An editor may have removed the space from an empty line.
    const lines = hunk
      .split("\n")
      .slice(0, -1)
      .map((each) => (each === "" ? " " : each));
    const without = (sign: string) => lines.filter((each) => !each.startsWith(sign)).map((each) => each.slice(1));
    return lines.length === 0 ? [] : [{ before: without("+"), after: without("-") }];
  });
}

function placesOf(lines: readonly string[], wanted: readonly string[]): readonly number[] {
  return lines.flatMap((_line, place) => (wanted.every((each, index) => lines[place + index] === each) ? [place] : []));
}
