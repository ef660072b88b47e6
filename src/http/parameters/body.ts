import type { HttpRequest } from "@azure/functions";
import type { z } from "zod";
import { maxBodyBytes, parseFields, parseJson, tooLarge } from "../../application/requests/readRequest.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import { expectJson } from "../browserRequest.ts";
import type { Parameter, Receive } from "../declaration.ts";
import { bodyProblems, requestBody } from "../docs/answers.ts";

type Sent = Pick<HttpRequest, "headers" | "body">;
type Examples = Readonly<Record<string, unknown>>;

/** A body that the handler checks, with all that it knows besides the schema. */
export function sentBody(schema: z.ZodType, examples: Examples, maxBytes: number = maxBodyBytes): Parameter<unknown> {
  return {
    body: requestBody("required", schema, examples),
    answers: bodyProblems,
    read: (request, receive) => readBody(request, { receive, maxBytes }),
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
    read: async (request, receive) => parseFields(schema, await readOptionalBody(request, { receive })),
  };
}

/** How to read a body, and how long it may be. */
interface Reading {
  readonly receive: Receive;
  readonly maxBytes?: number;
}

export async function readBody(request: Sent, { receive, maxBytes = maxBodyBytes }: Reading): Promise<unknown> {
  expectJson(request);
  return parseJson(await receive((signal) => readBytes(request, maxBytes, signal)), maxBytes);
}

/** For routes where a request without a body is complete. */
export async function readOptionalBody(request: Sent, { receive }: Reading): Promise<unknown> {
  const bytes = await receive((signal) => readBytes(request, maxBodyBytes, signal));
  return bytes.byteLength === 0 ? {} : parseJson(bytes);
}

/** Keeps nothing beyond the limit: a sender that uses chunks need not state the size in advance. */
async function readBytes({ headers, body }: Sent, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  const declared = Number(headers.get("content-length") ?? 0);
  if (declared > maxBytes) throw tooLarge(maxBytes, declared);
  if (body === null) return new Uint8Array();
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  const patience = limitTime(signal, longestMs(maxBytes));
  try {
    for (;;) {
      const { value, done } = await Promise.race([reader.read(), patience.over]);
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
  } finally {
    patience.end();
  }
}

const leastBytesPerMs = 128;

/** A sender may be slow, but not endless. */
function longestMs(bytes: number): number {
  return 10_000 + bytes / leastBytesPerMs;
}

/** `over` rejects when the signal is aborted, with its reason, or after that time. */
function limitTime(signal: AbortSignal, ms: number): { readonly over: Promise<never>; end(): void } {
  const { promise: over, reject } = Promise.withResolvers<never>();
  // Also when nobody waits any more.
  over.catch(() => undefined);
  const timer = setTimeout(
    () => reject(new Refusal("BODY_TOO_SLOW", `The body did not arrive within ${Math.round(ms / 1_000)} s.`)),
    ms,
  );
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop);
  return {
    over,
    end() {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    },
  };
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
