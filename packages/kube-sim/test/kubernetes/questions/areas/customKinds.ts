/** Definitions of custom resources, and what becomes of their objects: pruning, defaults, columns, status and scale. */
import { type Area, apply, json, merge, object, paths, sent, strategic, table } from "./area.ts";

const { of } = paths("custom");
export const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const schema = {
  type: "object",
  required: ["spec"],
  properties: {
    spec: {
      type: "object",
      required: ["size"],
      properties: {
        size: { type: "integer", minimum: 1, maximum: 9 },
        color: { type: "string", enum: ["red", "blue"], default: "red" },
        name: { type: "string", pattern: "^[a-z]+$", maxLength: 5, minLength: 2 },
        parts: { type: "array", maxItems: 2, items: { type: "string" }, "x-kubernetes-list-type": "set" },
        ports: {
          type: "array",
          items: {
            type: "object",
            required: ["port"],
            properties: { port: { type: "integer" }, note: { type: "string" } },
          },
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["port"],
        },
        free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        either: { "x-kubernetes-int-or-string": true },
        when: { type: "string", format: "date-time" },
        nothing: { type: "string", nullable: true },
        replicas: { type: "integer" },
      },
    },
    status: {
      type: "object",
      properties: { ready: { type: "boolean" }, replicas: { type: "integer" }, selector: { type: "string" } },
    },
  },
};
const version = (rest: object = {}) => ({
  ...{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } },
  subresources: {
    status: {},
    scale: {
      specReplicasPath: ".spec.replicas",
      statusReplicasPath: ".status.replicas",
      labelSelectorPath: ".status.selector",
    },
  },
  additionalPrinterColumns: [
    { name: "Size", type: "integer", jsonPath: ".spec.size" },
    { name: "Color", type: "string", jsonPath: ".spec.color", priority: 1 },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ],
  ...rest,
});
export const definition = (spec: object = {}, name = "toys.custom.example") =>
  object("apiextensions.k8s.io/v1", "CustomResourceDefinition", name, {
    spec: {
      ...{
        group: "custom.example",
        scope: "Namespaced",
        names: { plural: "toys", kind: "Toy", shortNames: ["ty"], categories: ["all"] },
      },
      versions: [version()],
      ...spec,
    },
  });
const toys = of("apis/custom.example/v1")("toys");
const toy = (name: string, spec: unknown, rest: object = {}) =>
  object("custom.example/v1", "Toy", name, { spec, ...rest });
const dry = `${definitions}?dryRun=All`;
const bad = (properties: object) =>
  definition({ versions: [version({ schema: { openAPIV3Schema: { type: "object", properties } } })] });

export const customKinds: Area = {
  name: "custom",
  asked: [
    ["a definition again", "POST", definitions, definition()],
    [
      "a definition's group",
      "PATCH",
      `${definitions}/toys.custom.example`,
      { spec: { group: "other.example" } },
      merge,
    ],
    ["a definition's scope", "PATCH", `${definitions}/toys.custom.example`, { spec: { scope: "Cluster" } }, merge],
    [
      "a definition's plural",
      "PATCH",
      `${definitions}/toys.custom.example`,
      { spec: { names: { plural: "others" } } },
      merge,
    ],
    ["a definition as a table", "GET", `${definitions}/toys.custom.example`, undefined, table],
    ["a definition of no versions", "POST", dry, definition({ versions: [] })],
    [
      "a definition of a version twice",
      "POST",
      dry,
      definition({ versions: [version(), version({ storage: false })] }),
    ],
    ["a definition of no stored version", "POST", dry, definition({ versions: [version({ storage: false })] })],
    ["a definition of a bad version", "POST", dry, definition({ versions: [version({ name: "V1" })] })],
    [
      "a definition of an open schema",
      "POST",
      dry,
      definition({ versions: [version({ schema: { openAPIV3Schema: {} } })] }),
    ],
    ["a definition of a field without a type", "POST", dry, bad({ spec: { properties: { a: { type: "string" } } } })],
    ["a definition of a field of an unknown type", "POST", dry, bad({ spec: { type: "thing" } })],
    ["a definition of a default that does not fit", "POST", dry, bad({ spec: { type: "string", default: 5 } })],
    ["a definition of a list without items", "POST", dry, bad({ spec: { type: "array" } })],
    [
      "a definition of properties and more",
      "POST",
      dry,
      bad({ spec: { type: "object", properties: {}, additionalProperties: { type: "string" } } }),
    ],
    ["a definition of a bad pattern", "POST", dry, bad({ spec: { type: "string", pattern: "(" } })],
    [
      "a definition of a list by keys it has not",
      "POST",
      dry,
      bad({
        spec: {
          type: "array",
          items: { type: "object", properties: {} },
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["k"],
        },
      }),
    ],
    [
      "a definition by a bad rule",
      "POST",
      dry,
      bad({ spec: { type: "object", "x-kubernetes-validations": [{ rule: "self.a +" }] } }),
    ],
    [
      "a definition of a bad scale",
      "POST",
      dry,
      definition({
        versions: [version({ subresources: { scale: { specReplicasPath: "spec", statusReplicasPath: ".status.x" } } })],
      }),
    ],
    [
      "a definition of a bad column",
      "POST",
      dry,
      definition({ versions: [version({ additionalPrinterColumns: [{ name: "", type: "thing", jsonPath: "x" }] })] }),
    ],
    [
      "a definition with a webhook to convert, without it",
      "POST",
      dry,
      definition({ conversion: { strategy: "Webhook" } }),
    ],
    [
      "a definition of unknown names",
      "POST",
      dry,
      definition({ names: { plural: "Toys", kind: "toy list", singular: "A_b" } }, "Toys.custom.example"),
    ],
    [
      "a definition with unknown fields, strictly",
      "POST",
      `${definitions}?fieldValidation=Strict&dryRun=All`,
      definition({ unknown: 1 }),
    ],
    ["a toy", "POST", toys, toy("a", { size: 2, name: "abc", free: { x: 1 }, either: "x", unknown: 1, nothing: null })],
    ["a toy without a spec", "POST", toys, object("custom.example/v1", "Toy", "x")],
    ["a toy with a null spec", "POST", toys, toy("x", null)],
    ["a toy without its size", "POST", toys, toy("x", {})],
    [
      "a toy, all wrong",
      "POST",
      toys,
      toy("x", { size: 10, color: "green", name: "A", parts: ["a", "a", "b"], when: "now" }),
    ],
    ["a toy of wrong types", "POST", toys, toy("x", { size: "2", parts: {}, free: [], either: true })],
    ["a toy with part of a number", "POST", toys, toy("x", { size: 1.5 })],
    ["a toy with a long name", "POST", toys, toy("x", { size: 1, name: "abcdefgh" })],
    ["a toy with ports twice", "POST", toys, toy("x", { size: 1, ports: [{ port: 1 }, { port: 1 }] })],
    ["a toy with a null color", "POST", `${toys}?dryRun=All`, toy("x", { size: 1, color: null })],
    [
      "a toy with an unknown field, strictly",
      "POST",
      `${toys}?fieldValidation=Strict`,
      toy("x", { size: 1, unknown: 1, ports: [{ port: 1, x: 2 }] }),
    ],
    [
      "a toy with a field twice, strictly",
      "POST",
      `${toys}?fieldValidation=Strict`,
      '{"apiVersion":"custom.example/v1","kind":"Toy","metadata":{"name":"x"},"spec":{"size":1,"size":2}}',
    ],
    [
      "a toy with unknown metadata, strictly",
      "POST",
      `${toys}?fieldValidation=Strict`,
      toy("x", { size: 1 }, { metadata: { name: "x", unknown: 1 } }),
    ],
    [
      "a toy in YAML",
      "POST",
      `${toys}?dryRun=All`,
      "apiVersion: custom.example/v1\nkind: Toy\nmetadata: {name: y}\nspec: {size: 1}\n",
      sent("application/yaml"),
    ],
    ["a toy of another version", "POST", toys, { ...toy("x", { size: 1 }), apiVersion: "custom.example/v2" }],
    ["a toy of another kind", "POST", toys, { ...toy("x", { size: 1 }), kind: "Toyy" }],
    ["a toy with a status", "POST", `${toys}?dryRun=All`, toy("s", { size: 1 }, { status: { ready: true } })],
    [
      "a toy's metadata of a wrong type",
      "POST",
      toys,
      { apiVersion: "custom.example/v1", kind: "Toy", metadata: { name: "x", labels: { a: 1 } }, spec: { size: 1 } },
    ],
    ["toys", "GET", toys],
    ["toys as a table", "GET", toys, undefined, table],
    ["toys by a field", "GET", `${toys}?fieldSelector=metadata.name%3Da`],
    ["toys by an unknown field", "GET", `${toys}?fieldSelector=spec.size%3D2`],
    ["a toy merged", "PATCH", `${toys}/a`, { spec: { size: 3, unknown: 2 } }, merge],
    ["a toy merged, wrongly", "PATCH", `${toys}/a`, { spec: { size: 30 } }, merge],
    ["a toy merged strategically", "PATCH", `${toys}/a`, { spec: { size: 3 } }, strategic],
    ["a toy by a JSON patch", "PATCH", `${toys}/a`, [{ op: "remove", path: "/spec/name" }], json],
    ["a toy by a JSON patch, without its size", "PATCH", `${toys}/a`, [{ op: "remove", path: "/spec/size" }], json],
    ["a toy replaced without a version", "PUT", `${toys}/a`, toy("a", { size: 4 })],
    [
      "a toy replaced by an old version",
      "PUT",
      `${toys}/a`,
      toy("a", { size: 4 }, { metadata: { name: "a", resourceVersion: "1" } }),
    ],
    [
      "a toy applied",
      "PATCH",
      `${toys}/b?fieldManager=one`,
      toy("b", { size: 4, ports: [{ port: 1, note: "x" }], parts: ["p"] }),
      apply,
    ],
    [
      "a toy applied by another",
      "PATCH",
      `${toys}/b?fieldManager=two`,
      toy("b", { size: 5, ports: [{ port: 2 }], parts: ["q"] }),
      apply,
    ],
    [
      "a toy applied by another, more",
      "PATCH",
      `${toys}/b?fieldManager=two`,
      toy("b", { size: 4, ports: [{ port: 2 }], parts: ["q"] }),
      apply,
    ],
    [
      "a toy applied with an unknown field",
      "PATCH",
      `${toys}/b?fieldManager=two`,
      toy("b", { size: 4, unknown: 1 }),
      apply,
    ],
    ["a toy applied with a wrong type", "PATCH", `${toys}/b?fieldManager=two`, toy("b", { size: "4" }), apply],
    [
      "a toy's status",
      "PATCH",
      `${toys}/a/status`,
      { status: { ready: true, replicas: 2, selector: "a=b", unknown: 1 }, spec: { size: 9 } },
      merge,
    ],
    ["a toy's status, wrongly", "PATCH", `${toys}/a/status`, { status: { ready: "yes" } }, merge],
    ["a toy's scale", "GET", `${toys}/a/scale`],
    ["a toy scaled", "PATCH", `${toys}/a/scale`, { spec: { replicas: 3 } }, merge],
    ["a toy scaled below zero", "PATCH", `${toys}/a/scale`, { spec: { replicas: -1 } }, merge],
    ["a toy's scale now", "GET", `${toys}/a/scale`],
    ["a toy itself", "GET", `${toys}/a`],
    ["a toy with other subresources", "GET", `${toys}/a/log`],
    ["a version that is not served", "GET", of("apis/custom.example/v2")("toys")],
    ["discovery of toys", "GET", "/apis/custom.example/v1"],
    ["discovery of the group", "GET", "/apis/custom.example"],
  ],
};
