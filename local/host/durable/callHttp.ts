/** `context.df.callHttp`: a request that the host makes, and polls while the answer is 202 with a Location. */
import { isRecord, toJson } from "./json.ts";

/** The extension's name for the activity that makes the requests. */
export const httpActivity = "BuiltIn::HttpActivity";

const userAgent = "Microsoft.Azure.WebJobs.Extensions.DurableTask/3.19.0";

/** .NET keeps them apart from the other headers of an answer, and the extension does not return them. */
const contentHeaders = new Set([
  "allow",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-length",
  "content-location",
  "content-md5",
  "content-range",
  "content-type",
  "expires",
  "last-modified",
]);

/** What the SDK asks for; as JSON it is the activity's input. */
interface DurableHttpRequest {
  readonly method: string;
  readonly uri: string;
  readonly content: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** What a token is for, such as https://management.core.windows.net. */
  readonly resource: string | undefined;
}

interface Poll {
  /** Duration of the timer before it, in milliseconds. */
  readonly delayMs: number;
  /** The activity's input. */
  readonly request: string;
}

export function isPolled(action: Readonly<Record<string, unknown>>): boolean {
  const request = action["httpRequest"];
  return isRecord(request) && request["asynchronousPatternEnabled"] !== false;
}

export function httpInput(action: Readonly<Record<string, unknown>>): string {
  return toJson(action["httpRequest"]);
}

/** Whether the SDK polls again after this answer; it uses the same two criteria. */
export function isPending(result: string): boolean {
  const answer: unknown = JSON.parse(result);
  return isRecord(answer) && answer["statusCode"] === 202 && header(answer, "location") !== undefined;
}

/** The next request, as the extension makes it (DurableOrchestrationContext.cs, CreateLocationPollRequest). */
export function nextPoll(previous: string, result: string, { defaultMs }: { defaultMs: number }): Poll {
  const request = readRequest(previous);
  const answer: unknown = JSON.parse(result);
  const seconds = Number(header(answer, "retry-after"));
  const { "x-functions-key": _key, ...headers } = request.headers;
  return {
    delayMs: Number.isFinite(seconds) ? seconds * 1_000 : defaultMs,
    request: JSON.stringify({
      method: "GET",
      uri: new URL(header(answer, "location") ?? "", request.uri).href,
      headers,
      ...(request.resource === undefined ? {} : { tokenSource: { resource: request.resource } }),
    }),
  };
}

/** JSON text of the answer, whatever its status; rejects only when there is no answer. */
export async function makeRequest(input: string): Promise<string> {
  const { method, uri, content, headers, resource } = readRequest(input);
  const authorization = resource === undefined ? {} : { authorization: `Bearer ${await tokenFor(resource)}` };
  const { "content-type": contentType = "text/plain", ...others } = headers;
  const response = await fetch(uri, {
    method,
    headers: { "user-agent": userAgent, ...others, ...authorization },
    // Without content there is no type either.
    ...(content === undefined ? {} : { body: new Blob([content], { type: contentType }) }),
  }).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new Error(`The request to ${new URL(uri).origin} failed: ${cause}`);
  });
  return JSON.stringify({
    statusCode: response.status,
    headers: Object.fromEntries([...response.headers].filter(([name]) => !contentHeaders.has(name))),
    content: await response.text(),
  });
}

async function tokenFor(resource: string): Promise<string> {
  // Loaded only when needed: it takes longer to load than the rest of the host.
  const { DefaultAzureCredential } = await import("@azure/identity");
  const { token } = await new DefaultAzureCredential().getToken(`${resource.replace(/\/$/, "")}/.default`);
  return token;
}

function readRequest(input: string): DurableHttpRequest {
  const request: unknown = JSON.parse(input);
  if (!isRecord(request)) throw new Error("callHttp needs a request.");
  const { method, uri, content, headers, tokenSource } = request;
  return {
    method: String(method),
    uri: String(uri),
    content: typeof content === "string" && content !== "" ? content : undefined,
    headers: Object.fromEntries(
      Object.entries(isRecord(headers) ? headers : {}).map(([name, value]) => [name.toLowerCase(), String(value)]),
    ),
    resource: isRecord(tokenSource) ? String(tokenSource["resource"]) : undefined,
  };
}

function header(answer: unknown, name: string): string | undefined {
  const headers = isRecord(answer) && isRecord(answer["headers"]) ? answer["headers"] : {};
  const found = Object.entries(headers).find(([each]) => each.toLowerCase() === name);
  return found === undefined ? undefined : String(found[1]);
}
