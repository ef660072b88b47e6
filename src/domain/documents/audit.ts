/** The audit trail as it is told. */
import { z } from "zod";
import { AuditRecord } from "../watching/audit.ts";
import { page } from "./page.ts";

export const AuditDocument = AuditRecord.meta({
  id: "AuditRecord",
  description: "One effect or decision. previousHash is the hash of the record with the sequence before.",
});
export type AuditDocument = z.infer<typeof AuditDocument>;

export const AuditPage = page(AuditDocument);
export type AuditPage = z.infer<typeof AuditPage>;

export const AuditCheck = z
  .object({
    valid: z.boolean(),
    entries: z.int().meta({ description: "How many records were read." }),
    head: z.string().meta({ description: "Hash of the newest record; kept elsewhere, it also shows a forged chain." }),
    brokenAt: z.int().optional().meta({ description: "Sequence of the newest record that is not as it was written." }),
  })
  .meta({ id: "AuditCheck" });
export type AuditCheck = z.infer<typeof AuditCheck>;
