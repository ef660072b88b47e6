/** Lists that people load page by page, newest first. */
import type { DocumentOf, ListRoute } from "../../clients/api.ts";
import { type Address, nextOf, withTop } from "./address.ts";
import { get } from "./client.ts";

/** The largest page that the service gives. */
const mostOfPage = 200;

/** Reads as many rows as the person had loaded before, or a few more; at least a page. */
export async function getSoFar<R extends ListRoute>(
  route: R,
  address: Address<R>,
  rows: number,
  signal: AbortSignal,
): Promise<DocumentOf<R>> {
  const value: unknown[] = [];
  for (let next = rows === 0 ? address : withTop(address, Math.min(mostOfPage, rows)); ; ) {
    const page = await get(next, signal);
    value.push(...page.value);
    const following = nextOf(route, page);
    if (following === undefined || value.length >= rows) return { ...page, value };
    next = following;
  }
}
