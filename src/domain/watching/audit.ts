/**
 * The audit trail: who had what done to what, once per effect and once per decision. Each record holds the hash of the one
 * before it, so that a record that is changed, taken out or moved later breaks the chain. Whoever can rewrite the whole
 * table can also forge a whole chain: keep the hash that `verify` gives as `head` somewhere else to find that, too.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { canonicalJson } from "../canonicalJson.ts";
import { Difference } from "../operation/plan.ts";

export const AuditEntry = z.object({
  /** The same for the same effect: a step that runs again does not write a second entry. */
  id: z.string(),
  kind: z.enum(["effect", "decision"]),
  time: z.string(),
  /** Absent where it is of no single namespace: a batch. */
  cluster: z.string().optional(),
  namespace: z.string().optional(),
  operation: z.string().optional(),
  who: z.string(),
  /** Whose the namespace was; absent where it was no team's. */
  team: z.string().optional(),
  /** The step that had the effect, or what was decided on, such as `onboard`. */
  what: z.string(),
  target: z.string(),
  /** `create`, `adopt`, `update`, `keep`, `delete`; of a decision `accepted`, `refused`, `ended` and the like. */
  action: z.string(),
  outcome: z.string(),
  /** Error code of what was refused or failed. */
  code: z.string().optional(),
  /** Why policy refused a request. */
  reason: z.string().optional(),
  differences: z.array(Difference),
  traceId: z.string().optional(),
});
export type AuditEntry = z.infer<typeof AuditEntry>;

export const AuditRecord = AuditEntry.extend({ sequence: z.int(), previousHash: z.string(), hash: z.string() });
export type AuditRecord = z.infer<typeof AuditRecord>;

/** A place in the chain: the record with that sequence has that hash. */
export interface ChainLink {
  readonly sequence: number;
  readonly hash: string;
}

/** Before the first record. */
export const genesis: ChainLink = { sequence: 0, hash: "0".repeat(64) };

export function seal(entry: AuditEntry, previous: ChainLink): AuditRecord {
  const unsealed = { ...entry, sequence: previous.sequence + 1, previousHash: previous.hash };
  return { ...unsealed, hash: hashOf(unsealed) };
}

/** Where the record before this one stands, or undefined when this is not the record that the chain expects. */
export function follow(record: AuditRecord, expected: ChainLink): ChainLink | undefined {
  const { hash, ...unsealed } = record;
  const isIntact = record.sequence === expected.sequence && hash === expected.hash && hashOf(unsealed) === hash;
  return isIntact ? { sequence: record.sequence - 1, hash: record.previousHash } : undefined;
}

/** Every field counts, also one that somebody added. */
function hashOf(unsealed: object): string {
  return createHash("sha256").update(canonicalJson(unsealed)).digest("hex");
}

export function auditId(...parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 40);
}

const longestValue = 400;
const mostDifferences = 25;

/** Fits into a table's property (32,768 characters), whatever a step found. */
export function shorten(differences: readonly Difference[]): Difference[] {
  const cut = (text: string | null) =>
    text !== null && text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
  const kept = differences
    .slice(0, mostDifferences)
    .map(({ field, current, desired }) => ({ field, current: cut(current), desired: cut(desired) }));
  const left = differences.length - kept.length;
  return left === 0 ? kept : [...kept, { field: "…", current: null, desired: `${left} more` }];
}
