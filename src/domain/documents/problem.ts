/** The answer to a request that failed. */
import { z } from "zod";
import { defined } from "../defined.ts";
import { fixDocumentOf, type RefusalCode, type StepErrorCode, statusOf } from "../errors.ts";
import { FixParts } from "../fixParts.ts";
import type { RefusalDetails } from "../policy/refusal.ts";

export const ProblemDocument = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    fix: z.string().meta({ description: "What to do next." }),
    fixParts: FixParts.exactOptional(),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
    traceId: z.string(),
  })
  .meta({ id: "Problem", description: "RFC 9457" });
export type ProblemDocument = z.infer<typeof ProblemDocument>;

export function problemDocument(
  code: RefusalCode | StepErrorCode,
  detail: string,
  { errors, traceId }: { readonly errors?: RefusalDetails["errors"]; readonly traceId: string },
): ProblemDocument {
  return {
    type: `urn:mooring:error:${code}`,
    title: code.toLowerCase().replaceAll("_", " "),
    status: statusOf(code),
    detail,
    code,
    ...fixDocumentOf(code, "answered"),
    ...defined({ errors: errors && [...errors] }),
    traceId,
  };
}
