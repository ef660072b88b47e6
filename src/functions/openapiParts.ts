/** What several routes of the OpenAPI document share. */
import { z } from "zod";

export const Time = z.iso.datetime();

export const Problem = z
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

export const body = (description: string, schema: z.ZodType) => ({
  description,
  content: { "application/json": { schema } },
});
export const problem = (description: string) => ({
  description,
  content: { "application/problem+json": { schema: Problem } },
});
export const page = (schema: z.ZodType) => z.object({ value: z.array(schema), nextLink: z.string().optional() });
export const paging = { top: z.int().min(1).max(200).optional(), continuation: z.string().optional() };
export const berth = z.object({ cluster: z.string(), namespace: z.string() });
