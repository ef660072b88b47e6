/** Who reaches what: one namespace's access to one target. */
import { z } from "zod";
import { NamespaceState } from "../operation/namespaceState.ts";
import { Time } from "../time.ts";
import { page } from "./page.ts";

export const AccessDocument = z
  .object({
    cluster: z.string(),
    namespace: z.string(),
    team: z
      .string()
      .optional()
      .meta({ description: "The team that owns the namespace; absent if it is the platform's own." }),
    state: NamespaceState.meta({ description: "While an operation holds the namespace, its access may be changing." }),
    kind: z.string().meta({ description: "The kind of target, such as `database`." }),
    target: z.string().meta({ description: "The target, as requests and steps name it: `sql-dev/messages`." }),
    access: z.array(z.string()).meta({
      description: "What the namespace may do there, such as `reader`; empty if only others gave it something.",
    }),
    through: z.string().optional().meta({
      description:
        "The namespace whose identity it uses, `<cluster>/<namespace>`, and which has this access; absent for an identity of its own. Since 0.2.0.",
    }),
    since: Time.optional().meta({
      description: "When the operation ended that gave this; absent while the namespace's first one runs.",
    }),
    until: Time.optional().meta({ description: "When it ends (docs/expiry.md); absent if it does not. Since 0.2.0." }),
    operation: z.string().optional().meta({ description: "That operation." }),
    requestedBy: z.string().optional().meta({ description: "Who asked for it." }),
    approvedBy: z.array(z.string()).meta({ description: "Who approved it; empty if it needed no approval." }),
    others: z
      .array(z.object({ code: z.string(), field: z.string(), found: z.string() }))
      .meta({ description: "What the last verification found there that Mooring did not give." }),
    ifRemoved: z
      .array(z.object({ effect: z.string(), code: z.string().optional() }))
      .optional()
      .meta({
        description:
          "What becomes of this access if the catalog drops the target, the cluster or the team that the query names: a sentence each, with the code under which it shows; absent if the query names none of them or several. Since 0.2.0.",
      }),
    verifiedTime: Time.optional().meta({ description: "The time of that verification." }),
  })
  .meta({ id: "Access" });
export type AccessDocument = z.infer<typeof AccessDocument>;

export const AccessPage = page(AccessDocument);
export type AccessPage = z.infer<typeof AccessPage>;
