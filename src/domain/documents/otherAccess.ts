/** Who else reaches a target, as it is there now: what no namespace asked Mooring for. Since 0.2.0. */
import { z } from "zod";
import { OperationError } from "../operation/operation.ts";
import { Time } from "../time.ts";

const OtherRight = z.object({
  right: z.string().meta({ description: "As the target says it: a role, a permission." }),
  scope: z.string().optional().meta({
    description:
      "Where it is given, if not at the target itself: above it, where it holds for the target too, or on a part.",
  }),
  by: z.enum(["others", "mooring"]).meta({
    description: "`mooring`: it was given for another target of that namespace, and holds here, too.",
  }),
});

const OtherAccess = z
  .object({
    name: z.string().meta({ description: "As the target calls it: a user, a role, the ID of a principal." }),
    type: z.string().meta({ description: "As the target says it: `EXTERNAL_USER`, `Group`." }),
    cluster: z.string().optional().meta({ description: "Whose identity it is, if it is a namespace's." }),
    namespace: z.string().optional(),
    isMooring: z.boolean().meta({ description: "Whether it is Mooring itself, which has to reach databases." }),
    rights: z.array(OtherRight),
  })
  .meta({ id: "OtherAccess" });
export type OtherAccess = z.infer<typeof OtherAccess>;

export const OtherAccessPage = z.object({
  target: z.string(),
  kind: z.string().meta({ description: "The kind of target, such as `database`." }),
  readTime: Time.meta({ description: "When it was read." }),
  value: z.array(OtherAccess).meta({
    description: "By name. Operators see everybody; others see the identities of their teams' namespaces.",
  }),
  unnamed: z.int().meta({ description: "How many more there are whom the caller may not see." }),
  error: OperationError.optional().meta({
    description: "Why the target could not be read; then nothing is known of who else reaches it.",
  }),
  nextLink: z.string().optional(),
});
export type OtherAccessPage = z.infer<typeof OtherAccessPage>;
