/** Lists that people load page by page, newest first. */
import { get } from "./client.ts";

export interface PageOf<Row> {
  readonly value: readonly Row[];
  readonly nextLink?: string;
}

/** Reads as many rows as the person had loaded before, at least a page. */
export async function getSoFar<Page extends PageOf<unknown>>(
  address: string,
  rows: number,
  signal: AbortSignal,
): Promise<Page> {
  const value: unknown[] = [];
  for (let next = address; ; ) {
    const page = await get<Page>(next, signal);
    value.push(...page.value);
    if (page.nextLink === undefined || value.length >= rows) return { ...page, value };
    next = page.nextLink;
  }
}
