/** Keeps pages of other sites out: the browser of the person who runs the sandbox can reach loopback. */
import type { HttpHead } from "../../packages/azure-sim/src/httpServer.ts";
import { Refusal } from "./refusal.ts";

/** Throws before anything of the body has been read. */
export function expectOwn({ method, headers }: HttpHead): void {
  const { host = "", origin, "sec-fetch-site": site, "content-type": type = "" } = headers;
  // Anyone's own name may resolve to loopback (DNS rebinding); these cannot be made to mean another machine.
  if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i.test(host))
    throw refuse(`The Host header is ${host || "missing"}`, "Use 127.0.0.1 or localhost.");
  const isForeign = origin !== undefined && origin !== `http://${host}`;
  if (isForeign || (site !== undefined && site !== "same-origin" && site !== "none"))
    throw refuse("The request comes from a page of another origin", "Send it from the service's own pages.");
  // A form on another site can send other types without a CORS preflight.
  if (method !== "GET" && hasBody(headers) && !/^application\/json\b/i.test(type))
    throw new Refusal(415, {
      code: "UNSUPPORTED_MEDIA_TYPE",
      detail: `The body is declared as "${type}".`,
      fix: "Send application/json.",
    });
}

function hasBody(headers: HttpHead["headers"]): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

function refuse(what: string, fix: string): Refusal {
  return new Refusal(403, {
    code: "CROSS_SITE_REQUEST",
    detail: `${what}; the sandbox answers only its own pages.`,
    fix,
  });
}
