import type { HttpRequest } from "@azure/functions";
import type { z } from "zod";
import { maxBodyBytes, parseFields, parseJson, tooLarge } from "../../application/requests/readRequest.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import { expectJson } from "../browserRequest.ts";
import type { Parameter } from "../declaration.ts";
import { bodyProblems, requestBody } from "../docs/answers.ts";

type Sent = Pick<HttpRequest, "headers" | "body">;
type Examples = Readonly<Record<string, unknown>>;

/** A body that the handler checks, with all that it knows besides the schema. */
export function sentBody(schema: z.ZodType, examples: Examples, maxBytes: number = maxBodyBytes): Parameter<unknown> {
  return {
    body: requestBody("required", schema, examples),
    answers: bodyProblems,
    read: (request) => readBody(request, maxBytes),
  };
}

/** A body that may be absent, which is the same as one without fields. */
export function fieldsOf<T>(
  schema: z.ZodType<T>,
  examples: Examples,
  required: "required" | "optional" = "optional",
): Parameter<T> {
  return {
    body: requestBody(required, schema, examples),
    answers: bodyProblems,
    read: async (request) => parseFields(schema, await readOptionalBody(request)),
  };
}

export async function readBody(request: Sent, maxBytes: number = maxBodyBytes): Promise<unknown> {
  expectJson(request);
  return parseJson(await readBytes(request, maxBytes), maxBytes);
}

/** For routes where a request without a body is complete. */
export async function readOptionalBody(request: Sent): Promise<unknown> {
  const bytes = await readBytes(request, maxBodyBytes);
  return bytes.byteLength === 0 ? {} : parseJson(bytes);
}

/**
 * Keeps nothing beyond the limit. The host has read a body that states its size; one in chunks is still arriving, and the host
 * sends no answer before its end.
 */
async function readBytes({ headers, body }: Sent, maxBytes: number): Promise<Uint8Array> {
  const declared = Number(headers.get("content-length") ?? 0);
  if (declared > maxBytes) throw tooLarge(maxBytes, declared);
  if (body === null) return new Uint8Array();
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return Buffer.concat(chunks);
      const chunk: Uint8Array = value;
      size += chunk.byteLength;
      if (size > maxBytes) throw tooLarge(maxBytes);
      chunks.push(chunk);
    }
  } catch (error) {
    if (!(error instanceof Refusal)) {
      throw new Refusal("INCOMPLETE_BODY", "The connection ended before the body was whole.", {}, { cause: error });
    }
    reader.releaseLock();
    discardRest(body);
    throw error;
  }
}

const discardMs = 5_000;

/**
 * Reads the rest of a partly read body while the answer goes out. The host keeps the connection for other requests, and the
 * next one would wait behind bytes that nobody reads. Canceling immediately would end the connection, and the answer with
 * it; a client that never stops sending is cut off.
 */
function discardRest(body: ReadableStream<Uint8Array>): void {
  body.pipeTo(new WritableStream(), { signal: AbortSignal.timeout(discardMs) }).catch(() => undefined);
}
