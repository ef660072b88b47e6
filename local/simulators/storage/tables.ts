/** Tables and their entities (learn.microsoft.com "Query Tables", "Query Entities", "Insert Entity"), as JSON. */
import type { HttpReply } from "../httpServer.ts";
import type { Asked } from "./asked.ts";
import { failures } from "./failures.ts";

export function answerTables({ method, names, query, account, body, expectRight }: Asked): HttpReply {
  const [name = ""] = names;
  const most = Number(query.get("$top") ?? 1_000);
  if (name === "Tables") {
    if (method !== "GET") throw failures.unsupported(`${method} of an account`);
    expectRight("tables/read");
    return json(200, { value: [...account.tables.keys()].slice(0, most).map((TableName) => ({ TableName })) });
  }
  const entities = () => {
    const found = account.tables.get(name.replace(/\(\)$/, ""));
    if (!found) throw failures.noTable();
    return found;
  };
  switch (method) {
    case "GET":
      expectRight("entities/read");
      return json(200, { value: entities().slice(0, most) });
    case "POST": {
      expectRight("entities/write");
      const entity = JSON.parse(body) as Readonly<Record<string, unknown>>;
      entities().push(entity);
      return json(201, entity);
    }
    default:
      throw failures.unsupported(`${method} of a table`);
  }
}

function json(status: number, body: object): HttpReply {
  return { status, headers: { "content-type": "application/json;odata=nometadata" }, body };
}
