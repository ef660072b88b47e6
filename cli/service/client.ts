/**
 * Mooring's HTTP interface. Every request that changes something carries an idempotency key, so that a retry after a lost answer
 * gets the same operation.
 */
import {
  type BeginRoute,
  type CallOf,
  type ChangeRoute,
  type DocumentOf,
  methodOf,
  type PlanOf,
  pathOf,
  type Route,
} from "../../clients/api.ts";
import type { RefusalCode } from "../../src/domain/errors.ts";
import { Failure, NotMooring, type Problem, Refused, Unreachable } from "../failures.ts";
import { boundedText } from "./boundedText.ts";
import type { Headers as CredentialHeaders } from "./credential.ts";
import { createHearing, type Heard, type Hearing } from "./hearing.ts";
import { pause } from "./pause.ts";
import { type NamedProxy, type Way, wayTo } from "./proxy.ts";
import { type Environment, isLoopback } from "./server.ts";

export interface Query {
  readonly [name: string]: string | undefined;
}

interface Sent {
  readonly body?: unknown;
  /** The service refuses the call unless what it changes still has this ETag. */
  readonly ifMatch?: string | undefined;
  /** As of the client, but for this call. */
  readonly isPatient?: boolean;
}

export type Call<R extends Route = Route> = CallOf<R> & Sent;
/** A call that begins an operation. */
export type Beginning = Call<BeginRoute>;

/** A call of an interface that has no declared routes: the sandbox's. */
export interface PlainCall extends Sent {
  readonly method: "GET" | "POST" | "DELETE";
  /** Relative to the server's address, such as `/sandbox/cloud`. */
  readonly path: string;
  readonly query?: Query;
}

export interface ClientOptions {
  readonly server: URL;
  readonly credential: () => Promise<CredentialHeaders>;
  readonly env: Environment;
  /** Its reason is the failure that ends the program. */
  readonly signal: AbortSignal;
  /** Whether to wait and retry when the service says so (429, 503), rather than fail. */
  readonly isPatient: boolean;
  readonly notify: (message: string) => void;
}

export interface Client {
  readonly server: URL;
  readonly hearing: Hearing;
  /** A document with these fields; any other answer is not Mooring's. */
  json<R extends Route>(call: Call<R>, fields: readonly (keyof DocumentOf<R> & string)[]): Promise<DocumentOf<R>>;
  /** What the change would do, without doing it. */
  plan<R extends ChangeRoute>(call: Call<R>, fields: readonly (keyof PlanOf<R> & string)[]): Promise<PlanOf<R>>;
  /** As `json`, where the caller says what the document is. */
  ask<T extends object>(call: PlainCall, fields: readonly (keyof T & string)[]): Promise<T>;
  text(call: Call): Promise<string>;
  /** A response whose body is not read yet. */
  stream(call: Call, headers: CredentialHeaders, signal: AbortSignal): Promise<Response>;
}

/** Pauses between attempts after the connection broke. */
const pausesMs = [200, 500, 1_000, 2_000];
/** Azure's load balancer ends a request after 230 seconds, so no answer comes later than that. */
const longestMs = 240_000;
const mostPatientTries = 20;

interface Answer {
  readonly status: number;
  readonly headers: globalThis.Headers;
  readonly body: string;
}

export function createClient({ server, credential, env, signal, isPatient, notify }: ClientOptions): Client {
  let way: Promise<Way> | undefined;
  const findWay = () => {
    way ??= wayTo(server, env);
    return way;
  };
  const request = async (call: PlainCall, headers: CredentialHeaders, until: AbortSignal) =>
    requestOnce(await findWay(), addressOf(server, call), { call, headers, until });

  async function send(call: PlainCall): Promise<Answer> {
    const headers = {
      ...(call.method === "GET" ? {} : { "idempotency-key": crypto.randomUUID() }),
      ...(call.ifMatch === undefined ? {} : { "if-match": quoted(call.ifMatch) }),
    };
    let lost = 0;
    let waits = 0;
    for (;;) {
      const who = await credential();
      let answer: Answer;
      try {
        const response = await request(
          call,
          { ...who, ...headers },
          AbortSignal.any([signal, AbortSignal.timeout(longestMs)]),
        );
        answer = { status: response.status, headers: response.headers, body: await boundedText(server, response) };
      } catch (cause) {
        signal.throwIfAborted();
        if (cause instanceof Failure) throw cause;
        const pauseMs = pausesMs[lost];
        // Nothing listens there: the request was not sent, and a retry would not help.
        if (pauseMs === undefined || (lost === 0 && isNobodyThere(cause)))
          throw noAnswer(server, cause, (await findWay()).proxy);
        lost += 1;
        notify(`The connection to ${server.origin} broke (${reasonOf(cause)}); asking again, as the same request.`);
        await pause(pauseMs, signal);
        continue;
      }
      const wait = secondsToWait(answer, { isPatient: call.isPatient ?? isPatient, wasLost: lost > 0 });
      if (wait === undefined || waits >= mostPatientTries) return answer;
      waits += 1;
      if (answer.status === 429) notify(`The service is asked too often; asking again in ${wait} s.`);
      else if (answer.status === 503) notify(`The service cannot answer now; asking again in ${wait} s.`);
      await pause(wait * 1_000, signal);
    }
  }

  const hearing = createHearing();

  async function ask<T>(call: PlainCall, fields: readonly string[], expected?: Heard["expected"]): Promise<T> {
    const answer = await send(call);
    const text = expectGood(server, answer);
    const document: unknown = isJson(answer.headers) ? parseJson(text) : undefined;
    if (typeof document !== "object" || document === null || fields.some((field) => !(field in document))) {
      throw notMooring(server, answer.status, ` with something else than Mooring's document`);
    }
    hearing.add({ from: `${call.method} ${call.path}`, expected, document });
    // Not checked in full: malformed.ts does that when it matters.
    return document as T;
  }

  return {
    server,
    hearing,
    json: (call, fields) => ask(plainOf(call), fields, { route: call.route }),
    plan: (call, fields) => ask(plainOf(call, { dryRun: "true" }), fields, { route: call.route, isPlan: true }),
    ask: (call, fields) => ask(call, fields),
    text: async (call) => expectGood(server, await send(plainOf(call))),
    async stream(call, headers, until) {
      const response = await request(
        plainOf(call),
        { ...(await credential()), accept: "text/event-stream", ...headers },
        until,
      );
      if (response.status === 200 || response.status === 204) return response;
      expectGood(server, {
        status: response.status,
        headers: response.headers,
        body: await boundedText(server, response),
      });
      throw notMooring(server, response.status, " where events were asked for");
    },
  };
}

function addressOf(server: URL, { path, query = {} }: PlainCall): URL {
  const url = new URL(server);
  url.pathname = `${server.pathname.replace(/\/$/, "")}${path}`;
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
  return url;
}

/** One attempt. Returns an answer of any status; throws when there is none. */
function requestOnce(
  { fetch }: Way,
  address: URL,
  {
    call: { method, body },
    headers,
    until,
  }: { readonly call: PlainCall; readonly headers: CredentialHeaders; readonly until: AbortSignal },
): Promise<Response> {
  return fetch(address, {
    method,
    // The credential must not follow a redirect.
    redirect: "manual",
    signal: until,
    headers: {
      accept: "application/json, application/problem+json, */*;q=0.1",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

function plainOf(call: Call, more: Query = {}): PlainCall {
  const { query, ...sent } = call;
  return { ...sent, method: methodOf(call), path: pathOf(call), query: { ...query, ...more } };
}

/** Restores the quotes of an ETag, which the shell removes. */
function quoted(etag: string): string {
  return etag === "*" || /^(W\/)?"/.test(etag) ? etag : `"${etag}"`;
}

/** The first attempt, whose answer was lost, is still running. */
const stillAtWork: RefusalCode = "IDEMPOTENCY_IN_PROGRESS";

/** Seconds to wait before a retry; undefined when the answer is final. */
function secondsToWait(
  { status, headers, body }: Answer,
  { isPatient, wasLost }: { isPatient: boolean; wasLost: boolean },
): number | undefined {
  const seconds = readRetryAfter(headers);
  if (seconds === undefined) return undefined;
  if (isPatient && (status === 429 || status === 503)) return seconds;
  return wasLost && status === 409 && body.includes(`"${stillAtWork}"`) ? seconds : undefined;
}

function readRetryAfter(headers: globalThis.Headers): number | undefined {
  const text = headers.get("retry-after") ?? "";
  return /^\d{1,5}$/.test(text) ? Math.max(1, Number(text)) : undefined;
}

function expectGood(server: URL, { status, headers, body }: Answer): string {
  if (status >= 200 && status < 300) return body;
  const problem = isJson(headers) ? parseJson(body) : undefined;
  if (isProblem(problem)) {
    const location = headers.get("location") ?? "";
    const [, operation] = /\/api\/operations\/([\w-]+)$/.exec(location) ?? [];
    throw new Refused(problem, { operation, retryAfterSeconds: readRetryAfter(headers) });
  }
  const to = headers.get("location");
  const more = status >= 300 && status < 400 && to !== null ? ` and sends to ${to}` : "";
  throw notMooring(server, status, `${more}, and that is no answer of Mooring's`);
}

/** In full, since there is nothing else to tell if it cannot be printed. */
function isProblem(value: unknown): value is Problem {
  if (!isRecord(value)) return false;
  const { status, code, detail, fix, errors = [], traceId = "" } = value;
  const isText = (each: unknown) => typeof each === "string";
  return (
    typeof status === "number" &&
    [code, detail, fix, traceId].every(isText) &&
    Array.isArray(errors) &&
    errors.every((each) => isRecord(each) && isText(each["pointer"]) && isText(each["detail"]))
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isJson(headers: globalThis.Headers): boolean {
  return /\bjson\b/.test(headers.get("content-type") ?? "");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function notMooring(server: URL, status: number, what: string): NotMooring {
  return new NotMooring(`${server.href.replace(/\/$/, "")} is not Mooring: it answered ${status}${what}.`, {
    status,
    next: ["Look at --server or MOORING_SERVER; the address is that of the service, without /api."],
  });
}

const codesOfNobody = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);

/** Nothing was sent: nothing listens, the certificate is not trusted, another protocol is spoken, or fetch blocks the port. */
function isNobodyThere(cause: unknown): boolean {
  if (cause instanceof Error && cause.name === "TimeoutError") return false;
  if (missingProtocol(cause) !== undefined) return true;
  const code = codeOf(cause);
  return code === undefined || codesOfNobody.has(code) || /CERT|ALTNAME/.test(code);
}

export function noAnswer(server: URL, cause: unknown, proxy?: NamedProxy): Unreachable {
  const protocol = missingProtocol(cause);
  const plain = server.origin.replace("https:", "http:");
  const reason = reasonOf(cause);
  return new Unreachable(`No answer from ${server.origin}: ${reason}.`, {
    next: [
      ...(protocol === "TLS" ? [`If it is ${plain}: --server ${plain}`] : []),
      // Another program has the port, or no client may connect to it.
      ...(protocol === undefined && isLoopback(server.hostname) && reason !== "bad port"
        ? [
            `Start the service here: mooring up${server.port === "7071" || server.port === "" ? "" : ` --port ${server.port}`}`,
          ]
        : []),
      ...(proxy === undefined
        ? []
        : [`${proxy.variable} names a proxy, ${proxy.origin}; NO_PROXY names hosts that are asked without it.`]),
      "Another address: --server or MOORING_SERVER.",
    ],
    cause,
  });
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody listens there",
  ENOTFOUND: "there is no such host",
  EAI_AGAIN: "the name could not be looked up",
  ECONNRESET: "the connection was cut",
  UND_ERR_SOCKET: "the connection was cut",
};

export function reasonOf(cause: unknown): string {
  if (cause instanceof Error && cause.name === "TimeoutError") return "it took too long";
  const protocol = missingProtocol(cause);
  if (protocol !== undefined) return `it does not speak ${protocol}`;
  const code = codeOf(cause);
  if (code !== undefined) return reasons[code] ?? code;
  return rootOf(cause)?.message ?? String(cause);
}

function rootOf(cause: unknown): Error | undefined {
  if (!(cause instanceof Error)) return undefined;
  return rootOf(cause.cause) ?? cause;
}

/** The protocol that the server should speak, and does not. */
function missingProtocol(cause: unknown): "TLS" | "HTTP" | undefined {
  if (/^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/.test(codeOf(cause) ?? "")) return "TLS";
  return rootOf(cause)?.name === "HTTPParserError" ? "HTTP" : undefined;
}

/** fetch nests the reason one or two causes deep. */
function codeOf(error: unknown): string | undefined {
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    if (each instanceof AggregateError && each.errors.length > 0) return codeOf(each.errors[0]);
    if ("code" in each && typeof each.code === "string") return each.code;
  }
  return undefined;
}
