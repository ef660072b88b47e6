import type { HttpRequest } from "@azure/functions";
import { readCursor } from "../../domain/http/cursor.ts";
import { Refusal } from "../../domain/policy/refusal.ts";

const defaultLimit = 50;
const maxLimit = 200;
/** As many rows as the table service returns at a time, so that reading a whole long list does not take fifty requests. */
export const mostNamespaces = 1_000;

/** Query parameters `top` and `continuation` of a list. */
export function readLimit(request: HttpRequest, most = maxLimit): { limit: number; continuation?: string } {
  const top = request.query.get("top");
  const limit = top === null ? defaultLimit : Number(top);
  if (!Number.isInteger(limit) || limit < 1 || limit > most) {
    throw new Refusal("INVALID_REQUEST", `Query parameter top is "${top}"; it takes 1 to ${most}.`);
  }
  const continuation = request.query.get("continuation");
  if (continuation === null) return { limit };
  if (!readCursor(continuation)) {
    const errors = [{ pointer: "?continuation", detail: "does not come from a nextLink" }];
    throw new Refusal("INVALID_PARAMETER", "Query parameter `continuation` does not come from a nextLink.", { errors });
  }
  return { limit, continuation };
}

/** Azure's form of paging: the address of the next page, absent on the last. */
export function nextLink(request: HttpRequest, continuation: string | undefined): { nextLink?: string } {
  if (continuation === undefined) return {};
  const url = new URL(request.url);
  url.searchParams.set("continuation", continuation);
  return { nextLink: `${url.pathname}${url.search}` };
}
