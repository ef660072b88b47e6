/** JSON with the fields of every object in a fixed order: the same value always gives the same text and the same hash. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => compareText(a, b)))
      : each,
  );
}

/** Compares by code unit, because a locale must not change a hash. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
