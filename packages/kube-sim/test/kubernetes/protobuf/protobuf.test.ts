/** Bodies in protobuf, as the serializer of client-go 0.37 writes them (recorded.json, beside what it writes in JSON). */
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { fieldsOf, messageNameOf } from "../../../src/kubernetes/protobuf/fields.ts";
import { decodeBody, encodeBody, encodeEvent } from "../../../src/kubernetes/protobuf/messages.ts";
import { startCluster, type TestCluster } from "../cluster.ts";

const mediaType = "application/vnd.kubernetes.protobuf";
const Recorded = z.array(z.object({ protobuf: z.base64(), json: z.looseObject({ kind: z.string() }) }));
const recorded = Recorded.parse(JSON.parse(readFileSync(join(import.meta.dirname, "recorded.json"), "utf8")));
const bytesOf = (kind: string) =>
  Buffer.from(recorded.find(({ json }) => json.kind === kind)?.protobuf ?? "", "base64");

/** Go writes null for a time that is not set, and {} for a message that is no pointer; neither says anything. */
function withoutNothing(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNothing);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, each]) => [name, withoutNothing(each)] as const);
  return Object.fromEntries(
    entries.filter(([, each]) => each !== null && !(typeof each === "object" && Object.keys(each).length === 0)),
  );
}

describe("reads what client-go writes", () => {
  test.each(recorded.map(({ json, protobuf }) => [json.kind, json, protobuf] as const))("%s", (_, json, protobuf) => {
    expect(withoutNothing(decodeBody(Buffer.from(protobuf, "base64")))).toEqual(withoutNothing(json));
  });

  test("and keeps an empty message that means something", () => {
    expect(decodeBody(bytesOf("ConfigMap"))["immutable"]).toBe(false);
    expect(JSON.stringify(decodeBody(bytesOf("Deployment")))).toContain('"replicas":0');
  });
});

describe("writes what client-go writes", () => {
  test.each(recorded.map(({ json, protobuf }) => [json.kind, protobuf] as const))("%s", (_, protobuf) => {
    const body = Buffer.from(protobuf, "base64");
    expect(encodeBody(decodeBody(body))?.toString("base64")).toBe(body.toString("base64"));
  });

  test("a definition, whose schemas may be a list or a boolean", () => {
    const openAPIV3Schema = {
      ...{ type: "object", additionalProperties: false, items: { type: "string" } },
      properties: { map: { additionalProperties: { type: "integer" } }, tuple: { items: [{ type: "string" }] } },
      dependencies: { a: ["b"], c: { type: "object" } },
      default: { a: [1] },
      "x-kubernetes-validations": [{ rule: "true" }, { rule: "self == self" }],
    };
    const definition = {
      ...{ apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", metadata: { name: "a.b" } },
      spec: { versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema } }] },
    };
    const read = decodeBody(encodeBody(definition) ?? Buffer.alloc(0));
    expect(read).toMatchObject(definition);
  });

  test("an event of a watch, behind its length", () => {
    const event = encodeEvent("ADDED", decodeBody(bytesOf("Namespace"))) ?? Buffer.alloc(0);
    expect(event.readUInt32BE(0)).toBe(event.length - 4);
    expect(event.includes(bytesOf("Namespace"))).toBe(true);
  });
});

test("knows each kind by its version, and options in every version", () => {
  expect(messageNameOf("apps/v1", "Deployment")).toBe("apps/v1.Deployment");
  expect(messageNameOf("apps/v1", "DeleteOptions")).toBe("meta/v1.DeleteOptions");
  expect(messageNameOf("aadpodidentity.k8s.io/v1", "AzureIdentity")).toBeUndefined();
  expect([...fieldsOf("core/v1.ConfigMap").keys()].toSorted()).toEqual([1, 2, 3, 4]);
});

describe("on the wire", () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(() => cluster.simulator.close());

  async function send(method: string, path: string, body: Buffer) {
    const { url, adminToken } = cluster.simulator;
    const headers = { authorization: `Bearer ${adminToken}`, "content-type": mediaType, "content-length": body.length };
    const response = await new Promise<import("node:http").IncomingMessage>((resolve, reject) => {
      request(`${url}${path}`, { method, headers, rejectUnauthorized: false }, resolve).on("error", reject).end(body);
    });
    return { status: response.statusCode, body: JSON.parse(await text(response)) };
  }

  test("creates a namespace and a quota, and deletes it with options", async () => {
    expect(await send("POST", "/api/v1/namespaces", bytesOf("Namespace"))).toMatchObject({
      status: 201,
      body: { metadata: { name: "team" } },
    });
    const quota = await send("POST", "/api/v1/namespaces/team/resourcequotas", bytesOf("ResourceQuota"));
    expect(quota).toMatchObject({ status: 201, body: { spec: { hard: { pods: "0" } } } });
    const path = "/api/v1/namespaces/team/resourcequotas/q";
    const dry = await send("DELETE", path, bytesOf("DeleteOptions"));
    expect([dry.status, dry.body.reason]).toEqual([409, "Conflict"]);
  });

  test("refuses what is no protobuf, and a kind that its version does not have", async () => {
    const path = "/api/v1/namespaces";
    expect(await send("POST", path, Buffer.from("{}"))).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining("does not appear to be a protobuf message") },
    });
    const cut = bytesOf("Namespace").subarray(0, -3);
    expect((await send("POST", path, cut)).status).toBe(400);
    const foreign = Buffer.from(bytesOf("Namespace").toString("latin1").replace("Namespace", "Nomespace"), "latin1");
    expect((await send("POST", path, foreign)).status).toBe(400);
  });
});
