import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { loadCatalog } from "../../../src/catalog.ts";
import { findProblems } from "../../../tools/azure/check.ts";
import { createFakeAz } from "./fakeAz.ts";

const catalog = loadCatalog(join(dirname(dirname(dirname(import.meta.dirname))), "mooring.yaml"));
const registered = { registrationState: "Registered", resourceTypes: [] };
const sound = {
  "account show": { id: "00000000-0000-4000-8000-000000000003", tenantId: catalog.tenantId },
  "provider show": registered,
  "provider show --namespace Microsoft.DurableTask": {
    registrationState: "Registered",
    resourceTypes: [{ resourceType: "schedulers", locations: ["West Europe", "North Europe"] }],
  },
  "functionapp list-flexconsumption-locations": [{ name: "westeurope" }, { name: "germanywestcentral" }],
  "storage sku list": [
    { name: "Standard_ZRS", locations: ["westeurope"] },
    { name: "Standard_LRS", locations: ["westeurope", "germanywestcentral"] },
  ],
  "rest --method GET": {},
};
const environment = { AZURE_LOCATION: "westeurope" };

it("finds nothing where nothing is wrong", async () => {
  expect(await findProblems(createFakeAz(sound).az, { catalog, environment })).toEqual([]);
});

it("asks for no scheduler where none is wanted", async () => {
  const { az, calls } = createFakeAz({ ...sound, "provider show --namespace Microsoft.DurableTask": {} });

  const problems = await findProblems(az, { catalog, environment: { ...environment, MOORING_BACKEND: "storage" } });

  expect(problems).toEqual([]);
  expect(calls.join()).not.toContain("DurableTask");
});

const wrong = [
  { what: "no region", changes: {}, environment: {}, says: "azd env set AZURE_LOCATION" },
  {
    what: "another tenant",
    changes: { "account show": { id: "x", tenantId: "another" } },
    environment,
    says: `az login --tenant ${catalog.tenantId}`,
  },
  {
    what: "a provider that is not registered",
    changes: {
      "provider show --namespace Microsoft.ServiceBus": { ...registered, registrationState: "NotRegistered" },
    },
    environment,
    says: "az provider register --wait --namespace Microsoft.ServiceBus",
  },
  {
    what: "a network that may not be delegated to the app",
    changes: { "provider show --namespace Microsoft.App": { ...registered, registrationState: "NotRegistered" } },
    environment: { ...environment, MOORING_PRIVATE_NETWORKING: "true" },
    says: "az provider register --wait --namespace Microsoft.App",
  },
  {
    what: "a region without the scheduler",
    changes: {},
    environment: { AZURE_LOCATION: "germanywestcentral", MOORING_STORAGE_SKU: "Standard_LRS" },
    says: "The Durable Task Scheduler is not in germanywestcentral. Choose one of: northeurope, westeurope; or keep",
  },
  {
    what: "a region without that redundancy",
    changes: {},
    environment: { AZURE_LOCATION: "germanywestcentral", MOORING_BACKEND: "storage" },
    says: "azd env set MOORING_STORAGE_SKU Standard_LRS",
  },
  {
    what: "a region without Flex Consumption",
    changes: { "functionapp list-flexconsumption-locations": [{ name: "northeurope" }] },
    environment,
    says: "Flex Consumption is not in westeurope. Choose one of: northeurope",
  },
  {
    what: "a SQL server that Mooring's identity could not reach",
    changes: {
      [`rest --method GET --url ${catalog.sqlServers["sql-dev"]?.resourceId}`]: {
        properties: { publicNetworkAccess: "Disabled" },
      },
    },
    environment,
    says: 'The SQL server "sql-dev" takes connections from private networks alone (publicNetworkAccess Disabled), and Mooring would be in none. Run: azd env set MOORING_PRIVATE_NETWORKING true',
  },
];

it.each(wrong)("says what to do about $what", async ({ changes, environment, says }) => {
  const problems = await findProblems(createFakeAz({ ...sound, ...changes }).az, { catalog, environment });

  expect(problems).toEqual([expect.stringContaining(says)]);
});

it("names each thing of the catalog that is not there", async () => {
  const { "rest --method GET": _, ...answers } = sound;

  const problems = await findProblems(createFakeAz(answers).az, { catalog, environment });

  expect(problems).toEqual([
    expect.stringMatching(/^The resource group MC_rg-dev_aks-dev_westeurope of cluster "aks-dev" cannot be read/),
    expect.stringMatching(/^The SQL server "sql-dev" cannot be read/),
  ]);
});
