/**
 * What a page of another site can have a browser send without asking first (fetch.spec.whatwg.org, "CORS-safelisted"): a POST
 * with a body that is no JSON, or with none. Where callers are not told apart, or a proxy signs in whoever sits at the browser,
 * that would be a change that nobody meant.
 */
import type { HttpRequest } from "@azure/functions";
import { Refusal } from "../../domain/policy/refusal.ts";

type Sent = Pick<HttpRequest, "method" | "url" | "headers">;

const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/** RFC 9110, 9.2.1. */
export function isSafe({ method }: Pick<HttpRequest, "method">): boolean {
  return safeMethods.has(method);
}

/** Refuses a change that another site's page has sent, and a body that is not declared as JSON. */
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
 * A browser says so itself (Sec-Fetch-Site), whatever name the app goes by. Older ones, and all of them over plain HTTP, say only
 * from where the page is. Who says neither is no browser.
 */
function isOfOwnSite(request: Sent): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin" || site === "none";
  const origin = request.headers.get("origin");
  return origin === null || isOwn(origin, request);
}

/**
 * By its host: before the app, TLS may end, and the scheme with it. A proxy that asks under another name passes on the one that
 * it was asked under, and a page cannot set these headers without the browser's asking first.
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

/** RFC 9112, 6.3: a request has a body when it says how long it is, or that it comes in chunks. */
function hasBody({ headers }: Pick<Sent, "headers">): boolean {
  return headers.has("transfer-encoding") || Number(headers.get("content-length") ?? 0) > 0;
}
