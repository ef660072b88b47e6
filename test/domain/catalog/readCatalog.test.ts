import { expect, it } from "vitest";
import { readCatalog } from "../../../src/domain/catalog/readCatalog.ts";

function problemsOf(text: string) {
  const read = readCatalog(text);
  return "problems" in read ? read.problems : [];
}

it("names the line, the setting, the error and the fix of each problem", () => {
  const text = [
    "tenantId: 00000000-0000-4000-8000-000000000001",
    "clusters:",
    "  aks-dev:",
    "    apiServer: https://aks-dev.hcp.westeurope.azmk8s.io",
    "    certificateAuthority: LS0tLS1CRUdJTg==",
    "    subscriptionId: 00000000-0000-4000-8000-000000000003",
    "    identityResourceGroup: MC_dev",
    "    region: westeurope",
    "sqlServers: {}",
    "approval: { clusters: [aks-gone] }",
  ].join("\n");

  expect(problemsOf(text)).toEqual([
    {
      line: 5,
      setting: "clusters.aks-dev.certificateAuthority",
      detail: "must be a certificate in PEM: -----BEGIN CERTIFICATE-----",
      next: expect.stringMatching(/^Correct it\. .*certificate-authority-data of its kubeconfig, decoded/),
    },
    {
      line: 4,
      setting: "clusters.aks-dev.location",
      detail: "is missing",
      next: expect.stringMatching(/^Add it\. The region of these identities, such as westeurope\./),
    },
    {
      line: 8,
      setting: "clusters.aks-dev.region",
      detail: "is not a setting",
      next: expect.stringMatching(/^Remove it, or write the intended one: kind, apiServer, .*location/),
    },
  ]);
});

it("reports a name that the rest of the file does not define", () => {
  const text =
    "tenantId: 00000000-0000-4000-8000-000000000001\nclusters: {}\nsqlServers: {}\napproval:\n  clusters:\n    - aks-gone\n";

  expect(problemsOf(text)).toMatchObject(
    [
      { line: 6, setting: "approval.clusters.0", detail: 'the catalog has no cluster "aks-gone"', next: /^Correct it/ },
    ].map(({ next: _next, ...rest }) => rest),
  );
});

it("tells a wrong value from a missing one", () => {
  const text = [
    "tenantId: 00000000-0000-4000-8000-000000000001",
    "clusters: {}",
    "sqlServers:",
    "  sql-dev:",
    "    resourceId: 5",
    "    host:",
    "    port: 0",
    "    databases: { shop: { roles: reader } }",
    "drift: { everyMinutes: often, repair: Errors }",
    "batch: { lanes: 1.5 }",
  ].join("\n");

  expect(
    problemsOf(text).map(({ line, setting, detail, next }) => [line, setting, detail, next.split(".")[0]]),
  ).toEqual([
    [5, "sqlServers.sql-dev.resourceId", "must be a string, not a number", "Correct it"],
    [6, "sqlServers.sql-dev.host", "must be a string, not null", "Correct it"],
    [7, "sqlServers.sql-dev.port", "must be at least 1", "Correct it"],
    [8, "sqlServers.sql-dev.databases.shop.roles", "must be a list, not a string", "Correct it"],
    [9, "drift.everyMinutes", "must be a number, not a string", "Correct it"],
    [9, "drift.repair", "must be none, or a list of Info, Warning, Error", "Correct it"],
    [10, "batch.lanes", "must be a whole number, not 1.5", "Correct it"],
  ]);
});

it("has the bundle owner only where Mooring may give it", () => {
  const problemsWith = (more: string) =>
    problemsOf(
      [
        "tenantId: 00000000-0000-4000-8000-000000000001",
        "clusters: {}",
        "sqlServers:",
        "  sql-dev:",
        "    resourceId: /subscriptions/s/resourceGroups/rg/providers/Microsoft.Sql/servers/sql-dev",
        "    host: sql-dev.database.windows.net",
        "    databases:",
        `      orders: { roles: [reader, owner]${more} }`,
      ].join("\n"),
    );

  expect([problemsWith(""), problemsWith(", mooringIsOwner: true")]).toEqual([[], []]);
  expect(problemsWith(", mooringIsOwner: false")).toMatchObject([
    {
      line: 8,
      setting: "sqlServers.sql-dev.databases.orders.roles",
      detail: expect.stringContaining("mooringIsOwner"),
    },
  ]);
});

it("says what a name, an ID and a host have to look like", () => {
  const text = [
    "tenantId: contoso",
    "clusters: { AKS_Dev: {} }",
    "sqlServers:",
    "  sql-dev: { resourceId: /subscriptions/a/resourceGroups/b/providers/Microsoft.Sql/servers/c, host: tcp:sql, databases: {} }",
  ].join("\n");

  expect(problemsOf(text).map(({ setting, detail }) => [setting, detail])).toEqual([
    ["tenantId", "must be a GUID, such as 00000000-0000-4000-8000-000000000001"],
    ["clusters.AKS_Dev", "its name must be 1 to 40 lower-case letters, digits and hyphens"],
    ["sqlServers.sql-dev.host", "must be a hostname, without a protocol or a port"],
  ]);
});

it("reports where invalid YAML begins, and not the errors that follow from it", () => {
  const { problems } = readCatalog("# Mooring\n\ntext: of: a\n```\nmore: [of it\n") as { problems: readonly object[] };

  expect(problems).toMatchObject([{ line: 3, next: "Correct the YAML there." }]);
});

it("says where YAML is broken", () => {
  expect(problemsOf("clusters:\n  a: [\n")).toMatchObject([
    { line: expect.any(Number), next: "Correct the YAML there." },
  ]);
});
