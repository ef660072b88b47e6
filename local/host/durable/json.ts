/** The two questions asked of values that came out of the app or out of a request. */

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What an app handed over, a bigint or a circle, cannot be said in JSON. */
export class NotJson extends Error {}

/** JSON of anything an app may hand over; what JSON cannot say and leaves out (undefined, a function) is null. */
export function toJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "null";
  } catch (error) {
    throw new NotJson(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
