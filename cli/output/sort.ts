/** `--sort-by`: by the first value at a path, as in kubectl; items without one come last. */
import { order, readPath } from "./jsonPath.ts";

export function readSort(path: string | undefined): <T>(items: readonly T[]) => readonly T[] {
  if (path === undefined) return (items) => items;
  const find = readPath(path);
  return (items) =>
    items.toSorted((a, b) => {
      const [[left], [right]] = [find(a), find(b)];
      if (left === undefined || right === undefined) return Number(left === undefined) - Number(right === undefined);
      return order(left, right);
    });
}
