/**
 * The HTTP client below the Azure SDKs: undici's `request`, which takes half the processor time of their own (bench/cost). It
 * takes the proxy from the environment, as theirs does.
 */
import type { HttpClient, Pipeline, PipelineRequest } from "@azure/core-rest-pipeline";

let opened: Promise<HttpClient> | undefined;

/** One for all clients, so that they share connections. Loaded on first use, like the SDKs. */
export function sharedHttpClient(): Promise<HttpClient> {
  opened ??= open();
  return opened;
}

/** Closes idle connections before Azure's load balancers silently do. */
const idleMs = 30_000;

async function open(): Promise<HttpClient> {
  const [{ EnvHttpProxyAgent, request: send }, { createHttpHeaders, RestError }] = await Promise.all([
    import("undici"),
    import("@azure/core-rest-pipeline"),
  ]);
  // Without undici's own time limits: every caller has one.
  const dispatcher = new EnvHttpProxyAgent({
    ...proxyIn(process.env),
    keepAliveTimeout: idleMs,
    connectTimeout: 0,
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
  });
  return {
    async sendRequest(request) {
      const { url, method, headers, abortSignal: signal } = request;
      try {
        const { statusCode, body, ...response } = await send(url, {
          dispatcher,
          method,
          headers: headers.toJSON(),
          body: textOf(request),
          ...(signal ? { signal: signal as AbortSignal } : {}),
        });
        const headersOfResponse = createHttpHeaders();
        for (const [name, value] of Object.entries(response.headers)) {
          if (value !== undefined) headersOfResponse.set(name, [value].flat().join(", "));
        }
        return { request, status: statusCode, headers: headersOfResponse, bodyAsText: await body.text() };
      } catch (error) {
        if (signal?.aborted) throw Object.assign(new Error("No answer in time."), { name: "AbortError", cause: error });
        const { message, code } = error as { message: string; code?: string };
        // undici's own code for a connection that breaks is not one that the SDKs' retry policy knows.
        const known = code === "UND_ERR_SOCKET" ? "ECONNRESET" : code;
        throw new RestError(message, { code: known ?? RestError.REQUEST_SEND_ERROR, request });
      }
    },
  };
}

/**
 * As in the SDKs' proxyPolicy: one proxy for all addresses, and upper case before lower. undici knows no ALL_PROXY, and of
 * NO_PROXY all that the SDKs do, so only what they read is named here.
 */
function proxyIn(environment: Readonly<Record<string, string | undefined>>) {
  const named = (name: string) => environment[name] || environment[name.toLowerCase()] || undefined;
  const proxy = named("HTTPS_PROXY") ?? named("ALL_PROXY") ?? named("HTTP_PROXY") ?? "";
  return { httpProxy: proxy, httpsProxy: proxy, noProxy: named("NO_PROXY") ?? "" };
}

/** Mooring's SDKs send JSON and XML; none streams. */
function textOf({ body, url }: PipelineRequest): string | null {
  if (body === undefined || body === null) return null;
  if (typeof body === "string") return body;
  throw new TypeError(`The body of a request to ${new URL(url).hostname} is not text.`);
}

/**
 * Removes from a client's pipeline what Mooring does not use: forms, multipart bodies, compressed answers (the HTTP client reads
 * none), proxies and TLS settings of the SDKs' own HTTP client, and their spans (docs/adr/0015).
 */
export function removeUnused(pipeline: Pipeline): void {
  for (const name of unusedPolicies) pipeline.removePolicy({ name });
}
const unusedPolicies = [
  "decompressResponsePolicy",
  "formDataPolicy",
  "multipartPolicy",
  "proxyPolicy",
  "tlsPolicy",
  "tracingPolicy",
  "wrapAbortSignalLikePolicy",
];
