/** Microsoft.Authorization/locks at any scope (learn.microsoft.com "Management Locks", "Lock your resources"). */
import { z } from "zod";
import type { ManagementLock, World } from "../world.ts";
import { failures } from "./failures.ts";
import { isWithin } from "./resourcePath.ts";
import { notFound, page, parseBody, type ResourceType } from "./resources.ts";

const type = "Microsoft.Authorization/locks";
const Body = z.object({ properties: z.object({ level: z.enum(["ReadOnly", "CanNotDelete"]) }) });

export function locks(world: World): ResourceType {
  const describe = ({ name, scope, level }: ManagementLock) => ({
    id: idOf({ name, scope }),
    name,
    type,
    properties: { level },
  });
  return {
    type,
    apiVersions: ["2016-09-01", "2020-05-01"],
    list(call) {
      const { scope = "" } = call.path;
      const filter = call.url.searchParams.get("$filter");
      if (filter !== null && !/^atScope\(\)$/i.test(filter))
        throw failures.badRequest(`The filter '${filter}' is not supported.`);
      const found = [...world.locks.values()].filter(
        (each) => isWithin(scope, each.scope) || (filter === null && isWithin(each.scope, scope)),
      );
      return page(call, found.map(describe));
    },
    GET({ path }) {
      const found = world.locks.get(path.names[0] ?? "");
      if (!found) throw notFound(path);
      return { status: 200, body: describe(found) };
    },
    PUT({ path, body }) {
      const { level } = parseBody(Body, body).properties;
      const [name = ""] = path.names;
      const made = { name, scope: path.scope ?? "", level };
      const status = world.locks.has(name) ? 200 : 201;
      world.locks.set(name, made);
      return { status, body: describe(made) };
    },
    DELETE: ({ path }) => ({ status: world.locks.delete(path.names[0] ?? "") ? 200 : 204 }),
  };
}

/** Locks apply to everything below; a read-only one lets nothing be written, and any lets nothing be deleted. */
export function expectUnlocked({ locks }: World, scope: string, does: "write" | "delete"): void {
  const lock = [...locks.values()].find(
    (each) => isWithin(scope, each.scope) && (each.level === "ReadOnly" || does === "delete"),
  );
  if (lock) throw failures.locked(does, scope, lock.scope);
}

function idOf({ name, scope }: Pick<ManagementLock, "name" | "scope">): string {
  return `${scope}/providers/${type}/${name}`;
}
