/** What the real host takes of a JSON body into the binding data of its invocation. */
import type { IncomingMessage } from "node:http";

const largestLookedAt = 64 * 1024;

/** The top-level properties of a small body, if one of them is `Headers` in any case: nothing asks for the others. */
export function propertiesOf(request: IncomingMessage, body: readonly Buffer[]): Readonly<Record<string, unknown>> {
  const isJson = /^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i.test(request.headers["content-type"] ?? "");
  const isSmall = Number(request.headers["content-length"]) <= largestLookedAt;
  const text = isJson && isSmall ? Buffer.concat(body).toString() : "";
  return /headers/i.test(text) ? parseObject(text) : {};
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    // The app refuses it.
    return {};
  }
}
