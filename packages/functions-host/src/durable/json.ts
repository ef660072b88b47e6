/** Helpers for values from the app or from a request. */
import { messageOf } from "../messageOf.ts";

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The app's value cannot be written as JSON: it has a bigint or a cycle. */
export class NotJson extends Error {}

/** JSON of any value from an app; what JSON leaves out (undefined, a function) is null. */
export function toJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "null";
  } catch (error) {
    throw new NotJson(messageOf(error), { cause: error });
  }
}
