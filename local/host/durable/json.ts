/** The two questions asked of values that came out of the app or out of a request. */

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** JSON of anything an app may hand over; what JSON cannot say (undefined, a function) is null. */
export function toJson(value: unknown): string {
  return JSON.stringify(value) ?? "null";
}
