/** Lets a change name the version that its sender has seen. */
import { z } from "zod";

export const Etag = z.string().meta({
  description:
    "For If-Match: changes when something changes that people decide about, and not with every step or verification. The header ETag has a second part, which changes with everything.",
});
