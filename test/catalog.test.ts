import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { stringify } from "yaml";
import { isAnonymous, loadCatalog, parseCatalog } from "../src/catalog.ts";
import { messageOf } from "../src/domain/messageOf.ts";

const sample = loadCatalog(fileURLToPath(new URL("../mooring.yaml", import.meta.url)));
const { auth: _auth, teams: _teams, queue: _queue, ...teamless } = sample;

function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return messageOf(error);
  }
  throw new Error("it was accepted");
}

it("lists every problem of a catalog with its line", () => {
  const text = "tenantId: nobody\nclusters:\n  Aks_Dev:\n    apiServer: http://plain\nsqlServers: {}\n";

  expect(() => parseCatalog(text, "mooring.yaml")).toThrow(/mooring\.yaml has \d+ problem.*line 1: tenantId.*/s);
});

it("says where YAML is broken", () => {
  expect(() => parseCatalog("clusters: [", "mooring.yaml")).toThrow(/mooring\.yaml is not YAML/);
});

it("says which file is missing and what to set", () => {
  expect(() => loadCatalog("/nowhere/mooring.yaml")).toThrow(
    /\/nowhere\/mooring\.yaml cannot be read.*MOORING_CATALOG/,
  );
});

it("accepts the sample catalog", () => {
  const catalog = loadCatalog(fileURLToPath(new URL("../mooring.yaml", import.meta.url)));

  expect(Object.keys(catalog.clusters)).toContain("aks-dev");
});

it("names the clusters, databases, roles and teams that the access part refers to and the catalog does not have", () => {
  const team = {
    clusters: ["aks-gone"],
    namespaces: ["a"],
    databases: { "sql-dev": { gone: ["reader"], orders: ["owner"] }, "sql-gone": { orders: ["reader"] } },
    approval: [{ databases: ["sql-dev/typo"], by: { team: "nobody" } }],
  };
  const text = stringify({
    ...teamless,
    auth: { keys: { ci: { sha256: "0".repeat(64), roles: ["Onboarding.Request"], teams: ["typo"] } } },
    teams: { a: team },
    queue: { team: "b" },
  });

  const message = refusalOf(() => parseCatalog(text, "mooring.yaml"));

  expect(message.split("\n").map((line) => line.replace(/^ *line \d+: /, ""))).toEqual([
    "mooring.yaml has 8 problems:",
    'teams.a.clusters.0: the catalog has no cluster "aks-gone"',
    'teams.a.databases.sql-dev.gone: the catalog has no database "sql-dev/gone"',
    "teams.a.databases.sql-dev.orders.0: the catalog has no role owner on it",
    'teams.a.databases.sql-gone.orders: the catalog has no database "sql-gone/orders"',
    'teams.a.approval.0.by.team: the catalog has no team "nobody"',
    'teams.a.approval.0.databases: the catalog has no database "sql-dev/typo"',
    'auth.keys.ci.teams.0: the catalog has no team "typo"',
    'queue.team: the catalog has no team "b"',
  ]);
});

it("rejects a catalog whose auth lets nobody in", () => {
  expect(refusalOf(() => parseCatalog(stringify({ ...teamless, auth: {} }), "mooring.yaml"))).toMatch(
    /auth: must name a way in/,
  );
});

it("allows anonymous access only where it was chosen, and never together with auth", () => {
  const auth = sample.auth;

  expect(isAnonymous({ auth }, { MOORING_ALLOW_ANONYMOUS: false })).toBe(false);
  expect(isAnonymous({ auth: undefined }, { MOORING_ALLOW_ANONYMOUS: true })).toBe(true);
  expect(() => isAnonymous({ auth: undefined }, { MOORING_ALLOW_ANONYMOUS: false })).toThrow(/has no auth/);
  expect(() => isAnonymous({ auth }, { MOORING_ALLOW_ANONYMOUS: true })).toThrow(/Remove one of the two/);
});
