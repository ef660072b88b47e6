import { expect, it } from "vitest";
import { loadCatalog, parseCatalog } from "../src/catalog.ts";
import { loadConfig } from "../src/config.ts";

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

it("takes the sample catalog", () => {
  const catalog = loadCatalog(new URL("../mooring.yaml", import.meta.url).pathname);

  expect(Object.keys(catalog.clusters)).toContain("aks-dev");
});

it("lists every missing or wrong setting at once", () => {
  expect(() => loadConfig({ AZURE_CLIENT_ID: "x" })).toThrow(
    /MOORING_TABLES_ENDPOINT: is not set[\s\S]*AZURE_CLIENT_ID[\s\S]*ServiceBusConnection__fullyQualifiedNamespace: is not set/,
  );
});
