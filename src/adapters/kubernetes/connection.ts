/**
 * One request to a cluster's API server. The client library is used only for configuration and TLS: its generated models drop
 * unknown fields, so that strict validation would never see them, and turn timestamps into Dates. Objects are sent and received
 * as plain JSON. Its own HTTP client is `fetch`, which takes three times the processor time of undici's `request` on the same
 * connections (bench/cost).
 */
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { defined } from "../../domain/defined.ts";
import { throttles } from "../../telemetry/metrics.ts";
import { fail, inSpan, SpanKind } from "../../telemetry/spans.ts";
import { within } from "../within.ts";
import { unreachable } from "./errors.ts";
import type { Logins } from "./login.ts";
import type { ClusterReply, ClusterRequest } from "./wire.ts";

type Library = typeof import("./library.ts");
type Dispatcher = ReturnType<InstanceType<Library["RequestContext"]>["getDispatcher"]>;

/** Throws only if there is no answer; the caller interprets the answer. */
export type Send = (cluster: ClusterTarget, request: ClusterRequest) => Promise<ClusterReply>;

export function createSend({ logins, timeoutMs }: { readonly logins: Logins; readonly timeoutMs: number }): Send {
  // Loading the library takes nearly half a second, so it waits for the first request.
  let loading: Promise<Library> | undefined;
  const dispatchers = new Map<string, Promise<Dispatcher>>();

  function load(): Promise<Library> {
    loading ??= import("./library.ts");
    return loading;
  }

  /** The library creates an agent, and thus a TLS handshake, for every request; this keeps one per cluster instead. */
  function dispatcherOf(library: Library, cluster: ClusterTarget): Promise<Dispatcher> {
    const key = `${cluster.apiServer}\n${cluster.certificateAuthority ?? ""}`;
    const made = dispatchers.get(key) ?? makeDispatcher(library, cluster);
    dispatchers.set(key, made);
    return made;
  }

  const send: Send = async (cluster, request) => {
    const library = await load();
    const token = await logins.token(cluster);
    const { method, path, query = {}, contentType = "application/json", accept = "application/json" } = request;

    const url = new URL(`${cluster.apiServer.replace(/\/+$/, "")}${path}`);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    const headers = { authorization: `Bearer ${token}`, accept, "user-agent": "mooring" };
    const content =
      request.body === undefined
        ? { headers }
        : { headers: { ...headers, "content-type": contentType }, body: JSON.stringify(request.body) };
    const dispatcher = await dispatcherOf(library, cluster);
    const connection = defined({ dispatcher });
    try {
      // Covers the body too: an API server that stops partway through an answer has not answered.
      return await within(timeoutMs, async (signal) => {
        const response = await library.request(url, { method, ...content, ...connection, signal });
        if (response.statusCode === 401) logins.refuse(cluster, token);
        return { status: response.statusCode, headers: response.headers, body: await response.body.text() };
      });
    } catch (error) {
      throw unreachable(cluster, request, { error, timeoutMs });
    }
  };

  return (cluster, request) => {
    const { method, path, query } = request;
    const template = templateOf(path);
    const attributes = {
      "http.request.method": method,
      "url.template": template,
      "server.address": new URL(cluster.apiServer).hostname,
      "mooring.cluster": cluster.alias,
      "mooring.dry_run": query?.["dryRun"] === undefined ? undefined : true,
    };
    return inSpan(`Kubernetes ${method} ${template}`, { kind: SpanKind.CLIENT, attributes }, async (span) => {
      const reply = await send(cluster, request);
      const { status } = reply;
      span.setAttribute("http.response.status_code", status);
      if (status === 429) throttles.add(1, { service: "kubernetes" });
      // Looking for a missing object is not a failure.
      if (status >= 400 && status !== 404) fail(span, String(status));
      return reply;
    });
  };
}

/** Undefined if the cluster has no certificate authority of its own: then the machine's trust store decides. */
async function makeDispatcher(
  library: Library,
  { alias, apiServer, certificateAuthority }: ClusterTarget,
): Promise<Dispatcher> {
  const config = new library.KubeConfig();
  const authority =
    certificateAuthority === undefined ? {} : { caData: Buffer.from(certificateAuthority).toString("base64") };
  const cluster = { name: alias, server: apiServer, skipTLSVerify: false, ...authority };
  config.loadFromClusterAndUser(cluster, { name: "mooring" });
  const context = new library.RequestContext(apiServer, library.HttpMethod.GET);
  await config.applySecurityAuthentication(context);
  return context.getDispatcher();
}

/** A request's path without names, so that spans of the same kind have the same name. */
function templateOf(path: string): string {
  const [, root, ...rest] = path.split("/");
  // /api/v1/… or /apis/<group>/<version>/…; anything else has no names in it.
  const prefix = root === "api" ? 1 : root === "apis" ? 2 : undefined;
  if (prefix === undefined) return path;
  const parts = rest.slice(prefix);
  const isNamespaced = parts[0] === "namespaces" && parts.length > 2;
  const scope = isNamespaced ? ["namespaces", "{namespace}"] : [];
  const [resource, name, ...sub] = isNamespaced ? parts.slice(2) : parts;
  const thing = [resource, name === undefined ? undefined : "{name}", ...sub].filter((part) => part !== undefined);
  return ["", root, ...rest.slice(0, prefix), ...scope, ...thing].join("/");
}
