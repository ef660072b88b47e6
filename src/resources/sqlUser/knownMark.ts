import { type Berth, berthKey } from "../../domain/naming/names.ts";
import { readMark, type UserMark } from "../../domain/naming/ownership.ts";
import type { DatabaseUser } from "../../ports/databases.ts";
import type { RecordedMark } from "../definitions/recordedMark.ts";

export interface KnownMark {
  /** Mooring's mark for the namespace or, if somebody removed it, the one recorded for this same user. */
  readonly mark: UserMark | undefined;
  readonly isLost: boolean;
}

export async function knownMark(
  user: DatabaseUser,
  { berth, database, recordedMark }: { berth: Berth; database: string; recordedMark: RecordedMark },
): Promise<KnownMark> {
  const mark = readMark(user.mark);
  if (mark) return { mark: ofBerth(mark, berth), isLost: false };
  const recorded = ofBerth(readMark(await recordedMark(database, userId(user))), berth);
  return { mark: recorded, isLost: recorded !== undefined };
}

/** Whether a revocation has left the user because it could not be dropped: nobody can log in as it, and Mooring gave it nothing. */
export function isShut({ isDisabled = false }: DatabaseUser, { operation, grants }: UserMark): boolean {
  return isDisabled && operation !== null && Object.keys(grants).length === 0;
}

/** A user that was dropped and recreated may have the same SID but is a different one. */
export function userId({ sid, createdTime }: DatabaseUser): string | undefined {
  return createdTime === undefined ? undefined : `${sid} ${createdTime}`;
}

/** The SID in such an id. */
export function sidOf(id: string): string {
  return id.split(" ", 1)[0] ?? id;
}

function ofBerth(mark: UserMark | undefined, berth: Berth): UserMark | undefined {
  return mark?.berth === berthKey(berth) ? mark : undefined;
}
