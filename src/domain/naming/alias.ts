import { z } from "zod";

/** How a request names an entry of the catalog; `what` says which kind, with its article. */
export function alias(what: string) {
  return z
    .string()
    .regex(
      /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/,
      `must be the catalog's alias of ${what}, not a host, URL or resource id`,
    );
}
