/** /openapi/v2, in JSON and in the protobuf that client-go, Helm and older versions of kubectl ask for. */
import { request } from "node:https";
import { buffer } from "node:stream/consumers";
import protobuf from "protobufjs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { startCluster, type TestCluster } from "./cluster.ts";

const asked = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.simulator.close());

async function get(accept: string) {
  const { url, adminToken } = cluster.simulator;
  const headers = { authorization: `Bearer ${adminToken}`, accept };
  const response = await new Promise<import("node:http").IncomingMessage>((resolve, reject) => {
    request(`${url}/openapi/v2`, { headers, rejectUnauthorized: false }, resolve).on("error", reject).end();
  });
  return { type: response.headers["content-type"], body: await buffer(response) };
}

test("names each kind in JSON", async () => {
  const { type, body } = await get("application/json");
  const { swagger, definitions } = JSON.parse(body.toString("utf8"));

  expect([type, swagger]).toEqual(["application/json", "2.0"]);
  expect(definitions["io.k8s.api.core.v1.ConfigMap"]).toMatchObject({
    properties: { data: { type: "object" } },
    "x-kubernetes-group-version-kind": [{ group: "", version: "v1", kind: "ConfigMap" }],
  });
});

/** Reads with field numbers alone: 9 definitions, of each 1 the name and 2 the schema, in which 31 is an extension. */
function fieldsOf(bytes: Uint8Array): Map<number, Uint8Array[]> {
  const reader = protobuf.Reader.create(bytes);
  const found = new Map<number, Uint8Array[]>();
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    expect(tag & 7).toBe(2);
    found.set(tag >>> 3, [...(found.get(tag >>> 3) ?? []), reader.bytes()]);
  }
  return found;
}
const textOf = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString("utf8");
const only = (fields: Map<number, Uint8Array[]>, number: number) => fields.get(number)?.[0] ?? new Uint8Array();

test("names each kind in protobuf", async () => {
  const { type, body } = await get(`${asked}, application/json`);
  const document = fieldsOf(body);
  const definitions = fieldsOf(only(document, 9)).get(1)?.map(fieldsOf) ?? [];
  const map = definitions.find((each) => textOf(only(each, 1)) === "io.k8s.api.core.v1.ConfigMap") ?? new Map();
  const schema = fieldsOf(only(map, 2));
  const properties = fieldsOf(only(schema, 25))
    .get(1)
    ?.map((each) => textOf(only(fieldsOf(each), 1)));
  const extension = fieldsOf(only(schema, 31));

  expect([type, textOf(only(document, 1))]).toEqual([
    "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
    "2.0",
  ]);
  expect(properties).toEqual(expect.arrayContaining(["data", "metadata"]));
  expect(textOf(only(fieldsOf(only(schema, 22)), 1))).toBe("object");
  expect(textOf(only(extension, 1))).toBe("x-kubernetes-group-version-kind");
  expect(parse(textOf(only(fieldsOf(only(extension, 2)), 2)))).toEqual([
    { group: "", version: "v1", kind: "ConfigMap" },
  ]);
});
