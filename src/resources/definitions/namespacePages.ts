/** All that Mooring remembers of namespaces, a page of the table at a time: what is written meanwhile may be missing. */
import { defined } from "../../domain/defined.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import type { Page } from "../../domain/operation/records.ts";
import type { Ports } from "../../ports/index.ts";
import type { Registry } from "../../ports/registry.ts";

type Query = Omit<Parameters<Registry["listNamespaces"]>[0], "limit" | "continuation">;

/** The most that Table Storage gives at once. */
const rowsAtOnce = 1_000;

export async function* namespacePages(
  { registry }: Pick<Ports, "registry">,
  query: Query = {},
): AsyncGenerator<Page<NamespaceRecord>> {
  let continuation: string | undefined;
  do {
    const page = await registry.listNamespaces({ ...query, limit: rowsAtOnce, ...defined({ continuation }) });
    yield page;
    continuation = page.continuation;
  } while (continuation !== undefined);
}

/** Nobody knows what a namespace has whose row cannot be read. `key`: `cluster/namespace`; the rows as a page names them. */
export function isUnreadable(rows: readonly string[], key: string): boolean {
  return rows.some((row) => row.endsWith(` ${key}`));
}
