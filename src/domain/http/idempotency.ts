/**
 * The same key and the same request: the same answer, though it was sent twice. Header Idempotency-Key
 * (draft-ietf-httpapi-idempotency-key-header-07), or Azure's Repeatability-Request-ID.
 */
import { createHash } from "node:crypto";
import { canonicalJson } from "../canonicalJson.ts";

/** What was answered, to be answered again. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface IdempotencyRecord {
  /** Caller id: a key is one caller's own. */
  readonly caller: string;
  readonly key: string;
  /** Of the request that came with the key first. */
  readonly fingerprint: string;
  readonly claimedTime: string;
  /** The id of the operation that a try of this request begins, where nothing else would tell the next try of it. */
  readonly operation?: string;
  /** Absent while the first request is being answered. */
  readonly answer?: KeptAnswer;
}

export function fingerprintOf(request: { method: string; path: string; body: unknown }): string {
  return createHash("sha256").update(canonicalJson(request)).digest("hex");
}

/** As the OpenAPI document promises. */
export const keptHours = 24;
const keptMs = keptHours * 60 * 60 * 1_000;
/** Longer than a request can take: whoever claimed the key and has not answered by then has died. */
const claimMs = 60_000;

/** What a request finds that comes with a key. */
export function judge(
  record: IdempotencyRecord,
  fingerprint: string,
  now: number,
): "expired" | "reused" | "inProgress" | "answered" {
  const age = now - Date.parse(record.claimedTime);
  if (age > keptMs) return "expired";
  if (record.fingerprint !== fingerprint) return "reused";
  if (record.answer) return "answered";
  return age > claimMs ? "expired" : "inProgress";
}

/** The operation that a try before has begun, or was about to begin. A day later the same key is another request. */
export function operationBefore({ claimedTime, operation }: IdempotencyRecord, now: number): string | undefined {
  return now - Date.parse(claimedTime) > keptMs ? undefined : operation;
}

/** When a key would have been claimed that may be claimed again now. */
export function longAgo(now: number): string {
  return new Date(now - claimMs - 1_000).toISOString();
}
