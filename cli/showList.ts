/** What every command does that prints one list of the service: reads it up to a limit, sorts it, and says when it was cut. */
import type { ListRoute } from "../clients/api.ts";
import { sortFlags } from "./arguments/shared.ts";
import { readCount } from "./arguments/values.ts";
import { readSort } from "./output/sort.ts";
import type { View } from "./output/view.ts";
import type { Call } from "./service/client.ts";
import { type ItemOf, listAll } from "./service/pages.ts";
import type { Session } from "./session.ts";

export const mostListed = 10_000;

export function listFlags(defaultLimit: number) {
  return { limit: { value: "n", summary: `No more than this many (${defaultLimit})` }, ...sortFlags } as const;
}

interface Shown<T> {
  /** From the flags, as they were typed. */
  readonly limit: string | undefined;
  readonly defaultLimit: number;
  readonly sortBy: string | undefined;
  readonly nameOf: (item: T) => string;
  readonly lines: (items: readonly T[], view: View) => readonly string[];
  /** What an empty list may mean, beside that there is nothing. */
  readonly expect?: () => Promise<void>;
}

export async function showList<R extends ListRoute>(
  session: Session,
  call: Call<R>,
  { limit, defaultLimit, sortBy, nameOf, lines, expect }: Shown<ItemOf<R>>,
): Promise<void> {
  const sort = readSort(sortBy);
  const most = readCount("--limit", limit ?? String(defaultLimit), { most: mostListed });
  const { value: listed, isCut } = await listAll(session.client, call, most);
  if (listed.length === 0) await expect?.();
  const value = sort(listed);
  await session.print({ document: { value }, names: value.map(nameOf), lines: (view) => lines(value, view) });
  if (isCut) session.say("There are more; --limit says how many to list.");
}
