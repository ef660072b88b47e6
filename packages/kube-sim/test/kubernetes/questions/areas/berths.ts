/** Objects of a definition with two versions, rules, fields to select by and maps. */
import { type Area, apply, as, json, merge, object, partial, paths, strategic, table } from "./area.ts";

const { of } = paths("berths");
const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const group = "port.example";
const berths = of(`apis/${group}/v1`)("berths");
const alphas = of(`apis/${group}/v1alpha1`)("berths");

const schema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      required: ["ship"],
      properties: {
        ship: {
          type: "object",
          required: ["name"],
          properties: {
            name: { type: "string", minLength: 1 },
            length: { type: "integer", format: "int32", minimum: 10, exclusiveMinimum: true, multipleOf: 5 },
            draught: { type: "number" },
          },
        },
        cargo: { type: "object", additionalProperties: { type: "integer" } },
        crew: {
          type: "array",
          items: {
            type: "object",
            properties: { name: { type: "string" }, rank: { type: "string", default: "sailor" } },
          },
        },
        flags: { type: "array", minItems: 1, uniqueItems: false, items: { type: "string", enum: ["A", "B"] } },
        pier: { type: "string", default: "north" },
        open: { type: "boolean" },
        hold: { anyOf: [{ type: "integer" }, { type: "string" }], "x-kubernetes-int-or-string": true },
        note: { type: "string", nullable: true },
        address: { type: "string", format: "ipv4" },
        inner: { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
      },
    },
    status: { type: "object", properties: { moored: { type: "boolean" }, phase: { type: "string" } } },
  },
};
const versionOf = (name: string, storage: boolean, rest: object = {}) => ({
  ...{ name, storage, served: true, schema: { openAPIV3Schema: schema }, subresources: { status: {} } },
  selectableFields: [{ jsonPath: ".spec.pier" }],
  additionalPrinterColumns: [
    { name: "Pier", type: "string", jsonPath: ".spec.pier", description: "Where it lies." },
    { name: "Length", type: "integer", jsonPath: ".spec.ship.length" },
    { name: "Open", type: "boolean", jsonPath: ".spec.open" },
  ],
  ...rest,
});

export const berthDefinition = object("apiextensions.k8s.io/v1", "CustomResourceDefinition", `berths.${group}`, {
  spec: {
    ...{ group, scope: "Namespaced", names: { plural: "berths", singular: "berth", kind: "Berth" } },
    versions: [versionOf("v1", true), versionOf("v1alpha1", false, { deprecated: true })],
  },
});

const berth = (name: string, spec: unknown = { ship: { name: "Anna" } }, rest: object = {}, version = "v1") =>
  object(`${group}/${version}`, "Berth", name, { spec, ...rest });
const withShip = (ship: object, rest: object = {}) => berth("w", { ship: { name: "Anna", ...ship }, ...rest });

export const berthsArea: Area = {
  name: "berths",
  asked: [
    ["one", "POST", berths, berth("one", { ship: { name: "Anna", length: 20 }, open: true, cargo: { coal: 3 } })],
    ["one of the other version", "POST", alphas, berth("two", { ship: { name: "Berta" } }, {}, "v1alpha1")],
    ["one by the other version's address", "POST", alphas, berth("three")],
    ["read by the other version", "GET", `${alphas}/one`],
    ["read by a version that is not served", "GET", `${of(`apis/${group}/v2`)("berths")}/one`],
    ["without a spec", "POST", `${berths}?dryRun=All`, object(`${group}/v1`, "Berth", "none")],
    ["with an empty spec", "POST", berths, berth("w", {})],
    ["with a spec of null", "POST", `${berths}?dryRun=All`, berth("w", null)],
    ["with a spec of text", "POST", berths, berth("w", "x")],
    ["with a short ship", "POST", berths, withShip({ length: 10 })],
    ["with a ship of no step", "POST", berths, withShip({ length: 12 })],
    ["with a ship of a fraction", "POST", berths, withShip({ length: 20.5 })],
    ["with a ship that is too long for its format", "POST", berths, withShip({ length: 3_000_000_000 })],
    ["with a whole draught", "POST", `${berths}?dryRun=All`, withShip({ draught: 3 })],
    ["with a draught in words", "POST", berths, withShip({ draught: "deep" })],
    ["with cargo of text", "POST", berths, withShip({}, { cargo: { coal: "much" } })],
    ["with cargo of null", "POST", `${berths}?dryRun=All`, withShip({}, { cargo: { coal: null } })],
    ["with a crew", "POST", `${berths}?dryRun=All`, withShip({}, { crew: [{ name: "a" }, {}, { rank: "cook" }] })],
    ["with a crew of null", "POST", berths, withShip({}, { crew: [null] })],
    ["with no flags", "POST", berths, withShip({}, { flags: [] })],
    ["with an unknown flag", "POST", berths, withShip({}, { flags: ["A", "C"] })],
    ["with an unknown field", "POST", `${berths}?dryRun=All`, withShip({ color: "red" }, { extra: 1 })],
    [
      "with an unknown field, strictly",
      "POST",
      `${berths}?fieldValidation=Strict`,
      withShip({ color: "red" }, { extra: 1 }),
    ],
    [
      "with an unknown field at the top",
      "POST",
      `${berths}?dryRun=All`,
      berth("w", { ship: { name: "a" } }, { extra: { a: 1 } }),
    ],
    ["with a hold of true", "POST", berths, withShip({}, { hold: true })],
    ["with a hold of text", "POST", `${berths}?dryRun=All`, withShip({}, { hold: "50%" })],
    ["with a note of null", "POST", `${berths}?dryRun=All`, withShip({}, { note: null })],
    ["with a pier of null", "POST", `${berths}?dryRun=All`, withShip({}, { pier: null })],
    ["with a bad address", "POST", berths, withShip({}, { address: "300.1.1.1" })],
    [
      "with an inner object",
      "POST",
      `${berths}?dryRun=All`,
      withShip(
        {},
        {
          inner: { apiVersion: "v1", kind: "Pod", metadata: { name: "x", creationTimestamp: null }, spec: { any: 1 } },
        },
      ),
    ],
    ["with an inner object of no kind", "POST", berths, withShip({}, { inner: { metadata: { name: "x" } } })],
    [
      "with an inner object of bad metadata",
      "POST",
      `${berths}?dryRun=All`,
      withShip({}, { inner: { apiVersion: "v1", kind: "Pod", metadata: { labels: 7 } } }),
    ],
    [
      "with a status",
      "POST",
      `${berths}?dryRun=All`,
      berth("w", { ship: { name: "a" } }, { status: { moored: true } }),
    ],
    ["with a status of text", "POST", berths, berth("w", { ship: { name: "a" } }, { status: "x" })],
    ["with a bad name", "POST", berths, berth("Bad_Name")],
    [
      "with a generated name",
      "POST",
      `${berths}?dryRun=All`,
      { ...berth(""), metadata: { generateName: "x".repeat(58) } },
    ],
    ["with labels of numbers", "POST", berths, { ...berth("w"), metadata: { name: "w", labels: { a: 1 } } }],
    ["by its pier", "GET", `${berths}?fieldSelector=spec.pier%3Dnorth,metadata.name%3Done`],
    ["by its ship", "GET", `${berths}?fieldSelector=spec.ship.name%3DAnna`],
    ["as a table", "GET", berths, undefined, table],
    ["one as a table", "GET", `${berths}/one`, undefined, table],
    ["metadata", "GET", `${berths}/one`, undefined, partial],
    ["by a strategic merge", "PATCH", `${berths}/one`, { spec: { open: false } }, strategic],
    ["by a merge", "PATCH", `${berths}/one`, { spec: { open: false, cargo: { coal: null, iron: 4 } } }, merge],
    ["by a wrong merge", "PATCH", `${berths}/one`, { spec: { open: "no" } }, merge],
    ["by JSON", "PATCH", `${berths}/one`, [{ op: "add", path: "/spec/crew", value: [{ name: "c" }] }], json],
    [
      "its status by a merge",
      "PATCH",
      `${berths}/one/status`,
      { status: { moored: true }, spec: { open: true } },
      merge,
    ],
    [
      "its status replaced, without a version",
      "PUT",
      `${berths}/one/status`,
      berth("one", { ship: { name: "x" } }, { status: { phase: "In" } }),
    ],
    ["its scale", "GET", `${berths}/one/scale`],
    ["replaced without a version", "PUT", `${berths}/one`, berth("one")],
    ["replaced by another version", "PUT", `${berths}/one`, berth("one", undefined, {}, "v1alpha1")],
    [
      "replaced, not there",
      "PUT",
      `${berths}/none`,
      { ...berth("none"), metadata: { name: "none", resourceVersion: "1" } },
    ],
    ["applied", "PATCH", `${berths}/app?fieldManager=m`, berth("app"), apply],
    [
      "applied by another, otherwise",
      "PATCH",
      `${berths}/app?fieldManager=n`,
      berth("app", { ship: { name: "Carla" } }),
      apply,
    ],
    [
      "applied in the other version",
      "PATCH",
      `${alphas}/app?fieldManager=m`,
      berth("app", { ship: { name: "Anna" }, pier: "south" }, {}, "v1alpha1"),
      apply,
    ],
    [
      "applied with an unknown field",
      "PATCH",
      `${berths}/app?fieldManager=m`,
      berth("app", { ship: { name: "Anna" }, sails: 3 }),
      apply,
    ],
    ["applied wrongly", "PATCH", `${berths}/app?fieldManager=m`, berth("app", { ship: "Anna" }), apply],
    ["a watch", "GET", `${berths}?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Dtwo`],
    ["by a stranger", "GET", berths, undefined, as("stranger")],
    ["what the group has", "GET", `/apis/${group}/v1`],
    ["what the other version has", "GET", `/apis/${group}/v1alpha1`],
    ["the group", "GET", `/apis/${group}`],
    ["deleted", "DELETE", `${berths}/two`, { propagationPolicy: "Background" }],
    ["all deleted", "DELETE", `${alphas}?labelSelector=none%3Dnone`],
    [
      "the definition's columns",
      "PATCH",
      `${definitions}/berths.port.example?dryRun=All`,
      [{ op: "replace", path: "/spec/versions/0/additionalPrinterColumns/0/jsonPath", value: "spec" }],
      json,
    ],
    [
      "the definition stored by none",
      "PATCH",
      `${definitions}/berths.port.example`,
      [{ op: "replace", path: "/spec/versions/0/storage", value: false }],
      json,
    ],
    ["the definition as a table", "GET", `${definitions}/berths.port.example`, undefined, table],
    ["a definition of a bad name", "POST", definitions, { ...berthDefinition, metadata: { name: "berths" } }],
    [
      "a definition that is not structural",
      "POST",
      `${definitions}`,
      object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "ones.port.example", {
        spec: {
          group,
          scope: "Namespaced",
          names: { plural: "ones", kind: "One" },
          versions: [
            {
              name: "v1",
              served: true,
              storage: true,
              schema: {
                openAPIV3Schema: {
                  type: "object",
                  properties: { a: {}, b: { type: "object", properties: { c: { type: "text" } } } },
                },
              },
            },
          ],
        },
      }),
    ],
    [
      "a definition of a protected group",
      "POST",
      definitions,
      object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "ones.x.k8s.io", {
        spec: {
          group: "x.k8s.io",
          scope: "Cluster",
          names: { plural: "ones", kind: "One" },
          versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
        },
      }),
    ],
    [
      "a definition without a schema",
      "POST",
      definitions,
      object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "ones.port.example", {
        spec: {
          group,
          scope: "Namespaced",
          names: { plural: "ones", kind: "One" },
          versions: [{ name: "v1", served: true, storage: true }],
        },
      }),
    ],
  ],
};
