/** The sign that a namespace may lose what a request leaves out (docs/adr/0022). */
import { namesVersion } from "../conditions.ts";
import type { Parameter } from "../declaration.ts";
import { flag, readFlag } from "./flag.ts";

export const confirmRemoval: Parameter<boolean> = {
  ...flag(
    "confirmRemoval",
    "Whether an onboarded namespace may lose what the request leaves out: databases, role bundles, the service account or the selector. Without it, and without a version in If-Match, such a request is refused (REMOVAL_NOT_CONFIRMED).",
  ),
  // Whoever names the version that they have seen knows what it has.
  read: (request) => readFlag(request, "confirmRemoval") || namesVersion(request),
};
