/**
 * What happens to values on their way through the Functions host and the Durable extension, which read and write JSON with
 * Newtonsoft.Json, as seen on the real host (host 4.1037, extension 3.19.0). What an app would lose there, it loses here.
 */
import type { TypedData } from "../app.ts";
import { OrchestrationError } from "./failures.ts";
import { isRecord } from "./json.ts";

/** Newtonsoft's `MaxDepth`; it has had this default since version 13. */
const deepest = 64;

/** An activity's input as its trigger carries it: .NET's text for a bare boolean, and nothing at all for a bare null. */
export function toActivityTrigger(input: string): TypedData {
  if (input === "null") return {};
  return { string: textOfBoolean(input) ?? input };
}

/** JSON text; `null` for no value, because the SDK parses whatever it gets. */
export function toActivityResult(value: TypedData | undefined): string {
  if (typeof value?.string === "string") return asPassed(JSON.stringify(value.string));
  if (typeof value?.json === "string") return asPassed(value.json);
  if (typeof value?.int === "number") return asInt64(value.int);
  // .NET has no other JSON for NaN and the infinities than their names.
  if (typeof value?.double === "number") {
    return JSON.stringify(Number.isFinite(value.double) ? value.double : String(value.double));
  }
  if (value?.bytes instanceof Uint8Array) return JSON.stringify(Buffer.from(value.bytes).toString("base64"));
  return "null";
}

function textOfBoolean(json: string): string | undefined {
  return json === "true" ? "True" : json === "false" ? "False" : undefined;
}

const mostInt64 = 2n ** 63n - 1n;
const leastInt64 = -(2n ** 63n);

/** The worker sends a whole number as an int64, with its limits. */
function asInt64(value: number): string {
  const whole = BigInt(value);
  if (whole > mostInt64) return String(mostInt64);
  return String(whole < leastInt64 ? leastInt64 : whole);
}

/**
 * JSON text as Newtonsoft leaves it: without `$type` and `$id`, with null for `$ref`, and with U+FFFD for half a surrogate pair. JSON that is nested too deeply fails the orchestration.
 */
export function asPassed(json: string): string {
  if (json.length > 2 * deepest && depthOf(json) > deepest) {
    throw new OrchestrationError(`The reader's MaxDepth of ${deepest} has been exceeded.`);
  }
  if (!/"\$(?:type|id|ref|values)"|\\u[dD][89a-fA-F]/.test(json)) return json;
  return JSON.stringify(wellFormed(withoutMetadata(JSON.parse(json))));
}

/** JSON text of a request: only half a surrogate pair does not survive it. */
export function asReceived(json: string): string {
  return /\\u[dD][89a-fA-F]/.test(json) ? JSON.stringify(wellFormed(JSON.parse(json))) : json;
}

/** Newtonsoft takes only the first properties of the outermost object for metadata (JsonSerializerInternalReader). */
function withoutMetadata(value: unknown): unknown {
  if (!isRecord(value)) return value;
  const properties = Object.entries(value);
  for (const [position, [name, inner]] of properties.entries()) {
    if (name === "$ref" && typeof inner === "string") return null;
    if (name === "$values") return inner;
    if (name !== "$type" && name !== "$id") return Object.fromEntries(properties.slice(position));
  }
  return {};
}

function wellFormed(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name.toWellFormed(), wellFormed(inner)]));
}

function depthOf(json: string): number {
  let depth = 0;
  let most = 0;
  for (let index = 0; index < json.length; index += 1) {
    switch (json[index]) {
      case '"':
        index = endOfString(json, index);
        break;
      case "{":
      case "[":
        depth += 1;
        if (depth > most) most = depth;
        break;
      case "}":
      case "]":
        depth -= 1;
        break;
      default:
    }
  }
  return most;
}

function endOfString(json: string, start: number): number {
  let index = start + 1;
  for (;;) {
    const end = json.indexOf('"', index);
    if (end < 0) return json.length;
    let backslashes = 0;
    while (json[end - 1 - backslashes] === "\\") backslashes += 1;
    if (backslashes % 2 === 0) return end;
    index = end + 1;
  }
}
