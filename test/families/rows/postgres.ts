import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { postgresRoleName } from "../../../src/domain/naming/names.ts";
import { type PostgresWord, rightsOf } from "../../../src/domain/targets/postgres.ts";
import {
  addRight,
  admins,
  createPostgresModel,
  createServer,
  makeItem,
  type PostgresServer,
  removeRights,
  renameRole,
} from "../../proof/support/postgres.ts";
import { catalog as usual } from "../../support/fakeCloud.ts";
import { everyEntry } from "../../support/targetEntries.ts";
import { asking, cloudWith, type Family, namespaceRef, whoseIn } from "../family.ts";

const database = "books";
const role = postgresRoleName(namespaceRef);

/** A schema, and two of one server, which share a role. */
export const postgres: Readonly<Record<string, Family>> = {
  postgresql: schemas("public"),
  "two schemas of postgresql": schemas("public", "ledger"),
};

function schemas(...names: readonly string[]): Family {
  const written = names.map((schema) => [schema, { ...everyEntry["postgresql"], schema }]);
  const { targets } = Catalog.parse({ ...usual, targets: Object.fromEntries(written) });
  const ask = (...access: readonly PostgresWord[]) => ({
    request: asking({ targets: names.map((target) => ({ target, access })) }),
    given: expected(access),
  });
  function expected(access: readonly PostgresWord[]) {
    const server = createServer({});
    for (const schema of names) giveAll(server, schema, access);
    return describe(server, () => "ours");
  }

  return {
    kind: "namedTarget",
    conflict: "POSTGRES_ROLE_CONFLICT",
    stale: "GRANT_STALE",
    all: ask("write"),
    less: ask("read"),
    begin() {
      const cloud = cloudWith(targets);
      const server = createServer({ [database]: names });
      for (const schema of names)
        makeItem(server, { database, schema, name: "entries", kind: "TABLES", owner: admins });
      const { read, write } = cloud.calls;
      const isRead = /^(inspect|read|count) /;
      let made = 0;
      Object.assign(cloud.ports, {
        postgres: createPostgresModel(
          server,
          (_wire, what, effect) => (isRead.test(what) ? read(what, effect) : write(what, effect)),
          {
            isInTenant: () => true,
            newId() {
              made += 1;
              return `${made}`;
            },
          },
        ),
      });
      const edit = (changes: object) => {
        const found = server.roles.get(role);
        if (found) server.roles.set(role, { ...found, ...changes });
      };
      const [schema = ""] = names;
      return {
        cloud,
        given() {
          const whose = whoseIn(cloud);
          return describe(server, (name) => whose(server.roles.get(name)?.principalId ?? name));
        },
        drifts: () => ({
          right: {
            ...{ found: ["GRANT_MISSING"], writes: 2 },
            change: () => removeRights(server, (each) => each.right === "INSERT ON TABLES" && each.schema === schema),
          },
          schema: {
            ...{ found: ["GRANT_MISSING"], writes: 2 },
            change: () => removeRights(server, (each) => each.right === "USAGE" && each.schema === schema),
          },
          "what an owner makes later": {
            ...{ found: ["GRANT_MISSING"], writes: 2 },
            change: () => removeRights(server, (each) => each.madeBy !== undefined && each.schema === schema),
          },
          "a right of somebody else's": {
            ...{ found: ["GRANT_ADDED"], isOthers: true },
            change: () => addRight(server, { role, database, schema, right: "TRUNCATE ON TABLES", item: "entries" }),
          },
          mark: { found: ["MARK_MISSING"], change: () => edit({ comment: "tidied up" }) },
          name: {
            found: [...names.map(() => "GRANT_MISSING" as const), ...names.map(() => "ROLE_RENAMED" as const)],
            writes: 4 + 4 * names.length,
            change: () => renameRole(server, role, "theirs"),
          },
        }),
        lend({ principalId }) {
          server.roles.set(role, { id: "theirs", principalId, canLogIn: true, isActedFor: true });
          for (const each of names) giveAll(server, each, ["write"]);
        },
        byHand: undefined,
      };
    },
  };
}

function giveAll(server: PostgresServer, schema: string, access: readonly PostgresWord[]): void {
  addRight(server, { role, database, right: "CONNECT" });
  addRight(server, { role, database, schema, right: "USAGE" });
  for (const right of rightsOf(access)) {
    if (right.endsWith(" ON TABLES")) addRight(server, { role, database, schema, right, item: "entries" });
    if (right.includes(" ON ")) addRight(server, { role, database, schema, right, madeBy: admins });
  }
}

function describe({ rights }: PostgresServer, whose: (name: string) => string): readonly string[] {
  const lines = [...rights.values()].map(({ role: name, right, schema = "", item, madeBy }) =>
    [right, schema, item ?? madeBy ?? "", whose(name)].join(" "),
  );
  return [...new Set(lines)].toSorted();
}
