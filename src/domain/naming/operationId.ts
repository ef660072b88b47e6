import { createHash, randomBytes } from "node:crypto";

/** The last millisecond that a Date can hold. */
const endOfTime = 8_640_000_000_000_000;

/**
 * An operation's id, which is also its instance id and row key. It begins with a time that counts down, so that the
 * table's ascending order lists the newest operation first, and neighbours in time are neighbours on disk.
 */
export function createOperationId(now: Date, random: (size: number) => Buffer = randomBytes): string {
  const countdown = (endOfTime - now.getTime()).toString(16).padStart(14, "0");
  return `${countdown}-${random(8).toString("hex")}`;
}

/** Of what a queue's message asks for: the same at each of its deliveries, so that they are one request. */
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
