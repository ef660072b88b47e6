/** Reads and checks custom resource definitions, and turns them into resources that the API serves. */
import { createHash } from "node:crypto";
import { isObject, type Json, type JsonObject, listAt } from "azure-sim/json";
import { z } from "zod";
import { builtInKinds } from "./builtIn/kinds.ts";
import { objectSchema } from "./builtIn/schemas.ts";
import type { KubeObject } from "./object.ts";
import type { Resource, Subresource } from "./resource.ts";
import type { Schema } from "./schema.ts";
import { byVersion } from "./versionOrder.ts";

/** What is checked when a definition is written; true stands for any value. */
function readSchema(value: Json): Schema {
  if (!isObject(value)) return {};
  const below = (map: JsonObject) =>
    Object.fromEntries(Object.entries(map).map(([name, each]) => [name, readSchema(each)]));
  const lists = ["anyOf", "oneOf", "allOf"].filter((field) => Array.isArray(value[field]));
  const single = ["items", "not", "additionalProperties"].filter((field) => value[field] !== undefined);
  return {
    ...(value as Schema),
    ...(isObject(value["properties"]) ? { properties: below(value["properties"]) } : {}),
    ...Object.fromEntries(single.map((field) => [field, readSchema(value[field] ?? null)])),
    ...Object.fromEntries(lists.map((field) => [field, listAt(value, field).map(readSchema)])),
  };
}

const Scale = z.object({
  specReplicasPath: z.string(),
  statusReplicasPath: z.string(),
  labelSelectorPath: z.string().optional(),
});

const Definition = z.object({
  spec: z.object({
    group: z.string().min(1),
    scope: z.enum(["Cluster", "Namespaced"]),
    names: z.object({
      kind: z.string().min(1),
      plural: z.string().min(1),
      singular: z.string().optional(),
      listKind: z.string().optional(),
      shortNames: z.array(z.string()).default([]),
      categories: z.array(z.string()).default([]),
    }),
    versions: z
      .array(
        z.object({
          name: z.string().min(1),
          served: z.boolean(),
          storage: z.boolean(),
          deprecated: z.boolean().default(false),
          deprecationWarning: z.string().optional(),
          selectableFields: z.array(z.object({ jsonPath: z.string() })).default([]),
          schema: z.object({ openAPIV3Schema: z.json().transform(readSchema) }),
          subresources: z.object({ status: z.looseObject({}).optional(), scale: Scale.optional() }).optional(),
          additionalPrinterColumns: z
            .array(
              z.object({
                name: z.string(),
                type: z.string(),
                jsonPath: z.string(),
                format: z.string().default(""),
                priority: z.number().default(0),
                description: z.string().optional(),
              }),
            )
            .default([]),
        }),
      )
      .min(1),
  }),
});

/** The version in which objects are stored; what else there is of a status, a controller adds. */
export function storedVersions(definition: JsonObject): string[] {
  const { data } = Definition.safeParse(definition);
  return (data?.spec.versions ?? []).filter(({ storage }) => storage).map(({ name }) => name);
}

/** Established immediately: nothing else competes for the names here. */
export function definitionStatus(definition: JsonObject, time: string): JsonObject {
  const { names } = Definition.parse(definition).spec;
  const condition = (type: string, reason: string, message: string): Json => ({
    type,
    status: "True",
    lastTransitionTime: time,
    reason,
    message,
  });
  const { kind, plural, shortNames, categories } = names;
  const singular = names.singular ?? kind.toLowerCase();
  const listKind = names.listKind ?? `${kind}List`;
  return {
    acceptedNames: {
      ...{ kind, listKind, plural, singular },
      ...(shortNames.length === 0 ? {} : { shortNames }),
      ...(categories.length === 0 ? {} : { categories }),
    },
    conditions: [
      condition("NamesAccepted", "NoConflicts", "no conflicts found"),
      condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    ],
    storedVersions: storedVersions(definition),
  };
}

/** In this order, other than that of built-in resources. */
const verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

const [nameText = ""] = builtInKinds.texts;
const ageText = builtInKinds.texts.find((text) => text.startsWith("CreationTimestamp is a timestamp")) ?? "";

/** As discovery shows the version of a kind in the store (k8s.io/apiserver/pkg/endpoints/discovery/storageversionhash.go). */
function storedHash(group: string, version: string, kind: string): string {
  return createHash("sha256").update(`${group}/${version}/${kind}`).digest().subarray(0, 8).toString("base64");
}

const verbsBelow = ["get", "patch", "update"];

function subresourcesOf(
  { status, scale }: { status?: object | undefined; scale?: object | undefined },
  { group, version, kind }: { group: string; version: string; kind: string },
): Subresource[] {
  return [
    ...(status === undefined
      ? []
      : [{ subresource: "status", responseKind: { group, version, kind }, verbs: verbsBelow }]),
    ...(scale === undefined
      ? []
      : [
          {
            subresource: "scale",
            responseKind: { group: "autoscaling", version: "v1", kind: "Scale" },
            verbs: verbsBelow,
          },
        ]),
  ];
}

const fieldsIn = (path: string) => path.split(".").filter((part) => part !== "");

function scalePaths({ specReplicasPath, statusReplicasPath, labelSelectorPath = "" }: z.infer<typeof Scale>) {
  return {
    replicas: fieldsIn(specReplicasPath),
    current: fieldsIn(statusReplicasPath),
    selector: fieldsIn(labelSelectorPath),
  };
}

/** The resources that a definition adds: one for each served version. */
export function definedResources(definition: KubeObject): Resource[] {
  const { group, scope, names, versions } = Definition.parse(definition).spec;
  const plain = { format: "", priority: 0 };
  const nameColumn = { ...plain, name: "Name", type: "string", format: "name", description: nameText };
  const age = {
    ...{ ...plain, name: "Age", type: "date", description: ageText },
    jsonPath: ".metadata.creationTimestamp",
  };
  const stored = versions.find(({ storage }) => storage)?.name ?? "";
  // Of the other versions, the newest is named.
  const newer = versions.filter(({ served, deprecated }) => served && !deprecated).map(({ name }) => name);
  const [newest] = newer.toSorted(byVersion);
  const deprecation = (name: string) => {
    const instead = newest === undefined ? "" : `; use ${group}/${newest} ${names.kind}`;
    return `${group}/${name} ${names.kind} is deprecated${instead}`;
  };
  return versions
    .filter(({ served }) => served)
    .map(
      ({
        name,
        schema: { openAPIV3Schema },
        subresources,
        additionalPrinterColumns,
        selectableFields,
        ...version
      }) => ({
        group,
        version: name,
        kind: names.kind,
        plural: names.plural,
        singular: names.singular ?? names.kind.toLowerCase(),
        shortNames: names.shortNames,
        categories: names.categories,
        verbs,
        subresources: subresourcesOf(subresources ?? {}, { group, version: name, kind: names.kind }),
        ...(subresources?.scale === undefined ? {} : { scale: scalePaths(subresources.scale) }),
        hash: storedHash(group, stored, names.kind),
        namespaced: scope === "Namespaced",
        schema: {
          ...openAPIV3Schema,
          ...objectSchema(openAPIV3Schema.properties ?? {}, openAPIV3Schema.required),
        },
        hasStatus: subresources?.status !== undefined,
        isCustom: true,
        hasDefaults: JSON.stringify(openAPIV3Schema).includes('"default":'),
        hasGeneration: true,
        columns: [
          nameColumn,
          ...(additionalPrinterColumns.length === 0
            ? [age]
            : additionalPrinterColumns.map((column) => ({
                ...column,
                description:
                  column.description ?? `Custom resource definition column (in JSONPath format): ${column.jsonPath}`,
              }))),
        ],
        selectableFields: selectableFields.map(({ jsonPath }) => jsonPath.replace(/^\./, "")),
        ...(version.deprecated ? { deprecation: version.deprecationWarning ?? deprecation(name) } : {}),
      }),
    );
}
