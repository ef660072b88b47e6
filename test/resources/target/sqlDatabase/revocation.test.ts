/** What opens access goes first: nothing that keeps a user from being dropped, or Mooring from revoking all, keeps the rest. */
import { beforeEach, expect, it } from "vitest";
import { PermanentError } from "../../../../src/domain/errors.ts";
import { identityName } from "../../../../src/domain/naming/names.ts";
import { printMark, readMark } from "../../../../src/domain/naming/ownership.ts";
import type { Leftover } from "../../../../src/domain/operation/leftover.ts";
import { OnboardingRequest } from "../../../../src/domain/request/request.ts";
import type { DatabaseState, DatabaseUser } from "../../../../src/ports/databases.ts";
import type { StepContext } from "../../../../src/resources/definitions/step.ts";
import { sqlUser } from "../../../../src/resources/target/resource.ts";
import { createFakeCloud, type FakeCloud } from "../../../support/fakeCloud.ts";
import { quietInput, quietStep } from "../../../support/quietStep.ts";

const namespaceRef = { cluster: "aks-dev", namespace: "team-a" };
const name = identityName(namespaceRef);
const database = { server: "sql-dev", database: "orders", roles: ["reader", "writer"] };
const input = { ...namespaceRef, ...quietInput, database };
const { retireDatabase } = sqlUser.steps;
const least = { mayChangeRoles: false, mayGrant: false, mayMakeUsers: true, seesDefinitions: true };

let cloud: FakeCloud;
let codes: string[];
beforeEach(() => {
  cloud = createFakeCloud();
  cloud.roles.push("mooring_reader", "mooring_writer");
  codes = [];
});

const step: StepContext = {
  ...quietStep,
  notice: async (notices) => void codes.push(...notices.map(({ code }) => code)),
};

function put(changes: Partial<DatabaseUser>, as = name): void {
  const mark = printMark({
    berth: "aks-dev/team-a",
    operation: "o",
    grants: { mooring_reader: "o", mooring_writer: "o" },
  });
  const roles = ["mooring_reader", "mooring_writer"];
  const user = { name: as, type: "E", sid: "0xAB", roles, permissions: [], ownedSchemas: [], mark };
  cloud.users.get("sql-dev/orders")?.set(as, { ...user, ...changes });
}

/** Changes what Mooring sees of the database, and what that lets it do. */
function see(changes: Partial<DatabaseState>): void {
  const { databases } = cloud.ports;
  const { inspect: look } = databases;
  Object.assign(databases, {
    inspect: async (...asked: Parameters<typeof look>) => ({ ...(await look(...asked)), ...changes }),
  });
}

/** The namespace's own user, whatever somebody renamed it to. */
function seeRenamed(): void {
  const { databases } = cloud.ports;
  const { inspectAll } = databases;
  Object.assign(databases, { inspect: async (target: Parameters<typeof inspectAll>[0]) => await inspectAll(target) });
}

/** The database drops no user with that: SQL error 15138 names no schema alone. */
function refuseDrop(code: "SQL_USER_OWNS_SCHEMA" | "SQL_USER_HAS_DEPENDANTS", message: string): void {
  const { databases } = cloud.ports;
  const { change } = databases;
  Object.assign(databases, {
    change: async (...[target, changes]: Parameters<typeof change>) => {
      if (changes.some(({ kind, user }) => kind === "drop" && user === name)) throw new PermanentError(code, message);
      await change(target, changes);
    },
  });
}

const user = (as = name) => cloud.users.get("sql-dev/orders")?.get(as);
const remains = async () =>
  (
    await Promise.all(sqlUser.remains(cloud.ports, OnboardingRequest.parse({ ...namespaceRef, databases: [database] })))
  ).flat();

it.each([
  ["an object", { dependants: ["object dbo.price"] }],
  ["a permission that it granted", { dependants: ["SELECT that it granted to other"] }],
])("where Mooring may not revoke CONNECT, it revokes the rest and waits for nothing: %s", async (_what, changes) => {
  put(changes);
  see(least);

  await retireDatabase.run(input, cloud.ports, step);

  expect(user()).toMatchObject({ roles: [], permissions: [] });
  expect(codes).toEqual(["LEFT_TO_TIDY"]);
  expect(await cloud.ports.registry.listLeftovers()).toMatchObject([
    { what: [expect.stringContaining("can still log in: Mooring may not revoke CONNECT")] },
  ]);
  expect(await remains()).toEqual([]);
});

it.each([
  ["SQL_USER_OWNS_SCHEMA", { ownedSchemas: ["shop"] }],
  ["SQL_USER_HAS_DEPENDANTS", { ownedRoles: ["reports"] }],
])("there, what opens more than itself fails by name, after the roles went: %s", async (code, changes) => {
  put(changes);
  see(least);

  await expect(retireDatabase.run(input, cloud.ports, step)).rejects.toMatchObject({ code });

  expect(user()).toMatchObject({ roles: [], permissions: [] });
  expect(await remains()).toEqual([`User ${name} is still in sql-dev/orders.`]);
});

it.each([
  [
    "a certificate",
    "SQL_USER_OWNS_SCHEMA",
    "The database principal owns a certificate in the database, and cannot be dropped.",
  ],
  ["what no look sees", "SQL_USER_HAS_DEPENDANTS", "The database principal has granted or denied permissions."],
] as const)("shuts a user that the database refuses to drop for %s", async (_what, code, message) => {
  put({});
  put({ sid: "0xCD" }, `${name}-renamed`);
  refuseDrop(code, message);
  seeRenamed();

  await retireDatabase.run(input, cloud.ports, step);

  expect(user()).toMatchObject({ roles: [], isDisabled: true });
  expect(user(`${name}-renamed`)).toBeUndefined();
  expect(codes).toEqual(["LEFT_TO_TIDY"]);
  const [left] = await cloud.ports.registry.listLeftovers();
  expect(left?.what).toEqual([`${message} It has no right that Mooring gave, and nobody can log in as it.`]);
  expect(await sqlUser.tidyUp(cloud.ports, left as Leftover, [])).toEqual(left?.what);
});

it("revokes what it may, and then names what it may not", async () => {
  put({ ownedSchemas: ["shop"] });
  see({ changeableRoles: ["mooring_writer"] });

  await expect(retireDatabase.run(input, cloud.ports, step)).rejects.toMatchObject({ code: "SQL_FORBIDDEN" });

  const { roles, isDisabled, mark } = user() ?? {};
  expect([roles, isDisabled, readMark(mark)?.grants]).toEqual([["mooring_reader"], true, { mooring_reader: "o" }]);
});

it("revokes what it may where it may drop nobody", async () => {
  put({});
  see({ mayMakeUsers: false });

  await expect(retireDatabase.run(input, cloud.ports, step)).rejects.toMatchObject({ code: "SQL_FORBIDDEN" });

  expect(user()?.roles).toEqual([]);
});
