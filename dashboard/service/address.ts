/** Addresses of the service, which know their route, and so the document that they answer with. */
import { type CallOf, type ListRoute, pathOf, type Route } from "../../clients/api.ts";

declare const ofRoute: unique symbol;
export type Address<R extends Route> = string & { readonly [ofRoute]: R };

export function addressOf<R extends Route>(call: CallOf<R>): Address<R> {
  const given = Object.entries<string | undefined>(call.query ?? {}).filter(([, value]) => value !== undefined);
  const query = new URLSearchParams(given as [string, string][]).toString();
  return (query === "" ? pathOf(call) : `${pathOf(call)}?${query}`) as Address<R>;
}

/** The address of a list's next page. */
export function nextOf<R extends ListRoute>(
  _list: R,
  { nextLink }: { readonly nextLink?: string | undefined },
): Address<R> | undefined {
  return nextLink as Address<R> | undefined;
}

/** The same page, with another number of rows. */
export function withTop<R extends ListRoute>(address: Address<R>, top: number): Address<R> {
  const url = new URL(address, location.origin);
  url.searchParams.set("top", String(top));
  return (url.pathname + url.search) as Address<R>;
}
