/**
 * The audit trail: who had what done to what, one record per effect and per decision. Each record has the hash of the previous
 * one, so changing, removing or moving a record breaks the chain. Someone who can rewrite the whole table can also forge the
 * whole chain: to detect that, too, keep the hash that `verify` returns as `head` somewhere else.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { canonicalJson } from "../canonicalJson.ts";
import { Difference } from "../operation/plan.ts";

export const AuditEntry = z.object({
  /** The same for the same effect, so that a step that runs again does not write a second entry. */
  id: z.string(),
  kind: z.enum(["effect", "decision"]),
  time: z.string(),
  /** Absent for a batch, which has no single namespace. */
  cluster: z.string().optional(),
  namespace: z.string().optional(),
  operation: z.string().optional(),
  who: z.string(),
  /** The team that owned the namespace; absent if none did. */
  team: z.string().optional(),
  /** The step that had the effect, or what was decided on, such as `onboard`. */
  what: z.string(),
  target: z.string(),
  /** `create`, `adopt`, `update`, `keep`, `delete`; for a decision `accepted`, `refused`, `ended` and the like. */
  action: z.string(),
  outcome: z.string(),
  /** The error code of a refusal or a failure. */
  code: z.string().optional(),
  /** Why policy refused a request. */
  reason: z.string().optional(),
  differences: z.array(Difference),
  traceId: z.string().optional(),
});
export type AuditEntry = z.infer<typeof AuditEntry>;

export const AuditRecord = AuditEntry.extend({ sequence: z.int(), previousHash: z.string(), hash: z.string() });
export type AuditRecord = z.infer<typeof AuditRecord>;

/** A position in the chain: the record with that sequence number has that hash. */
export interface ChainLink {
  readonly sequence: number;
  readonly hash: string;
}

/** The position before the first record. */
export const genesis: ChainLink = { sequence: 0, hash: "0".repeat(64) };

export function seal(entry: AuditEntry, previous: ChainLink): AuditRecord {
  const unsealed = { ...entry, sequence: previous.sequence + 1, previousHash: previous.hash };
  return { ...unsealed, hash: hashOf(unsealed) };
}

/** The position of the previous record, or undefined if this is not the record that the chain expects. */
export function follow(record: AuditRecord, expected: ChainLink): ChainLink | undefined {
  const { hash, ...unsealed } = record;
  const isIntact = record.sequence === expected.sequence && hash === expected.hash && hashOf(unsealed) === hash;
  return isIntact ? { sequence: record.sequence - 1, hash: record.previousHash } : undefined;
}

/** Every field counts, even one that someone added. */
function hashOf(unsealed: object): string {
  return createHash("sha256").update(canonicalJson(unsealed)).digest("hex");
}

export function auditId(...parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 40);
}

const longestValue = 400;
const mostDifferences = 25;

/** Makes the differences fit into a table property (32,768 characters), whatever a step found. */
export function shorten(differences: readonly Difference[]): Difference[] {
  const cut = (text: string | null) =>
    text !== null && text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
  const kept = differences
    .slice(0, mostDifferences)
    .map(({ field, current, desired }) => ({ field, current: cut(current), desired: cut(desired) }));
  const left = differences.length - kept.length;
  return left === 0 ? kept : [...kept, { field: "…", current: null, desired: `${left} more` }];
}
