/**
 * What a page of another site can make a browser send without a preflight (fetch.spec.whatwg.org, "CORS-safelisted"): a POST
 * with a body that is not JSON, or without a body. Where callers are not authenticated, or a proxy signs in anyone who sits
 * at the browser, that would be a change that nobody meant.
 */
import type { HttpRequest } from "@azure/functions";
import { Refusal } from "../domain/policy/refusal.ts";

type Sent = Pick<HttpRequest, "method" | "url" | "headers">;

const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/** RFC 9110, 9.2.1. */
export function isSafe({ method }: Pick<HttpRequest, "method">): boolean {
  return safeMethods.has(method);
}

/** Refuses a change sent by another site's page, and a body that is not declared as JSON. */
export function expectDeliberate(request: Sent): void {
  if (isSafe(request)) return;
  if (!isOfOwnSite(request)) {
    throw new Refusal("CROSS_SITE_REQUEST", "A browser sent this from a page of another site; nothing was done.");
  }
  if (hasBody(request)) expectJson(request);
}

export function expectJson({ headers }: Pick<Sent, "headers">): void {
  const type = headers.get("content-type") ?? "";
  if (/^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i.test(type)) return;
  throw new Refusal("UNSUPPORTED_MEDIA_TYPE", `Content-Type is "${type}"; send application/json.`);
}

/**
 * Browsers say so themselves (Sec-Fetch-Site), whatever name the app has. Older ones, and all of them over plain HTTP, send
 * only the page's origin. A client that sends neither is not a browser.
 */
function isOfOwnSite(request: Sent): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin" || site === "none";
  const origin = request.headers.get("origin");
  return origin === null || isOwn(origin, request);
}

/**
 * Compares hosts: TLS may end before the app, which hides the scheme. A proxy that uses another name passes on the one that
 * the client used, and a page cannot set these headers without a preflight.
 */
function isOwn(origin: string, { url, headers }: Sent): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, host } = new URL(origin);
  const names = ["host", "x-forwarded-host", "x-original-host"].flatMap((name) => headers.get(name)?.split(",") ?? []);
  return [new URL(url).host, ...names].some((name) => {
    const own = `${protocol}//${name.trim()}`;
    return host !== "" && URL.canParse(own) && new URL(own).host === host;
  });
}

/** RFC 9112, 6.3: a request has a body if it states its length, or that it comes in chunks. */
function hasBody({ headers }: Pick<Sent, "headers">): boolean {
  return headers.has("transfer-encoding") || Number(headers.get("content-length") ?? 0) > 0;
}
