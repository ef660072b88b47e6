import type { HttpRequest } from "@azure/functions";
import { maxBodyBytes, parseJson } from "./readRequest.ts";
import { Refusal } from "./refusal.ts";

export async function readBody(request: HttpRequest): Promise<unknown> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i.test(type)) {
    throw new Refusal("UNSUPPORTED_MEDIA_TYPE", `Content-Type is "${type}"; send application/json.`);
  }
  return parseJson(await readBytes(request));
}

/** For routes where a request without a body is complete. */
export async function readOptionalBody(request: HttpRequest): Promise<unknown> {
  const bytes = await readBytes(request);
  return bytes.byteLength === 0 ? {} : parseJson(bytes);
}

async function readBytes(request: HttpRequest): Promise<Uint8Array> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > maxBodyBytes) {
    throw new Refusal("PAYLOAD_TOO_LARGE", `The body has ${declared} bytes; at most ${maxBodyBytes} are taken.`);
  }
  return new Uint8Array(await request.arrayBuffer());
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
