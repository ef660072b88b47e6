/** A request as a Kubernetes object: what it means, where its errors point, and the schema that editors use. */
import { describe, expect, it } from "vitest";
import { apiVersion, namedIn, toObjectForm } from "../../../src/domain/request/objectForm.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { objectSchema, readSentRequest } from "../../../src/domain/request/sentRequest.ts";

const spec = { cluster: "aks-dev", databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }] };
const object = (metadata: object, changes: object = {}) => ({
  apiVersion: "mooring.dev/v1alpha1",
  kind: "NamespaceOnboarding",
  metadata,
  spec,
  ...changes,
});

function requestIn(value: unknown): OnboardingRequest {
  const { read } = readSentRequest(value);
  if ("issues" in read) throw new Error(JSON.stringify(read.issues));
  return read.request;
}

function pathsOf(value: unknown): readonly string[] {
  const { read } = readSentRequest(value);
  const issues = "issues" in read ? read.issues : [];
  return issues.flatMap((issue) =>
    (issue.code === "unrecognized_keys" ? issue.keys : [""]).map((key) => [...issue.path, key].join("/")),
  );
}

describe("the namespace", () => {
  it.each([
    ["metadata.namespace", { name: "dev-shop", namespace: "shop" }],
    ["metadata.name when metadata.namespace is missing", { name: "shop" }],
  ])("is %s", (_which, metadata) => {
    expect(requestIn(object(metadata))).toEqual(OnboardingRequest.parse({ ...spec, namespace: "shop" }));
    expect(namedIn(object(metadata))).toEqual({ cluster: "aks-dev", namespace: "shop" });
  });

  it("is restricted to the names that a plain request allows", () => {
    expect(pathsOf(object({ name: "kube-system" }))).toEqual(["metadata/name/"]);
    expect(pathsOf(object({ name: "shop.orders" }))).toEqual(["metadata/name/"]);
    expect(pathsOf(object({ name: "shop.orders", namespace: "shop" }))).toEqual([]);
    expect(pathsOf(object({ name: "x", namespace: "kube-system" }))).toEqual(["metadata/namespace/"]);
  });
});

it("ignores what other tools, an API server and Mooring itself (in status) write", () => {
  const metadata = {
    name: "shop",
    labels: { "app.kubernetes.io/part-of": "shop" },
    annotations: null,
    creationTimestamp: null,
    resourceVersion: "12",
    uid: "0",
    managedFields: [],
  };

  expect(requestIn(object(metadata, { status: { state: "Onboarded", findings: [] } }))).toEqual(
    requestIn(object({ name: "shop" })),
  );
});

it.each([
  ["an unknown field of metadata", object({ name: "shop", namepsace: "other" }), "metadata/namepsace"],
  ["no name", object({ generateName: "shop-" }), "metadata/name/"],
  ["a label that is not text", object({ name: "shop", labels: { a: 1 } }), "metadata/labels/a/"],
  ["another version", { ...object({ name: "shop" }), apiVersion: "mooring.dev/v1" }, "apiVersion/"],
  ["another kind", { ...object({ name: "shop" }), kind: "Namespace" }, "kind/"],
  ["no kind", { apiVersion, metadata: { name: "shop" }, spec }, "kind/"],
  ["a namespace in spec", object({ name: "shop" }, { spec: { ...spec, namespace: "shop" } }), "spec/namespace"],
  ["no database", object({ name: "shop" }, { spec: { ...spec, databases: [] } }), "spec/databases/"],
  ["no spec", object({ name: "shop" }, { spec: undefined }), "spec/"],
])("points at %s", (_what, value, path) => {
  expect(pathsOf(value)).toContain(path);
});

it("translates the path of a request's field into the form that was sent, also inside a text", () => {
  const text =
    'Team "a" may not ask for this: /namespace is not; /databases/0/roles: owner. See aks-dev/team and GET /api.';

  const [named, plain] = [object({ name: "x", namespace: "shop" }), { ...spec, namespace: "shop" }].map(
    (value) => readSentRequest(value).asSent,
  );

  expect(named?.(text)).toBe(
    'Team "a" may not ask for this: /metadata/namespace is not; /spec/databases/0/roles: owner. See aks-dev/team and GET /api.',
  );
  expect(plain?.(text)).toBe(text);
  expect(readSentRequest(object({ name: "shop" })).asSent("/namespace")).toBe("/metadata/name");
});

it("round-trips: the object form of a request is read as the same request", () => {
  const request = OnboardingRequest.parse({ ...spec, namespace: "shop", deletePolicy: "Keep", team: "a" });

  expect(requestIn(toObjectForm(request, { state: "Onboarded" }))).toEqual(request);
});

describe("the schema", () => {
  interface Schema {
    readonly [keyword: string]: unknown;
    readonly properties?: Readonly<Record<string, Schema>>;
    readonly items?: Schema;
  }
  const schema = objectSchema() as Schema;

  function* nodesOf(node: Schema): Generator<Schema> {
    yield node;
    for (const each of [...Object.values(node.properties ?? {}), ...(node.items ? [node.items] : [])])
      yield* nodesOf(each);
  }

  it("has no external references, and requires what the parser requires", () => {
    expect(JSON.stringify(schema)).not.toContain("$ref");
    expect(schema).toMatchObject({
      title: "NamespaceOnboarding",
      required: ["apiVersion", "kind", "metadata", "spec"],
      properties: { spec: { required: ["cluster"], properties: { targets: { minItems: 1 } } } },
    });
  });

  it("is structural in spec except for additionalProperties, which a CustomResourceDefinition expresses by pruning", () => {
    // kubernetes.io, "Specifying a structural schema"
    const taken = "type description default enum pattern format properties required items minItems maxItems".split(" ");
    const nodes = [...nodesOf(schema.properties?.["spec"] ?? {})];

    expect(nodes.length).toBeGreaterThan(10);
    for (const { additionalProperties = false, ...node } of nodes) {
      expect(additionalProperties).toBe(false);
      expect(node["type"]).toMatch(/^(object|array|string)$/);
      expect(Object.keys(node).filter((keyword) => !taken.includes(keyword))).toEqual([]);
    }
  });
});
