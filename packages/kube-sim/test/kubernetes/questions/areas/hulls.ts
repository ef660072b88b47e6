/** Definitions of other shapes: for the whole cluster, without a status, without rules, and with rules in CEL. */
import { type Area, apply, json, merge, object, paths, table } from "./area.ts";

const group = "hull.example";
const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const { of } = paths("hulls");
const anything = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

const definitionOf = (
  kind: string,
  plural: string,
  { scope = "Namespaced", schema, ...version }: { scope?: string; schema: object; subresources?: object },
) =>
  object("apiextensions.k8s.io/v1", "CustomResourceDefinition", `${plural}.${group}`, {
    spec: {
      group,
      scope,
      names: { plural, kind },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema }, ...version }],
    },
  });

const ruled = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: {
        low: { type: "integer" },
        high: { type: "integer" },
        fixed: {
          type: "string",
          maxLength: 20,
          "x-kubernetes-validations": [{ rule: "self == oldSelf", message: "stays" }],
        },
        names: { type: "array", maxItems: 5, items: { type: "string", maxLength: 10 } },
      },
      "x-kubernetes-validations": [
        { rule: "!has(self.low) || !has(self.high) || self.low <= self.high", message: "low is above high" },
        {
          rule: "!has(self.names) || self.names.all(n, n.startsWith('a'))",
          messageExpression: "'names: ' + self.names[0]",
          reason: "FieldValueForbidden",
          fieldPath: ".names",
        },
      ],
    },
  },
};

const text = (format: string) => ({ type: "string", format });
const alternatives = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: {
        ...{ a: { type: "integer" }, b: { type: "integer" }, c: { type: "string" }, n: { type: "number" } },
        list: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" },
        map: { type: "object", minProperties: 1, maxProperties: 2, additionalProperties: { type: "string" } },
        ...{ mail: text("email"), link: text("uri"), id: text("uuid"), block: text("cidr"), host: text("hostname") },
        ...{ day: text("date"), wait: text("duration"), bytes: text("byte"), mac: text("mac"), six: text("ipv6") },
      },
      oneOf: [{ required: ["a"] }, { required: ["b"] }],
      not: { required: ["c", "n"] },
      allOf: [{ properties: { a: { minimum: 1 } } }, { properties: { a: { maximum: 9 } } }],
    },
  },
};

export const hullDefinitions = [
  definitionOf("Hull", "hulls", { scope: "Cluster", schema: anything }),
  definitionOf("Rib", "ribs", { schema: ruled }),
  definitionOf("Spar", "spars", { schema: alternatives }),
];

const hulls = `/apis/${group}/v1/hulls`;
const ribs = of(`apis/${group}/v1`)("ribs");
const hull = (name: string, rest: object = {}) => object(`${group}/v1`, "Hull", name, rest);
const rib = (name: string, spec: object) => object(`${group}/v1`, "Rib", name, { spec });
const spars = of(`apis/${group}/v1`)("spars");
const spar = (spec: object) => object(`${group}/v1`, "Spar", "s", { spec });
const wrongTexts = {
  ...{ a: 1, mail: "nobody", link: "no link", id: "1-2", block: "10.0.0.0", host: "-x-" },
  ...{ day: "2026-13-01", wait: "long", bytes: "%", mac: "00:00", six: "1.2.3.4" },
};
const rightTexts = {
  ...{ a: 1, mail: "a@b.example", link: "https://a.example/b", id: "11111111-2222-4333-8444-555555555555" },
  ...{ block: "10.0.0.0/8", host: "a.example", day: "2026-01-31", wait: "1h30m", bytes: "AAAA" },
  ...{ mac: "00:11:22:33:44:55", six: "::1" },
};
const nested = (count: number): unknown => JSON.parse(`${'{"a":'.repeat(count)}1${"}".repeat(count)}`);

export const hullsArea: Area = {
  name: "hulls",
  asked: [
    ["one", "POST", hulls, hull("h", { any: { thing: [1, "a", null, true, 1.5] }, status: { kept: 1 } })],
    ["one in a namespace", "POST", of(`apis/${group}/v1`)("hulls"), hull("i")],
    ["one that names a namespace", "POST", hulls, { ...hull("i"), metadata: { name: "i", namespace: "default" } }],
    ["its status", "GET", `${hulls}/h/status`],
    ["its nulls by a merge", "PATCH", `${hulls}/h`, { any: { thing: null, other: { a: null, b: 1 } } }, merge],
    ["its list by an apply", "PATCH", `${hulls}/h?fieldManager=m`, hull("h", { list: [1, 2] }), apply],
    ["its list by another apply", "PATCH", `${hulls}/h?fieldManager=n`, hull("h", { list: [3] }), apply],
    [
      "its list by JSON",
      "PATCH",
      `${hulls}/h`,
      [
        { op: "add", path: "/list/1", value: { x: 1 } },
        { op: "move", from: "/list/0", path: "/first" },
      ],
      json,
    ],
    [
      "big numbers",
      "POST",
      hulls,
      `{"apiVersion":"${group}/v1","kind":"Hull","metadata":{"name":"big"},"n":9007199254740993,"f":1e3,"g":0.1}`,
    ],
    [
      "a number that is too large",
      "POST",
      `${hulls}?dryRun=All`,
      `{"apiVersion":"${group}/v1","kind":"Hull","metadata":{"name":"huge"},"n":1e400}`,
    ],
    ["a deep one", "POST", `${hulls}?dryRun=All`, hull("deep", { a: nested(50) })],
    [
      "duplicate keys",
      "POST",
      `${hulls}?fieldValidation=Strict`,
      `{"apiVersion":"${group}/v1","kind":"Hull","metadata":{"name":"dup"},"a":1,"a":2}`,
    ],
    ["without a kind", "POST", hulls, { apiVersion: `${group}/v1`, metadata: { name: "k" } }],
    ["without a version", "POST", hulls, { kind: "Hull", metadata: { name: "k" } }],
    ["of another kind", "POST", hulls, rib("k", {})],
    ["of a list", "POST", hulls, { apiVersion: `${group}/v1`, kind: "HullList", items: [] }],
    ["without metadata", "POST", hulls, { apiVersion: `${group}/v1`, kind: "Hull" }],
    ["with unknown metadata", "POST", `${hulls}?dryRun=All`, { ...hull("m"), metadata: { name: "m", color: "red" } }],
    [
      "with unknown metadata, strictly",
      "POST",
      `${hulls}?fieldValidation=Strict`,
      { ...hull("m"), metadata: { name: "m", color: "red" } },
    ],
    ["as a table", "GET", hulls, undefined, table],
    ["by a selector", "GET", `${hulls}?fieldSelector=any.thing%3D1`],
    ["watched by name", "GET", `${hulls}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dh`],
    ["deleted in the foreground", "DELETE", `${hulls}/h?propagationPolicy=Foreground&dryRun=All`],
    ["all deleted", "DELETE", `${hulls}?dryRun=All`],
    ["a rib", "POST", ribs, rib("r", { low: 1, high: 2, fixed: "x", names: ["ab"] })],
    ["a rib upside down", "POST", ribs, rib("s", { low: 3, high: 2 })],
    ["a rib of bad names", "POST", ribs, rib("s", { names: ["b"] })],
    ["a rib of both", "POST", ribs, rib("s", { low: 3, high: 2, names: ["b", "c"] })],
    ["a rib's fixed part", "PATCH", `${ribs}/r`, { spec: { fixed: "y" } }, merge],
    ["a rib's fixed part, taken", "PATCH", `${ribs}/r?dryRun=All`, { spec: { fixed: null } }, merge],
    ["a rib turned by an apply", "PATCH", `${ribs}/r?fieldManager=m&force=true`, rib("r", { low: 9 }), apply],
    ["a rib of wrong types", "POST", ribs, rib("s", { low: "x", high: 2 })],
    ["a spar", "POST", `${spars}?dryRun=All`, spar({ a: 1 })],
    ["a spar of neither", "POST", spars, spar({})],
    ["a spar of two alternatives", "POST", spars, spar({ a: 1, b: 2 })],
    ["a spar of what may not be together", "POST", spars, spar({ a: 1, c: "x", n: 1.5 })],
    ["a spar that is too small", "POST", spars, spar({ a: 0 })],
    ["a spar that is too large and of neither's type", "POST", spars, spar({ a: 10, b: "x" })],
    ["a spar of right texts", "POST", `${spars}?dryRun=All`, spar(rightTexts)],
    ...Object.entries(wrongTexts).flatMap(([field, value]) =>
      field === "a" ? [] : [[`a spar of a wrong ${field}`, "POST", spars, spar({ a: 1, [field]: value })] as const],
    ),
    ["a spar of a set with one thing twice", "POST", spars, spar({ a: 1, list: ["x", "y", "x"] })],
    ["a spar of an empty map", "POST", spars, spar({ a: 1, map: {} })],
    ["a spar of a full map", "POST", spars, spar({ a: 1, map: { x: "1", y: "2", z: "3" } })],
    ["a spar of a list for a number", "POST", spars, spar({ a: [1] })],
    [
      "a rule that is broken",
      "POST",
      definitions,
      definitionOf("Keel", "keels", {
        schema: {
          type: "object",
          properties: { spec: { type: "object", "x-kubernetes-validations": [{ rule: "self.none == 1" }] } },
        },
      }),
    ],
    [
      "a rule that is no rule",
      "POST",
      definitions,
      definitionOf("Keel", "keels", {
        schema: {
          type: "object",
          properties: {
            spec: {
              type: "object",
              properties: { a: { type: "integer" } },
              "x-kubernetes-validations": [{ rule: "self.a + 1" }, { rule: "" }],
            },
          },
        },
      }),
    ],
    [
      "a default of a wrong type",
      "POST",
      definitions,
      definitionOf("Keel", "keels", {
        schema: {
          type: "object",
          properties: { spec: { type: "object", properties: { a: { type: "integer", default: "x" } } } },
        },
      }),
    ],
    [
      "a definition of two shapes",
      "POST",
      definitions,
      definitionOf("Keel", "keels", {
        schema: {
          type: "object",
          properties: { spec: { type: "object", properties: { a: { type: "string", items: { type: "string" } } } } },
        },
      }),
    ],
    [
      "a definition of a scale without paths",
      "POST",
      definitions,
      definitionOf("Keel", "keels", {
        schema: anything,
        subresources: { scale: { specReplicasPath: "spec.replicas" } },
      }),
    ],
    ["a definition of a bad kind", "POST", definitions, definitionOf("keel_x", "keels", { schema: anything })],
    [
      "a definition of an unknown scope",
      "POST",
      definitions,
      definitionOf("Keel", "keels", { scope: "Galaxy", schema: anything }),
    ],
    [
      "a definition's status",
      "PATCH",
      `${definitions}/hulls.${group}/status?dryRun=All`,
      { status: { storedVersions: [] } },
      merge,
    ],
    [
      "a definition that keeps everything",
      "PATCH",
      `${definitions}/ribs.${group}?dryRun=All`,
      { spec: { preserveUnknownFields: true } },
      merge,
    ],
    ["a definition, dryly", "POST", `${definitions}?dryRun=All`, definitionOf("Keel", "keels", { schema: anything })],
    ["definitions by a label", "GET", `${definitions}?labelSelector=none%3Dnone`],
    ["the group", "GET", `/apis/${group}`],
  ],
};
