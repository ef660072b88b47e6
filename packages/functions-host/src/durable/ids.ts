/** Ids of instances and executions, and the rules for valid ids. */
import { randomBytes } from "node:crypto";

/**
 * 32 hexadecimal digits, as in the Durable extension, but beginning with the time (as in UUIDv7): rows of instances that run at
 * the same time are then close together, and a commit touches few pages.
 */
export function newInstanceId(now: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(now, 0, 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return bytes.toString("hex");
}

export function newExecutionId(): string {
  return randomBytes(16).toString("hex");
}

/** Returns what is wrong with an instance id; undefined when it is valid. */
export function complainAboutInstanceId(id: string): string | undefined {
  if (id === "") return "Instance IDs must not be empty.";
  if (id.length > 256) return "Instance IDs must not exceed 256 characters.";
  if (hasForbiddenCharacter(id)) {
    return "Instance IDs must not contain /, \\, #, ?, or control characters.";
  }
  return undefined;
}

function hasForbiddenCharacter(text: string): boolean {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if ("/\\#?".includes(character) || code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  }
  return false;
}

/** Without half surrogate pairs: the store would read all of them as the same character, and take two such ids for one. */
export function storedId(id: string): string {
  return id.toWellFormed();
}
