/**
 * The data of one Cosmos DB account over HTTPS, as far as proofs and samples need it (learn.microsoft.com "Azure Cosmos DB REST API":
 * Get a Database, Get a Collection, Create a Document, Get a Document, Delete a Document; "Access control on Azure Cosmos DB
 * Resources"). Microsoft Entra's tokens come as `type=aad&ver=1.0&sig=<token>`. The account decides by roles of its own ("Data plane role-based access control": permission
 * model): `readMetadata` at the scope that is read, and actions on items. 403 with substatus 5301 names principal, action and resource.
 */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { checkCaller, type DataCaller, isInEffect } from "../dataRights.ts";
import { type ErrorEffect, type Exchange, type HttpReply, type HttpRequest, startHttpServer } from "../httpServer.ts";
import { readJson } from "../readJson.ts";
import type { Simulator, SimulatorContext } from "../simulator.ts";
import type { World } from "../world.ts";
import { namedPath, ridOf } from "./resourceIds.ts";

export const cosmosAudience = "https://cosmos.azure.com";

const provider = "Microsoft.DocumentDB/databaseAccounts";
const items = `${provider}/sqlDatabases/containers/items`;
const readActions = [`${provider}/readMetadata`, `${items}/read`];
/** By the GUID of the definition, the same in every account. */
const actionsOfRole: Readonly<Record<string, readonly string[]>> = {
  "00000000-0000-0000-0000-000000000001": readActions,
  "00000000-0000-0000-0000-000000000002": [...readActions, `${items}/create`, `${items}/upsert`, `${items}/delete`],
};

export interface CosmosSimulator extends Simulator {
  /** Of the account. */
  readonly id: string;
  /** Without a slash at its end, as a catalog has it. */
  readonly endpoint: string;
  /** By container (`/dbs/shop/colls/carts`) and ID. */
  readonly items: Map<string, Map<string, object>>;
}

const Item = z.looseObject({ id: z.string().min(1) });

export async function startCosmos(
  { world, faults, tls }: SimulatorContext,
  { id }: { readonly id: string },
): Promise<CosmosSimulator> {
  const stored = new Map<string, Map<string, object>>();
  const server = await startHttpServer({ tls, faults, open });
  const endpoint = `https://localhost:${server.port}`;
  const account = id.split("/").at(-1) ?? "";
  const places = [{ name: "Sandbox", databaseAccountEndpoint: `${endpoint}/` }];
  const described = {
    ...{ id: account, _dbs: "//dbs/", media: "//media/", enableMultipleWriteLocations: false },
    ...{ writableLocations: places, readableLocations: places },
    userConsistencyPolicy: { defaultConsistencyLevel: "Session" },
  };

  function open(request: HttpRequest): Exchange {
    const { method, url } = request;
    const target = [account, ...decodeURIComponent(url.pathname).split("/").filter(Boolean)].join("/");
    return { call: { wire: "cosmos", operation: method, target }, run: () => run(request), fail: scripted };
  }

  async function run({ method, url, headers, body }: HttpRequest): Promise<HttpReply> {
    // Clients ask for a token of the account itself, some of them without its port, or of the service.
    const audiences = [endpoint, "https://localhost", cosmosAudience];
    const check = await checkCaller(world, bearerOf(headers.authorization), audiences);
    if (check.outcome !== "caller") {
      const why = check.outcome === "anonymous" ? "Required Header authorization is missing." : check.why;
      return failed(401, "Unauthorized", why);
    }
    if (headers["x-ms-version"] === undefined) return failed(400, "BadRequest", "x-ms-version is required.");
    const path = namedPath(decodeURIComponent(url.pathname), scopesIn(world, id));
    const found = readPath(path);
    if (!found) return failed(404, "NotFound", "Resource Not Found.");
    const { scope, container, item } = found;
    const may = (action: string) => mayDo(world, check.caller, { account: id, action, scope });
    const refused = (action: string) => forbidden(account, check.caller, { action, scope });
    const isItems = url.pathname.replace(/\/$/, "").endsWith("/docs") || item !== undefined;
    if (!isItems) {
      if (method !== "GET") return notByToken(account, method, url.pathname);
      // Clients read it first. A role in a part of the account is enough (azure-cosmos-dotnet-v3 #3638).
      if (scope === "" && mayAnywhere(world, check.caller, id)) return { status: 200, body: described };
      if (!may(`${provider}/readMetadata`)) return refused(`${provider}/readMetadata`);
      if (!isThere(world, id, scope)) return failed(404, "NotFound", "Owner resource does not exist");
      if (found.isRanges) return listRanges(scope, headers["if-none-match"]);
      return {
        status: 200,
        body: {
          ...{ id: scope.split("/").at(-1), _self: scope, _rid: ridOf(scope) },
          ...(container === undefined ? {} : { partitionKey: { paths: ["/id"], kind: "Hash", version: 2 } }),
        },
      };
    }
    const inContainer = stored.get(container ?? "") ?? new Map<string, object>();
    if (method === "POST") {
      const isUpsert = headers["x-ms-documentdb-is-upsert"]?.toString().toLowerCase() === "true";
      const action = `${items}/${isUpsert ? "upsert" : "create"}`;
      if (!may(action)) return refused(action);
      if (!isThere(world, id, scope)) return failed(404, "NotFound", "Owner resource does not exist");
      const made = Item.safeParse(readJson(body)).data;
      if (!made)
        return failed(
          400,
          "BadRequest",
          "The input content is invalid because the required properties - 'id; ' - are missing",
        );
      const isKnown = inContainer.has(made.id);
      if (isKnown && !isUpsert) return failed(409, "Conflict", "Resource with specified id or name already exists.");
      stored.set(container ?? "", inContainer.set(made.id, made));
      return { status: isKnown ? 200 : 201, body: made };
    }
    const action = `${items}/${method === "DELETE" ? "delete" : "read"}`;
    if (!may(action)) return refused(action);
    const known = inContainer.get(item ?? "");
    if (!known) return failed(404, "NotFound", "Entity with the specified id does not exist in the system.");
    if (method === "GET") return { status: 200, body: known };
    if (method !== "DELETE") return failed(405, "MethodNotAllowed", `${method} of an item`);
    inContainer.delete(item ?? "");
    return { status: 204 };
  }

  return { ...server, id, endpoint, items: stored };
}

/** As a usual header, for what reads those. */
function bearerOf(authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined;
  const fields = new URLSearchParams(decodeURIComponent(authorization));
  return fields.get("type") === "aad" && fields.get("ver") === "1.0" ? `Bearer ${fields.get("sig")}` : "Bearer none";
}

interface Place {
  /** Below the account, as roles name it. */
  readonly scope: string;
  readonly container?: string;
  readonly item?: string;
  /** The ranges of partition keys of the container. */
  readonly isRanges: boolean;
}

function readPath(path: string): Place | undefined {
  const isRanges = path.endsWith("/pkranges");
  const [, database, container, item] = /^\/(?:dbs\/([^/]+)(?:\/colls\/([^/]+)(?:\/docs(?:\/([^/]+))?)?)?)?\/?$/.exec(
    path.replace(/\/pkranges$/, ""),
  ) ?? [path === "/" ? "" : undefined];
  if (path !== "/" && database === undefined) return undefined;
  const scope = [
    ...(database === undefined ? [] : [`/dbs/${database}`]),
    ...(container === undefined ? [] : [`/colls/${container}`]),
  ].join("");
  return {
    ...{ scope, isRanges },
    ...(container === undefined ? {} : { container: scope }),
    ...(item === undefined ? {} : { item }),
  };
}

/** One range holds everything. Clients ask again until nothing is new. */
function listRanges(scope: string, known: string | undefined): HttpReply {
  const etag = '"1"';
  if (known === etag) return { status: 304, headers: { etag } };
  const _rid = ridOf(scope);
  const range = { id: "0", _rid, minInclusive: "", maxExclusive: "FF", ridPrefix: 0, status: "online", parents: [] };
  return { status: 200, headers: { etag }, body: { _rid, PartitionKeyRanges: [range], _count: 1 } };
}

/** Of its databases and containers, as roles name them. */
function scopesIn({ targets }: World, account: string): readonly string[] {
  const prefix = `${account}/sqlDatabases/`.toLowerCase();
  return [...targets.values()]
    .filter(({ id }) => id.toLowerCase().startsWith(prefix))
    .map(({ id }) => id.slice(account.length).replace("/sqlDatabases/", "/dbs/").replace("/containers/", "/colls/"));
}

function isThere({ targets }: World, account: string, scope: string): boolean {
  const path = scope.replace("/dbs/", "/sqlDatabases/").replace("/colls/", "/containers/");
  return targets.has(`${account}${path}`.toLowerCase());
}

function mayAnywhere(world: World, { principalId }: DataCaller, account: string): boolean {
  return [...world.cosmosAssignments.values()].some(
    (each) =>
      each.account.toLowerCase() === account.toLowerCase() &&
      each.principalId === principalId &&
      isInEffect(world, each),
  );
}

function mayDo(
  world: World,
  { principalId }: DataCaller,
  { account, action, scope }: { readonly account: string; readonly action: string; readonly scope: string },
): boolean {
  return [...world.cosmosAssignments.values()].some(
    (each) =>
      each.account.toLowerCase() === account.toLowerCase() &&
      each.principalId === principalId &&
      actionsOfRole[each.roleId]?.includes(action) === true &&
      `${account}${scope}/`.toLowerCase().startsWith(`${each.scope}/`.toLowerCase()) &&
      isInEffect(world, each),
  );
}

function forbidden(account: string, { principalId }: DataCaller, { action, scope }: { action: string; scope: string }) {
  const message = `Request blocked by Auth ${account} : Request is blocked because principal [${principalId}] does not have required RBAC permissions to perform action [${action}] on resource [${scope || "/"}]. Learn more: https://aka.ms/cosmos-native-rbac.`;
  return failed(403, "Forbidden", message, 5301);
}

/** Databases and containers are made by ARM alone. */
function notByToken(account: string, method: string, path: string): HttpReply {
  const message = `Request blocked by Auth ${account} : The given request [${method} ${path}] cannot be authorized by AAD token in data plane. Learn more: https://aka.ms/cosmos-native-rbac.`;
  return failed(403, "Forbidden", message, 5300);
}

function failed(status: number, code: string, message: string, substatus?: number): HttpReply {
  const headers = substatus === undefined ? {} : { headers: { "x-ms-substatus": String(substatus) } };
  return { status, body: { code, message: `${message}\r\nActivityId: ${randomUUID()}` }, ...headers };
}

function scripted({ code, status, message = "scripted fault" }: ErrorEffect): HttpReply {
  return failed(status ?? (typeof code === "number" ? code : 500), String(code), message);
}
