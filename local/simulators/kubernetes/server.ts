/** The HTTPS listener: reads requests, applies scripted faults, writes answers. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { Call, Faults } from "../faults.ts";
import type { Certificate } from "../tls.ts";
import type { Answer, ApiRequest, Reply } from "./api.ts";
import type { User } from "./authentication.ts";
import { ApiFailure, scripted } from "./failures.ts";
import { isObject, type Json, stringAt } from "./json.ts";
import { inJson } from "./protobuf/inJson.ts";
import { parseResourcePath } from "./requestPath.ts";

interface Environment {
  readonly cluster: string;
  readonly tls: Certificate;
  readonly faults: Faults;
  readonly adminToken: string;
  readonly authenticate: (authorization: string | undefined) => Promise<User>;
  readonly answer: (request: ApiRequest, user: User) => Promise<Answer>;
}

/** Open to everyone (the ClusterRole system:public-info-viewer). */
const publicPaths: Readonly<Record<string, Json>> = {
  "/readyz": "ok",
  "/livez": "ok",
  "/healthz": "ok",
  "/version": {
    major: "1",
    minor: "32",
    gitVersion: "v1.32.3",
    gitCommit: "0000000000000000000000000000000000000000",
    gitTreeState: "clean",
    buildDate: "2025-03-11T00:00:00Z",
    goVersion: "go1.23.6",
    compiler: "gc",
    platform: "linux/amd64",
  },
};

export function createListener(environment: Environment): Server {
  const { cluster, tls, faults, adminToken, authenticate, answer } = environment;

  return createServer({ cert: tls.certificate, key: tls.privateKey }, (incoming, response) => {
    // A client that disconnects during a request is not an error.
    handle(incoming, response).catch(() => response.destroy());
  });

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(incoming);
    // Faults do not hit the sandbox's own components, and the journal does not list their calls.
    const isOwn = request.headers["authorization"] === `Bearer ${adminToken}`;
    const effect = isOwn ? undefined : await faults.meet(callOf(cluster, request));
    switch (effect?.kind) {
      case "error":
        return write(response, failed(scripted(effect)));
      case "cutBefore":
        return void response.destroy();
      case "hang":
        return;
      case undefined:
        return send(response, await settle(request));
      case "cutAfter": {
        const result = await settle(request);
        if ("stream" in result) result.stream(response);
        return void setImmediate(() => response.destroy());
      }
      case "garbage":
        await settle(request);
        return write(response, { code: 200, body: undefined });
    }
  }

  async function settle(request: ApiRequest): Promise<Answer> {
    try {
      const open = request.method === "GET" ? publicPaths[request.url.pathname.replace(/\/$/, "")] : undefined;
      if (open !== undefined) return { code: 200, body: open };
      return await answer(request, await authenticate(request.headers["authorization"]));
    } catch (error) {
      if (error instanceof ApiFailure) return failed(error);
      if (error instanceof URIError) return failed(new ApiFailure(400, "BadRequest", "the path is not well encoded"));
      // A bug in this simulator: report it as the API server would.
      return failed(new ApiFailure(500, "InternalError", error instanceof Error ? String(error.stack) : String(error)));
    }
  }
}

async function readRequest(incoming: IncomingMessage): Promise<ApiRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const headers = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]);
  return inJson(
    {
      method: incoming.method ?? "GET",
      url: new URL(incoming.url ?? "/", "https://cluster"),
      headers: Object.fromEntries(headers),
    },
    Buffer.concat(chunks),
  );
}

function failed({ code, body, headers }: ApiFailure): Reply {
  return { code, body, headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])) };
}

function send(response: ServerResponse, answer: Answer) {
  if ("stream" in answer) answer.stream(response);
  else write(response, answer);
}

/** Without a body, it writes garbage: truncated JSON. */
function write(
  response: ServerResponse,
  { code, body, headers = {} }: { code: number; body: Json | undefined; headers?: Readonly<Record<string, string[]>> },
) {
  const isText = typeof body === "string";
  const text = isText ? body : body === undefined ? '{"kind":"' : JSON.stringify(body);
  response.writeHead(code, { ...headers, "content-type": isText ? "text/plain; charset=utf-8" : "application/json" });
  response.end(text);
}

/**
 * `PATCH serviceaccounts` on `aks-dev/orders/default`; `GET /version` on `aks-dev`. A dry run has a prefix, so that a
 * fault scripted for a write does not hit the dry run before it: `DRY-RUN PATCH serviceaccounts`.
 */
function callOf(cluster: string, { method, url, body }: ApiRequest): Call {
  const path = /%(?![0-9a-f]{2})/i.test(url.pathname) ? undefined : parseResourcePath(url.pathname);
  if (path === undefined) return { wire: "kubernetes", operation: `${method} ${url.pathname}`, target: cluster };
  const { plural, namespace, subresource } = path;
  const name = path.name ?? (method === "POST" ? nameIn(body) : undefined);
  return {
    wire: "kubernetes",
    operation: `${isDryRun(url, body) ? "DRY-RUN " : ""}${method} ${subresource === undefined ? plural : `${plural}/${subresource}`}`,
    target: [cluster, namespace, name].filter((part) => part !== undefined).join("/"),
  };
}

function isDryRun(url: URL, body: string): boolean {
  if (url.searchParams.has("dryRun")) return true;
  const options = body.includes('"DeleteOptions"') ? parse(body) : null;
  return isObject(options) && Array.isArray(options["dryRun"]);
}

function nameIn(body: string): string | undefined {
  return stringAt(parse(body), "metadata", "name");
}

function parse(body: string): Json {
  try {
    return JSON.parse(body);
  } catch {
    // This is only for the journal; the answer reports what is wrong with the body.
    return null;
  }
}
