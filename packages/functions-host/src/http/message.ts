/** HTTP as the Functions protocol carries it (RpcHttp), to and from Node's. */
import type { IncomingMessage, ServerResponse } from "node:http";
import * as v from "valibot";
import type { TypedData } from "../app.ts";

type NullableStrings = Readonly<Record<string, { readonly value: string }>>;

export interface RequestParts {
  readonly url: URL;
  readonly params: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export function toHttpData(request: IncomingMessage, { url, params, body }: RequestParts): TypedData {
  return {
    http: {
      method: request.method ?? "GET",
      url: url.href,
      nullableHeaders: toNullable(headersOf(request)),
      nullableQuery: toNullable(queryOf(url)),
      nullableParams: toNullable(params),
      // Without one the app sees no body, instead of an empty one.
      ...(body.byteLength === 0 ? {} : { body: { bytes: body } }),
    },
  };
}

export function headersOf(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(request.headers)) {
    headers[name] = Array.isArray(value) ? value.join(",") : (value ?? "");
  }
  return headers;
}

/** A repeated name arrives as one value with commas, as .NET's StringValues do on the wire. */
export function queryOf(url: URL): Record<string, string> {
  const query: Record<string, string> = {};
  for (const name of new Set(url.searchParams.keys())) query[name] = url.searchParams.getAll(name).join(",");
  return query;
}

function toNullable(values: Readonly<Record<string, string>>): NullableStrings {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]));
}

const nullable = <const T extends v.GenericSchema>(schema: T) => v.optional(v.object({ value: schema }));
const cookieSchema = v.object({
  name: v.string(),
  value: v.string(),
  domain: nullable(v.string()),
  path: nullable(v.string()),
  expires: nullable(v.object({ seconds: v.number() })),
  secure: nullable(v.boolean()),
  httpOnly: nullable(v.boolean()),
  /** `none` means "not given"; SameSite=None is `explicitNone`. */
  sameSite: v.optional(v.picklist(["none", "lax", "strict", "explicitNone"]), "none"),
  maxAge: nullable(v.number()),
});
const responseSchema = v.object({
  statusCode: v.optional(
    v.pipe(v.unknown(), v.transform(Number), v.number(), v.integer(), v.minValue(200), v.maxValue(599)),
    200,
  ),
  headers: v.optional(v.record(v.string(), v.string()), {}),
  cookies: v.optional(v.array(cookieSchema), []),
  body: v.nullish(v.object({ bytes: v.nullish(v.instance(Uint8Array)), string: v.nullish(v.string()) })),
});

/** A handler that returns nothing has no `http` at all, and the host answers 204. */
export function sendHttpData(response: ServerResponse, data: TypedData | undefined): void {
  if (response.destroyed) return;
  if (data?.http === undefined || data.http === null) {
    response.writeHead(204).end();
    return;
  }
  const { statusCode, headers, cookies, body } = v.parse(responseSchema, data.http);
  for (const [name, value] of Object.entries(headers)) {
    if (isEndToEnd(name) && name !== "content-length") response.setHeader(name, value);
  }
  if (cookies.length > 0) response.appendHeader("set-cookie", cookies.map(toSetCookie));
  const content = body?.bytes ?? Buffer.from(body?.string ?? "");
  const hasBody = statusCode !== 204 && statusCode !== 304;
  if (hasBody) response.setHeader("content-length", content.byteLength);
  response.writeHead(statusCode).end(hasBody ? content : undefined);
}

const hopByHop = new Set(
  "connection keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade".split(" "),
);

/** Headers of one connection are not forwarded to the next (RFC 9110, 7.6.1). */
export function isEndToEnd(header: string): boolean {
  return !hopByHop.has(header.toLowerCase());
}

const sameSiteValues = { lax: "lax", strict: "strict", explicitNone: "none", none: undefined } as const;

/** With the spelling and order of ASP.NET Core's SetCookieHeaderValue. */
function toSetCookie(cookie: v.InferOutput<typeof cookieSchema>): string {
  const expires = cookie.expires && new Date(cookie.expires.value.seconds * 1000).toUTCString();
  const sameSite = sameSiteValues[cookie.sameSite];
  return [
    `${encodeURIComponent(cookie.name)}=${encodeURIComponent(cookie.value)}`,
    expires && `expires=${expires}`,
    cookie.maxAge && `max-age=${Math.trunc(cookie.maxAge.value)}`,
    cookie.domain && `domain=${cookie.domain.value}`,
    `path=${cookie.path?.value ?? "/"}`,
    cookie.secure?.value && "secure",
    sameSite && `samesite=${sameSite}`,
    cookie.httpOnly?.value && "httponly",
  ]
    .filter(Boolean)
    .join("; ");
}
