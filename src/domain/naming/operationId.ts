import { randomBytes } from "node:crypto";

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
