/** Answers that refer to an operation. */
import { z } from "zod";
import { AnyKind } from "../operation/batch.ts";
import { Signature } from "./signature.ts";

export const AcceptedDocument = z
  .object({
    id: z.string(),
    kind: AnyKind,
    isNew: z.boolean().meta({ description: "False if the same request already had this operation." }),
    message: z
      .string()
      .optional()
      .meta({ description: "Says so if there is nothing to do, or if the request needs approval." }),
  })
  .meta({ id: "Accepted" });
export type AcceptedDocument = z.infer<typeof AcceptedDocument>;

export const DecisionDocument = Signature.extend({
  id: z.string(),
  kind: AnyKind,
  decision: z.enum(["approve", "reject", "cancel"]),
}).meta({ id: "Decision" });
export type DecisionDocument = z.infer<typeof DecisionDocument>;
