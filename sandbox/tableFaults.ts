/**
 * A proxy between the service and its tables that makes calls fail as the simulators do, since Azurite has no faults of its
 * own. All other calls pass unchanged.
 */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Agent, createServer, request as send } from "node:https";
import type { Socket } from "node:net";
import type { Call, Effect, Faults } from "../packages/azure-sim/src/faults.ts";
import type { TableService } from "../packages/azure-sim/src/tables/azurite.ts";
import type { Certificate } from "../packages/azure-sim/src/tls.ts";

export async function startTableFaults(
  tables: TableService,
  { faults, tls }: { faults: Faults; tls: Certificate },
): Promise<TableService> {
  const { origin, pathname } = new URL(tables.endpoint);
  const agent = new Agent({ keepAlive: true, ca: tls.certificate });
  const describe = createDescription(pathname);
  const server = createServer({ cert: tls.certificate, key: tls.privateKey }, (incoming, response) => {
    answer(incoming, response).catch(() => response.destroy());
  });
  const sockets = new Set<Socket>();
  server.on("secureConnection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.keepAliveTimeout = 65_000;

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readAll(incoming);
    const effect = await faults.meet(describe(incoming, body));
    if (effect?.kind === "error") return refuse(response, effect);
    if (effect?.kind === "hang") return;
    if (effect?.kind === "cutBefore") {
      response.destroy();
      return;
    }
    const { status, headers, text } = await forward(incoming, body);
    if (effect?.kind === "cutAfter") response.destroy();
    else if (effect?.kind === "garbage") {
      response.writeHead(status, { "content-type": "application/json" }).end('{"value": [{');
    } else response.writeHead(status, headers).end(text);
  }

  async function forward({ method, url, headers }: IncomingMessage, body: Buffer) {
    const outgoing = send(new URL(url ?? "/", origin), { method, headers, agent });
    outgoing.end(body);
    const [response]: IncomingMessage[] = await once(outgoing, "response");
    if (!response) throw new Error("the tables gave no response");
    // The whole body is here now, so it is no longer chunked.
    const { "transfer-encoding": _chunked, ...kept } = response.headers;
    const text = await readAll(response);
    return { status: response.statusCode ?? 500, headers: kept, text };
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the listener has no port");
  return {
    endpoint: `https://127.0.0.1:${address.port}${pathname}`,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      agent.destroy();
    },
  };
}

/**
 * `INSERT MooringSteps`, `LIST MooringNamespaces`, … with namespace, partition and row as the target. A step's row names only
 * its operation; which namespace that belongs to is learned from earlier calls.
 */
function createDescription(account: string): (request: IncomingMessage, body: Buffer) => Call {
  const owners = new Map<string, string>();
  return ({ method = "", url = "" }, body) => {
    const [path = "", query = ""] = decodeURIComponent(url.slice(account.length + 1)).split("?");
    const [, table = "", keys = ""] = /^([$\w]+)(?:\((.*)\))?/.exec(path) ?? [];
    const text = body.toString();
    const named = [...text.matchAll(/"namespace":"([^"]+)"/g)].map(([, name]) => name ?? "");
    const [namespace] = named;
    const owned = /"(?:operation|RowKey)":"([0-9a-f]{14}-[0-9a-f]{16})"/.exec(text)?.[1];
    if (owned && namespace !== undefined && table !== "$batch") owners.set(owned, namespace);
    const row = keys || (/^\{/.test(text) ? rowOf(text) : query);
    const ids = [...row.matchAll(/[0-9a-f]{14}-[0-9a-f]{16}/g)].flatMap(([id]) => owners.get(id) ?? []);
    const verb = table === "$batch" ? "BATCH" : verbOf(method, keys !== "");
    const target = [...new Set([...named, ...ids]), row.replaceAll(/PartitionKey=|RowKey=|'/g, "").replace(",", "/")];
    return {
      wire: "tables",
      operation: `${verb} ${table === "$batch" ? "MooringAudit" : table}`,
      target: target.join("/"),
    };
  };
}

function verbOf(method: string, isOne: boolean): string {
  if (method === "POST") return "INSERT";
  return method === "GET" && !isOne ? "LIST" : method;
}

function rowOf(text: string): string {
  const { PartitionKey = "", RowKey = "" } = JSON.parse(text);
  return `${PartitionKey}/${RowKey}`;
}

function refuse(response: ServerResponse, effect: Extract<Effect, { kind: "error" }>): void {
  const { code, status = 500, message = "Scripted fault.", retryAfterSeconds } = effect;
  response
    .writeHead(status, {
      "content-type": "application/json;odata=minimalmetadata",
      ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }),
    })
    .end(JSON.stringify({ "odata.error": { code: String(code), message: { lang: "en-US", value: message } } }));
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
