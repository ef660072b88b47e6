/**
 * One request to a cluster's API server, by undici, which @kubernetes/client-node sends by, too (docs/adr/0018). Objects travel as
 * the JSON they are: the library's generated models drop fields that they do not know, so that strict validation would never see
 * those, and turn timestamps into Dates.
 */
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { isAuthenticationFailure } from "../../domain/errors.ts";
import { throttles } from "../../telemetry/metrics.ts";
import { fail, inSpan, SpanKind } from "../../telemetry/spans.ts";
import { about, type Credential } from "../credential.ts";
import { unreachable } from "./errors.ts";
import { templateOf } from "./pathTemplate.ts";
import type { ClusterReply, ClusterRequest } from "./wire.ts";

type Http = typeof import("undici");
type Agent = InstanceType<Http["Agent"]>;

/** Throws only when there is no answer; what the answer means is for the caller. */
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
  // Loaded with the first request: until then the service may have been at rest for days.
  let loading: Promise<Http> | undefined;
  const agents = new Map<string, Agent>();

  function load(): Promise<Http> {
    loading ??= import("undici");
    return loading;
  }

  /** One for each cluster: its connections are kept for the next request. */
  function agentOf({ Agent }: Http, { apiServer, certificateAuthority }: ClusterTarget): Agent {
    const key = `${apiServer}\n${certificateAuthority ?? ""}`;
    const known = agents.get(key);
    if (known) return known;
    // Without an authority of the cluster's own the machine's trust store decides.
    const connect = certificateAuthority === undefined ? {} : { ca: certificateAuthority };
    const agent = new Agent({ connect, keepAliveTimeout: keepAliveMs });
    agents.set(key, agent);
    return agent;
  }

  async function getToken({ alias }: ClusterTarget): Promise<string> {
    try {
      const token = await credential.getToken(scope);
      if (token !== null) return token.token;
    } catch (error) {
      throw isAuthenticationFailure(error) ? about(error, `Cluster "${alias}"`) : error;
    }
    throw new Error(`The credential gave no token for ${scope}.`);
  }

  const send: Send = async (cluster, request) => {
    const http = await load();
    const token = await getToken(cluster);

    const url = new URL(`${cluster.apiServer.replace(/\/+$/, "")}${request.path}`);
    for (const [name, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    const { method, body, contentType = "application/json" } = request;
    const headers = { authorization: `Bearer ${token}`, accept: "application/json", "user-agent": "mooring" };
    try {
      const reply = await http.request(url, {
        dispatcher: agentOf(http, cluster),
        method,
        ...(body === undefined
          ? { headers }
          : { headers: { ...headers, "content-type": contentType }, body: JSON.stringify(body) }),
        // Covers the body too: an API server that stops in the middle of an answer has not answered.
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (reply.statusCode === 401) credential.refuse?.(token);
      return { status: reply.statusCode, headers: asTexts(reply.headers), body: await reply.body.text() };
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
      // Looking at what is not there is no failure.
      if (status >= 400 && status !== 404) fail(span, String(status));
      return reply;
    });
  };
}

/** Shorter than what API servers, and what balances the load before them, keep an idle connection. */
const keepAliveMs = 30_000;

function asTexts(headers: Readonly<Record<string, string | string[] | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value ?? []].flat().join(", ")]));
}
