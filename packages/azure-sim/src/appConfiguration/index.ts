/**
 * The key-values of one App Configuration store over HTTPS, as far as proofs and clients need them (learn.microsoft.com "App
 * Configuration REST API": Key-values, Keys, Microsoft Entra authorization). No answer says why a role is missing: 403 has no body.
 */
import { z } from "zod";
import { checkCaller, mayDo } from "../dataRights.ts";
import { type ErrorEffect, type Exchange, type HttpReply, type HttpRequest, startHttpServer } from "../httpServer.ts";
import { readJson } from "../readJson.ts";
import type { Simulator, SimulatorContext } from "../simulator.ts";
import { createKeyValues, type KeyValue, type KeyValues } from "./keyValues.ts";

export const configurationAudience = "https://azconfig.io";

export interface ConfigurationStoreSimulator extends Simulator {
  /** Of the resource. */
  readonly id: string;
  /** Without a slash at its end, as a catalog has it. */
  readonly endpoint: string;
  readonly keyValues: KeyValues;
}

const Body = z.object({
  value: z.string().nullish(),
  content_type: z.string().nullish(),
  tags: z.record(z.string(), z.string()).nullish(),
});
const mediaType = "application/vnd.microsoft.appconfig";
const pageSize = 100;

export async function startAppConfiguration(
  { world, faults, tls }: SimulatorContext,
  { id }: { readonly id: string },
): Promise<ConfigurationStoreSimulator> {
  const keyValues = createKeyValues(world.now);
  const server = await startHttpServer({ tls, faults, open });
  const endpoint = `https://localhost:${server.port}`;
  const store = id.split("/").at(-1) ?? "";
  /** Of the last write: a client that sends it back reads what that wrote. */
  let sequence = 0;

  function open(request: HttpRequest): Exchange {
    const { method, url } = request;
    const [kind = "", key = ""] = partsOf(url);
    return {
      call: {
        wire: "appConfiguration",
        operation: `${method} ${kind}`,
        target: [store, key].filter(Boolean).join("/"),
      },
      run: async () => withSyncToken(await run(request)),
      fail: scripted,
    };
  }

  const withSyncToken = (reply: HttpReply): HttpReply => {
    const token = `sandbox=${Buffer.from(String(sequence)).toString("base64")};sn=${sequence}`;
    return { ...reply, headers: { "sync-token": token, ...reply.headers } };
  };

  async function run({ method, url, headers, body }: HttpRequest): Promise<HttpReply> {
    // Some clients ask for a token of the store itself.
    const audiences = [configurationAudience, "https://appconfig.azure.com", endpoint, "https://localhost"];
    const check = await checkCaller(world, headers.authorization, audiences);
    if (check.outcome !== "caller") return unauthorized(check.outcome === "anonymous" ? undefined : check.why);
    if (!url.searchParams.has("api-version")) return invalid("api-version", "The parameter is required.");
    const [kind, key] = partsOf(url);
    const action = method === "GET" || method === "HEAD" ? "read" : method === "DELETE" ? "delete" : "write";
    if (!mayDo(world, check.caller, { action: `keyValues/${action}`, scope: id })) return { status: 403 };
    if (kind === "keys" && action === "read") return listKeys(url);
    if (kind !== "kv") return problem(404, "not-found", `This simulator has no ${kind}.`);
    if (!key) return action === "read" ? list(url) : problem(405, "method-not-allowed", `${method} of all key-values`);
    const label = url.searchParams.get("label");
    const at = { key, label: label === null || label === "" || label === "\0" ? null : label };
    const known = keyValues.get(at.key, at.label);
    if (!isMet(headers, known)) return { status: action === "read" && known ? 304 : 412, ...tagged(known) };
    if (action === "read") return known ? one(known) : { status: 404 };
    if (known?.locked) return problem(409, "key-locked", `Modifying key '${key}' is not allowed`);
    if (action === "delete") {
      if (!keyValues.delete(at.key, at.label) || !known) return { status: 204 };
      sequence += 1;
      return one(known);
    }
    if (method !== "PUT") return problem(405, "method-not-allowed", `${method} of a key-value`);
    const read = Body.safeParse(readJson(body));
    if (!read.success) return invalid("body", "It is not a key-value.");
    const { value, content_type = null, tags } = read.data;
    sequence += 1;
    return one(keyValues.set({ ...at, value: value ?? "", content_type, tags: tags ?? {} }));
  }

  function list(url: URL): HttpReply {
    const fields = url.searchParams.get("$select")?.split(",");
    const found = keyValues.find(url.searchParams.get("key"), url.searchParams.get("label"));
    return page(url, "kvset", found, (each) => pick(each, fields));
  }

  function listKeys(url: URL): HttpReply {
    const names = new Set(keyValues.find(url.searchParams.get("name"), null).map(({ key }) => key));
    return page(url, "keyset", [...names], (name) => ({ name }));
  }

  return { ...server, id, endpoint, keyValues };
}

/** What is asked for, and the key. */
function partsOf({ pathname }: URL): readonly [kind: string, key: string] {
  const [, kind = "", ...names] = pathname.split("/");
  return [kind, decodeURIComponent(names.join("/"))];
}

function one(found: KeyValue): HttpReply {
  const { headers } = tagged(found);
  const modified = { "last-modified": new Date(found.last_modified).toUTCString() };
  return { status: 200, headers: { ...headers, ...modified, "content-type": `${mediaType}.kv+json` }, body: found };
}

function tagged(found: KeyValue | undefined): { readonly headers: Readonly<Record<string, string>> } {
  return { headers: found ? { etag: `"${found.etag}"` } : {} };
}

function page<Item>(url: URL, set: string, all: readonly Item[], print: (item: Item) => object): HttpReply {
  const from = Number(url.searchParams.get("after") ?? 0);
  const items = all.slice(from, from + pageSize).map(print);
  const next = new URL(url);
  next.searchParams.set("after", String(from + pageSize));
  const nextLink = from + pageSize < all.length ? `${next.pathname}${next.search}` : undefined;
  const headers = {
    "content-type": `${mediaType}.${set}+json`,
    ...(nextLink ? { link: `<${nextLink}>; rel="next"` } : {}),
  };
  return { status: 200, headers, body: { items, ...(nextLink ? { "@nextLink": nextLink } : {}) } };
}

function pick(found: KeyValue, fields: readonly string[] | undefined): object {
  return fields ? Object.fromEntries(Object.entries(found).filter(([name]) => fields.includes(name))) : found;
}

/** `If-Match` and `If-None-Match`, with a tag or a star. */
function isMet(headers: HttpRequest["headers"], known: KeyValue | undefined): boolean {
  const isIt = (tags: string) => tags.split(",").some((tag) => ["*", `"${known?.etag}"`].includes(tag.trim()));
  const { "if-match": wanted, "if-none-match": unwanted } = headers;
  if (wanted !== undefined && !(known && isIt(wanted))) return false;
  return unwanted === undefined || !(known && isIt(unwanted));
}

function unauthorized(why: string | undefined): HttpReply {
  const error = why === undefined ? "" : ` error="invalid_token", error_description="${why}"`;
  return { status: 401, headers: { "www-authenticate": `HMAC-SHA256, Bearer${error}` } };
}

function invalid(name: string, detail: string): HttpReply {
  return problem(400, "invalid-argument", `Invalid request parameter '${name}'`, { name, detail });
}

function problem(status: number, type: string, title: string, more: object = {}): HttpReply {
  const body = { type: `https://azconfig.io/errors/${type}`, title, status, ...more };
  return { status, headers: { "content-type": "application/problem+json" }, body };
}

function scripted({ code, status, message = "scripted fault" }: ErrorEffect): HttpReply {
  return problem(status ?? (typeof code === "number" ? code : 500), String(code), message);
}
