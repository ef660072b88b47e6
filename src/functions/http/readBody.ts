import type { HttpRequest } from "@azure/functions";
import { Refusal } from "../../domain/policy/refusal.ts";
import { expectJson } from "./browserRequest.ts";
import { maxBodyBytes, parseJson, tooLarge } from "./readRequest.ts";

type Sent = Pick<HttpRequest, "headers" | "body">;

export async function readBody(request: Sent, maxBytes: number = maxBodyBytes): Promise<unknown> {
  expectJson(request);
  return parseJson(await readBytes(request, maxBytes), maxBytes);
}

/** For routes where a request without a body is complete. */
export async function readOptionalBody(request: Sent): Promise<unknown> {
  const bytes = await readBytes(request);
  return bytes.byteLength === 0 ? {} : parseJson(bytes);
}

/** Keeps nothing beyond the limit: a sender that uses chunks need not state the size in advance. */
async function readBytes({ headers, body }: Sent, maxBytes: number = maxBodyBytes): Promise<Uint8Array> {
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

/**
 * Refuses a flag that it does not understand, instead of reading it as false: a caller who writes `dryRun=yes` wants nothing to
 * happen. One with another name does not get this far (parameters.ts).
 */
export function readFlag(request: HttpRequest, name: string): boolean {
  const [value, ...more] = request.query.getAll(name);
  if (more.length > 0) throw refuseFlag(name, "must appear only once");
  if (value === undefined || value === "false") return false;
  if (value === "true" || value === "") return true;
  throw refuseFlag(name, `must be true or false, not "${value}"`);
}

/** An ID in the query; undefined without it. */
export function readGuid(request: HttpRequest, name: string): string | undefined {
  const [value, ...more] = request.query.getAll(name);
  if (more.length > 0) throw refuseFlag(name, "must appear only once");
  if (value === undefined || guid.test(value)) return value?.toLowerCase();
  throw refuseFlag(name, "must be a GUID");
}

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** For a change that cannot be planned: a caller who wants a dry run must not get the change. */
export function refuseDryRun(request: HttpRequest, why: string): void {
  if (readFlag(request, "dryRun")) throw refuseFlag("dryRun", `is not offered here, and nothing was done: ${why}`);
}

function refuseFlag(name: string, detail: string): Refusal {
  const errors = [{ pointer: `?${name}`, detail }];
  return new Refusal("INVALID_PARAMETER", `Query parameter ${name} ${detail}.`, { errors });
}
