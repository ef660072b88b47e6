/** The known word that the user probably meant; undefined when none is close. */
export function suggest(word: string, known: readonly string[]): string | undefined {
  const most = Math.max(1, Math.floor(word.length / 3));
  const [nearest] = known
    .map((each) => ({ each, distance: each.startsWith(word) ? 0 : distanceOf(word, each) }))
    .filter(({ distance }) => distance <= most)
    .toSorted((a, b) => a.distance - b.distance);
  return nearest?.each;
}

/** `is "raeder"; did you mean reader?`; undefined when it is no word, or none that is known is close. */
export function notOneOf(written: unknown, known: readonly string[]): string | undefined {
  const meant = typeof written === "string" && /^\w+$/.test(written) ? suggest(written, known) : undefined;
  return meant && `is "${String(written)}"; did you mean ${meant}?`;
}

/** The number of letters to add, remove or replace (Levenshtein). */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const exchange = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, exchange));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
