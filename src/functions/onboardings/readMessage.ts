/** The content of a queue message: a request as plain JSON, or in a CloudEvents 1.0 envelope. */
import { z } from "zod";
import { Refusal } from "../../domain/policy/refusal.ts";
import { parseJson } from "../http/readRequest.ts";

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

const CloudEventEnvelope = z.looseObject({ specversion: z.literal("1.0"), data: z.unknown() });

function unwrap(value: unknown): unknown {
  const isEnvelope = typeof value === "object" && value !== null && "specversion" in value;
  if (!isEnvelope) return value;
  const envelope = CloudEventEnvelope.safeParse(value);
  if (envelope.success && envelope.data.data !== undefined) return envelope.data.data;
  throw new Refusal("INVALID_REQUEST", "The CloudEvents envelope needs specversion 1.0 and data.");
}
