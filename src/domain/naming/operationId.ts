import { createHash, randomBytes } from "node:crypto";

/** The last millisecond that a Date can hold. */
const endOfTime = 8_640_000_000_000_000;

/**
 * An operation's ID, which is also its instance ID and row key. It begins with a time that counts down, so that the table's
 * ascending order lists the newest operation first, and operations that are close in time are close on disk.
 */
export function createOperationId(now: Date, random: (size: number) => Buffer = randomBytes): string {
  return `${countdownAt(now)}-${random(8).toString("hex")}`;
}

/** Greater than the IDs of all operations created at that time or later, and less than those of all earlier ones. */
export function endOfIdsSince(time: Date): string {
  // `.` is the character after `-`.
  return `${countdownAt(time)}.`;
}

function countdownAt(time: Date): string {
  return (endOfTime - time.getTime()).toString(16).padStart(14, "0");
}

/** The operation ID for a queue message: the same at every delivery, so that all of them are one request. */
export function operationIdOf({ sequenceNumber, messageId, sentTime }: SentMessage): string {
  const digest = createHash("sha256")
    .update(JSON.stringify([sequenceNumber, messageId]))
    .digest();
  return createOperationId(sentTime, (size) => digest.subarray(0, size));
}

export interface SentMessage {
  readonly sequenceNumber: number;
  readonly messageId: string;
  readonly sentTime: Date;
}
