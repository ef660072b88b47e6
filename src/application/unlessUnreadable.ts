import { TransientError } from "../domain/errors.ts";

/** Undefined for a record that cannot be read: among others, it must not hide them. The registry reports it. */
export async function unlessUnreadable<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof TransientError && error.code === "RECORD_UNREADABLE") return undefined;
    throw error;
  }
}
