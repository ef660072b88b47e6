/**
 * Every object of every identity mode and profile, on an API server, simulated or real: admitted, filled in, read back and compared. No
 * drift is found where there is none, and nothing is written twice.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { kubernetesOf, startCluster, type TestCluster } from "../../packages/kube-sim/test/kubernetes/cluster.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { IdentityMode, OnboardingRequest } from "../../src/domain/request/request.ts";
import type { Kubernetes, KubernetesObject } from "../../src/ports/kubernetes.ts";
import { everyResource, isWanted } from "../../src/resources/index.ts";
import { bringObjects, refOf } from "../../src/resources/kubernetesObject/ensureObjects.ts";
import { inspectObject } from "../../src/resources/kubernetesObject/inspectObjects.ts";
import { clientIdOf, principalIdOf } from "../support/ids.ts";

const id = "00000000-0000-4000-8000-000000000001";
const addresses = ["10.1.0.4/32"];
const catalog = Catalog.parse({
  tenantId: id,
  clusters: {
    "aks-dev": {
      apiServer: "https://aks-dev.example",
      oidcIssuer: "https://westeurope.oic.prod-aks.azure.com/tenant/cluster/",
      subscriptionId: id,
      identityResourceGroup: "MC_dev",
      location: "westeurope",
      identityModes: IdentityMode.options,
      identityBinding: {
        clusterId: `/subscriptions/${id}/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-dev`,
      },
      network: { login: { addresses }, tokenProxy: { addresses } },
    },
  },
  sqlServers: {
    "sql-dev": {
      resourceId: `/subscriptions/${id}/resourceGroups/rg/providers/Microsoft.Sql/servers/sql-dev`,
      host: "sql-dev.database.windows.net",
      network: { addresses },
      databases: { messages: { roles: ["reader"] } },
    },
  },
  profiles: {
    whole: {
      quota: { "requests.cpu": "4000m", "requests.memory": "8192Mi", "limits.memory": "1.5Gi", pods: "20" },
      limits: {
        container: { max: { cpu: 2, memory: "1024Mi" }, defaultRequest: { cpu: "0.1" } },
        pod: { max: { memory: "2Gi" } },
      },
      podSecurity: { enforce: "privileged", audit: "baseline", warn: "restricted", version: "latest" },
      network: { from: ["web"] },
    },
  },
});

let cluster: TestCluster;
let kubernetes: Kubernetes;
beforeAll(async () => {
  cluster = await startCluster();
  kubernetes = kubernetesOf(cluster);
});
afterAll(() => cluster.simulator.close());

const profiles = [undefined, "whole"];
it.each(IdentityMode.options.flatMap((identityMode) => profiles.map((profile) => ({ identityMode, profile }))))(
  "$identityMode with the profile $profile",
  async ({ identityMode, profile }) => {
    const namespace = `${identityMode.toLowerCase()}-${profile ?? "none"}`;
    const request = OnboardingRequest.parse({
      ...{ cluster: "aks-dev", namespace, identityMode },
      databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
      ...(profile === undefined ? {} : { namespaceProfile: profile }),
    });
    const input = { request, clientId: clientIdOf(id), principalId: principalIdOf(id) };
    const desired = everyResource
      .filter((resource) => isWanted(resource, request))
      .flatMap((resource) => (resource.exported(catalog, input).objects ?? []) as readonly KubernetesObject[])
      .toSorted((a, b) => Number(b.kind === "Namespace") - Number(a.kind === "Namespace"));
    expect(desired.length).toBeGreaterThan(profile === undefined ? 2 : 5);

    const how = { cluster: "aks-dev", namespace, operation: "now", adoptionPolicy: "Never" } as const;
    const step = { willDo: async () => undefined };
    const bring = () =>
      bringObjects(kubernetes, cluster.target, desired, { ...how, recordedMark: async () => undefined, step });
    const seen = () => Promise.all(desired.map((each) => kubernetes.get(cluster.target, refOf(each))));
    await bring();
    const found = await Promise.all(
      desired.map((each) => inspectObject(kubernetes, cluster.target, each, () => undefined)),
    );
    expect(found.flat()).toEqual([]);

    // The managers of a real cluster write, too: a quota's status, a namespace's finalizer.
    const ours = (all: Awaited<ReturnType<typeof seen>>) =>
      all.map((each) => each?.metadata.managedFields?.filter(({ manager }) => manager === "mooring"));
    const before = ours(await seen());
    expect((await bring()).action).toBe("create");
    expect(ours(await seen())).toEqual(before);
  },
);
