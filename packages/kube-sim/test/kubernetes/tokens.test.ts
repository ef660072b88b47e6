/** Tokens of service accounts: for whom they were made, and how long they last. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually, startCluster, type TestCluster } from "./cluster.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
  await cluster.createNamespace("orders");
  await eventually(() => cluster.simulator.objects.get("v1", "ServiceAccount", "default", "orders"));
});
afterAll(() => cluster.simulator.close());

const accounts = "/api/v1/namespaces/orders/serviceaccounts";

async function post(path: string, body: object) {
  const { status, text } = await cluster.request("POST", path, { body });
  return { status, ...JSON.parse(text) };
}

async function tokenFor(spec: object): Promise<string> {
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec };
  return (await post(`${accounts}/default/token`, body)).status.token;
}

async function review(token: string, audiences?: readonly string[]) {
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token, audiences } };
  return (await post("/apis/authentication.k8s.io/v1/tokenreviews", body)).status;
}

const statusAs = async (token: string) =>
  (await cluster.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", { token, body: {} })).status;

/** A real API server remembers a token for some seconds. */
const untilRefused = (token: string) => eventually(async () => ((await statusAs(token)) === 401 ? true : undefined));

const make = (path: string, body: object) => post(`/api/v1/namespaces/orders/${path}`, { apiVersion: "v1", ...body });
const remove = (path: string) => cluster.request("DELETE", `/api/v1/namespaces/orders/${path}`);

test("a review names only those of the audiences asked for that the token was made for", async () => {
  const token = await tokenFor({ audiences: ["vault", "mail"] });

  expect(await review(token, ["vault", "other"])).toMatchObject({ authenticated: true, audiences: ["vault"] });
  expect(await review(token, ["mail", "vault"])).toMatchObject({ audiences: ["mail", "vault"] });
  expect((await review(token, ["other"])).authenticated).toBeUndefined();
  expect((await review(cluster.token, ["vault"])).authenticated).toBeUndefined();
});

test("a token that is bound to a pod says which, and ends with it", async () => {
  const pod = { metadata: { name: "app" }, spec: { containers: [{ name: "app", image: "none" }] } };
  const { metadata } = await make("pods", { kind: "Pod", ...pod });
  const token = await tokenFor({ boundObjectRef: { apiVersion: "v1", kind: "Pod", name: "app" } });
  const { user } = await review(token);
  expect(user.extra).toMatchObject({
    "authentication.kubernetes.io/pod-name": ["app"],
    "authentication.kubernetes.io/pod-uid": [metadata.uid],
  });
  expect(await statusAs(token)).toBe(201);

  await remove("pods/app?gracePeriodSeconds=0");
  await untilRefused(token);
  expect((await review(token)).authenticated).toBeUndefined();
  // Another one of the same name does not bring it back.
  await make("pods", { kind: "Pod", ...pod });
  expect(await statusAs(token)).toBe(401);
});

test("a token that is bound to a secret ends with it", async () => {
  await make("secrets", { kind: "Secret", metadata: { name: "lease" } });
  const token = await tokenFor({ boundObjectRef: { apiVersion: "v1", kind: "Secret", name: "lease" } });
  expect(await statusAs(token)).toBe(201);

  await remove("secrets/lease");
  await untilRefused(token);
});

test("a secret of an account's type is filled with a token that lasts as long as both", async () => {
  const annotations = { "kubernetes.io/service-account.name": "robot" };
  await make("serviceaccounts", { kind: "ServiceAccount", metadata: { name: "robot" } });
  const type = "kubernetes.io/service-account-token";
  await make("secrets", { kind: "Secret", metadata: { name: "robot", annotations }, type });
  const data = await eventually(async () => {
    const { text } = await cluster.request("GET", "/api/v1/namespaces/orders/secrets/robot");
    return JSON.parse(text).data as Record<string, string> | undefined;
  });
  const decoded = (field: string) => Buffer.from(data[field] ?? "", "base64").toString("utf8");
  expect(decoded("namespace")).toBe("orders");
  expect(decoded("ca.crt")).toContain("BEGIN CERTIFICATE");
  expect((await review(decoded("token"))).user.username).toBe("system:serviceaccount:orders:robot");

  await remove("serviceaccounts/robot");
  await eventually(async () =>
    (await cluster.request("GET", "/api/v1/namespaces/orders/secrets/robot")).status === 404 ? true : undefined,
  );
  await untilRefused(decoded("token"));
});
