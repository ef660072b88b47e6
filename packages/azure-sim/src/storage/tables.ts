/** Tables and their entities (learn.microsoft.com "Query Tables", "Query Entities", "Insert Entity"), as JSON; all of a table, or one. */
import { z } from "zod";
import type { HttpReply } from "../httpServer.ts";
import { readJson } from "../readJson.ts";
import type { Asked } from "./asked.ts";
import type { Entity } from "./data.ts";
import { failures } from "./failures.ts";

const NewEntity = z.record(z.string(), z.unknown());

export function answerTables({ method, names, query, account, body, expectRight }: Asked): HttpReply {
  const [name = ""] = names;
  const most = Number(query.get("$top") ?? 1_000);
  if (name === "Tables") {
    if (method !== "GET") throw failures.unsupported(`${method} of an account`);
    expectRight("tables/read");
    return json(200, { value: [...account.tables.keys()].slice(0, most).map((TableName) => ({ TableName })) });
  }
  const [, table = "", keys] = /^(\w+)(?:\((.*)\))?$/.exec(name) ?? [];
  const entities = () => {
    const found = account.tables.get(table);
    if (!found) throw failures.noTable();
    return found;
  };
  switch (method) {
    case "GET":
      expectRight("entities/read");
      if (keys) return json(200, findOne(entities(), keys));
      return json(200, {
        value: entities()
          .filter(matches(query.get("$filter")))
          .slice(0, most),
      });
    case "POST": {
      expectRight("entities/write");
      const { data: entity } = NewEntity.safeParse(readJson(body));
      if (!entity) throw failures.invalidInput();
      entities().push(entity);
      return json(201, entity);
    }
    default:
      throw failures.unsupported(`${method} of a table`);
  }
}

/** `PartitionKey='a',RowKey='1'` */
function findOne(entities: readonly Entity[], keys: string): Entity {
  const [, partition, row] = /^PartitionKey='((?:[^']|'')*)',RowKey='((?:[^']|'')*)'$/.exec(keys) ?? [];
  if (partition === undefined || row === undefined) throw failures.invalidInput();
  const found = entities.find((each) => each["PartitionKey"] === unquote(partition) && each["RowKey"] === unquote(row));
  if (!found) throw failures.noEntity();
  return found;
}

function unquote(text: string): string {
  return text.replaceAll("''", "'");
}

/** Comparisons of properties with literals, joined by `and` ("Querying tables and entities"): `PartitionKey eq 'a' and Count eq 3`. */
function matches(filter: string | null): (entity: Entity) => boolean {
  if (filter === null || filter === "") return () => true;
  const wanted = filter.split(" and ").map((each) => {
    const [, name, text, other = ""] = /^\(?(\w+) eq (?:'((?:[^']|'')*)'|([\w.]+))\)?$/.exec(each.trim()) ?? [];
    if (name === undefined) throw failures.unsupported(`the filter ${filter}`);
    return [name, text === undefined ? JSON.parse(other) : unquote(text)] as const;
  });
  return (entity) => wanted.every(([name, value]) => entity[name] === value);
}

function json(status: number, body: object): HttpReply {
  return { status, headers: { "content-type": "application/json;odata=nometadata" }, body };
}
