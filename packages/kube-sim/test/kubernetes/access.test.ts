import * as k8s from "@kubernetes/client-node";
import { createLocalJWKSet, jwtVerify } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSigningKey } from "../../../azure-sim/src/world.ts";
import { eventually, failureOf, startCluster, type TestCluster } from "./cluster.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.simulator.close());

const namespacesWith = (token: string) => cluster.configFor(token).makeApiClient(k8s.CoreV1Api).listNamespace();

test("lets an Entra administrator of the cluster in", async () => {
  const { items } = await cluster.core.listNamespace();

  expect(items.map(({ metadata }) => metadata?.name)).toEqual([
    "default",
    "kube-node-lease",
    "kube-public",
    "kube-system",
  ]);
});

test("lets the sandbox's own token in", async () => {
  const names = (await namespacesWith(cluster.simulator.adminToken)).items.map(({ metadata }) => metadata?.name);
  expect(names).toEqual(expect.arrayContaining(["default", "kube-public", "kube-system"]));
});

test("forbids another Entra principal everything but discovery, and names the missing permission", async () => {
  const token = await cluster.entraToken({ appid: "99999999-2222-4333-8444-555555555555" });

  const failure = await failureOf(namespacesWith(token));

  expect(failure).toMatchObject({ code: 403, reason: "Forbidden" });
  expect(failure.message).toBe(
    'namespaces is forbidden: User "object-of-99999999-2222-4333-8444-555555555555" cannot list resource "namespaces" in API group "" at the cluster scope',
  );
  expect((await cluster.request("GET", "/api/v1", { token })).status).toBe(200);
});

test("allows a principal what the rules bound to it name, and nothing else", async () => {
  const appid = "88888888-2222-4333-8444-555555555555";
  const rules = [
    { apiGroups: [""], resources: ["configmaps"], resourceNames: ["mine"], verbs: ["get", "patch"] },
    { apiGroups: [""], resources: ["pods/log"], verbs: ["*"] },
    { nonResourceURLs: ["/.well-known/openid-configuration"], verbs: ["get"] },
  ];
  const bound = await startCluster({ traits: { roles: new Map([[appid, rules]]) } });
  const token = await bound.entraToken({ appid });
  const ask = async (method: string, path: string, body?: object) => {
    const headers = { "content-type": "application/apply-patch+yaml" };
    return (await bound.request(method, path, { token, body, headers })).status;
  };
  const configMaps = "/api/v1/namespaces/default/configmaps";
  const mine = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "mine", namespace: "default" } };

  // It does not exist, but only a caller who may get it learns that.
  expect(await ask("GET", `${configMaps}/mine`)).toBe(404);
  expect(await ask("GET", `${configMaps}/other`)).toBe(403);
  // A rule with resourceNames does not cover list, and applying a missing object also needs create.
  expect(await ask("GET", configMaps)).toBe(403);
  expect(await ask("PATCH", `${configMaps}/mine?fieldManager=test`, mine)).toBe(403);
  await bound.create(mine);
  expect(await ask("PATCH", `${configMaps}/mine?fieldManager=test`, mine)).toBe(200);
  expect(await ask("GET", "/api/v1/namespaces/default/pods/any/log")).toBe(404);
  expect(await ask("GET", "/api/v1/namespaces/default/pods/any")).toBe(403);
  expect(await ask("GET", "/.well-known/openid-configuration")).toBe(200);
  expect(await ask("GET", "/openid/v1/jwks")).toBe(403);
  await bound.simulator.close();
});

test.each([
  ["no token that it could read", async () => "nonsense"],
  ["a token of another audience", () => cluster.entraToken({ aud: "https://management.azure.com/" })],
  ["a token that has expired", () => cluster.entraToken({}, { expiresIn: -60 })],
  ["a token that somebody else signed", async () => cluster.entraToken({}, { key: await createSigningKey() })],
])("answers 401 to %s", async (_, makeToken) => {
  const token = await makeToken();

  expect(await failureOf(namespacesWith(token))).toMatchObject({ code: 401 });
  const { text } = await cluster.request("GET", "/api/v1/namespaces", { token });
  expect(JSON.parse(text)).toMatchObject({ kind: "Status", reason: "Unauthorized", code: 401 });
});

test("forbids everything but health and version to a request without a token", async () => {
  const anonymous = { headers: { authorization: "" } };

  const refused = await cluster.request("GET", "/api/v1/namespaces", anonymous);
  expect(JSON.parse(refused.text)).toMatchObject({
    code: 403,
    message: expect.stringContaining('User "system:anonymous" cannot list resource "namespaces"'),
  });
  expect((await cluster.request("GET", "/apis", anonymous)).status).toBe(403);
  expect((await cluster.request("GET", "/readyz", anonymous)).text).toBe("ok");
  expect(JSON.parse((await cluster.request("GET", "/version", anonymous)).text)).toMatchObject({ major: "1" });
  // As Python's client asks.
  expect(JSON.parse((await cluster.request("GET", "/version/", anonymous)).text)).toMatchObject({ major: "1" });
});

test("mints service account tokens that the issuer's published keys verify", async () => {
  const { status } = await cluster.core.createNamespacedServiceAccountToken({
    namespace: "default",
    name: "default",
    body: { spec: { audiences: ["api://AzureADTokenExchange"], expirationSeconds: 3600 } },
  });

  const discovery = JSON.parse((await cluster.request("GET", "/.well-known/openid-configuration")).text);
  expect(discovery).toMatchObject({ issuer: cluster.cluster.oidcIssuer });
  const keys = JSON.parse((await cluster.request("GET", "/openid/v1/jwks")).text);
  const { payload } = await jwtVerify(status?.token ?? "", createLocalJWKSet(keys), {
    issuer: cluster.cluster.oidcIssuer,
    audience: "api://AzureADTokenExchange",
  });
  expect(payload.sub).toBe("system:serviceaccount:default:default");
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3600);
  expect(new Date(status?.expirationTimestamp ?? 0).getTime()).toBe((payload.exp ?? 0) * 1000);
});

test("recognizes a service account by its token, which has no rights and is invalid once the account is deleted", async () => {
  await cluster.create({
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "mortal", namespace: "default" },
  });
  const tokenFor = async (audiences: string[]) => {
    const body = { spec: { audiences } };
    const made = await cluster.core.createNamespacedServiceAccountToken({ namespace: "default", name: "mortal", body });
    return made.status?.token ?? "";
  };
  const token = await tokenFor([]);

  expect((await failureOf(namespacesWith(token))).message).toContain('User "system:serviceaccount:default:mortal"');
  expect(await failureOf(namespacesWith(await tokenFor(["api://AzureADTokenExchange"])))).toMatchObject({ code: 401 });
  await cluster.core.deleteNamespacedServiceAccount({ namespace: "default", name: "mortal" });
  // An API server remembers for ten seconds whom a token has named.
  await eventually(async () => ((await failureOf(namespacesWith(token))).code === 401 ? true : undefined));
});

test("refuses a token request for less than ten minutes, or for an account that does not exist", async () => {
  const short = { namespace: "default", name: "default", body: { spec: { audiences: [], expirationSeconds: 60 } } };
  expect(await failureOf(cluster.core.createNamespacedServiceAccountToken(short))).toMatchObject({ code: 422 });
  const nobody = { namespace: "default", name: "nobody", body: { spec: { audiences: [] } } };
  expect(await failureOf(cluster.core.createNamespacedServiceAccountToken(nobody))).toMatchObject({ code: 404 });
});
