import { ClientId } from "../../../domain/naming/identityPair.ts";
import { operationsIn, readMark, type UserMark } from "../../../domain/naming/ownership.ts";
import { sidFromClientId } from "../../../domain/naming/sid.ts";
import type { DatabaseUser } from "../../../ports/databases.ts";
import type { About } from "../../definitions/targetFamily.ts";

export interface KnownMark {
  /** Mooring's mark for the namespace or, if somebody removed it, the one recorded for this same user. */
  readonly mark: UserMark | undefined;
  readonly isLost: boolean;
  /** The user has a mark for the namespace and the SID of an identity that no record knows. */
  readonly isUnrecorded: boolean;
}

export async function knownMark(
  user: DatabaseUser,
  { target, recordedMark, judge }: Pick<About, "target" | "recordedMark" | "judge">,
): Promise<KnownMark> {
  const written = readMark(user.mark);
  const mark = written ?? readMark(await recordedMark(target, userId(user)));
  const whose = mark ? await judge(mark, evidenceOf(user, mark)) : "others";
  const isOurs = whose === "ours";
  return {
    mark: isOurs ? mark : undefined,
    isLost: isOurs && written === undefined,
    // One that was there before is its owner's.
    isUnrecorded: whose === "unrecorded" && mark?.operation !== null,
  };
}

function evidenceOf({ sid }: DatabaseUser, mark: UserMark) {
  return { isHolder: (id: string) => sidOfIdentity(id) === sid, operations: operationsIn(mark) };
}

function sidOfIdentity(id: string): string | undefined {
  const { data } = ClientId.safeParse(id);
  return data && sidFromClientId(data);
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
