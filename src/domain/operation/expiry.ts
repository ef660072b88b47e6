/** What becomes of a namespace whose access ends: it is offboarded, or narrowed to what has not ended. */
import { expiryCaller } from "../access/caller.ts";
import { addDuration } from "../duration.ts";
import { earlier as earlierOf } from "../expiry.ts";
import { hasPassed, mostAheadMs } from "../hasPassed.ts";
import { replacedProfile } from "../request/change.ts";
import { endedAt, endsOf, firstEnd, leftAt } from "../request/expiry.ts";
import { lossesOf } from "../request/loss.ts";
import type { OnboardingRequest } from "../request/request.ts";
import { withRevisedTargets } from "../targets/wanted.ts";
import type { ExpiryNote } from "./expiryNote.ts";
import type { FreeRecord, NamespaceRecord } from "./namespaceRecord.ts";
import type { OperationRecord } from "./records.ts";

/** How access that has ended is revoked. */
export type Ending =
  | { readonly by: "offboard" }
  | { readonly by: "narrow"; readonly request: OnboardingRequest; readonly earlier: OnboardingRequest };

/** Whether the operation is such an end: what can be revoked goes, whatever else is wrong. */
export function endsFirst({ kind, requestedBy }: Pick<OperationRecord, "kind" | "requestedBy">): boolean {
  return (kind === "change" || kind === "offboard") && requestedBy === expiryCaller.id;
}

/** The next end; undefined if nothing ends. */
export function nextEnd(record: FreeRecord): string | undefined {
  const going = goingIn(record);
  return earlierOf(firstEnd(record.request), going && firstEnd(going));
}

/** Undefined while nothing has ended, or where only a person can decide what is to stay. */
export function endingAt(record: FreeRecord, now: string): Ending | undefined {
  const { request, earlier } = record;
  const left = leftAt(request, now);
  if (!left) return { by: "offboard" };
  const going = goingIn(record);
  // A narrowing that stopped partway is completed first: another request would be a third one.
  if (going && earlier && endedAt(going, now).length > 0) return { by: "narrow", request, earlier };
  if (record.state !== "Onboarded" || endedAt(request, now).length === 0) return undefined;
  return { by: "narrow", request: left, earlier: request };
}

/** What a change that only revokes has left to revoke, after it stopped partway. */
function goingIn({ state, request, earlier, takenBy }: FreeRecord): OnboardingRequest | undefined {
  if (state !== "Incomplete" || !earlier || takenBy !== undefined || givesMore(request, earlier)) return undefined;
  const kept = endsOf(request);
  const going = [...endsOf(earlier).keys()].filter((key) => !kept.has(key));
  return going.length > 0 ? onlyTargets(earlier, going) : undefined;
}

function givesMore(request: OnboardingRequest, earlier: OnboardingRequest): boolean {
  return lossesOf(earlier, request).length > 0 || replacedProfile(earlier, request) !== undefined;
}

/** The note about this end; an empty one if there is none. */
export function noteOf({ expiry }: Pick<NamespaceRecord, "expiry">, end: string): ExpiryNote {
  return expiry?.end === end ? expiry : { end };
}

/** From when on a look has something to do; one that found the end passed is followed by others, in case its clock was wrong. */
export function soughtFrom(record: FreeRecord): string | undefined {
  const end = nextEnd(record);
  return end !== undefined && noteOf(record, end).passedTime !== undefined ? "" : end;
}

export interface ExpiryPace {
  /** How long before the end the warning comes: an ISO 8601 duration. */
  readonly warnBefore: string;
  /** How much later a second look has to find the same. */
  readonly confirmMs: number;
}

/** What a look has to do about the next end of a namespace. */
export interface ExpiryLook {
  readonly end: string;
  readonly isToWarn: boolean;
  readonly isToRevoke: boolean;
  /** What the record should say from now on. */
  readonly note: ExpiryNote;
}

export function lookAtExpiry(record: FreeRecord, now: number, pace: ExpiryPace): ExpiryLook | undefined {
  const end = nextEnd(record);
  if (end === undefined) return undefined;
  const { passedTime, warnedTime, ...known } = noteOf(record, end);
  const time = new Date(now).toISOString();
  // A time ahead is one that a wrong clock wrote, before the warning was due.
  const isWarned = warnedTime !== undefined && Date.parse(warnedTime) <= now + mostAheadMs;
  const isToWarn = !isWarned && Date.parse(end) <= addDuration(now, pace.warnBefore);
  const warned = { ...known, ...(isToWarn ? { warnedTime: time } : isWarned ? { warnedTime } : {}) };
  if (time < end) return { end, isToWarn, isToRevoke: false, note: warned };
  const note = { ...warned, passedTime: passedTime ?? time };
  return { end, isToWarn, isToRevoke: isConfirmed(record, now, pace) && endingAt(record, time) !== undefined, note };
}

/** Whether an earlier look found the same end passed, and no attempt was made just now. */
export function isConfirmed(record: FreeRecord, now: number, { confirmMs }: Pick<ExpiryPace, "confirmMs">): boolean {
  const end = nextEnd(record);
  if (end === undefined || new Date(now).toISOString() < end) return false;
  const { passedTime, tried } = noteOf(record, end);
  if (passedTime === undefined || !hasPassed(Date.parse(passedTime), confirmMs, now)) return false;
  return tried === undefined || hasPassed(Date.parse(tried.time), pauseAfter(tried.times), now);
}

const firstPauseMs = 5 * 60_000;
const longestPauseMs = 24 * 60 * 60_000;

/** Before the next attempt, after that many. */
function pauseAfter(times: number): number {
  return Math.min(firstPauseMs * 2 ** (times - 1), longestPauseMs);
}

export function triedAgain(
  note: ExpiryNote,
  tried: { readonly time: string; readonly operation?: string },
): ExpiryNote {
  return { ...note, tried: { ...tried, times: (note.tried?.times ?? 0) + 1 } };
}

function onlyTargets(request: OnboardingRequest, keys: readonly string[]): OnboardingRequest {
  return withRevisedTargets(request, ({ key, expiry }) => (keys.includes(key) ? expiry : undefined));
}
