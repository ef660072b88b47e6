import { z } from "zod";

export const Environment = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/, "must be 1 to 40 lower-case letters, digits and hyphens");

/** The field of a cluster or a target. */
export const environmentField = Environment.optional().meta({
  description:
    "Its environment, such as `prod` or `dev`: a request for a target of another environment than its cluster's needs a rule in `crossings`.",
});
