/**
 * A request that is repeated with the same key gets the same answer. Header Idempotency-Key
 * (draft-ietf-httpapi-idempotency-key-header-07), or Azure's Repeatability-Request-ID.
 */
import { createHash } from "node:crypto";
import { canonicalJson } from "../canonicalJson.ts";
import { hasPassed } from "../hasPassed.ts";

/** An answer, kept in order to give it again. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface IdempotencyRecord {
  /** The caller's ID: keys of different callers are independent. */
  readonly caller: string;
  readonly key: string;
  /** The fingerprint of the first request with the key. */
  readonly fingerprint: string;
  readonly claimedTime: string;
  /** The ID of the operation that an attempt of this request begins, if the next attempt could not find it otherwise. */
  readonly operation?: string;
  /** Absent while the first request is being answered. */
  readonly answer?: KeptAnswer;
}

export function fingerprintOf(request: { method: string; path: string; body: unknown }): string {
  return createHash("sha256").update(canonicalJson(request)).digest("hex");
}

/** The OpenAPI document promises this. */
export const keptHours = 24;
const keptMs = keptHours * 60 * 60 * 1_000;
/** A process that claimed the key and has not answered by then has most likely died. It may also be slow, as a verification is. */
const claimMs = 60_000;

/** What the record of a key means for a request that comes with it. */
export function judge(
  record: IdempotencyRecord,
  fingerprint: string,
  now: number,
): "expired" | "reused" | "inProgress" | "answered" {
  const claimed = Date.parse(record.claimedTime);
  if (now - claimed > keptMs) return "expired";
  if (record.fingerprint !== fingerprint) return "reused";
  if (record.answer) return "answered";
  return hasPassed(claimed, claimMs, now) ? "expired" : "inProgress";
}

/** The operation that an earlier attempt has begun, or was about to begin. A day later, the same key means another request. */
export function operationBefore({ claimedTime, operation }: IdempotencyRecord, now: number): string | undefined {
  return now - Date.parse(claimedTime) > keptMs ? undefined : operation;
}

/** A claim time so long ago that the key may be claimed again now. */
export function longAgo(now: number): string {
  return new Date(now - claimMs - 1_000).toISOString();
}
