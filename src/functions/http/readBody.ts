import type { HttpRequest } from "@azure/functions";
import { Refusal } from "../../domain/policy/refusal.ts";
import { maxBodyBytes, parseJson, tooLarge } from "./readRequest.ts";

export async function readBody(request: HttpRequest, maxBytes: number = maxBodyBytes): Promise<unknown> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i.test(type)) {
    throw new Refusal("UNSUPPORTED_MEDIA_TYPE", `Content-Type is "${type}"; send application/json.`);
  }
  return parseJson(await readBytes(request, maxBytes), maxBytes);
}

/** For routes where a request without a body is complete. */
export async function readOptionalBody(request: HttpRequest): Promise<unknown> {
  const bytes = await readBytes(request);
  return bytes.byteLength === 0 ? {} : parseJson(bytes);
}

async function readBytes(request: HttpRequest, maxBytes: number = maxBodyBytes): Promise<Uint8Array> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > maxBytes) {
    await discard(request);
    throw tooLarge(declared, maxBytes);
  }
  return new Uint8Array(await request.arrayBuffer());
}

const mostDiscarded = 64 * 1024 * 1024;

/** Whoever is still sending does not read: an answer before the end of the body would be lost with the connection. */
async function discard({ body }: HttpRequest): Promise<void> {
  const reader = body?.getReader();
  if (!reader) return;
  for (let bytes = 0; bytes <= mostDiscarded; ) {
    const { done, value } = await reader.read();
    if (done) return;
    bytes += value.byteLength;
  }
  await reader.cancel();
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
