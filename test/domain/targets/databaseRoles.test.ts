import { describe, expect, it } from "vitest";
import {
  addsTo,
  DatabaseRole,
  denialsOf,
  fixedInsteadOf,
  grantsOf,
  isNamedBy,
  mayRead,
  ownRoleNamed,
  printPermissions,
  waysOf,
} from "../../../src/domain/targets/databaseRoles.ts";

const names = (grants: readonly { name: string }[]) => grants.map(({ name }) => name);

it.each(["reader", "owner", "reader@sales", "executor@_x1", "role:reports", "role:app-read"])("takes %s", (role) => {
  expect(DatabaseRole.parse(role)).toBe(role);
});

it.each([
  ...["", "reader@", "reader@a b", "reader@a]", "reader@a@b", "owner@sales", "nobody@sales", "@sales"],
  ...["role:", "role:db_owner", "role:db_x", "role:public", "role:mooring_reader", "role:a]b", "role:a@b", "reports"],
  `reader@${"a".repeat(101)}`,
])("refuses %j", (role) => {
  expect(DatabaseRole.safeParse(role).error?.issues[0]?.message).toMatch(/^must be one of reader, writer, /);
});

it.each(["Reader", "raeder", "read"])("says which role was meant by %s", (role) => {
  expect(DatabaseRole.safeParse(role).error?.issues[0]?.message).toBe(`is "${role}"; did you mean reader?`);
});

describe("a database gives", () => {
  const roles = ["db_datareader", "db_datawriter", "mooring_reader", "mooring_writer"];

  it.each([
    { what: "Mooring's role", asked: ["reader"], at: { roles }, given: ["mooring_reader"] },
    { what: "fixed roles where it lacks Mooring's", asked: ["executor"], at: { roles }, given: ["EXECUTE"] },
    {
      what: "Mooring's role, which is missing, where Mooring may not give the fixed one",
      asked: ["executor"],
      at: { roles, mayGive: () => false },
      given: ["mooring_executor"],
    },
    { what: "what the user keeps", asked: ["reader"], at: { roles, keeps: () => true }, given: ["db_datareader"] },
    { what: "a role of its own for a schema", asked: ["writer@s"], at: { roles }, given: ["mooring_writer_s"] },
    { what: "the owner's role", asked: ["role:reports"], at: { roles }, given: ["reports"] },
    { what: "db_owner", asked: ["owner"], at: { roles }, given: ["db_owner"] },
    { what: "Mooring's role before anybody can look", asked: ["reader"], at: {}, given: ["mooring_reader"] },
  ])("$what", ({ asked, at, given }) => {
    expect(names(grantsOf(asked, at))).toEqual(given);
  });
});

it("knows every way, and what a fixed role stands in for", () => {
  expect(names(waysOf(["writer", "role:x"]))).toEqual(["mooring_writer", "db_datareader", "db_datawriter", "x"]);
  expect(names(fixedInsteadOf("mooring_writer"))).toEqual(["db_datareader", "db_datawriter"]);
  expect(fixedInsteadOf("mooring_writer_sales")).toEqual([]);
  expect(fixedInsteadOf("reports")).toEqual([]);
});

it("knows Mooring's roles by their names", () => {
  const found = ownRoleNamed("mooring_executor_my_schema");

  expect(found).toEqual({ name: "mooring_executor_my_schema", permissions: ["EXECUTE"], schema: "my_schema" });
  expect(found && printPermissions(found)).toEqual(["EXECUTE ON SCHEMA my_schema"]);
  for (const other of ["mooring_owner", "mooring_", "mooring_readers", "reports", "db_datareader"]) {
    expect(ownRoleNamed(other), other).toBeUndefined();
  }
});

it.each([
  { role: "reader", others: ["writer"], adds: false },
  { role: "writer", others: ["reader"], adds: true },
  { role: "reader@sales", others: ["reader"], adds: false },
  { role: "reader", others: ["reader@sales"], adds: true },
  { role: "writer@sales", others: ["reader", "writer@hr"], adds: true },
  { role: "role:reports", others: ["owner"], adds: true },
  { role: "role:reports", others: ["role:reports"], adds: false },
])("$role adds to $others: $adds", ({ role, others, adds }) => {
  expect(addsTo(others, role)).toBe(adds);
});

it("takes a DENY on the database or on the schema for one that cancels a bundle on the schema", () => {
  const denials = denialsOf(["reader@sales", "role:reports"]);

  expect([...denials].toSorted()).toEqual(["SELECT", "SELECT ON SCHEMA sales", "db_denydatareader"]);
});

it("holds a rule on a bundle for one on its schemas, and not the other way round", () => {
  expect(isNamedBy("writer", "writer@sales")).toBe(true);
  expect(isNamedBy("writer@sales", "writer")).toBe(false);
  expect(isNamedBy("role:a", "role:a")).toBe(true);
});

it("promises a table to read only for the whole database", () => {
  expect([["reader"], ["reader@sales"], ["role:reports"], ["executor"]].map(mayRead)).toEqual([
    true,
    false,
    false,
    false,
  ]);
});
