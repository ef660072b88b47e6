import { expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { exportAzureCli, exportKubernetes, exportTsql } from "../../../src/application/inspection/exportNamespace.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { catalog } from "../../support/fakeCloud.ts";
import { clientIdOf, principalIdOf } from "../../support/ids.ts";

const identity = {
  clientId: clientIdOf("11111111-1111-4111-8111-111111111111"),
  principalId: principalIdOf("22222222-2222-4222-8222-222222222222"),
};

function exportAll(more: object, { messages = {}, uploads = {} }: { messages?: object; uploads?: object } = {}) {
  const request = OnboardingRequest.parse({
    ...{ cluster: "aks-dev", namespace: "team-a" },
    databases: [
      { server: "sql-dev", database: "messages", roles: ["reader"], ...messages },
      { server: "sql-dev", database: "orders", roles: ["reader"] },
    ],
    targets: [{ target: "uploads", access: ["read"], ...uploads }],
    ...more,
  });
  const exported = { request, ...identity };
  return {
    kubernetes: exportKubernetes(catalog, exported),
    tsql: exportTsql(catalog, exported),
    ofMessages: exportTsql(catalog, exported, "sql-dev/messages"),
    azureCli: exportAzureCli(catalog, exported),
  };
}

const ends = (script: string) => script.split("\n").filter((line) => line.includes(" ends at "));
const early = { expiresAt: "2027-01-31T00:00:00.000Z" };
const late = { expiresAt: "2027-02-28T00:00:00.000Z" };

it("says in every script which access ends, and that nothing there takes it away", () => {
  const { kubernetes, tsql, ofMessages, azureCli } = exportAll(late, { messages: early });

  const all = [
    "Access to sql-dev/messages ends at 2027-01-31T00:00:00.000Z. Nothing in this script takes it away.",
    "Access to sql-dev/orders, uploads ends at 2027-02-28T00:00:00.000Z. Nothing in this script takes it away.",
  ];
  expect(ends(kubernetes)).toEqual(all.map((line) => `# ${line}`));
  expect(ends(azureCli)).toEqual(all.map((line) => `# ${line}`));
  expect(ends(tsql)).toEqual([`-- ${all[0]}`, `-- ${all[1]?.replace(", uploads", "")}`]);
  expect(ends(ofMessages)).toEqual([`-- ${all[0]}`]);
  expect(azureCli).toMatch(/^#!\/bin\/sh\n/);
  expect(parseAllDocuments(kubernetes).flatMap((each) => ("errors" in each ? each.errors : []))).toEqual([]);
});

it("names only what ends", () => {
  const { tsql, azureCli } = exportAll({}, { uploads: early });

  expect(ends(azureCli)).toEqual([
    "# Access to uploads ends at 2027-01-31T00:00:00.000Z. Nothing in this script takes it away.",
  ]);
  expect(ends(tsql)).toEqual([]);
  expect(Object.values(exportAll({})).flatMap(ends)).toEqual([]);
});
