/** What is onboarded in a namespace, and what a look at it found. */
import { z } from "zod";
import { FindingDocument, Severity } from "../finding.ts";
import { Migration } from "../operation/migration.ts";
import { NamespaceState } from "../operation/namespaceState.ts";
import { IdentityMode, OnboardingRequest } from "../request/request.ts";
import { documentFields } from "../targets/index.ts";
import { Time } from "../time.ts";
import { Etag } from "./etag.ts";
import { page } from "./page.ts";

export const NamespaceDocument = z
  .object({
    cluster: z.string(),
    namespace: z.string(),
    state: NamespaceState,
    operation: z.string(),
    requestedBy: z.string(),
    team: z.string().optional().meta({ description: "Whose it is; absent where it is the platform's own." }),
    onboardedTime: Time.optional(),
    verifiedTime: Time.optional(),
    clientId: z.guid().optional(),
    findings: z.array(FindingDocument).meta({ description: "What the last look found; at most 40, the worst first." }),
    migration: Migration.pick({ to: true, completed: true, selector: true }).optional().meta({
      description:
        "A migration that has stopped after a phase; POST …/migrate goes on, or to the other identity mode back.",
    }),
    waiting: z
      .array(z.object({ operation: z.string(), since: Time }))
      .optional()
      .meta({
        description:
          "Requests from the queue that begin one after another when the namespace is free, with the ids that their operations will have. Absent: none waits.",
      }),
    request: OnboardingRequest.meta({ description: "What was asked for, whole; it may be sent again." }),
    identityMode: IdentityMode,
    ...documentFields,
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
      description: "Of the worst finding; absent when all is as it was asked for.",
    }),
    findings: z.array(FindingDocument),
  })
  .meta({ id: "Verification" });
export type VerificationDocument = z.infer<typeof VerificationDocument>;
