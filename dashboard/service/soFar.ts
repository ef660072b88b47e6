/** Lists that people load page by page, newest first. */
import { get } from "./client.ts";

export interface PageOf<Row> {
  readonly value: readonly Row[];
  readonly nextLink?: string | undefined;
}

/** The largest page that the service gives. */
const mostOfPage = 200;

/** Reads as many rows as the person had loaded before, or a few more; at least a page. */
export async function getSoFar<Page extends PageOf<unknown>>(
  address: string,
  rows: number,
  signal: AbortSignal,
): Promise<Page> {
  const value: unknown[] = [];
  for (let next = rows === 0 ? address : withTop(address, Math.min(mostOfPage, rows)); ; ) {
    const page = await get<Page>(next, signal);
    value.push(...page.value);
    if (page.nextLink === undefined || value.length >= rows) return { ...page, value };
    next = page.nextLink;
  }
}

function withTop(address: string, top: number): string {
  const url = new URL(address, location.origin);
  url.searchParams.set("top", String(top));
  return url.pathname + url.search;
}
