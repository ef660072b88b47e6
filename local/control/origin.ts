/** Keeps pages of other sites out: whoever runs the sandbox has a browser, and it reaches loopback. */
import type { HttpRequest } from "../simulators/httpServer.ts";
import { Refusal } from "./refusal.ts";

export function expectOwn({ method, headers, body }: HttpRequest): void {
  const { host = "", origin, "sec-fetch-site": site, "content-type": type = "" } = headers;
  // A name of somebody's own may resolve to loopback (DNS rebinding); these cannot be made to mean another machine.
  if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i.test(host))
    throw refuse(`It was asked for as ${host || "nobody"}`, "Ask for it at 127.0.0.1 or localhost.");
  const isForeign = origin !== undefined && origin !== `http://${host}`;
  if (isForeign || (site !== undefined && site !== "same-origin" && site !== "none"))
    throw refuse("A page of another origin asks", "Ask below the service's own address, from its own pages.");
  // A form of another site can send other types without asking first.
  if (method !== "GET" && body !== "" && !/^application\/json\b/i.test(type))
    throw new Refusal(415, {
      code: "UNSUPPORTED_MEDIA_TYPE",
      detail: `The body is declared as "${type}".`,
      fix: "Send application/json.",
    });
}

function refuse(what: string, fix: string): Refusal {
  return new Refusal(403, { code: "CROSS_SITE_REQUEST", detail: `${what}; the sandbox answers its own pages.`, fix });
}
