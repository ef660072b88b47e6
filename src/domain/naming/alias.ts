import { z } from "zod";

/** How a request names a thing of the catalog; `what` is that thing, with its article. */
export function alias(what: string) {
  return z
    .string()
    .regex(
      /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/,
      `must be the catalog's alias of ${what}, not a host, URL or resource id`,
    );
}
