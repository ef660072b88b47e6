/** The content of a queue message: a request as plain JSON, or in a CloudEvents 1.0 envelope. */
import { z } from "zod";
import { Refusal } from "../../domain/policy/refusal.ts";
import { parseJson } from "../requests/readRequest.ts";

export function readMessage(message: unknown): unknown {
  return unwrap(decode(message));
}

/** The host passes text that it could parse as a value, other text as a string, and bytes as bytes. */
function decode(message: unknown): unknown {
  if (message instanceof Uint8Array) return parseJson(message);
  if (typeof message === "string") return parseJson(new TextEncoder().encode(message));
  parseJson(new TextEncoder().encode(print(message)));
  return message;
}

function print(message: unknown): string {
  try {
    return JSON.stringify(message) ?? "";
  } catch (error) {
    // Parsing accepts any depth, printing does not: a retry would not help.
    if (!(error instanceof RangeError)) throw error;
    throw new Refusal("MALFORMED_JSON", "The message is nested too deeply.");
  }
}

const Sign = z.union([z.literal(true), z.literal("true")]);
const SignedProperties = z.object({ confirmRemoval: Sign });
const SignedEnvelope = z.object({ specversion: z.string(), confirmremoval: Sign });

/**
 * Whether the sender says that the namespace may lose what it has: as a property of the message or, in an envelope, as an
 * attribute, whose name is in lower case (CloudEvents 1.0, "Naming conventions").
 */
export function confirmsRemoval(message: unknown, properties: unknown): boolean {
  return SignedProperties.safeParse(properties).success || SignedEnvelope.safeParse(decode(message)).success;
}

const CloudEventEnvelope = z.looseObject({ specversion: z.literal("1.0"), data: z.unknown() });

function unwrap(value: unknown): unknown {
  const isEnvelope = typeof value === "object" && value !== null && "specversion" in value;
  if (!isEnvelope) return value;
  const envelope = CloudEventEnvelope.safeParse(value);
  if (envelope.success && envelope.data.data !== undefined) return envelope.data.data;
  throw new Refusal("INVALID_REQUEST", "The CloudEvents envelope needs specversion 1.0 and data.");
}
