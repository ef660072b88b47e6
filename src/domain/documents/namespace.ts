/** What is onboarded in a namespace, and what a look at it found. */
import { z } from "zod";
import { FindingDocument, Severity } from "../finding.ts";
import { Migration } from "../operation/migration.ts";
import { NamespaceState } from "../operation/namespaceState.ts";
import { IdentityMode, OnboardingRequest } from "../request/request.ts";
import { documentFields } from "../targets/index.ts";
import { Time } from "../time.ts";
import { AccessDocument } from "./access.ts";
import { Etag } from "./etag.ts";
import { page } from "./page.ts";

const NamespaceAccess = AccessDocument.pick({
  ...{ kind: true, target: true, access: true, state: true, until: true },
}).extend({
  isLeaving: z.boolean().meta({ description: "The operation that holds the namespace is to remove it." }),
});

export const NamespaceDocument = z
  .object({
    cluster: z.string(),
    namespace: z.string(),
    state: NamespaceState,
    operation: z.string(),
    requestedBy: z.string(),
    team: z.string().optional().meta({ description: "The team that owns it; absent if it is the platform's own." }),
    onboardedTime: Time.optional(),
    verifiedTime: Time.optional(),
    clientId: z.guid().optional(),
    expiry: z
      .object({
        time: Time.meta({ description: "When its next access ends. A change of the request renews it." }),
        targets: z.array(z.string()).optional().meta({
          description: "What it loses then; absent if it loses everything and is offboarded.",
        }),
        warnedTime: Time.optional(),
        tried: z.object({ time: Time, times: z.int(), operation: z.string().optional() }).optional().meta({
          description:
            "The last attempt to remove it, which has not succeeded, and how many there were. Mooring retries at growing intervals.",
        }),
      })
      .optional()
      .meta({ description: "The next end of its access (docs/expiry.md); absent if nothing ends. Since 0.2.0." }),
    findings: z
      .array(FindingDocument)
      .meta({ description: "The findings of the last verification; at most 40, worst first." }),
    migration: Migration.pick({ to: true, from: true, completed: true, selector: true }).optional().meta({
      description:
        "A migration that stopped after a phase. POST …/migrate continues it, or reverses it for the other identity mode.",
    }),
    waiting: z
      .array(z.object({ operation: z.string(), since: Time }))
      .optional()
      .meta({
        description:
          "Requests from the queue that start one by one when the namespace is free, with the IDs of their future operations. Absent if none waits.",
      }),
    request: OnboardingRequest.meta({
      description:
        "The whole request that the namespace has or, while an operation changes it, is to have; it can be sent again. What of it is in force, `access` says.",
    }),
    identityMode: IdentityMode,
    ...documentFields,
    access: z.array(NamespaceAccess).optional().meta({
      description:
        "What its identity has on each target, what is asked for, and what is being removed: an entry for each state. Since 0.2.0.",
    }),
    etag: Etag,
  })
  .meta({ id: "Namespace" });
export type NamespaceDocument = z.infer<typeof NamespaceDocument>;

export const NamespacePage = page(NamespaceDocument);
export type NamespacePage = z.infer<typeof NamespacePage>;

export const VerificationDocument = z
  .object({
    cluster: z.string(),
    namespace: z.string(),
    verifiedTime: Time,
    severity: Severity.optional().meta({
      description: "The severity of the worst finding; absent if everything matches the request.",
    }),
    findings: z.array(FindingDocument),
  })
  .meta({ id: "Verification" });
export type VerificationDocument = z.infer<typeof VerificationDocument>;
