import { expect, it } from "vitest";
import { parseCatalog, printCatalog, usualCatalog } from "../../sandbox/catalogs.ts";

it("prints a catalog of hundreds of targets with equal parts, and reads it back", () => {
  const document = usualCatalog({
    ...{ tenantId: crypto.randomUUID(), subscriptionId: crypto.randomUUID(), databases: [] },
    ...{ entries: {}, verificationJob: undefined },
    more: Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`uploads-${index}`, "storageBlob"])),
  });
  const text = printCatalog(document, {
    ...{
      certificateAuthority: "-----BEGIN CERTIFICATE-----",
      apiServers: { "aks-dev": "https://api.example.com" },
      tokenFiles: {},
    },
    ...{ sqlPorts: { "sql-dev": 1 }, postgresPorts: {}, login: new URL("https://login.example.com:8443") },
  });

  const { targets = {} } = parseCatalog(text);

  expect(targets["uploads-199"]).toEqual(document.targets?.["uploads-199"]);
});
