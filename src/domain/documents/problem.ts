/** The answer to a request that failed. */
import { z } from "zod";

export const ProblemDocument = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    fix: z.string().meta({ description: "What to do next." }),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
    traceId: z.string(),
  })
  .meta({ id: "Problem", description: "RFC 9457" });
export type ProblemDocument = z.infer<typeof ProblemDocument>;
