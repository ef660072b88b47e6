/** `-o custom-columns=NAME:.path,NAME:.path`, as in kubectl: a row for each item of a list, or one for the document. */
import { UsageError } from "../failures.ts";
import { printValue, readPath } from "./jsonPath.ts";
import { table } from "./table.ts";

export function readColumns(spec: string): (document: unknown) => string {
  const columns = spec.split(",").map((part) => {
    const [, title, path] = /^([^:]+):(.+)$/.exec(part) ?? [];
    if (title === undefined || path === undefined) {
      throw new UsageError(
        `-o custom-columns has "${part}"; write NAME:.path, such as NAMESPACE:.namespace,STATE:.state.`,
      );
    }
    const find = readPath(path);
    return { title, cell: (item: unknown) => find(item).map(printValue).join(",") || "<none>" };
  });
  const view = { width: undefined, now: new Date(), isWide: true, paint: (_style: unknown, text: string) => text };
  return (document) => `${table(itemsOf(document), columns, view).join("\n")}\n`;
}

function itemsOf(document: unknown): readonly unknown[] {
  const { value, items } = document as { readonly value?: unknown; readonly items?: unknown };
  return [value, items].find(Array.isArray) ?? [document];
}
