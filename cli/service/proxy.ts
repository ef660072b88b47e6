/**
 * HTTPS_PROXY, HTTP_PROXY and NO_PROXY, as curl and kubectl read them. Node's own fetch supports them from 22.21 on, and only if
 * NODE_USE_ENV_PROXY is set before it starts; so we use undici, loaded only when a proxy is set. Calls to this machine never go
 * through a proxy.
 */
import { UsageError } from "../failures.ts";
import { type Environment, isLoopback } from "./server.ts";

interface Init {
  readonly method: string;
  readonly redirect: "manual";
  readonly signal: AbortSignal;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

export interface Way {
  /** Only what is used here, because Node's fetch and the package's have different types. */
  fetch(this: void, url: URL, init: Init): Promise<Response>;
  /** Without its user and password. */
  readonly proxy?: string;
}

export async function wayTo(server: URL, env: Environment): Promise<Way> {
  const httpProxy = readProxy(env["http_proxy"] || env["HTTP_PROXY"]);
  const httpsProxy = readProxy(env["https_proxy"] || env["HTTPS_PROXY"]);
  const noProxy = env["no_proxy"] || env["NO_PROXY"] || "";
  const named = server.protocol === "https:" ? httpsProxy : httpProxy;
  if (!named || isLoopback(server.hostname)) return { fetch: globalThis.fetch };
  const { EnvHttpProxyAgent, fetch } = await import("undici");
  const dispatcher = new EnvHttpProxyAgent({
    noProxy,
    ...(httpProxy ? { httpProxy: httpProxy.href } : {}),
    ...(httpsProxy ? { httpsProxy: httpsProxy.href } : {}),
  });
  return { fetch: (url, init) => fetch(url, { ...init, dispatcher }), proxy: named.origin };
}

function readProxy(text: string | undefined): URL | undefined {
  if (!text) return undefined;
  const proxy = URL.parse(text.includes("://") ? text : `http://${text}`);
  // Not printed, as it may contain a password.
  if (!proxy || !/^https?:$/.test(proxy.protocol)) {
    throw new UsageError(
      "HTTPS_PROXY or HTTP_PROXY is not the address of an HTTP proxy, such as http://proxy.example:3128.",
    );
  }
  return proxy;
}
