/** Idempotency keys: Table Storage. */
import type { IdempotencyRecord, KeptAnswer } from "../domain/http/idempotency.ts";
import type { Stored } from "../domain/operation/records.ts";

type KeyOfCaller = Pick<IdempotencyRecord, "caller" | "key">;
/** A key as one attempt has claimed it. */
export type Claimed = Pick<IdempotencyRecord, "caller" | "key" | "claimedTime">;

export interface IdempotencyKeys {
  find(key: KeyOfCaller): Promise<Stored<IdempotencyRecord> | undefined>;
  /** False if the key already exists. */
  insert(record: IdempotencyRecord): Promise<boolean>;
  /** False if someone wrote since the record was read. */
  replace(record: Stored<IdempotencyRecord>): Promise<boolean>;
  /** Whoever has claimed the key since: the answer is as good as theirs. Does nothing if the key is gone. */
  answer(key: KeyOfCaller, answer: KeptAnswer): Promise<void>;
  /** Does nothing if somebody has claimed the key since. */
  release(claimed: Claimed): Promise<void>;
  /** Sets the time at which the key was claimed, unless somebody has claimed it since. */
  expire(claimed: Claimed, claimedTime: string): Promise<void>;
  /** Removes at most `most` keys that were claimed before that time; returns how many. A key that is claimed again stays. */
  removeClaimedBefore(time: string, most: number): Promise<number>;
}
