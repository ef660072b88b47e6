/** The HTTPS listener: reads requests, applies scripted faults, writes answers. */

import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Call, Faults } from "azure-sim/faults";
import { isObject, type Json, stringAt } from "azure-sim/json";
import type { Certificate } from "azure-sim/tls";
import type { Answer, Reply } from "./answer.ts";
import { kubernetesVersion } from "./builtIn/kinds.ts";
import { jsonOrNull } from "./decodeText.ts";
import { ApiFailure, methodNotAllowed, scripted } from "./failures.ts";
import { goYaml } from "./goYaml.ts";
import { answerHealth } from "./health.ts";
import { wantsProtobuf, wantsYaml } from "./negotiation.ts";
import { encodeBody, inJson } from "./protobuf/messages.ts";
import type { ApiRequest } from "./request.ts";
import { parseResourcePath } from "./requestPath.ts";
import type { User } from "./users.ts";

interface Environment {
  readonly cluster: string;
  readonly tls: Certificate;
  readonly faults: Faults;
  readonly adminToken: string;
  /** Carries a request out; the listener writes the answer, or what a fault makes of it. */
  readonly settle: (request: ApiRequest) => Promise<Answer>;
  /** For clients that want another protocol; without it, they get an answer as all others do. */
  readonly upgrade?: (incoming: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

const healthPath = /^\/(healthz|livez|readyz)$/;

/** Open to everyone (the ClusterRole system:public-info-viewer), as health is. */
const publicPaths: Readonly<Record<string, Json>> = {
  "/version": {
    ...versionNumbers(kubernetesVersion),
    gitCommit: "0000000000000000000000000000000000000000",
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: "go1.26",
    compiler: "gc",
    platform: "linux/amd64",
  },
};

function versionNumbers(gitVersion: string): Record<string, string> {
  const [, major = "", minor = ""] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  const least = String(Number(minor) - 1);
  return {
    ...{ major, minor, emulationMajor: major, emulationMinor: minor },
    ...{ minCompatibilityMajor: major, minCompatibilityMinor: least, gitVersion },
  };
}

export interface Listener {
  /** 0 takes any free port; it says which. */
  listen(port: number): Promise<number>;
  /** Closes every connection, too. */
  close(): Promise<void>;
}

export function createListener(environment: Environment): Listener {
  const { cluster, tls, faults, adminToken, settle, upgrade } = environment;

  const server = createServer({ cert: tls.certificate, key: tls.privateKey }, (incoming, response) => {
    // A client that disconnects during a request is not an error.
    handle(incoming, response).catch(() => response.destroy());
  });
  if (upgrade) {
    server.on("upgrade", (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
      const call = callOf(cluster, { method: incoming.method ?? "GET", url: readUrl(incoming.url ?? "/"), body: "" });
      void faults.meet(call).then((effect) => (effect ? socket.destroy() : upgrade(incoming, socket, head)));
    });
  }
  // Not closeAllConnections: it does not know connections whose TLS handshake is still going on.
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return {
    async listen(port) {
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
      const address = server.address();
      if (address === null || typeof address === "string")
        throw new Error("The API server's listener has no TCP port.");
      return address.port;
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };

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
        // What is only passed on would arrive before the cut.
        if ("stream" in result) (result.discard ?? (() => result.stream(response)))();
        return void setImmediate(() => response.destroy());
      }
      case "cutLate": {
        response.destroy();
        await sleep(effect.ms, undefined, { ref: false });
        const result = await settle(request);
        if ("stream" in result) result.discard?.();
        return;
      }
      case "garbage": {
        const result = await settle(request);
        if ("stream" in result) result.discard?.();
        return write(response, { code: 200, body: undefined });
      }
    }
  }
}

/** How the simulated API server carries a request out. */
export function createSettle({
  authenticate,
  answer,
}: {
  readonly authenticate: (request: ApiRequest) => Promise<User>;
  readonly answer: (request: ApiRequest, user: User) => Promise<Answer>;
}): (request: ApiRequest) => Promise<Answer> {
  return async (request) => {
    try {
      const user = await authenticate(request);
      const health = healthPath.test(request.url.pathname) ? answerHealth(request) : undefined;
      if (health !== undefined) return health;
      const open = publicPaths[request.url.pathname.replace(/\/$/, "")];
      if (open !== undefined && request.method !== "GET" && isObject(open)) throw methodNotAllowed();
      if (open !== undefined) return { code: 200, body: open };
      const answered = await answer(inJson(request), user);
      return "stream" in answered ? answered : inAccepted(request.headers["accept"], answered);
    } catch (error) {
      if (error instanceof ApiFailure) return inAccepted(request.headers["accept"], failed(error));
      if (error instanceof URIError) return failed(new ApiFailure(400, "BadRequest", "the path is not well encoded"));
      // A bug in this simulator: report it as the API server would.
      return failed(new ApiFailure(500, "InternalError", error instanceof Error ? String(error.stack) : String(error)));
    }
  };
}

async function readRequest(incoming: IncomingMessage): Promise<ApiRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const headers = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]);
  const bytes = Buffer.concat(chunks);
  return {
    method: incoming.method ?? "GET",
    url: readUrl(incoming.url ?? "/"),
    headers: Object.fromEntries(headers),
    rawHeaders: incoming.rawHeaders,
    body: bytes.toString("utf8"),
    bytes,
  };
}

/** As Go reads a query: without parameters that are badly encoded. */
function readUrl(text: string): URL {
  const url = new URL(text, "https://cluster");
  const isWell = (parameter: string) => !/;|%(?![0-9a-f]{2})/i.test(parameter);
  const kept = url.search.slice(1).split("&").filter(isWell).join("&");
  if (kept !== url.search.slice(1)) url.search = kept;
  return url;
}

function failed({ code, body, headers, warnings }: ApiFailure): Reply {
  const own = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
  return { code, body, headers: warnings.length === 0 ? own : { ...own, warning: warnings } };
}

function inAccepted(accept: string | undefined, reply: Reply): Reply {
  const isFailure = reply.code >= 400;
  if (wantsYaml(accept, { isFailure })) return inYaml(reply);
  const bytes = wantsProtobuf(accept, { isFailure }) && isObject(reply.body) ? encodeBody(reply.body) : undefined;
  return bytes === undefined ? reply : { ...reply, bytes, contentType: "application/vnd.kubernetes.protobuf" };
}

/** Text stays text. */
function inYaml(reply: Reply): Reply {
  if (typeof reply.body === "string") return reply;
  return { ...reply, body: goYaml(reply.body), contentType: "application/yaml" };
}

function send(response: ServerResponse, answer: Answer) {
  if ("stream" in answer) answer.stream(response);
  else write(response, answer);
}

/** Without a body, it writes garbage: truncated JSON. */
function write(
  response: ServerResponse,
  { code, body, bytes, headers = {}, contentType }: Omit<Reply, "body"> & { body: Json | undefined },
) {
  const isText = typeof body === "string";
  const text = isText ? body : body === undefined ? '{"kind":"' : JSON.stringify(body);
  response.writeHead(code, {
    ...headers,
    "content-type": contentType ?? (isText ? "text/plain; charset=utf-8" : "application/json"),
  });
  response.end(bytes ?? text);
}

/**
 * `PATCH serviceaccounts` on `aks-dev/orders/default`; `GET /version` on `aks-dev`. A dry run has a prefix, so that a
 * fault scripted for a write does not hit the dry run before it: `DRY-RUN PATCH serviceaccounts`.
 */
function callOf(cluster: string, { method, url, body }: Pick<ApiRequest, "method" | "url" | "body">): Call {
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
  const options = body.includes('"DeleteOptions"') ? jsonOrNull(body) : null;
  return isObject(options) && Array.isArray(options["dryRun"]);
}

function nameIn(body: string): string | undefined {
  return stringAt(jsonOrNull(body), "metadata", "name");
}
