/** The audit trail: Table Storage. */
import type { AuditCheck } from "../domain/documents/audit.ts";
import type { Page } from "../domain/operation/records.ts";
import type { AuditEntry, AuditRecord } from "../domain/watching/audit.ts";

export interface Audit {
  /** Appends the entry to the chain; does nothing if it already has an entry with this id. */
  append(entry: AuditEntry): Promise<void>;
  /** Newest first. */
  read(query: {
    cluster?: string;
    namespace?: string;
    operation?: string;
    /** Only what belongs to one of these teams; an empty list matches nothing. */
    teams?: readonly string[];
    limit: number;
    continuation?: string;
  }): Promise<Page<AuditRecord>>;
  /** Reads the whole chain; `brokenAt` is the sequence number of the newest record that was altered. */
  verify(): Promise<AuditCheck>;
}
