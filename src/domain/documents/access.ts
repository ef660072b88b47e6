/** Who reaches what: one namespace's access to one target. */
import { z } from "zod";
import { NamespaceState } from "../operation/namespaceState.ts";
import { StandingState } from "../operation/standing.ts";
import { Time } from "../time.ts";
import { page } from "./page.ts";

export const stateInWords =
  "Whether it is in force: inForce; beingRemoved, from when its revocation begins until it has ended; requested and awaitingApproval, which are not in force yet; unknown, after an operation that stopped partway.";

export const AccessDocument = z
  .object({
    cluster: z.string(),
    namespace: z.string(),
    team: z
      .string()
      .optional()
      .meta({ description: "The team that owns the namespace; absent if it is the platform's own." }),
    namespaceState: NamespaceState.meta({
      description: "While an operation holds the namespace, its access may be changing.",
    }),
    state: StandingState.meta({ description: stateInWords }),
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
      description: "Since when the namespace has this; absent for what is only asked for, and where nobody knows.",
    }),
    until: Time.optional().meta({ description: "When it ends (docs/expiry.md); absent if it does not. Since 0.2.0." }),
    operation: z.string().optional().meta({
      description:
        "The operation that gave it, or moved its end last; of what is only asked for, the one that is to give it.",
    }),
    requestedBy: z.string().optional().meta({ description: "Who asked for that operation." }),
    approvedBy: z.array(z.string()).meta({
      description: "Who has approved that operation; empty if it needed no approval, or waits for it.",
    }),
    removal: z
      .object({ operation: z.string(), requestedBy: z.string().optional(), awaitsApproval: z.boolean() })
      .optional()
      .meta({ description: "The operation that is to remove it; absent if none is." }),
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
