import { identityName } from "../../../src/domain/naming/names.ts";
import { printMark, readMark } from "../../../src/domain/naming/ownership.ts";
import { sidFromClientId } from "../../../src/domain/naming/sid.ts";
import { ownRoles } from "../../../src/domain/targets/databaseRoles.ts";
import type { RoleBundle } from "../../../src/domain/targets/roleBundles.ts";
import type { DatabaseUser } from "../../../src/ports/databases.ts";
import { asking, cloudWith, type Family, namespaceRef, only } from "../family.ts";

const names = ["messages", "orders"];
const user = identityName(namespaceRef);

/** Two databases of a server, with Mooring's own roles and, as releases before 0.2.0 had them, without. */
export const sqlDatabases: Readonly<Record<string, Family>> = {
  sqlDatabase: withRoles({
    all: ["mooring_executor", "mooring_reader", "mooring_writer"],
    less: ["mooring_reader"],
    made: ownRoles.map(({ name }) => name),
  }),
  "sqlDatabase with fixed roles": withRoles({
    all: ["EXECUTE", "db_datareader", "db_datawriter"],
    less: ["db_datareader"],
    made: [],
  }),
};

interface Roles {
  readonly all: readonly string[];
  readonly less: readonly string[];
  readonly made: readonly string[];
}

function withRoles({ made, ...expected }: Roles): Family {
  const ask = (rights: readonly string[], ...roles: readonly RoleBundle[]) => ({
    request: asking({ databases: names.map((database) => ({ server: "sql-dev", database, roles })) }),
    given: names.flatMap((database) => rights.map((right) => `${right} ${database} ours`)),
  });

  return {
    kind: "sqlDatabase",
    conflict: "SQL_USER_CONFLICT",
    stale: "USER_SID_STALE",
    all: ask(expected.all, "reader", "writer", "executor"),
    less: ask(expected.less, "reader"),
    begin() {
      const cloud = cloudWith();
      cloud.roles.push(...made);
      const usersIn = (database: string) => cloud.users.get(`sql-dev/${database}`) ?? new Map<string, DatabaseUser>();
      const edit = (change: (found: DatabaseUser) => DatabaseUser) => {
        const found = usersIn("messages").get(user);
        if (found) usersIn("messages").set(user, change(found));
      };
      const give = (database: string, name: string, sid: string, rights: readonly string[]) =>
        usersIn(database).set(name, {
          ...{ name, type: "E", sid, ownedSchemas: [], mark: undefined, createdTime: "2026-11-28T00:00:00.000Z" },
          roles: rights.filter((right) => right !== "EXECUTE"),
          permissions: rights.filter((right) => right === "EXECUTE"),
        });
      const without = (held: readonly string[]) => held.slice(1);
      return {
        cloud,
        given() {
          const own = [...cloud.identities.values()].map(({ clientId }) => sidFromClientId(clientId));
          return names.flatMap((database) =>
            [...usersIn(database).values()].flatMap(({ sid, roles, permissions }) =>
              [...permissions, ...roles.toSorted()].map(
                (right) => `${right} ${database} ${own.includes(sid) ? "ours" : sid}`,
              ),
            ),
          );
        },
        drifts: () => ({
          user: { found: ["USER_MISSING"], change: () => usersIn("messages").clear() },
          sid: {
            found: ["USER_SID_STALE"],
            change: () => edit((found) => ({ ...found, sid: `0x${"AB".repeat(16)}` })),
          },
          role: {
            found: ["GRANT_MISSING"],
            change: () => edit((found) => ({ ...found, roles: without(found.roles) })),
          },
          ...(made.length > 0
            ? {}
            : {
                permission: {
                  found: ["GRANT_MISSING"] as const,
                  change: () => edit((found) => ({ ...found, permissions: [] })),
                },
              }),
          mark: { found: ["MARK_MISSING"], change: () => edit((found) => ({ ...found, mark: undefined })) },
          "a role of somebody else's": {
            ...{ found: ["GRANT_ADDED"], isOthers: true },
            change: () => edit((found) => ({ ...found, roles: [...found.roles, "db_ddladmin"] })),
          },
          "a role of Mooring's too many": {
            found: ["GRANT_SURPLUS"],
            change: () =>
              edit((found) => {
                const mark = readMark(found.mark);
                if (!mark) throw new Error("no mark");
                const grants = { ...mark.grants, db_ddladmin: "earlier" };
                return { ...found, roles: [...found.roles, "db_ddladmin"], mark: printMark({ ...mark, grants }) };
              }),
          },
        }),
        lend({ clientId }) {
          for (const database of names) give(database, user, sidFromClientId(clientId), expected.all);
        },
        byHand({ tsql }) {
          for (const database of names) usersIn(database).clear();
          for (const script of tsql.split(/^-- (?=\w+ on )/m).slice(1)) {
            const [, database = "", name = "", sid = ""] =
              /^(\w+) on [\s\S]*CREATE USER \[([^\]]+)\] WITH SID = (\w+)/.exec(script) ?? [];
            const roles = [...script.matchAll(/ALTER ROLE \[(\w+)\] ADD MEMBER|GRANT (EXECUTE) TO/g)]
              .map(([, role, permission]) => role ?? permission ?? "")
              .filter((right) => (made.length > 0 ? made.includes(right) : !right.startsWith("mooring_")));
            give(database, name, sid, [...new Set(roles)]);
          }
          only(usersIn("messages").keys());
        },
      };
    },
  };
}
