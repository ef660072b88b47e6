import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { loadCatalog } from "../../../src/catalog.ts";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { PermanentError } from "../../../src/domain/errors.ts";
import { findProblems } from "../../../tools/azure/check.ts";
import { createFakeAz } from "./fakeAz.ts";

const catalog = loadCatalog(join(dirname(dirname(dirname(import.meta.dirname))), "mooring.yaml"));
const clusterId = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-dev";
const serverId = catalog.sqlServers["sql-dev"]?.resourceId;
const server = "--subscription 00000000-0000-4000-8000-000000000003 --resource-group rg-data --server sql-dev";
const getServer = `rest --method GET --url ${serverId}`;
const cluster = {
  id: clusterId,
  fqdn: "aks-dev-dns-0000.hcp.westeurope.azmk8s.io",
  aadProfile: { managed: true },
  apiServerAccessProfile: null,
};
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
  "aks list": [cluster],
  [`${getServer}/databases`]: { value: [{ name: "master" }, { name: "Messages" }], nextLink: "next" },
  "rest --method GET --url next": { value: [{ name: "orders" }] },
  [`${getServer}/administrators`]: { value: [{ name: "ActiveDirectory" }] },
  [`${getServer}/firewallRules`]: { value: [{ name: "AllowAllWindowsAzureIps" }] },
};
const environment = { AZURE_LOCATION: "westeurope" };

it("finds nothing when nothing is wrong", async () => {
  expect(await findProblems(createFakeAz(sound).az, { catalog, environment })).toEqual([]);
});

it("requires no scheduler when none is configured", async () => {
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
    says: "The Durable Task Scheduler is not available in germanywestcentral. Choose one of: northeurope, westeurope; or keep",
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
    says: "Flex Consumption is not available in westeurope. Choose one of: northeurope",
  },
  {
    what: "a SQL server that Mooring's identity could not reach",
    changes: {
      [`${getServer}?`]: {
        properties: { publicNetworkAccess: "Disabled" },
      },
    },
    environment,
    says: 'The SQL server "sql-dev" accepts connections only from private networks (publicNetworkAccess Disabled), and Mooring would not be in one. Run: azd env set MOORING_PRIVATE_NETWORKING true',
  },
  {
    what: "a SQL server whose firewall lets nobody in",
    changes: { [`${getServer}/firewallRules`]: { value: [] } },
    environment,
    says: 'The SQL server "sql-dev" blocks all addresses: it has no firewall rule',
  },
  {
    what: "a SQL server without a Microsoft Entra administrator, which the catalog would not set",
    changes: { [`${getServer}/administrators`]: { value: [] } },
    environment,
    says: `az sql server ad-admin create ${server} --display-name`,
  },
  {
    what: "a database that is not there",
    changes: { "rest --method GET --url next": { value: [] } },
    environment,
    says: `The SQL server "sql-dev" has no database orders. Create it (az sql db create ${server} --name orders)`,
  },
  {
    what: "an API server that is no cluster's",
    changes: { "aks list": [{ id: clusterId, fqdn: "another", aadProfile: {} }] },
    environment,
    says: "no managed cluster of subscription 00000000-0000-4000-8000-000000000003 has the API server aks-dev-dns-0000.hcp.westeurope.azmk8s.io. Correct apiServer",
  },
  {
    what: "a cluster that knows no identities of Microsoft Entra",
    changes: { "aks list": [{ ...cluster, aadProfile: null }] },
    environment,
    says: `az aks update --subscription s --resource-group rg --name aks-dev --enable-aad`,
  },
  {
    what: "a private cluster",
    changes: { "aks list": [{ ...cluster, apiServerAccessProfile: { enablePrivateCluster: true } }] },
    environment,
    says: 'The cluster "aks-dev" has a private API server, but Mooring would not be in a network. Run: azd env set MOORING_PRIVATE_NETWORKING true',
  },
  {
    what: "a cluster that takes calls from some addresses alone",
    changes: { "aks list": [{ ...cluster, apiServerAccessProfile: { authorizedIpRanges: ["203.0.113.0/24"] } }] },
    environment,
    says: 'The cluster "aks-dev" accepts calls only from 203.0.113.0/24, and',
  },
];

const issuer = "https://issuers.example/k3s";
const withK3s = Catalog.parse({
  ...catalog,
  clusters: {
    ...catalog.clusters,
    k3s: {
      kind: "oidc",
      apiServer: "https://k3s.example:6443",
      oidcIssuer: issuer,
      subscriptionId: "00000000-0000-4000-8000-000000000003",
      identityResourceGroup: "rg-k3s",
      location: "westeurope",
      login: { by: "entra", audience: "api://k3s" },
    },
  },
});
const publishing = (says: string) => ({ read: async () => ({ issuer: says, keys: [], isPrivate: false }) });

it("asks Azure nothing about a cluster outside it, and reads its issuer instead", async () => {
  const { az, calls } = createFakeAz(sound);

  const problems = await findProblems(az, { catalog: withK3s, environment, issuers: publishing(issuer) });

  expect(problems).toEqual([]);
  expect(calls.filter((call) => call.startsWith("aks list"))).toHaveLength(1);
  expect(calls.join("\n")).toContain("/resourceGroups/rg-k3s?");
});

it.each([
  [
    "names another issuer",
    publishing(`${issuer}/`),
    `The cluster "k3s": the document at ${issuer} says that the issuer is ${issuer}/. Publish its issuer (docs/clusters.md)`,
  ],
  [
    "cannot be read",
    { read: () => Promise.reject(new PermanentError("OIDC_ISSUER_UNUSABLE", "The discovery document answers 404.")) },
    "The discovery document answers 404. Publish its issuer (docs/clusters.md)",
  ],
])("says what to do when the issuer of such a cluster %s", async (_what, issuers, says) => {
  const problems = await findProblems(createFakeAz(sound).az, { catalog: withK3s, environment, issuers });

  expect(problems).toEqual([expect.stringContaining(says)]);
});

it.each(wrong)("says what to do about $what", async ({ changes, environment, says }) => {
  const problems = await findProblems(createFakeAz({ ...sound, ...changes }).az, { catalog, environment });

  expect(problems).toEqual([expect.stringContaining(says)]);
});

it("assumes that private endpoints are reachable from the app's network, and that the catalog's administrator is set", async () => {
  const changes = {
    [`${getServer}?`]: { properties: { publicNetworkAccess: "Disabled" } },
    [`${getServer}/administrators`]: { value: [] },
    "aks list": [
      { ...cluster, fqdn: null, privateFqdn: cluster.fqdn, apiServerAccessProfile: { enablePrivateCluster: true } },
    ],
  };
  const [server] = Object.values(catalog.sqlServers);
  if (!server) throw new Error("the catalog has no server");
  const sqlServers = { "sql-dev": { ...server, entraAdmin: { objectId: crypto.randomUUID(), login: "platform" } } };

  const problems = await findProblems(createFakeAz({ ...sound, ...changes }).az, {
    catalog: { ...catalog, sqlServers },
    environment: { ...environment, MOORING_PRIVATE_NETWORKING: "true" },
  });

  expect(problems).toEqual([]);
});

it("names everything in the catalog that does not exist", async () => {
  const { "rest --method GET": _, "aks list": __, ...answers } = sound;

  const problems = await findProblems(createFakeAz(answers).az, { catalog, environment });

  expect(problems).toEqual([
    expect.stringMatching(/^The resource group MC_rg-dev_aks-dev_westeurope of cluster "aks-dev" cannot be read/),
    expect.stringMatching(/^The cluster "aks-dev" cannot be looked up/),
    expect.stringMatching(/^The SQL server "sql-dev" cannot be read/),
  ]);
});
