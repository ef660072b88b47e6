import * as k8s from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually, failureOf, startCluster, type TestCluster } from "./cluster.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.simulator.close());

const definition = (kind: string, openAPIV3Schema: object, subresources?: object) => {
  const plural = `${kind.toLowerCase()}s`;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.example.com` },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { kind, plural },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema }, subresources }],
    },
  };
};
/** Bypasses the client library, whose schema model renames `enum` and `default`. */
const define = async (body: object) => {
  const { text } = await cluster.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", { body });
  const made = JSON.parse(text);
  await eventually(async () =>
    (await cluster.request("GET", `/apis/example.com/v1/${made.spec.names.plural}`)).status === 200 ? true : undefined,
  );
  return made;
};
const instance = (kind: string, spec: object, rest: object = {}) => ({
  apiVersion: "example.com/v1",
  kind,
  metadata: { name: "x", namespace: "default" },
  spec,
  ...rest,
});
const stored = async (kind: string) => await cluster.simulator.objects.get("example.com/v1", kind, "x", "default");
const object = (properties: object, rest: object = {}) => ({ type: "object", properties, ...rest });

test("serves a definition's resource as soon as it is stored, and stops when it is deleted", async () => {
  await define(definition("Boat", object({ spec: object({ name: { type: "string" } }) })));
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/boats.example.com";
  const made = await eventually(async () => {
    const { status } = JSON.parse((await cluster.request("GET", path)).text);
    const conditions: { type: string; status: string }[] = status.conditions ?? [];
    return conditions.find(({ type }) => type === "Established")?.status === "True" ? status : undefined;
  });
  expect(made.conditions).toMatchObject([
    { type: "NamesAccepted", status: "True" },
    { type: "Established", status: "True" },
  ]);
  await cluster.create(instance("Boat", { name: "Ada" }));
  expect(await stored("Boat")).toMatchObject({ spec: { name: "Ada" }, metadata: { generation: 1 } });

  await cluster.request("DELETE", path);

  await eventually(async () => {
    const { status, text } = await cluster.request("GET", "/apis/example.com/v1/boats");
    return status === 404 && text === "404 page not found\n" ? true : undefined;
  });
});

test("refuses a definition whose name is not <plural>.<group>", async () => {
  const wrong = { ...definition("Ship", object({})), metadata: { name: "wrong.example.com" } };

  expect(await failureOf(cluster.create(wrong))).toMatchObject({ code: 422 });
});

test("validates, defaults and prunes by the schema", async () => {
  const spec = object(
    {
      size: { type: "integer", minimum: 1 },
      colour: { type: "string", enum: ["red", "blue"], default: "red" },
      tags: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" },
    },
    { required: ["size"] },
  );
  await define(definition("Buoy", object({ spec })));

  expect(await failureOf(cluster.create(instance("Buoy", {})))).toMatchObject({
    code: 422,
    reason: "Invalid",
    message: 'Buoy.example.com "x" is invalid: spec.size: Required value',
    details: { causes: [{ reason: "FieldValueRequired", field: "spec.size" }] },
  });
  expect(await failureOf(cluster.create(instance("Buoy", { size: "big" })))).toMatchObject({
    code: 422,
    details: { causes: [{ reason: "FieldValueTypeInvalid", field: "spec.size" }] },
  });
  expect(await failureOf(cluster.create(instance("Buoy", { size: 0, colour: "green" })))).toMatchObject({
    details: {
      causes: expect.arrayContaining([
        expect.objectContaining({ field: "spec.size" }),
        expect.objectContaining({ reason: "FieldValueNotSupported", field: "spec.colour" }),
      ]),
    },
  });
  await cluster.create(instance("Buoy", { size: 2, shape: "round" }));
  expect((await stored("Buoy"))?.["spec"]).toEqual({ size: 2, colour: "red" });
});

test("takes patterns as Go writes them", async () => {
  await define(definition("Log", object({ spec: object({ text: { type: "string", pattern: "^\\PC*\\\\pL$" } }) })));

  expect((await failureOf(cluster.create(instance("Log", { text: "a\u0007\\pL" })))).message).toContain(
    "spec.text in body should match",
  );
  await cluster.create(instance("Log", { text: "plain\\pL" }));
  expect(await stored("Log")).toMatchObject({ spec: { text: "plain\\pL" } });
});

test("separates the status subresource, and requires the resource version for a replacement", async () => {
  const schema = object({ spec: object({ a: { type: "string" } }), status: object({ b: { type: "string" } }) });
  await define(definition("Pier", schema, { status: {} }));
  await cluster.create(instance("Pier", { a: "1" }, { status: { b: "ignored" } }));
  expect((await stored("Pier"))?.["status"]).toBeUndefined();

  const ref = { group: "example.com", version: "v1", namespace: "default", plural: "piers", name: "x" };
  await cluster.custom.patchNamespacedCustomObjectStatus(
    { ...ref, body: { status: { b: "set" } } },
    k8s.setHeaderOptions("Content-Type", k8s.PatchStrategy.MergePatch),
  );

  expect(await stored("Pier")).toMatchObject({ spec: { a: "1" }, status: { b: "set" }, metadata: { generation: 1 } });
  const body = instance("Pier", { a: "2" });
  expect(await failureOf(cluster.custom.replaceNamespacedCustomObject({ ...ref, body }))).toMatchObject({ code: 422 });
});

test("answers 415 to a strategic merge patch of a custom resource", async () => {
  await define(definition("Rope", object({})));
  await cluster.create({ apiVersion: "example.com/v1", kind: "Rope", metadata: { name: "x", namespace: "default" } });

  const { status } = await cluster.request("PATCH", "/apis/example.com/v1/namespaces/default/ropes/x", {
    body: {},
    headers: { "content-type": "application/strategic-merge-patch+json" },
  });

  expect(status).toBe(415);
});

test("serves aad-pod-identity's kinds if it is installed, and prunes unknown fields", async () => {
  const { groups } = await cluster.config.makeApiClient(k8s.ApisApi).getAPIVersions();
  expect(groups.map(({ name }) => name)).toContain("aadpodidentity.k8s.io");
  const identity = {
    apiVersion: "aadpodidentity.k8s.io/v1",
    kind: "AzureIdentity",
    metadata: { name: "id", namespace: "default" },
    spec: { type: 0, resourceID: "/subscriptions/s", ClientID: "wrong case" },
  };

  await cluster.create(identity);

  expect(
    (await cluster.simulator.objects.get("aadpodidentity.k8s.io/v1", "AzureIdentity", "id", "default"))?.["spec"],
  ).toEqual({
    type: 0,
    resourceID: "/subscriptions/s",
  });
  const strict = "/apis/aadpodidentity.k8s.io/v1/namespaces/default/azureidentities?fieldValidation=Strict";
  const { text } = await cluster.request("POST", strict, { body: { ...identity, metadata: { name: "id2" } } });
  expect(JSON.parse(text)).toMatchObject({
    code: 400,
    message:
      'AzureIdentity in version "v1" cannot be handled as a AzureIdentity: strict decoding error: unknown field "spec.ClientID"',
  });
});

test("does not serve aad-pod-identity's kinds if it is not installed", async () => {
  const bare = await startCluster({ traits: { hasPodIdentity: false, hasWorkloadIdentityWebhook: false } });

  const { status } = await bare.request("GET", "/apis/aadpodidentity.k8s.io/v1");
  const webhook =
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/azure-wi-webhook-mutating-webhook-configuration";

  expect(status).toBe(404);
  expect((await bare.request("GET", webhook)).status).toBe(404);
  expect((await cluster.request("GET", webhook)).status).toBe(200);
  await bare.simulator.close();
});

test("gives `kubectl get` the columns of the definition", async () => {
  await eventually(
    async () => await cluster.simulator.objects.get("aadpodidentity.k8s.io/v1", "AzureIdentity", "id", "default"),
  );

  const { text } = await cluster.request("GET", "/apis/aadpodidentity.k8s.io/v1/namespaces/default/azureidentities", {
    headers: { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" },
  });

  const table = JSON.parse(text);
  expect(table.columnDefinitions.map(({ name }: { name: string }) => name)).toEqual([
    "Name",
    "Type",
    "ClientID",
    "Age",
  ]);
  expect(table.rows[0].cells).toEqual(["id", "0", null, expect.stringMatching(/^\d+s$/)]);
});
