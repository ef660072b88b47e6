/**
 * The key management API of the Functions host (azure-functions-host: KeysController.cs), for callers with the master key:
 * admin/host/functionkeys (or keys), admin/host/systemkeys/_master, admin/functions/{name}/keys. It lists keys by name only,
 * because it keeps only their hashes; the value is shown once, in the answer that creates the key.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import * as v from "valibot";
import type { KeptKeys, KeyScope } from "../keptKeys.ts";
import { readBody } from "./body.ts";
import { reply } from "./server.ts";

const keySchema = v.looseObject({ value: v.pipe(v.string(), v.nonEmpty()) });
const largestKey = 10_000;

interface Target {
  readonly scope: KeyScope;
  /** The key's name; undefined for all keys of the scope. */
  readonly name: string | undefined;
}

/** Returns whether the path is one of these, and so was answered. */
export async function answerKeys(
  request: IncomingMessage,
  response: ServerResponse,
  { url, kept, functions }: { url: URL; kept: KeptKeys; functions: ReadonlySet<string> },
): Promise<boolean> {
  const path = url.pathname.split("/").slice(1).map(decode);
  const isMasterKey = /^\/admin\/host\/systemkeys\/_master\/?$/i.test(url.pathname);
  const target = isMasterKey ? { scope: { function: undefined }, name: "_master" } : findTarget(path);
  if (target === undefined) return false;
  const { scope, name } = target;
  if (scope.function !== undefined && !functions.has(scope.function.toLowerCase())) {
    reply(response, 404);
    return true;
  }
  const send = (status: number, body: object) => {
    const links = [{ rel: "self", href: `${url.origin}${url.pathname}` }];
    response.writeHead(status, { "content-type": "application/json; charset=utf-8" });
    response.end(JSON.stringify({ ...body, links }));
  };
  switch (request.method) {
    case "GET":
      if (name === undefined) send(200, { keys: kept.names(scope).map((each) => ({ name: each, value: null })) });
      else if (isMasterKey || kept.names(scope).includes(name)) send(200, { name, value: null });
      else reply(response, 404);
      return true;
    case "POST":
    case "PUT": {
      if (name === undefined) break;
      const given = request.method === "PUT" ? await readValue(request) : undefined;
      if (request.method === "PUT" && given === undefined) reply(response, 400, "Invalid key value\n");
      else if (isMasterKey) send(200, { name, value: await kept.setMaster(given) });
      else if (!/^[A-Za-z][\w.-]{0,126}$/.test(name)) reply(response, 400, "Invalid key name.\n");
      else {
        const { isNew, value } = await kept.set(scope, name, given);
        send(isNew ? 201 : 200, { name, value });
      }
      return true;
    }
    case "DELETE":
      if (name === undefined) break;
      if (name.startsWith("_")) reply(response, 400, "Invalid key name.\n");
      else reply(response, (await kept.remove(scope, name)) ? 204 : 404);
      return true;
    default:
  }
  reply(response, 404);
  return true;
}

function findTarget([admin = "", kind = "", ...rest]: readonly string[]): Target | undefined {
  if (admin.toLowerCase() !== "admin") return undefined;
  const [first = "", second = "", third, ...more] = rest;
  if (kind.toLowerCase() === "host") {
    if (!/^(function)?keys$/i.test(first) || third !== undefined) return undefined;
    return { scope: { function: undefined }, name: second === "" ? undefined : second };
  }
  if (kind.toLowerCase() !== "functions" || second.toLowerCase() !== "keys" || more.length > 0) return undefined;
  return { scope: { function: first }, name: third === "" ? undefined : third };
}

async function readValue(request: IncomingMessage): Promise<string | undefined> {
  try {
    return v.parse(keySchema, JSON.parse((await readBody(request, largestKey)).toString("utf8"))).value;
  } catch (error) {
    if (error instanceof SyntaxError || v.isValiError(error)) return undefined;
    throw error;
  }
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
