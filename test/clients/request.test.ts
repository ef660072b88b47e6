/** What both clients know of a request: nothing is dropped, not even what only a newer service knows. */
import { describe, expect, it } from "vitest";
import {
  differencesOf,
  flagsOf,
  othersOf,
  readParameters,
  readTargets,
  renewed,
  settingsOf,
  targetsOf,
  toParameters,
} from "../../clients/request.ts";
import { OnboardingRequest } from "../../src/domain/request/request.ts";

const database = (name: string, ...roles: string[]) => ({ server: "sql-dev", database: name, roles });
const base = { cluster: "aks-dev", namespace: "team-a" };
const whole = OnboardingRequest.parse({
  ...base,
  databases: [database("messages", "reader", "writer"), database("orders.2", "executor")],
  targets: [{ target: "uploads", access: ["read", "write"] }],
  identityMode: "podIdentity",
  selector: "x",
  adoptionPolicy: "Never",
  deletePolicy: "Keep",
  team: "red",
});
const vaults = [{ vault: "kv-dev", roles: ["secrets"] }];

const again = (request: object) => {
  const parameters = new URLSearchParams(toParameters(request));
  return readParameters((name) => parameters.get(name));
};

it.each<[string, object]>([
  ["every field of this release", whole],
  ["a kind of target that is not known here", { ...whole, keyVaults: vaults }],
  ["a field that is not known here", { ...whole, owner: "ann", limits: { most: 3 } }],
  [
    "a target with more than is known here",
    { ...base, databases: [{ ...database("messages", "reader"), until: "2027" }] },
  ],
  ["a role with a sign of the address in it", { ...base, databases: [database("messages", "a+b")] }],
  ["a field of another type", { ...whole, team: ["red", "blue"] }],
  ["only targets", { ...base, databases: [], targets: [{ target: "uploads", access: ["read"] }] }],
  ["only a kind of target that is not known here", { ...base, databases: [], keyVaults: vaults }],
])("the address keeps %s", (_title, request) => {
  expect(again(request)).toEqual(request);
});

it("reads no request from an address that lacks a required field", () => {
  for (const lacking of [{ ...base }, { ...whole, cluster: "" }, { ...base, databases: [database("messages")] }]) {
    expect(again(lacking)).toBeUndefined();
  }
  expect(readParameters((name) => (name === "more" ? "{" : null))).toBeUndefined();
  expect(readTargets("databases", "no-slash=reader,,sql-dev/messages")).toEqual([database("messages")]);
});

it("tells every target and every setting, and what it does not know as JSON", () => {
  const request = { ...whole, keyVaults: vaults };

  expect(targetsOf(request)).toEqual([
    { noun: "database", key: "sql-dev/messages", access: ["reader", "writer"] },
    { noun: "database", key: "sql-dev/orders.2", access: ["executor"] },
    { noun: "target", key: "uploads", access: ["read", "write"] },
  ]);
  expect(othersOf(request)).toEqual([["keyVaults", JSON.stringify(vaults)]]);
  expect(settingsOf(request).map(({ field, value }) => `${field} ${value}`)).toEqual([
    "cluster aks-dev",
    "namespace team-a",
    "team red",
    "identityMode podIdentity",
    "selector x",
    "adoptionPolicy Never",
    "deletePolicy Keep",
  ]);
});

it("finds every difference, whatever the order", () => {
  const other = { ...whole, databases: whole.databases.toReversed(), keyVaults: vaults };

  expect(differencesOf(whole, { ...whole, databases: whole.databases.toReversed() })).toEqual([]);
  expect(differencesOf(whole, { ...other, team: "blue" })).toEqual([
    { field: "team", current: "red", desired: "blue" },
    { field: "keyVaults", current: null, desired: '[{"roles":["secrets"],"vault":"kv-dev"}]' },
  ]);
  const fewer = { ...whole, databases: [database("messages", "reader")] };
  expect(differencesOf(whole, fewer)).toEqual([
    { field: "database sql-dev/messages", current: "reader, writer", desired: "reader" },
    { field: "database sql-dev/orders.2", current: "executor", desired: null },
  ]);
});

it("prints flags for all that flags can say, and none for a request that has more", () => {
  expect(flagsOf(whole)?.map(([flag, value]) => `${flag} ${value}`)).toEqual(
    expect.arrayContaining([
      "--database sql-dev/messages=reader,writer",
      "--target uploads=read,write",
      "--identity-mode podIdentity",
      "--selector x",
      "--adoption-policy Never",
      "--delete-policy Keep",
      "--team red",
    ]),
  );
  expect(flagsOf({ ...whole, keyVaults: vaults })).toBeUndefined();
});

describe("a renewal", () => {
  const request = {
    cluster: "aks-dev",
    namespace: "team-a",
    databases: [
      { server: "sql-dev", database: "messages", roles: ["reader"] },
      { server: "sql-dev", database: "orders", roles: ["reader"], expiresAt: "2027-01-01T00:00:00Z" },
    ],
    targets: [{ target: "uploads", access: ["read"] }],
    expiresAt: "2027-02-01T00:00:00Z",
    ofANewerService: 1,
  };

  it("moves the end of everything, and leaves those of targets", () => {
    const { expiresAt: _before, ...rest } = request;
    expect(renewed(request, { end: "P30D", keys: [] })).toEqual({ ...rest, expiresAfter: "P30D" });
  });

  it("moves the ends of the named targets alone, of any kind", () => {
    const [messages, { expiresAt: _before, ...orders }] = request.databases as [object, { expiresAt: string }];
    expect(renewed(request, { end: "P30D", keys: ["sql-dev/orders", "uploads"] })).toEqual({
      ...request,
      databases: [messages, { ...orders, expiresAfter: "P30D" }],
      targets: [{ target: "uploads", access: ["read"], expiresAfter: "P30D" }],
    });
  });

  it("knows no targets but the request's", () => {
    expect(renewed(request, { end: "P30D", keys: ["sql-dev/orders", "sql-dev/none"] })).toBeUndefined();
  });
});
