/** entities/{name?}/{key?}: read, list, signal. */
import type { HttpAnswer, HttpCall } from "../../app.ts";
import { parseEntityId } from "../ids.ts";
import {
  empty,
  json,
  jsonText,
  message,
  query,
  queryCount,
  queryFlag,
  queryTime,
  readJsonText,
  readText,
} from "./answers.ts";
import { type Api, continuationHeader } from "./api.ts";
import { readValue, wholeSeconds } from "./statusView.ts";

export async function handleEntities(api: Api, call: HttpCall, path: readonly string[]): Promise<HttpAnswer> {
  const [, name, segment] = path;
  if (name === undefined || segment === undefined)
    return call.method === "GET" ? listEntities(api, call, name) : empty(404);
  // A path cannot contain an empty key.
  const key = segment === "$" ? "" : segment;
  switch (call.method) {
    case "GET": {
      const state = api.management.entityState(name, key);
      return state === undefined ? empty(404) : jsonText(200, state);
    }
    case "POST": {
      const isJson = /^application\/json\b/i.test(call.headers["content-type"] ?? "");
      const text = readText(call);
      const body = isJson ? readJsonText(call) : { json: text === "" ? null : JSON.stringify(text) };
      if ("invalid" in body) return message(400, `Could not parse JSON content: ${body.invalid}`);
      await api.management.signalEntity(name, key, query(call, "op") ?? "", body.json);
      return empty(202);
    }
    case "DELETE":
      await api.management.signalEntity(name, key, "delete", null);
      return empty(202);
    default:
      return empty(404);
  }
}

function listEntities({ engine }: Api, call: HttpCall, name: string | undefined): HttpAnswer {
  const fetchState = queryFlag(call, "fetchState", false);
  const updatedFrom = queryTime(call, "lastOperationTimeFrom");
  const updatedTo = queryTime(call, "lastOperationTimeTo");
  const { items, next } = engine.queries.entities(
    {
      ...(name === undefined || name === "" ? {} : { name: name.toLowerCase() }),
      ...(updatedFrom === undefined ? {} : { updatedFrom }),
      ...(updatedTo === undefined ? {} : { updatedTo }),
    },
    queryCount(call, "top") ?? 100,
    call.headers[continuationHeader],
  );
  return json(
    200,
    items.map(({ id, updated, state }) => ({
      entityId: parseEntityId(id),
      lastOperationTime: wholeSeconds(updated),
      state: fetchState ? readValue(state) : null,
    })),
    next === undefined ? {} : { [continuationHeader]: next },
  );
}
