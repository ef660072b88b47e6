/** The audit trail as the HTTP interface answers it. */
import { z } from "zod";
import { AuditRecord } from "../watching/audit.ts";
import { page } from "./page.ts";

export const AuditDocument = AuditRecord.meta({
  id: "AuditRecord",
  description: "One effect or decision. previousHash is the hash of the record with the previous sequence number.",
});
export type AuditDocument = z.infer<typeof AuditDocument>;

export const AuditPage = page(AuditDocument);
export type AuditPage = z.infer<typeof AuditPage>;

export const AuditCheck = z
  .object({
    valid: z.boolean(),
    entries: z.int().meta({ description: "The number of records read." }),
    head: z
      .string()
      .meta({ description: "Hash of the newest record. A copy kept elsewhere also reveals a forged chain." }),
    brokenAt: z.int().optional().meta({ description: "Sequence number of the newest record that was altered." }),
  })
  .meta({ id: "AuditCheck" });
export type AuditCheck = z.infer<typeof AuditCheck>;
