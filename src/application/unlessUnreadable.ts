import { TransientError } from "../domain/errors.ts";

/** Undefined for a record that cannot be read: among others, it must not hide them. The registry reports it. */
export async function unlessUnreadable<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  }
}

export function isUnreadable(error: unknown): error is TransientError {
  return error instanceof TransientError && error.code === "RECORD_UNREADABLE";
}
