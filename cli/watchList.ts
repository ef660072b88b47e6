/**
 * A list that keeps updating: it prints what changed whenever an operation changes, and at least every quarter of a minute, since
 * no event reports what a look finds.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Column, layOutTable } from "./output/table.ts";
import { type View, viewOf } from "./output/view.ts";
import { follow } from "./service/events.ts";
import type { Session } from "./session.ts";

export interface Listing<T> {
  nameOf(item: T): string;
  /** The document of one row, which is printed separately. */
  documentOf(item: T): unknown;
  columns(items: readonly T[], view: View): readonly Column<T>[];
}

const longestMs = 15_000;
/** Changes that arrive within this time cause one look. */
const shortestMs = 300;

export async function watchList<T>(
  session: Session,
  listing: Listing<T>,
  first: readonly T[],
  read: () => Promise<readonly T[]>,
): Promise<never> {
  const { client, signal, say } = session;
  const printer = createPrinter(session, listing);
  let known = new Map<string, string>();
  let wake = Promise.withResolvers<void>();
  const show = async (items: readonly T[]) => {
    const now = new Map(items.map((item) => [listing.nameOf(item), JSON.stringify(item)]));
    await printer(
      items,
      items.filter((item) => known.get(listing.nameOf(item)) !== JSON.stringify(item)),
    );
    for (const name of known.keys()) if (!now.has(name)) say(`${name} is no longer in the list.`);
    known = now;
  };
  const following = (async () => {
    for await (const { event } of follow(client, { route: "GET /api/events" }, { signal, notify: say })) {
      if (event === "operation") wake.resolve();
    }
  })();
  await show(first);
  for (;;) {
    await Promise.race([wake.promise, following, sleep(longestMs, undefined, { signal }).catch(() => {})]);
    signal.throwIfAborted();
    wake = Promise.withResolvers<void>();
    await sleep(shortestMs);
    await show(await read());
  }
}

/** Prints only changed items. A table uses the widths of all items, and prints its header once. */
function createPrinter<T>(session: Session, { nameOf, documentOf, columns }: Listing<T>) {
  const { format } = session;
  let hasHeader = false;
  return async (items: readonly T[], changed: readonly T[]): Promise<void> => {
    if (format === "table" || format === "wide") {
      const view = viewOf(session.stdout, { isWide: format === "wide" });
      const { header, lines } = layOutTable(items, columns(items, view), view);
      const shown = items.flatMap((item, index) => (changed.includes(item) ? (lines[index] ?? []) : []));
      session.writeLines(hasHeader ? shown : [...header, ...shown]);
      hasHeader = true;
      return;
    }
    for (const item of changed) await session.printStreamed(format, { document: documentOf(item), name: nameOf(item) });
  };
}
