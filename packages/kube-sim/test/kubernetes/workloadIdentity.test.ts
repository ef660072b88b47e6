import type { V1Volume } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { failureOf, startCluster, type TestCluster } from "./cluster.ts";

let cluster: TestCluster;
let authorityHost = "https://login.microsoftonline.com/";
beforeAll(async () => {
  cluster = await startCluster({ simulator: { authorityHost: () => authorityHost } });
  await account("app", { "azure.workload.identity/client-id": "client-1" });
});
afterAll(() => cluster.simulator.close());

const account = (name: string, annotations: Record<string, string>) =>
  cluster.create({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace: "default", annotations } });

const use = { "azure.workload.identity/use": "true" };

interface PodTraits {
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly serviceAccountName?: string;
  readonly containers?: object[];
}

async function createPod(
  name: string,
  { labels = use, annotations = {}, serviceAccountName = "app", containers }: PodTraits,
) {
  await cluster.create({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", labels, annotations },
    spec: { serviceAccountName, containers: containers ?? [{ name: "main", image: "app" }] },
  } as object);
  return cluster.core.readNamespacedPod({ namespace: "default", name });
}

/** A pod also has the token of its account for the API server. */
const identityVolume = (spec: { volumes?: V1Volume[] } | undefined) =>
  spec?.volumes?.find(({ name }) => name.startsWith("azure-workload-identity-"));

test("gives a labelled pod the environment and the token that the SDKs sign in with", async () => {
  const { spec } = await createPod("plain", {});

  expect(spec?.containers[0]?.env).toEqual([
    { name: "AZURE_CLIENT_ID", value: "client-1" },
    { name: "AZURE_TENANT_ID", value: cluster.world.tenantId },
    { name: "AZURE_FEDERATED_TOKEN_FILE", value: "/var/run/secrets/azure/wi/token/azure-identity-token" },
    { name: "AZURE_AUTHORITY_HOST", value: "https://login.microsoftonline.com/" },
  ]);
  const volume = identityVolume(spec);
  expect(volume?.projected?.sources).toEqual([
    {
      serviceAccountToken: {
        path: "token/azure-identity-token",
        expirationSeconds: 3600,
        audience: "api://AzureADTokenExchange",
      },
    },
  ]);
  expect(spec?.containers[0]?.volumeMounts).toContainEqual({
    ...{ name: volume?.name, mountPath: "/var/run/secrets/azure/wi", readOnly: true },
  });
});

test("leaves a pod without the label alone", async () => {
  const { spec } = await createPod("unlabelled", { labels: {} });

  expect(spec?.containers[0]?.env).toBeUndefined();
  expect(identityVolume(spec)).toBeUndefined();
});

test("never overwrites a variable that the container sets, and skips containers that the pod excludes", async () => {
  const { spec } = await createPod("careful", {
    annotations: { "azure.workload.identity/skip-containers": "sidecar; other" },
    containers: [
      { name: "main", image: "app", env: [{ name: "AZURE_CLIENT_ID", value: "my own" }] },
      { name: "sidecar", image: "proxy" },
    ],
  });

  const values = spec?.containers[0]?.env?.filter(({ name }) => name === "AZURE_CLIENT_ID").map(({ value }) => value);
  expect(values).toEqual(["my own"]);
  expect(spec?.containers[1]?.env).toBeUndefined();
});

test("omits the client id when the account has none, and uses the given tenant and authority", async () => {
  authorityHost = "https://127.0.0.1:8443/";
  await account("tenant", { "azure.workload.identity/tenant-id": "another-tenant" });

  const { spec } = await createPod("tenant", { serviceAccountName: "tenant" });

  expect(spec?.containers[0]?.env?.map(({ name, value }) => `${name}=${value}`)).toEqual([
    "AZURE_TENANT_ID=another-tenant",
    "AZURE_FEDERATED_TOKEN_FILE=/var/run/secrets/azure/wi/token/azure-identity-token",
    "AZURE_AUTHORITY_HOST=https://127.0.0.1:8443/",
  ]);
});

test("prefers the pod's token lifetime over the account's, and refuses one that is out of range", async () => {
  await account("long", { "azure.workload.identity/service-account-token-expiration": "86400" });
  const expirationOf = async (name: string, annotations: Record<string, string>) => {
    const { spec } = await createPod(name, { serviceAccountName: "long", annotations });
    return identityVolume(spec)?.projected?.sources?.[0]?.serviceAccountToken?.expirationSeconds;
  };

  expect(await expirationOf("inherits", {})).toBe(86_400);
  const annotations = { "azure.workload.identity/service-account-token-expiration": "7200" };
  expect(await expirationOf("decides", annotations)).toBe(7200);
  const tooShort = { "azure.workload.identity/service-account-token-expiration": "60" };
  expect(await failureOf(expirationOf("short", tooShort))).toMatchObject({ code: 400 });
});

test("refuses a pod whose account is missing, before any webhook is asked", async () => {
  expect(await failureOf(createPod("lost", { serviceAccountName: "nobody" }))).toMatchObject({
    code: 403,
    message: expect.stringContaining('serviceaccount "nobody" not found'),
  });
});
