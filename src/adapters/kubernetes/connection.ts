/**
 * One request to a cluster's API server. The client library is used only for configuration, TLS and HTTP: its generated models
 * drop unknown fields, so that strict validation would never see them, and turn timestamps into Dates. Objects are sent and
 * received as plain JSON.
 */
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { isAuthenticationFailure } from "../../domain/errors.ts";
import { throttles } from "../../telemetry/metrics.ts";
import { fail, inSpan, SpanKind } from "../../telemetry/spans.ts";
import { about, type Credential } from "../credential.ts";
import { unreachable } from "./errors.ts";
import { templateOf } from "./pathTemplate.ts";
import type { ClusterReply, ClusterRequest } from "./wire.ts";

type Sdk = typeof import("@kubernetes/client-node");
type Dispatcher = ReturnType<InstanceType<Sdk["RequestContext"]>["getDispatcher"]>;

/** Throws only if there is no answer; the caller interprets the answer. */
export type Send = (cluster: ClusterTarget, request: ClusterRequest) => Promise<ClusterReply>;

export function createSend({
  credential,
  scope,
  timeoutMs,
}: {
  readonly credential: Credential;
  readonly scope: string;
  readonly timeoutMs: number;
}): Send {
  // Loading the library takes nearly half a second, so it waits for the first request.
  let loading: Promise<Sdk> | undefined;
  const dispatchers = new Map<string, Promise<Dispatcher>>();

  function load(): Promise<Sdk> {
    loading ??= import("@kubernetes/client-node");
    return loading;
  }

  /** The library creates an agent, and thus a TLS handshake, for every request; this keeps one per cluster instead. */
  function dispatcherOf(sdk: Sdk, cluster: ClusterTarget): Promise<Dispatcher> {
    const key = `${cluster.apiServer}\n${cluster.certificateAuthority ?? ""}`;
    const made = dispatchers.get(key) ?? makeDispatcher(sdk, cluster);
    dispatchers.set(key, made);
    return made;
  }

  async function getToken({ alias }: ClusterTarget): Promise<string> {
    try {
      const token = await credential.getToken(scope);
      if (token !== null) return token.token;
    } catch (error) {
      throw isAuthenticationFailure(error) ? about(error, `Cluster "${alias}"`) : error;
    }
    throw new Error(`The credential returned no token for ${scope}.`);
  }

  const send: Send = async (cluster, request) => {
    const sdk = await load();
    const token = await getToken(cluster);

    const url = new URL(`${cluster.apiServer.replace(/\/+$/, "")}${request.path}`);
    for (const [name, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    const context = new sdk.RequestContext(url.href, sdk.HttpMethod[request.method]);
    context.setHeaderParam("Authorization", `Bearer ${token}`);
    context.setHeaderParam("Accept", "application/json");
    context.setHeaderParam("User-Agent", "mooring");
    if (request.body !== undefined) {
      context.setHeaderParam("Content-Type", request.contentType ?? "application/json");
      context.setBody(JSON.stringify(request.body));
    }
    const dispatcher = await dispatcherOf(sdk, cluster);
    if (dispatcher !== undefined) context.setDispatcher(dispatcher);
    // Covers the body too: an API server that stops partway through an answer has not answered.
    context.setSignal(AbortSignal.timeout(timeoutMs));
    try {
      const response = await new sdk.IsomorphicFetchHttpLibrary().send(context).toPromise();
      if (response.httpStatusCode === 401) credential.refuse?.(token);
      return { status: response.httpStatusCode, headers: response.headers, body: await response.body.text() };
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
  sdk: Sdk,
  { alias, apiServer, certificateAuthority }: ClusterTarget,
): Promise<Dispatcher> {
  const config = new sdk.KubeConfig();
  const authority =
    certificateAuthority === undefined ? {} : { caData: Buffer.from(certificateAuthority).toString("base64") };
  const cluster = { name: alias, server: apiServer, skipTLSVerify: false, ...authority };
  config.loadFromClusterAndUser(cluster, { name: "mooring" });
  const context = new sdk.RequestContext(apiServer, sdk.HttpMethod.GET);
  await config.applySecurityAuthentication(context);
  return context.getDispatcher();
}
