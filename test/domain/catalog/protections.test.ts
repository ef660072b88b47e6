/** Catalogs in which a protection could be passed, or would never apply, are refused at start and by `mooring catalog check`. */
import { expect, it } from "vitest";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { readCatalog } from "../../../src/domain/catalog/readCatalog.ts";
import { catalog } from "../../support/fakeCloud.ts";

const account = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/st";
const cosmos = "/subscriptions/s/resourceGroups/g/providers/Microsoft.DocumentDB/databaseAccounts/shop";
const sql = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/sql";
const { "aks-dev": cluster } = catalog.clusters;
const blob = { kind: "storageBlob", resourceId: account, access: ["read", "write"] };
const server = (databases: object) => ({ resourceId: sql, host: "sql.database.windows.net", databases });
const orders = { orders: { roles: ["reader", "writer"] } };
const team = { clusters: ["aks-dev"], namespaces: ["*"], targets: { all: ["read"], one: ["read"] } };
const group = "00000000-0000-0000-0000-000000000000";
const ofNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

type Row = readonly [what: string, catalog: object, problem: string | undefined];

const rows: readonly Row[] = [
  [
    "an account of another environment around a container",
    { targets: { all: { ...blob, environment: "dev" }, one: { ...blob, container: "one", environment: "prod" } } },
    'targets.all: includes "one", which has environment "prod": give it the same',
  ],
  [
    "an account without one around it, in whatever order",
    { targets: { one: { ...blob, container: "one", environment: "prod" }, all: blob } },
    'targets.all: includes "one", which has environment "prod": give it the same',
  ],
  [
    "a database in Cosmos DB around a container",
    {
      targets: {
        all: { kind: "cosmosNoSql", resourceId: cosmos, database: "shop", access: ["read"], environment: "dev" },
        one: {
          kind: "cosmosNoSql",
          resourceId: cosmos.toUpperCase().replace("/SUBSCRIPTIONS", "/subscriptions"),
          database: "shop",
          container: "c",
          access: ["read"],
          environment: "prod",
        },
      },
    },
    'targets.all: includes "one", which has environment "prod": give it the same',
  ],
  [
    "an account of the same environment",
    { targets: { all: { ...blob, environment: "prod" }, one: { ...blob, container: "one", environment: "prod" } } },
    undefined,
  ],
  [
    "a container that nothing is said of",
    { targets: { all: { ...blob, environment: "prod" }, one: { ...blob, container: "one" } } },
    undefined,
  ],
  [
    "an approval of the container alone",
    { targets: { all: blob, one: { ...blob, container: "one" } }, approval: { targets: ["one"] } },
    'targets.all: includes "one", which approval.targets names: name it there, too',
  ],
  [
    "a team's approval of the container alone",
    {
      targets: { all: blob, one: { ...blob, container: "one" } },
      teams: { red: { ...team, approval: [{ targets: ["one"] }] } },
    },
    'targets.all: includes "one", which the approval of team "red" names: name it there, too',
  ],
  [
    "a team's approval of both",
    {
      targets: { all: blob, one: { ...blob, container: "one" } },
      teams: { red: { ...team, approval: [{ targets: ["one", "all"] }] } },
    },
    undefined,
  ],
  [
    "one API server as clusters of two environments",
    {
      clusters: { ...catalog.clusters, twin: { ...cluster, apiServer: `${cluster?.apiServer}/`, environment: "prod" } },
    },
    'clusters.twin: is the same as "aks-dev" and has another environment: give both environment "prod"',
  ],
  [
    "one SQL server as servers of two environments",
    { sqlServers: { a: { ...server(orders), environment: "dev" }, b: { ...server({}), environment: "prod" } } },
    'sqlServers.b: is the same as "a" and has another environment: give both environment "dev"',
  ],
  [
    "one database by two servers",
    { sqlServers: { a: server(orders), b: server({ Orders: { roles: ["reader"] } }) } },
    'sqlServers.b.databases: has database "orders", which "a" has on the same server; list it once',
  ],
  [
    "two databases by two servers",
    { sqlServers: { a: server(orders), b: server({ other: { roles: ["reader"] } }) } },
    undefined,
  ],
  [
    "a limit for an environment of nothing",
    { expiry: { maxExpiry: { prd: "P1D" } } },
    'expiry.maxExpiry.prd: no cluster or target has environment "prd"',
  ],
  [
    "a crossing of one",
    { targets: { all: { ...blob, environment: "prod" } }, crossings: [{ clusters: "dve", targets: "prod" }] },
    'crossings.0.clusters: no cluster has environment "dve"',
  ],
  [
    "an approval of what the target never offers",
    {
      targets: { all: blob, one: { ...blob, resourceId: `${account}2` } },
      teams: { red: { ...team, approval: [{ targets: ["one"], access: ["own"] }] } },
    },
    "teams.red.approval.0.access.0: nothing that the rule names offers own",
  ],
  [
    "an approval of what the database never offers",
    {
      sqlServers: { a: server(orders) },
      targets: {},
      teams: {
        red: {
          ...team,
          targets: {},
          databases: { a: { orders: ["reader"] } },
          approval: [{ databases: ["a/orders"], roles: ["owner"] }],
        },
      },
    },
    "teams.red.approval.0.roles.0: nothing that the rule names offers owner",
  ],
  [
    "the key that is empty",
    { auth: { keys: { ci: { sha256: ofNothing.toUpperCase(), roles: ["Onboarding.Request"] } } } },
    "auth.keys.ci.sha256: is the SHA-256 of an empty key",
  ],
  [
    "a group of zeros",
    { targets: {}, teams: { red: { ...team, targets: {}, groups: [group] } } },
    "teams.red.groups.0: is no object of Microsoft Entra",
  ],
];

it.each(rows)("%s", (_what, changes, problem) => {
  const parsed = Catalog.safeParse({ ...catalog, sqlServers: {}, targets: {}, teams: {}, auth: undefined, ...changes });

  const problems = parsed.error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];
  expect(problems).toEqual(problem === undefined ? [] : [problem]);
});

it.each([
  ["an alias of nothing", "tenantId: *x", /^Unresolved alias.*: x$/, 1],
  [
    "aliases of aliases",
    [
      "a: &a [1, 1]",
      ...[..."bcdefgh"].map((name, index) => `${name}: &${name} [${`*${"abcdefg"[index]},`.repeat(9)}]`),
    ].join("\n"),
    /^Excessive alias count/,
    8,
  ],
])("%s is told with its line", (_what, text, detail, line) => {
  expect(readCatalog(text)).toEqual({
    isYaml: false,
    problems: [{ line, setting: "", detail: expect.stringMatching(detail), next: "Correct the YAML there." }],
  });
});
