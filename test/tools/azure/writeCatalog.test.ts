import { writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { parseCatalog } from "../../../src/catalog.ts";
import { writeCatalog, writeEntries } from "../../../tools/azure/writeCatalog.ts";
import { createFakeAz, optionOf } from "./fakeAz.ts";

const subscription = "00000000-0000-4000-8000-000000000003";
const clusterId = `/subscriptions/${subscription}/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/AKS_Dev`;
const sqlId = `/subscriptions/${subscription}/resourceGroups/rg-data/providers/Microsoft.Sql/servers/sql-dev`;
const audience = "00000000-0000-4000-8000-000000000004";
const certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

const cluster = {
  id: clusterId,
  name: "AKS_Dev",
  location: "westeurope",
  fqdn: "aks.hcp.westeurope.azmk8s.io",
  privateFqdn: null,
  nodeResourceGroup: "MC_rg_AKS_Dev_westeurope",
  oidcIssuerProfile: { enabled: true, issuerUrl: "https://westeurope.oic.prod-aks.azure.com/a/b/" },
  identityProfile: { kubeletidentity: { objectId: "00000000-0000-4000-8000-000000000006" } },
};

function azure(changes: object = {}, more: Parameters<typeof createFakeAz>[0] = {}) {
  return createFakeAz({
    ...more,
    "account show": { tenantId: "00000000-0000-4000-8000-000000000001" },
    "aks show": { ...cluster, ...changes },
    "aks get-credentials": (args: readonly string[]) =>
      writeFile(
        optionOf(args, "--file"),
        stringify({
          clusters: [{ cluster: { "certificate-authority-data": Buffer.from(certificate).toString("base64") } }],
        }),
      ),
    "sql server show": { id: sqlId, name: "sql-dev", fullyQualifiedDomainName: "sql-dev.database.windows.net" },
    "sql db list": [{ name: "master" }, { name: "messages" }],
  }).az;
}

const options = { clusters: [clusterId], sqlServers: [sqlId], audience, podIdentity: false };

it("prints a catalog that Mooring can start with, with every value from Azure", async () => {
  const printed = parseCatalog(await writeCatalog(azure(), options), "printed");

  expect(printed).toMatchObject({
    tenantId: "00000000-0000-4000-8000-000000000001",
    clusters: {
      "aks-dev": {
        apiServer: "https://aks.hcp.westeurope.azmk8s.io:443",
        certificateAuthority: certificate,
        oidcIssuer: "https://westeurope.oic.prod-aks.azure.com/a/b/",
        subscriptionId: subscription,
        identityResourceGroup: "MC_rg_AKS_Dev_westeurope",
        identityModes: ["workloadIdentity"],
      },
    },
    sqlServers: {
      "sql-dev": {
        resourceId: sqlId,
        host: "sql-dev.database.windows.net",
        databases: { messages: { roles: ["reader", "writer"] } },
      },
    },
    auth: { entra: { audiences: [audience] } },
  });
});

it("uses a private cluster's private name, and the nodes' identity for pod identity", async () => {
  const az = azure({ privateFqdn: "aks.private.westeurope.azmk8s.io" });

  const printed = parseCatalog(await writeCatalog(az, { ...options, podIdentity: true }), "printed");

  expect(printed.clusters["aks-dev"]).toMatchObject({
    apiServer: "https://aks.private.westeurope.azmk8s.io:443",
    identityModes: ["workloadIdentity", "podIdentity"],
    podIdentity: { kubeletObjectId: "00000000-0000-4000-8000-000000000006" },
  });
});

it.each<[string, object, string | undefined, boolean]>([
  ["whose subscription has the feature", {}, "Registered", true],
  ["whose subscription has not asked for the feature", {}, "NotRegistered", false],
  ["of whose feature nobody may know", {}, undefined, false],
  [
    "whose API server is in a virtual network",
    { apiServerAccessProfile: { enableVnetIntegration: true } },
    "Registered",
    false,
  ],
  ["without workload identity", { securityProfile: { workloadIdentity: { enabled: false } } }, "Registered", false],
])("offers identity bindings on a cluster that can have them: one %s", async (_which, changes, state, binds) => {
  const securityProfile = { workloadIdentity: { enabled: true } };
  const az = azure(
    { securityProfile, ...changes },
    state === undefined ? {} : { "feature show": { properties: { state } } },
  );

  const printed = parseCatalog(await writeCatalog(az, options), "printed");

  const { identityModes, ...entry } = printed.clusters["aks-dev"] ?? { identityModes: [] };
  expect(identityModes).toEqual(["workloadIdentity", ...(binds ? ["identityBinding"] : [])]);
  expect("identityBinding" in entry ? entry.identityBinding : undefined).toEqual(binds ? { clusterId } : undefined);
});

it("says which command a cluster without an OIDC issuer needs", async () => {
  await expect(writeCatalog(azure({ oidcIssuerProfile: { enabled: false } }), options)).rejects.toThrow(
    `az aks update --subscription ${subscription} --resource-group rg --name AKS_Dev --enable-oidc-issuer --enable-workload-identity`,
  );
});

it("prints only the entries for the sample, which has no Entra application yet", async () => {
  const whole = parseCatalog(await writeCatalog(azure(), options), "printed");

  const { clusters, sqlServers, ...rest } = parse(await writeEntries(azure(), options));

  expect(clusters["aks-dev"]).toMatchObject({
    apiServer: whole.clusters["aks-dev"]?.apiServer,
    certificateAuthority: certificate,
  });
  expect(sqlServers["sql-dev"]).toMatchObject({
    resourceId: sqlId,
    databases: { messages: { roles: ["reader", "writer"] } },
  });
  expect(rest).toEqual({});
});
