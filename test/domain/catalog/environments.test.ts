/** A namespace in a cluster of one environment gets no target of another, unless the catalog has a rule for it. */
import { expect, it } from "vitest";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { checkAgainstCatalog } from "../../../src/domain/catalog/checkRequest.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { catalog as plain } from "../../support/fakeCloud.ts";

const request = OnboardingRequest.parse({
  cluster: "aks-dev",
  namespace: "team-a",
  databases: [
    { server: "sql-dev", database: "messages", roles: ["reader"] },
    { server: "sql-prod", database: "orders", roles: ["reader"] },
  ],
});

const wanted = Object.entries(plain.targets).map(([target, { access }]) => ({ target, access }));

interface Environments {
  readonly cluster?: string;
  readonly servers?: Readonly<Record<"sql-dev" | "sql-prod", string | undefined>>;
  readonly crossings?: readonly { clusters: string; targets: string }[];
}

function catalogWith({ cluster, servers, crossings = [] }: Environments): Catalog {
  const { "aks-dev": dev } = plain.clusters;
  const { "sql-dev": server } = plain.sqlServers;
  const serverOf = (name: "sql-dev" | "sql-prod") => ({
    ...{ ...server, host: `${name}.database.windows.net`, environment: servers?.[name] },
    resourceId: `/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/${name}`,
  });
  const prod = { ...JSON.parse(JSON.stringify(dev).replaceAll("aks-dev", "aks-prod")), environment: "prod" };
  return Catalog.parse({
    ...plain,
    clusters: { "aks-dev": { ...dev, environment: cluster }, "aks-prod": prod },
    sqlServers: { "sql-dev": serverOf("sql-dev"), "sql-prod": serverOf("sql-prod") },
    crossings,
  });
}

const servers = { "sql-dev": "dev", "sql-prod": "prod" };

it("refuses a target of another environment, and names the field and both environments", () => {
  expect(checkAgainstCatalog(catalogWith({ cluster: "dev", servers }), request)).toEqual([
    {
      pointer: "/databases/1/server",
      code: "ENVIRONMENT_CROSSED",
      detail: 'database sql-prod/orders is of environment "prod", and cluster aks-dev of "dev"',
    },
  ]);
});

it("holds for targets of every other kind, too", () => {
  const named = OnboardingRequest.parse({ ...request, databases: [], targets: wanted });
  const targets = Object.fromEntries(
    Object.entries(plain.targets).map(([alias, entry]) => [alias, { ...entry, environment: "prod" }]),
  );
  const found = (crossings: Environments["crossings"] = []) =>
    checkAgainstCatalog(Catalog.parse({ ...catalogWith({ cluster: "dev" }), crossings, targets }), named);

  expect(found()).toEqual(
    wanted.map(({ target }, index) => ({
      pointer: `/targets/${index}/target`,
      code: "ENVIRONMENT_CROSSED",
      detail: `target ${target} is of environment "prod", and cluster aks-dev of "dev"`,
    })),
  );
  expect(found([{ clusters: "dev", targets: "prod" }])).toEqual([]);
});

it.each<[what: string, environments: Environments]>([
  ["a rule allows it", { cluster: "dev", servers, crossings: [{ clusters: "dev", targets: "prod" }] }],
  ["the cluster has no environment", { servers }],
  ["the targets have none", { cluster: "dev" }],
])("lets a request through when %s", (_what, environments) => {
  expect(checkAgainstCatalog(catalogWith(environments), request)).toEqual([]);
});

it.each<[what: string, crossings: Environments["crossings"]]>([
  ["for the other direction", [{ clusters: "prod", targets: "dev" }]],
  ["for other environments", [{ clusters: "dev", targets: "dev" }]],
])("a rule %s allows nothing", (_what, crossings = []) => {
  expect(checkAgainstCatalog(catalogWith({ cluster: "dev", servers, crossings }), request)).toHaveLength(1);
});
