/**
 * HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, as curl, kubectl and Azure CLI read them. Node's own fetch supports them from
 * 22.21 on, without ALL_PROXY, and only if NODE_USE_ENV_PROXY is set before it starts; so we use undici, loaded only when a proxy is
 * used. Calls to this machine never go through a proxy.
 */
import { BlockList, isIP } from "node:net";
import { UsageError } from "../failures.ts";
import { type Environment, isLoopback } from "./server.ts";

interface Init {
  readonly method: string;
  readonly redirect: "manual";
  readonly signal: AbortSignal;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

/** The variable that names the proxy, and its address without user and password. */
export interface NamedProxy {
  readonly variable: string;
  readonly origin: string;
}

export interface Way {
  /** Only what is used here, because Node's fetch and the package's have different types. */
  fetch(this: void, url: URL, init: Init): Promise<Response>;
  readonly proxy?: NamedProxy;
}

export async function wayTo(server: URL, env: Environment): Promise<Way> {
  const named = findProxy(server, env);
  if (!named) return { fetch: globalThis.fetch };
  const { variable, proxy } = named;
  const { ProxyAgent, fetch } = await import("undici");
  const dispatcher = new ProxyAgent(proxy.href);
  return {
    fetch: (url, init) => fetch(url, { ...init, dispatcher }),
    proxy: { variable, origin: proxy.origin },
  };
}

/** The proxy for the server: the variable for its protocol takes precedence over ALL_PROXY, and lower case over upper. */
export function findProxy(
  server: URL,
  env: Environment,
): { readonly variable: string; readonly proxy: URL } | undefined {
  if (isLoopback(server.hostname)) return undefined;
  const own = server.protocol === "https:" ? "https_proxy" : "http_proxy";
  const variable = [own, own.toUpperCase(), "all_proxy", "ALL_PROXY"].find((name) => env[name]);
  if (variable === undefined || isExcluded(server, env["no_proxy"] || env["NO_PROXY"] || "")) return undefined;
  return { variable, proxy: readProxy(variable, env[variable] ?? "") };
}

function readProxy(variable: string, text: string): URL {
  const proxy = URL.parse(text.includes("://") ? text : `http://${text}`);
  if (proxy && /^https?:$/.test(proxy.protocol)) return proxy;
  // Not printed, as it may contain a password.
  const is = proxy?.protocol.startsWith("socks") ? "a SOCKS proxy" : "no address of a proxy";
  throw new UsageError(`${variable} is ${is}; only HTTP and HTTPS proxies work, such as http://proxy.example:3128.`, {
    next: [
      "Another proxy for this server: HTTPS_PROXY (HTTP_PROXY for http), which takes precedence over ALL_PROXY",
      "No proxy for it: its host in NO_PROXY",
    ],
  });
}

const defaultPorts: Readonly<Record<string, string>> = { "https:": "443", "http:": "80" };

/** Whether NO_PROXY has the server: `*`, a domain with its subdomains, an address or a range of them, each with or without a port. */
function isExcluded({ protocol, hostname, port }: URL, noProxy: string): boolean {
  const host = hostname.replace(/^\[|\]$|\.$/g, "");
  const ownPort = port || defaultPorts[protocol];
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean)
    .some((entry) => {
      // An IPv6 address has colons of its own, so with a port it is in brackets.
      const [, named = entry, onlyPort = ownPort] =
        /^\[([^\]]+)\](?::(\d+))?$/.exec(entry) ?? /^([^:]+):(\d+)$/.exec(entry) ?? [];
      return onlyPort === ownPort && isOf(host, named);
    });
}

function isOf(host: string, entry: string): boolean {
  if (entry === "*") return true;
  const [address = "", bits] = entry.split("/");
  if (isIP(address) === 0) {
    const domain = entry.replace(/^\*?\./, "").replace(/\.$/, "");
    return domain !== "" && ((host === domain && !entry.startsWith("*")) || host.endsWith(`.${domain}`));
  }
  const family = familyOf(address);
  const range = new BlockList();
  const longest = family === "ipv6" ? 128 : 32;
  const length = bits === undefined ? longest : Number(bits);
  if (!Number.isInteger(length) || length < 0 || length > longest) return false;
  range.addSubnet(address, length, family);
  return isIP(host) !== 0 && range.check(host, familyOf(host));
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 6 ? "ipv6" : "ipv4";
}
