/** The contract of every family (test/families), on the wire, at one place of each. That of PostgreSQL is in postgres.test.ts. */
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { assignRole, type Identity } from "azure-sim/world";
import { names } from "../../sandbox/cloud.ts";
import { parseCatalog } from "../../src/catalog.ts";
import { sidFromClientId } from "../../src/domain/naming/sid.ts";
import { isAzureRolePlace, rolesFor } from "../../src/domain/targets/azureRoles.ts";
import { flagOf } from "../families/family.ts";
import type { SuiteSandbox } from "../support/sandbox.ts";
import { it } from "../support/sharedSandbox.ts";
import { contractOf, type WireFamily } from "./support/familyContract.ts";

let sandbox: SuiteSandbox;

it.beforeAll(({ sandbox: shared }) => {
  sandbox = shared;
  setDefaultCACertificates([...getCACertificates("default"), sandbox.cloud.tls.certificate]);
});

const commandsOf = (script: string, start: string) => script.split("\n").filter((line) => line.startsWith(start));

function azureRoles(): WireFamily {
  const { world } = sandbox.cloud;
  const { roleAssignments } = world;
  // A target of each kind: one that is added is in here by itself.
  const listed = Object.entries(parseCatalog(sandbox.cloud.catalog, "catalog").targets).flatMap(([target, entry]) =>
    isAzureRolePlace(entry) ? [{ target, access: [...entry.access], kind: entry.kind }] : [],
  );
  const targets = listed.map(({ target, access }) => ({ target, access }));
  const roles = listed.flatMap(({ kind, access }) => rolesFor(kind, access).map(({ id }) => id));
  const own = ({ principalId }: Identity) =>
    [...roleAssignments.values()].filter((each) => each.principalId === principalId);
  const blob = (identity: Identity) => own(identity).find(({ scope }) => scope.endsWith("/uploads"));
  const edit = (identity: Identity, changes: object) => {
    const found = blob(identity);
    if (found) roleAssignments.set(found.name, { ...found, ...changes });
  };
  const effect = { kind: "error", code: "AuthorizationFailed", status: 403 } as const;
  const put = { wire: "arm", operation: "PUT Microsoft.Authorization/roleAssignments", effect } as const;
  return {
    kind: "namedTarget",
    stale: "GRANT_STALE",
    all: { wanted: { targets }, given: ({ principalId }) => roles.map((role) => `${role} ${principalId}`).toSorted() },
    less: {
      wanted: { targets: [{ target: "jobs", access: ["send"] }] },
      given: ({ principalId }) => rolesFor("storageQueue", ["send"]).map(({ id }) => `${id} ${principalId}`),
    },
    given: async () =>
      [...roleAssignments.values()].map(({ role, principalId }) => `${role} ${principalId}`).toSorted(),
    drifts: [
      [
        { code: "GRANT_MISSING", target: "uploads", field: "write" },
        (identity) => roleAssignments.delete(blob(identity)?.name ?? ""),
      ],
      [
        { code: "MARK_MISSING", target: "uploads", field: "description" },
        (identity) => edit(identity, { description: "tidied up" }),
      ],
      [
        { code: "GRANT_LIMITED", target: "uploads", field: "write" },
        (identity) => edit(identity, { condition: "@Resource[…]" }),
      ],
    ],
    // The first of them, and one in the middle.
    writes: [put, { ...put, skip: 3 }],
    clear: (identity) => own(identity).map(({ name }) => roleAssignments.delete(name)),
    async byHand({ azureCli }) {
      for (const line of commandsOf(azureCli, "az role assignment create")) {
        const principalId = flagOf(line, "assignee-object-id");
        assignRole(world, { role: flagOf(line, "role"), principalId, scope: flagOf(line, "scope") });
      }
    },
  };
}

function cosmos(): WireFamily {
  const { cosmosAssignments } = sandbox.cloud.world;
  const [reader, contributor] = [1, 2].map((id) => `00000000-0000-0000-0000-00000000000${id}`);
  const [carts, shop] = ["cosmos-dev/dbs/shop/colls/carts", "cosmos-dev/dbs/shop"];
  const clear = ({ principalId }: Identity) => {
    for (const [key, each] of cosmosAssignments) if (each.principalId === principalId) cosmosAssignments.delete(key);
  };
  const accountOf = (scope: string) => scope.replace(/\/dbs\/.*/, "");
  const effect = { kind: "error", code: "Forbidden", status: 403 } as const;
  const put = {
    wire: "arm",
    operation: "PUT Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments",
    effect,
  } as const;
  return {
    kind: "namedTarget",
    stale: "GRANT_STALE",
    all: {
      wanted: {
        targets: [
          { target: "carts", access: ["read", "write"] },
          { target: "shop", access: ["read"] },
        ],
      },
      given: ({ principalId }) => [`${shop} ${reader} ${principalId}`, `${carts} ${contributor} ${principalId}`],
    },
    less: {
      wanted: { targets: [{ target: "carts", access: ["read"] }] },
      given: ({ principalId }) => [`${carts} ${reader} ${principalId}`],
    },
    given: async () =>
      [...cosmosAssignments.values()]
        .map(({ scope, roleId, principalId }) => `${scope.split("/databaseAccounts/")[1]} ${roleId} ${principalId}`)
        .toSorted(),
    drifts: [
      [
        { code: "GRANT_MISSING", target: "carts", field: "write" },
        ({ principalId }) => {
          for (const [key, each] of cosmosAssignments)
            if (each.principalId === principalId && each.roleId === contributor) cosmosAssignments.delete(key);
        },
      ],
    ],
    writes: [put, { ...put, skip: 1 }],
    clear,
    async byHand({ azureCli }) {
      for (const line of commandsOf(azureCli, "az cosmosdb sql role assignment create")) {
        const [name, scope] = [crypto.randomUUID(), flagOf(line, "scope")];
        const given = { roleId: flagOf(line, "role-definition-id"), principalId: flagOf(line, "principal-id"), scope };
        cosmosAssignments.set(name, { name, account: accountOf(scope), ...given });
      }
    },
  };
}

function sqlDatabases(): WireFamily {
  const on = ["messages", "orders"];
  const { sql } = sandbox.cloud;
  const run = (database: string, text: string) => sql.database(database).runScript(text);
  const ask = (...roles: readonly string[]) => ({
    wanted: { databases: on.map((database) => ({ server: names.sqlServer, database, roles })) },
    given: ({ name, clientId }: Identity) =>
      on.flatMap((database) =>
        roles.map((role) => `${database} mooring_${role} ${name} ${sidFromClientId(clientId as never)}`).toSorted(),
      ),
  });
  const effect = { kind: "error", code: 15247, message: "User does not have permission." } as const;
  return {
    kind: "sqlDatabase",
    stale: "USER_SID_STALE",
    all: ask("reader", "writer", "executor"),
    less: ask("reader"),
    given: async () =>
      on.flatMap((database) =>
        sql
          .database(database)
          .users()
          .flatMap(({ name, sid, roles }) =>
            roles.filter((role) => role.startsWith("mooring_")).map((role) => `${database} ${role} ${name} ${sid}`),
          )
          .toSorted(),
      ),
    drifts: [
      [
        { code: "USER_MISSING", target: `${names.sqlServer}/orders` },
        ({ name }) => run("orders", `DROP USER [${name}]`),
      ],
      [
        { code: "GRANT_MISSING", target: `${names.sqlServer}/messages`, field: "mooring_writer" },
        ({ name }) => run("messages", `ALTER ROLE mooring_writer DROP MEMBER [${name}]`),
      ],
    ],
    writes: on.map((database) => ({
      ...{ wire: "sql", operation: "CREATE USER", target: `${names.sqlServer}/${database}`, effect },
    })),
    clear: async ({ name }) => {
      for (const database of on) await run(database, `DROP USER [${name}]`);
    },
    async byHand({ tsql }) {
      for (const part of tsql.split(/^-- (?=\w+ on )/m).slice(1)) await run(part.split(" ", 1)[0] ?? "", `-- ${part}`);
    },
  };
}

for (const [name, family] of Object.entries({ azureRoles, cosmos, sqlDatabases })) {
  const contract = contractOf(`of-${name.toLowerCase()}`, () => sandbox, family);
  for (const [sentence, run] of Object.entries(contract)) it(`${name} ${sentence}`, run);
}
