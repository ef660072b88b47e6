/** Lists the onboarded namespaces that match a filter and that the caller may see. */

import type { Caller } from "../../domain/access/caller.ts";
import { defined } from "../../domain/defined.ts";
import { printCursor } from "../../domain/http/cursor.ts";
import { meets, type NamespaceFilter } from "../../domain/operation/namespaceFilter.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import type { Page } from "../../domain/operation/records.ts";
import { visibleTeams } from "../../domain/policy/policy.ts";
import type { Ports } from "../../ports/index.ts";

/**
 * How many pages of the table are read for one page of an answer when few records match; the reader continues where it ended.
 */
const mostPages = 10;
const tablePage = 1_000;

interface Wanted {
  readonly filter: NamespaceFilter;
  /** A condition beside the filter. */
  readonly isMeant?: (record: NamespaceRecord) => boolean;
  readonly limit: number;
  readonly continuation?: string;
}

const every = () => true;

export async function listNamespaces(
  { registry }: Pick<Ports, "registry">,
  by: Caller,
  { filter, isMeant = every, limit, continuation }: Wanted,
): Promise<Page<NamespaceRecord>> {
  const { cluster, ...others } = filter;
  const isFiltered = isMeant !== every || Object.keys(others).some((name) => name !== "team");
  const query = { ...defined({ cluster }), ...teamsOf(by, filter) };
  const value: NamespaceRecord[] = [];
  let next = continuation;
  for (let pages = 1; ; pages += 1) {
    const page = await registry.listNamespaces({
      ...query,
      limit: isFiltered ? tablePage : limit,
      ...defined({ continuation: next }),
    });
    for (const record of page.value) {
      if (!meets(record, filter) || !isMeant(record)) continue;
      if (value.length === limit) return { value, continuation: cursorOf(value.at(-1)) };
      value.push(record);
    }
    next = page.continuation;
    if (next === undefined) return { value };
    if (value.length === limit || pages === mostPages) return { value, continuation: next };
  }
}

function cursorOf({ cluster = "", namespace = "" }: Partial<NamespaceRecord> = {}): string {
  return printCursor({ partition: cluster, row: namespace });
}

/** The teams whose namespaces are searched; without `teams`, all of them. */
export function teamsOf(by: Caller, { team }: Pick<NamespaceFilter, "team">): { readonly teams?: readonly string[] } {
  const visible = visibleTeams(by);
  if (team === undefined) return visible ? { teams: visible } : {};
  return { teams: visible && !visible.includes(team) ? [] : [team] };
}
