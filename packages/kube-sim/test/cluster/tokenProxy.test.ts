/** The token proxy of a simulated cluster, with the real @azure/identity as a pod would use it. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WorkloadIdentityCredential } from "@azure/identity";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { type EntraSimulator, startEntra } from "../../../azure-sim/src/entra/index.ts";
import type { SimulatorContext } from "../../../azure-sim/src/simulator.ts";
import { automaticCredential, type Identity } from "../../../azure-sim/src/world.ts";
import { addCluster, addIdentity, createContext } from "../../../azure-sim/test/entra/fixture.ts";
import { createApi, type KubernetesApi } from "../../src/cluster/api.ts";
import { type ClusterServer, startCluster } from "../../src/cluster/index.ts";

const clusterId = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-dev";
const rbac = "/apis/rbac.authorization.k8s.io/v1";

let context: SimulatorContext;
let entra: EntraSimulator;
let cluster: ClusterServer;
let api: KubernetesApi;
let identity: Identity;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mooring-proxy-"));
  context = await createContext();
  const { world } = context;
  world.clusters.set("aks-dev", { ...(await addCluster(world, "aks-dev")), hasIdentityBindings: true, id: clusterId });
  entra = await startEntra(context);
  cluster = await startCluster(context, { cluster: "aks-dev", authorityHost: entra.authorityHost });
  api = createApi({ url: cluster.url, ca: context.tls.certificate, token: cluster.adminToken });
  identity = addIdentity(world, "team-a");
  const issuer = `https://ib.oic.prod-aks.azure.com/${world.tenantId}/${identity.clientId}`;
  const audiences = ["api://AzureADTokenExchange"];
  identity.federatedCredentials.set(automaticCredential, {
    name: automaticCredential,
    issuer,
    subject: "x",
    audiences,
  });
  const { clientId, principalId } = identity;
  const bound = { id: `${clusterId}/identityBindings/b`, name: "b", identityId: identity.id, clientId, principalId };
  world.identityBindings.set(bound.id.toLowerCase(), { ...bound, state: "Succeeded" });
  await api.post("/api/v1/namespaces", { metadata: { name: "team-a" } });
  for (const name of ["app", "other"]) {
    const annotations = { "azure.workload.identity/client-id": clientId };
    await api.post("/api/v1/namespaces/team-a/serviceaccounts", { metadata: { name, annotations } });
  }
  const rules = [{ verbs: ["use-managed-identity"], apiGroups: ["cid.wi.aks.azure.com"], resources: [clientId] }];
  await api.post(`${rbac}/clusterroles`, { metadata: { name: "use" }, rules });
  await api.post(`${rbac}/clusterrolebindings`, {
    metadata: { name: "use" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "use" },
    subjects: [{ kind: "ServiceAccount", name: "app", namespace: "team-a" }],
  });
});

afterEach(() => vi.unstubAllEnvs());

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  api.close();
  await Promise.all([cluster.close(), entra.close()]);
});

interface Container {
  readonly env: readonly { readonly name: string; readonly value: string }[];
}
interface Source {
  readonly serviceAccountToken?: { readonly audience?: string };
}
interface InjectedPod {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly containers: readonly Container[];
    readonly volumes: readonly { readonly projected: { readonly sources: readonly Source[] } }[];
  };
}

/** The pod as the webhook leaves it. */
async function podOf(account: string, annotations: object): Promise<InjectedPod> {
  const metadata = { generateName: "app-", labels: { "azure.workload.identity/use": "true" }, annotations };
  const spec = { serviceAccountName: account, containers: [{ name: "app", image: "x" }] };
  return (await api.post("/api/v1/namespaces/team-a/pods", { metadata, spec })) as InjectedPod;
}

/** What a kubelet would project and set for it. */
async function becomePod(account: string, changes: Readonly<Record<string, string>> = {}): Promise<void> {
  const pod = await podOf(account, { "azure.workload.identity/use-identity-binding": "True" });
  const env = new Map(pod.spec.containers[0]?.env.map(({ name, value }) => [name, value]));
  // A real server also mounts a token of its own, for no audience.
  const sources = pod.spec.volumes.flatMap(({ projected }) => projected.sources);
  const audience = sources.find((each) => each.serviceAccountToken?.audience)?.serviceAccountToken?.audience ?? "";
  expect(audience).not.toBe("api://AzureADTokenExchange");
  const answer = (await api.post(`/api/v1/namespaces/team-a/serviceaccounts/${account}/token`, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { audiences: [audience] },
  })) as { status: { token: string } };
  const [token, ca] = [join(folder, "token"), join(folder, "ca.crt")];
  await writeFile(token, answer.status.token);
  await writeFile(ca, Object.values(pod.metadata.annotations).find((each) => each.includes("BEGIN")) ?? "");
  const files = { AZURE_FEDERATED_TOKEN_FILE: token, AZURE_KUBERNETES_CA_FILE: ca };
  for (const [name, value] of Object.entries({ ...Object.fromEntries(env), ...files, ...changes }))
    vi.stubEnv(name, value);
}

async function getToken({ enableAzureProxy = true } = {}): Promise<string> {
  const credential = new WorkloadIdentityCredential({ disableInstanceDiscovery: true, enableAzureProxy });
  return (await credential.getToken("https://database.windows.net/.default"))?.token ?? "";
}

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
}

it("exchanges the token of an account that may use the identity", async () => {
  await becomePod("app");

  expect(claimsOf(await getToken())).toMatchObject({ appid: identity.clientId, oid: identity.principalId });
});

it("refuses an account that may not", async () => {
  await becomePod("other");

  await expect(getToken()).rejects.toThrow(/system:serviceaccount:team-a:other cannot use-managed-identity/);
});

it("refuses an identity that is not bound to the cluster", async () => {
  const { world } = context;
  const [[id, binding] = ["", undefined]] = [...world.identityBindings];
  world.identityBindings.delete(id);
  await becomePod("app");

  await expect(getToken()).rejects.toThrow(/No identity binding of this cluster/);
  if (binding) world.identityBindings.set(id, binding);
});

it("is asked for by its name, and its certificate is checked", async () => {
  await becomePod("app", { AZURE_KUBERNETES_SNI_NAME: "localhost" });
  await expect(getToken()).rejects.toThrow(/endpoints_resolution_error/);

  await becomePod("app", { AZURE_KUBERNETES_SNI_NAME: "elsewhere.example" });
  await expect(getToken()).rejects.toThrow(/endpoints_resolution_error|altnames|Hostname/);
});

it("is not asked by a credential without the option, which Entra then refuses", async () => {
  await becomePod("app");

  await expect(getToken({ enableAzureProxy: false })).rejects.toThrow(/AADSTS700211/);
});

it("is nothing to a pod without the annotation", async () => {
  const pod = await podOf("app", {});

  expect(pod.spec.containers[0]?.env.map(({ name }) => name)).not.toContain("AZURE_KUBERNETES_TOKEN_PROXY");
  expect(JSON.stringify(pod.spec.volumes)).toContain("api://AzureADTokenExchange");
});
