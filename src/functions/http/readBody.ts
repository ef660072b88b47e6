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

const mostDiscarded = 64 * 1024 * 1024;

/**
 * What is more than the limit is never kept: whoever sends in chunks need not say beforehand how much it is. It is read to its
 * end all the same, since whoever is still sending does not read, and the answer would be lost with the connection.
 */
async function readBytes({ headers, body }: Sent, maxBytes: number = maxBodyBytes): Promise<Uint8Array> {
  const declared = Number(headers.get("content-length") ?? 0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const each of body ?? []) {
    const chunk: Uint8Array = each;
    size += chunk.byteLength;
    if (Math.max(declared, size) <= maxBytes) chunks.push(chunk);
    else if (size > mostDiscarded) break;
  }
  const told = Math.max(declared, size);
  if (told > maxBytes) throw tooLarge(told, maxBytes);
  return Buffer.concat(chunks);
}

/**
 * A flag that is not understood is refused and never taken for false: a caller who writes `dryrun=true` or `dryRun=yes`
 * means that nothing is to happen.
 */
export function readFlag(request: HttpRequest, name: string): boolean {
  const spelled = [...new Set(request.query.keys())].filter((each) => plain(each) === plain(name));
  const other = spelled.find((each) => each !== name);
  if (other !== undefined) throw refuseFlag(other, `is written ${name}`);
  const [value, ...more] = request.query.getAll(name);
  if (more.length > 0) throw refuseFlag(name, "must be there once");
  if (value === undefined || value === "false") return false;
  if (value === "true" || value === "") return true;
  throw refuseFlag(name, `must be true or false, not "${value}"`);
}

/** For a change that cannot be planned: whoever asks for a dry run must not get the change. */
export function refuseDryRun(request: HttpRequest, why: string): void {
  if (readFlag(request, "dryRun")) throw refuseFlag("dryRun", `is not offered here, and nothing was done: ${why}`);
}

function plain(name: string): string {
  return name.replaceAll(/[-_]/g, "").toLowerCase();
}

function refuseFlag(name: string, detail: string): Refusal {
  const errors = [{ pointer: `?${name}`, detail }];
  return new Refusal("INVALID_PARAMETER", `Query parameter ${name} ${detail}.`, { errors });
}
