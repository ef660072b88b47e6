import { randomUUID } from "node:crypto";
import { DefaultAzureCredential, ManagedIdentityCredential, WorkloadIdentityCredential } from "@azure/identity";
import { decodeJwt } from "jose";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { checkAccessToken, type EntraSimulator, startEntra } from "../../src/entra/index.ts";
import type { SimulatorContext } from "../../src/simulator.ts";
import { type Cluster, createSigningKey, type FederatedCredential } from "../../src/world.ts";
import {
  addCluster,
  addIdentity,
  createContext,
  signServiceAccountToken,
  tokenAudience,
  writeTokenFile,
} from "./fixture.ts";

const subject = "system:serviceaccount:team-a:app";
const databaseScope = "https://database.windows.net/.default";
const cleanUp: (() => Promise<void>)[] = [];
let offsetMs = 0;
let context: SimulatorContext;
let cluster: Cluster;
let entra: EntraSimulator;

beforeAll(async () => {
  context = await createContext({ now: () => new Date(Date.now() + offsetMs) });
  cluster = await addCluster(context.world, "aks-dev");
  entra = await startEntra(context);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  context.faults.clear();
  entra.federationDelayMs = 0;
  offsetMs = 0;
  for (const remove of cleanUp.splice(0)) await remove();
});

afterAll(async () => {
  await entra.close();
});

function credentialFor(part: Partial<FederatedCredential> = {}): FederatedCredential {
  return { name: "mooring", issuer: cluster.oidcIssuer, subject, audiences: [tokenAudience], ...part };
}

async function workload(clientId: string, token: string): Promise<WorkloadIdentityCredential> {
  const file = await writeTokenFile(token);
  cleanUp.push(file.remove);
  return new WorkloadIdentityCredential({
    tenantId: context.world.tenantId,
    clientId,
    tokenFilePath: file.path,
    authorityHost: entra.authorityHost,
    disableInstanceDiscovery: true,
    retryOptions: { maxRetries: 0 },
  });
}

test("exchanges a service account's token for one that names the managed identity", async () => {
  const identity = addIdentity(context.world, "federated", [credentialFor()]);
  const credential = await workload(identity.clientId, await signServiceAccountToken(cluster, { subject }));

  const { token, expiresOnTimestamp } = await credential.getToken(databaseScope);

  expect(decodeJwt(token)).toMatchObject({
    aud: "https://database.windows.net",
    iss: `https://sts.windows.net/${context.world.tenantId}/`,
    tid: context.world.tenantId,
    appid: identity.clientId,
    oid: identity.principalId,
    sub: identity.principalId,
    ver: "1.0",
    idtyp: "app",
  });
  expect(expiresOnTimestamp - Date.now()).toBeGreaterThan(50 * 60_000);
  expect(await checkAccessToken(context.world, token, ["https://database.windows.net"])).toEqual({
    outcome: "valid",
    clientId: identity.clientId,
    principalId: identity.principalId,
  });
});

test("keeps the trailing slash of a resource that is requested with two", async () => {
  const identity = addIdentity(context.world, "slash", [credentialFor()]);
  const credential = await workload(identity.clientId, await signServiceAccountToken(cluster, { subject }));

  const { token } = await credential.getToken("https://database.windows.net//.default");

  expect(decodeJwt(token).aud).toBe("https://database.windows.net/");
});

test.each<[string, Partial<FederatedCredential>, string]>([
  ["an issuer without its trailing slash", { issuer: "without" }, "AADSTS700211"],
  ["another subject", { subject: "system:serviceaccount:team-b:app" }, "AADSTS700213"],
  ["a subject in another case", { subject: "system:serviceaccount:Team-A:app" }, "AADSTS7002138"],
  ["another audience", { audiences: ["api://other"] }, "AADSTS700212"],
])("refuses an assertion when the credential has %s", async (_, part, code) => {
  const issuer = part.issuer ? cluster.oidcIssuer.slice(0, -1) : cluster.oidcIssuer;
  const identity = addIdentity(context.world, "mismatch", [credentialFor({ ...part, issuer })]);
  const credential = await workload(identity.clientId, await signServiceAccountToken(cluster, { subject }));

  await expect(credential.getToken(databaseScope)).rejects.toThrow(
    new RegExp(`${code}: No matching federated identity record found for presented assertion`),
  );
});

test("refuses a client id that no identity has", async () => {
  const credential = await workload(randomUUID(), await signServiceAccountToken(cluster, { subject }));

  await expect(credential.getToken(databaseScope)).rejects.toThrow(/AADSTS700016: Application with identifier/);
});

test("refuses an assertion signed with another key", async () => {
  const identity = addIdentity(context.world, "forged", [credentialFor()]);
  const forged = { oidcIssuer: cluster.oidcIssuer, serviceAccountKey: await createSigningKey() };
  const credential = await workload(identity.clientId, await signServiceAccountToken(forged, { subject }));

  await expect(credential.getToken(databaseScope)).rejects.toThrow(/AADSTS700027/);
});

test("refuses an expired assertion", async () => {
  const identity = addIdentity(context.world, "late", [credentialFor()]);
  const credential = await workload(identity.clientId, await signServiceAccountToken(cluster, { subject }));
  offsetMs = 2 * 3600_000;

  await expect(credential.getToken(databaseScope)).rejects.toThrow(/AADSTS700024/);
});

test("does not know a new credential until the federation delay is over", async () => {
  entra.federationDelayMs = 60_000;
  const identity = addIdentity(context.world, "fresh", [credentialFor({ writtenAt: context.world.now() })]);
  const token = await signServiceAccountToken(cluster, { subject });
  await expect((await workload(identity.clientId, token)).getToken(databaseScope)).rejects.toThrow(/AADSTS70021:/);

  offsetMs = 61_000;

  await expect((await workload(identity.clientId, token)).getToken(databaseScope)).resolves.toBeDefined();
});

test("serves DefaultAzureCredential from the environment of a pod", async () => {
  const identity = addIdentity(context.world, "default", [credentialFor()]);
  const file = await writeTokenFile(await signServiceAccountToken(cluster, { subject }));
  cleanUp.push(file.remove);
  vi.stubEnv("AZURE_CLIENT_ID", identity.clientId);
  vi.stubEnv("AZURE_TENANT_ID", context.world.tenantId);
  vi.stubEnv("AZURE_FEDERATED_TOKEN_FILE", file.path);
  vi.stubEnv("AZURE_AUTHORITY_HOST", entra.authorityHost);

  const { token } = await new DefaultAzureCredential({ disableInstanceDiscovery: true }).getToken(databaseScope);

  expect(decodeJwt(token)["appid"]).toBe(identity.clientId);
});

test("gives a Function App a token of its own identity, or of the one it asks for", async () => {
  const [own, other] = [addIdentity(context.world, "own"), addIdentity(context.world, "other")];
  const { endpoint, header } = entra.appServiceIdentity(own.clientId, [other.clientId]);
  vi.stubEnv("IDENTITY_ENDPOINT", endpoint);
  vi.stubEnv("IDENTITY_HEADER", header);

  const first = await new ManagedIdentityCredential().getToken("https://management.azure.com/.default");
  const { clientId, principalId: objectId, id: resourceId } = other;
  const chosen = await Promise.all(
    [{ clientId }, { objectId }, { resourceId: resourceId.toUpperCase() }].map((choice) =>
      new ManagedIdentityCredential(choice).getToken(databaseScope),
    ),
  );

  expect(decodeJwt(first.token)).toMatchObject({ appid: own.clientId, aud: "https://management.azure.com" });
  expect(chosen.map(({ token }) => decodeJwt(token))).toMatchObject(
    chosen.map(() => ({ appid: other.clientId, aud: "https://database.windows.net" })),
  );
  expect(first.expiresOnTimestamp - Date.now()).toBeGreaterThan(23 * 3600_000);
});

test("refuses a Function App an identity that is not assigned to it, and an ambiguous choice", async () => {
  const [own, other] = [addIdentity(context.world, "app-own"), addIdentity(context.world, "of-another-app")];
  const { endpoint, header } = entra.appServiceIdentity(own.clientId);
  const ask = async (choice: Record<string, string>) => {
    const query = new URLSearchParams({ resource: "https://vault.azure.net", "api-version": "2019-08-01", ...choice });
    const response = await fetch(`${endpoint}?${query}`, { headers: { "x-identity-header": header } });
    return response.status;
  };

  const statuses = await Promise.all([
    ask({ client_id: other.clientId }),
    ask({ object_id: other.principalId }),
    ask({ principal_id: other.principalId }),
    ask({ mi_res_id: other.id }),
    ask({ client_id: own.clientId, mi_res_id: own.id }),
    ask({ client_id: "" }),
    ask({ principal_id: own.principalId }),
  ]);

  expect(statuses).toEqual([400, 400, 400, 400, 400, 400, 200]);
});

test("also serves the older version of a Function App's endpoint, with its own names", async () => {
  const [own, other] = [addIdentity(context.world, "old-own"), addIdentity(context.world, "old-other")];
  const { endpoint, header } = entra.appServiceIdentity(own.clientId, [other.clientId]);
  const ask = async (choice: string, headers: Record<string, string>) =>
    await fetch(`${endpoint}/?resource=https://vault.azure.net&api-version=2017-09-01${choice}`, { headers });

  const answer = await ask(`&clientid=${other.clientId}`, { secret: header });
  const body = (await answer.json()) as Record<string, string>;

  expect(decodeJwt(body["access_token"] ?? "")["appid"]).toBe(other.clientId);
  expect(body["expires_on"]).toMatch(/^\d\d\/\d\d\/20\d\d \d\d:\d\d:\d\d \+00:00$/);
  expect((await ask("", { "x-identity-header": header })).status).toBe(401);
  expect((await ask(`&clientid=${randomUUID()}`, { secret: header })).status).toBe(400);
});

test("refuses a caller that does not know the Function App's secret header", async () => {
  const { endpoint } = entra.appServiceIdentity(addIdentity(context.world, "guarded").clientId);
  const url = `${endpoint}?resource=https://database.windows.net&api-version=2019-08-01`;

  const response = await fetch(url, { headers: { "x-identity-header": randomUUID() } });

  expect(response.status).toBe(401);
});

test("applies scripted faults once per token request and records them in the journal", async () => {
  const identity = addIdentity(context.world, "faulty", [credentialFor()]);
  const credential = await workload(identity.clientId, await signServiceAccountToken(cluster, { subject }));
  const call = { wire: "entra", operation: "token", target: identity.clientId } as const;
  context.faults.add({ ...call, effect: { kind: "error", code: 90033, status: 400, message: "A transient error." } });

  await expect(credential.getToken(databaseScope)).rejects.toThrow(/AADSTS90033: A transient error/);
  await expect(credential.getToken(databaseScope)).resolves.toBeDefined();

  expect(context.faults.journal.filter(({ target }) => target === identity.clientId)).toEqual([call, call]);
});

test.each(["cutBefore", "cutAfter", "garbage"] as const)(
  "gives no token when the connection ends in %s",
  async (kind) => {
    const identity = addIdentity(context.world, kind, [credentialFor()]);
    const credential = await workload(identity.clientId, await signServiceAccountToken(cluster, { subject }));
    context.faults.add({ wire: "entra", target: identity.clientId, times: Infinity, effect: { kind } });

    await expect(credential.getToken(databaseScope)).rejects.toThrow();
  },
);
