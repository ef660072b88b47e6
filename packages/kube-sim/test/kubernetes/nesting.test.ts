/** A deeply nested body is answered, and never with an internal error. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { usesRealApiServer } from "../../src/cluster/index.ts";
import { testSimulated } from "../simulated.ts";
import { startCluster, type TestCluster } from "./cluster.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  const spec = {
    ...{ group: "deep.example", scope: "Cluster", names: { plural: "wells", kind: "Well" } },
    versions: [{ name: "v1", served: true, storage: true, schema }],
  };
  const definition = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" };
  const body = { ...definition, metadata: { name: "wells.deep.example" }, spec };
  await cluster.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", { body });
  // A real server serves a new kind a moment later.
  await vi.waitUntil(async () => (await cluster.request("GET", wells)).status === 200, { timeout: 20_000 });
  await cluster.request("POST", wells, { body: well("1", "kept") });
});
afterAll(() => cluster.simulator.close());

const wells = "/apis/deep.example/v1/wells";
const lists = (count: number) => "[".repeat(count) + "]".repeat(count);
const objects = (count: number) => `${'{"a":'.repeat(count)}1${"}".repeat(count)}`;
const well = (value: string, name = "a") =>
  `{"apiVersion":"deep.example/v1","kind":"Well","metadata":{"name":"${name}"},"x":${value}}`;
const map = (value: string) => `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"x":${value}}`;
const maps = "/api/v1/namespaces/default/configmaps";
const refusal = "the simulated API server reads 500 levels of objects and arrays, and no more";

async function sent(method: string, path: string, body: string, type = "application/json") {
  const { status, text } = await cluster.request(method, path, { body, headers: { "content-type": type } });
  return { status, message: String(JSON.parse(text).message) };
}

const requests: readonly (readonly [method: string, path: string, body: (deep: string) => string, type: string])[] = [
  ["POST", maps, map, "application/json"],
  ["POST", maps, map, "application/yaml"],
  ["POST", wells, well, "application/json"],
  ["PUT", `${wells}/kept`, (deep) => well(deep, "kept"), "application/json"],
  ["PATCH", `${wells}/kept`, (deep) => `{"x":${deep}}`, "application/merge-patch+json"],
  ["PATCH", `${wells}/kept`, (deep) => `[{"op":"add","path":"/x","value":${deep}}]`, "application/json-patch+json"],
  ["PATCH", `${wells}/kept?fieldManager=m`, (deep) => well(deep, "kept"), "application/apply-patch+yaml"],
  ["PATCH", `${maps}/kube-root-ca.crt`, (deep) => `{"x":${deep}}`, "application/strategic-merge-patch+json"],
  ["DELETE", `${wells}/kept`, (deep) => `{"x":${deep}}`, "application/json"],
  ["POST", "/apis/authentication.k8s.io/v1/tokenreviews", (deep) => `{"spec":${deep}}`, "application/json"],
];

for (const [method, path, body, type] of requests) {
  testSimulated(`${method} ${path} as ${type} with 9,000 levels is refused`, "a real one reads 10,000", async () => {
    for (const deep of [lists(9000), objects(9000)]) {
      expect(await sent(method, path, body(deep), type)).toEqual({ status: 400, message: refusal });
    }
  });
}

test("450 levels are kept, merged, applied and read", async () => {
  const deep = objects(450);
  expect((await sent("POST", wells, well(deep))).status).toBe(201);
  const merge = await sent("PATCH", `${wells}/a`, `{"x":${objects(449)}}`, "application/merge-patch+json");
  expect(merge.status).toBe(200);
  const apply = "application/apply-patch+yaml";
  expect((await sent("PATCH", `${wells}/b?fieldManager=m`, well(deep, "b"), apply)).status).toBe(201);
  const { status, text } = await cluster.request("GET", `${wells}/b`, { headers: { accept: "application/yaml" } });
  expect([status, text.match(/^ *a:/gm)?.length]).toEqual([200, 450]);
});

test("more than Go reads is refused", async () => {
  const { status, message } = await sent("POST", maps, map(lists(10_001)));
  expect([status, message]).toEqual([400, usesRealApiServer ? expect.stringContaining("exceeded max depth") : refusal]);
});

test("copies of copies end", async () => {
  const copies = Array.from({ length: 40 }, (_, index) => ({ op: "copy", from: "", path: `/x${index}` }));
  expect((await sent("PATCH", `${wells}/kept`, JSON.stringify(copies), "application/json-patch+json")).status).toBe(
    422,
  );
});
