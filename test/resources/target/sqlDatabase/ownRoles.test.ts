/** Role bundles by Mooring's own roles: given, moved from the fixed roles of 0.1.0, adopted, narrowed, and what is missing for it. */

import { beforeEach, describe, expect, it } from "vitest";
import { identityName } from "../../../../src/domain/naming/names.ts";
import { printMark, readMark } from "../../../../src/domain/naming/ownership.ts";
import { sidFromClientId } from "../../../../src/domain/naming/sid.ts";
import { OnboardingRequest } from "../../../../src/domain/request/request.ts";
import type { DatabaseState, DatabaseUser } from "../../../../src/ports/databases.ts";
import { askToGive } from "../../../../src/resources/definitions/permit.ts";
import type { Granting } from "../../../../src/resources/definitions/targetFamily.ts";
import { sqlUser } from "../../../../src/resources/target/resource.ts";
import { createFakeCloud, type FakeCloud } from "../../../support/fakeCloud.ts";
import { clientIdOf, principalIdOf } from "../../../support/ids.ts";
import { grantedBy, revokedBy } from "./decided.ts";

const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };
const user = identityName(namespaceRef);
const clientId = clientIdOf("00000000-0000-4000-8000-00000000000a");
const sid = sidFromClientId(clientId);
const identity = { clientId, principalId: principalIdOf("00000000-0000-4000-8000-00000000000b") };
const own = ["mooring_executor", "mooring_reader", "mooring_writer"];

let cloud: FakeCloud;
beforeEach(() => {
  cloud = createFakeCloud();
  cloud.roles.push(...own);
});

const on = (...roles: string[]) => ({ server: "sql-dev", database: "orders", roles });

function put(
  changes: Partial<DatabaseUser>,
  grants?: Record<string, string>,
  operation: string | null = "first",
): void {
  const mark = grants && printMark({ berth: "aks-dev/team-a", operation, grants });
  const made = { name: user, type: "E", sid, roles: [], permissions: [], ownedSchemas: [], mark };
  cloud.users.get("sql-dev/orders")?.set(user, { ...made, ...changes });
}

type Planned = Pick<Granting<string>, "adoptionPolicy"> & {
  readonly takesBack: boolean;
  readonly adoptIdentity: string;
};

async function plan(access: string[], { takesBack, ...changes }: Partial<Planned> = {}) {
  const asked = {
    ...namespaceRef,
    operation: "now",
    wanted: { databases: [on(...access)] },
    isRepair: false,
    isPlan: false,
  };
  const permit = await askToGive(cloud.ports, asked);
  const about = { operation: "now", access, adoptionPolicy: "IfIdentical", identity, permit } as const;
  return await grantedBy(cloud, { ...about, revokesSurplus: takesBack ?? permit.isFirst, ...changes });
}

async function inspect(...roles: string[]) {
  const request = OnboardingRequest.parse({ ...namespaceRef, databases: [on(...roles)] });
  const identityLook = Promise.resolve(undefined);
  const input = { request, clientId, hasIdentity: true, identity: identityLook, note: () => undefined };
  const looks = sqlUser.inspect(cloud.ports, { ...input, gaveRole: () => false, judgedRoles: async () => () => false });
  return (await looks.find((each) => each.target === "sql-dev/orders")?.read()) ?? [];
}

/** Changes what Mooring sees of the database. */
function see(changes: Partial<DatabaseState>): void {
  const { databases } = cloud.ports;
  const { inspect: look } = databases;
  Object.assign(databases, {
    inspect: async (...asked: Parameters<typeof look>) => ({ ...(await look(...asked)), ...changes }),
  });
}

describe("a user that 0.1.0 gave fixed roles", () => {
  const grants = { db_datareader: "first", db_datawriter: "second", EXECUTE: "first" };
  beforeEach(() => put({ roles: ["db_datareader", "db_datawriter"], permissions: ["EXECUTE"] }, grants));

  it("is found, works as it did, and is moved by a repair in one transaction, which gives before it takes", async () => {
    const findings = await inspect("writer", "executor");
    const asked = await plan(["writer", "executor"], { takesBack: false });
    const repair = await plan(["writer", "executor"], { takesBack: true });

    expect(findings).toEqual([
      expect.objectContaining({
        code: "GRANT_BY_FIXED_ROLE",
        field: "mooring_writer",
        found: "db_datareader, db_datawriter",
      }),
      expect.objectContaining({ code: "GRANT_BY_FIXED_ROLE", field: "mooring_executor", found: "EXECUTE" }),
    ]);
    expect(asked).toMatchObject({ plan: { action: "none", differences: [] }, changes: [] });
    expect(repair.plan.differences).toEqual([
      { field: "mooring_writer", current: null, desired: "granted" },
      { field: "mooring_executor", current: null, desired: "granted" },
      { field: "db_datareader", current: "granted", desired: null },
      { field: "db_datawriter", current: "granted", desired: null },
      { field: "EXECUTE", current: "granted", desired: null },
    ]);
    expect(repair.changes.map(({ kind }) => kind)).toEqual([
      ...["mark", "addRole", "addRole"],
      ...["removeRole", "removeRole", "revoke"],
    ]);

    await cloud.ports.databases.change({ server: { alias: "sql-dev" }, database: "orders" } as never, repair.changes);

    expect(await inspect("writer", "executor")).toEqual([]);
  });

  it("keeps the operation that gave it, so that the undo of the repair takes nothing", async () => {
    const { changes } = await plan(["writer", "executor"], { takesBack: true });
    const [mark] = changes.flatMap((change) => (change.kind === "mark" ? [readMark(change.mark)] : []));

    expect(mark?.grants).toEqual({ mooring_writer: "first", mooring_executor: "first" });
  });

  it("is moved when its identity was made anew, whatever the operation", async () => {
    put({ sid: "0xAB", roles: ["db_datareader"] }, { db_datareader: "first" });

    const { changes } = await plan(["reader"], { adoptIdentity: "any" });

    expect(changes.flatMap((change) => (change.kind === "addRole" ? [change.role] : []))).toEqual(["mooring_reader"]);
  });

  it("loses only what a change no longer asks for", async () => {
    const { changes } = await revokedBy(cloud, ["reader"]);

    expect(changes.slice(0, -1)).toEqual([
      { kind: "revoke", user, permission: "EXECUTE" },
      { kind: "removeRole", user, role: "db_datawriter" },
    ]);
  });

  it("stays as it is, with what to do, where Mooring is no longer in db_owner", async () => {
    see({ mayChangeRoles: false, mayGrant: false });

    const repair = await plan(["writer", "executor"], { takesBack: true });
    const narrowing = await revokedBy(cloud, ["reader"]);

    for (const { conflict, changes } of [repair, narrowing]) {
      expect(changes).toEqual([]);
      expect(conflict).toMatchObject({
        code: "SQL_FORBIDDEN",
        message: expect.stringMatching(
          /ALTER ROLE \[db_datawriter\] DROP MEMBER \[mooring-.*REVOKE EXECUTE FROM \[mooring-/,
        ),
      });
    }
  });

  it("is dropped all the same by an offboarding", async () => {
    see({ mayChangeRoles: false, mayGrant: false });
    cloud.identities.set(user, { ...identity, id: "i", name: user, location: "l", tags: {}, tenantId: "t" });

    const { conflict, changes } = await revokedBy(cloud, []);

    expect(conflict).toBeUndefined();
    expect(changes).toEqual([{ kind: "drop", user }]);
  });
});

describe("a user that was there before", () => {
  it("is adopted as it is when others gave it the same by fixed roles", async () => {
    put({ roles: ["db_datareader"] });

    expect(await plan(["reader"])).toMatchObject({ plan: { action: "adopt" }, changes: [] });
    expect(await inspect("reader")).toEqual([]);
  });

  it("gets Mooring's role for what it lacks", async () => {
    put({ roles: ["db_datareader"] });

    const { changes } = await plan(["writer"], { adoptionPolicy: "Always" });

    expect(changes.slice(1)).toEqual([{ kind: "addRole", user, role: "mooring_writer" }]);
  });

  it("does not stand in for Mooring's role in a user that Mooring made", async () => {
    put({ roles: ["db_datareader"] }, {});

    expect((await inspect("reader")).map(({ code, field }) => `${code} ${field}`)).toEqual([
      "GRANT_MISSING mooring_reader",
      "GRANT_ADDED db_datareader",
    ]);
  });
});

it("makes a user a member of Mooring's roles, where the database has them", async () => {
  const { changes } = await plan(["writer", "executor"]);

  expect(changes.flatMap((change) => (change.kind === "addRole" ? [change.role] : []))).toEqual([
    "mooring_writer",
    "mooring_executor",
  ]);
});

it("gives fixed roles where it has none, and Mooring is in db_owner", async () => {
  cloud.roles.splice(0, Infinity, "db_datareader", "db_datawriter");

  const { changes } = await plan(["writer", "executor"]);

  expect(changes.slice(2)).toEqual([
    { kind: "addRole", user, role: "db_datareader" },
    { kind: "addRole", user, role: "db_datawriter" },
    { kind: "grant", user, permission: "EXECUTE" },
  ]);
});

it("finds a role of Mooring's that somebody changed", async () => {
  put({ roles: ["mooring_reader", "mooring_writer"] }, { mooring_reader: "first", mooring_writer: "first" });
  see({ rolePermissions: { mooring_reader: ["CONTROL", "SELECT"], mooring_writer: ["SELECT"], mooring_executor: [] } });

  expect(await inspect("reader", "writer")).toEqual([
    {
      code: "ROLE_CHANGED",
      target: "sql-dev/orders",
      field: "mooring_reader",
      expected: "SELECT",
      found: "CONTROL, SELECT",
    },
    expect.objectContaining({ code: "ROLE_CHANGED", field: "mooring_writer", found: "SELECT" }),
  ]);
});

describe("what Mooring lacks is named with the T-SQL that gives it:", () => {
  const least = {
    ...{
      self: "id-mooring",
      changeableRoles: own,
      mayChangeRoles: false,
      mayGrant: false,
      mayMakeUsers: true,
      seesDefinitions: true,
    },
    rolePermissions: {
      ...{
        mooring_reader: ["SELECT"],
        mooring_writer: ["DELETE", "INSERT", "SELECT", "UPDATE"],
        mooring_executor: ["EXECUTE"],
      },
    },
  };
  const makesReader =
    "IF DATABASE_PRINCIPAL_ID(N'mooring_reader') IS NULL CREATE ROLE [mooring_reader] AUTHORIZATION [dbo]; GRANT SELECT TO [mooring_reader]; GRANT ALTER ON ROLE::[mooring_reader] TO [id-mooring];";

  it.each<{ what: string; state: Partial<DatabaseState>; code: string; run: string; roles?: string[] }>([
    { what: "a role", state: { roles: ["db_owner", "db_datareader"] }, code: "SQL_ROLE_MISSING", run: makesReader },
    {
      what: "ALTER on a role",
      state: { changeableRoles: [] },
      code: "SQL_FORBIDDEN",
      run: "GRANT ALTER ON ROLE::[mooring_reader] TO [id-mooring];",
    },
    {
      what: "a role's permission",
      state: { rolePermissions: { mooring_reader: [] } },
      code: "SQL_FORBIDDEN",
      run: "GRANT SELECT TO [mooring_reader];",
    },
    {
      what: "ALTER ANY USER",
      state: { mayMakeUsers: false },
      code: "SQL_FORBIDDEN",
      run: "GRANT ALTER ANY USER TO [id-mooring];",
    },
    {
      what: "VIEW DEFINITION",
      state: { seesDefinitions: false },
      code: "SQL_FORBIDDEN",
      run: "GRANT VIEW DEFINITION TO [id-mooring];",
    },
    {
      what: "membership in db_owner, for what only that gives",
      state: {},
      roles: ["owner"],
      code: "SQL_FORBIDDEN",
      run: "ALTER ROLE [db_owner] ADD MEMBER [id-mooring];",
    },
  ])("$what", async ({ state, code, run, roles = ["reader"] }) => {
    Object.assign(cloud.ports, { catalog: withOrders(cloud.ports.catalog) });
    see({ ...least, ...state });

    const { conflict, changes } = await plan(roles);

    expect(changes).toEqual([]);
    expect(conflict?.code).toBe(code);
    expect(conflict?.message.endsWith(`A member of db_owner has to run there: ${run}`), conflict?.message).toBe(true);
  });

  it("a role on a schema, and ALTER on a role of the database's owner", async () => {
    Object.assign(cloud.ports, {
      catalog: withOrders(cloud.ports.catalog, { roles: ["writer@sales", "role:reports"] }),
    });
    see({ ...least, roles: ["reports"] });

    const { conflict } = await plan(["writer@sales", "role:reports"]);

    expect(conflict?.code).toBe("SQL_ROLE_MISSING");
    expect(conflict?.message).toContain(
      [
        "IF DATABASE_PRINCIPAL_ID(N'mooring_writer_sales') IS NULL CREATE ROLE [mooring_writer_sales] AUTHORIZATION [dbo];",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON SCHEMA::[sales] TO [mooring_writer_sales];",
        "GRANT ALTER ON ROLE::[mooring_writer_sales] TO [id-mooring];",
        "GRANT ALTER ON ROLE::[reports] TO [id-mooring];",
      ].join(" "),
    );
  });

  it("nothing that a missing role of the database's owner would mend", async () => {
    Object.assign(cloud.ports, { catalog: withOrders(cloud.ports.catalog, { roles: ["role:reports"] }) });
    see(least);

    expect((await plan(["role:reports"])).conflict).toEqual({
      code: "SQL_ROLE_MISSING",
      message: 'sql-dev/orders has no role "reports".',
    });
  });

  it("Mooring's role, where the catalog says that Mooring is not in db_owner, although it is", async () => {
    Object.assign(cloud.ports, {
      catalog: withOrders(cloud.ports.catalog, { roles: ["reader"], mooringIsOwner: false }),
    });
    see({ roles: ["db_datareader"] });

    expect((await plan(["reader"])).conflict).toMatchObject({ code: "SQL_ROLE_MISSING" });
  });

  it("nothing, when it has what infra/sql/database-user.sql gives", async () => {
    see(least);

    expect((await plan(["reader", "writer", "executor"])).conflict).toBeUndefined();
  });
});

type Listed = FakeCloud["ports"]["catalog"]["sqlServers"][string]["databases"][string];

function withOrders(
  catalog: FakeCloud["ports"]["catalog"],
  orders: Listed = { roles: ["reader", "owner"] },
): FakeCloud["ports"]["catalog"] {
  const { "sql-dev": server } = catalog.sqlServers;
  if (!server) throw new Error("The catalog has no sql-dev.");
  return { ...catalog, sqlServers: { "sql-dev": { ...server, databases: { ...server.databases, orders } } } };
}
