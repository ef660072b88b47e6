/** Reads and checks custom resource definitions, and turns them into resources that the API serves. */
import { z } from "zod";
import { builtInKinds } from "./builtIn/kinds.ts";
import { objectSchema } from "./builtIn/schemas.ts";
import type { Cause } from "./cause.ts";
import { type Json, type JsonObject, stringAt } from "./json.ts";
import { invalidValue } from "./metadataRules.ts";
import type { KubeObject } from "./object.ts";
import type { Resource } from "./resource.ts";
import type { Schema } from "./schema.ts";

const StructuralSchema: z.ZodType<Schema> = z.lazy(() =>
  z.object({
    type: z.enum(["object", "array", "string", "integer", "number", "boolean"]).exactOptional(),
    description: z.string().exactOptional(),
    format: z.string().exactOptional(),
    properties: z.record(z.string(), StructuralSchema).exactOptional(),
    additionalProperties: z.union([z.boolean().transform((): Schema => ({})), StructuralSchema]).exactOptional(),
    items: StructuralSchema.exactOptional(),
    required: z.array(z.string()).exactOptional(),
    enum: z.array(z.json()).exactOptional(),
    pattern: z.string().exactOptional(),
    minimum: z.number().exactOptional(),
    maximum: z.number().exactOptional(),
    minLength: z.number().exactOptional(),
    maxLength: z.number().exactOptional(),
    nullable: z.boolean().exactOptional(),
    default: z.json().exactOptional(),
    "x-kubernetes-preserve-unknown-fields": z.boolean().exactOptional(),
    "x-kubernetes-embedded-resource": z.boolean().exactOptional(),
    "x-kubernetes-int-or-string": z.boolean().exactOptional(),
    "x-kubernetes-list-type": z.enum(["atomic", "set", "map"]).exactOptional(),
    "x-kubernetes-list-map-keys": z.array(z.string()).exactOptional(),
    "x-kubernetes-map-type": z.enum(["granular", "atomic"]).exactOptional(),
  }),
);

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
          schema: z.object({ openAPIV3Schema: StructuralSchema }),
          subresources: z.object({ status: z.looseObject({}).optional() }).optional(),
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

/** The problems with a definition, as a 422 lists them. */
export function definitionViolations(definition: JsonObject, name: string): Cause[] {
  const parsed = Definition.safeParse(definition);
  if (!parsed.success) {
    return parsed.error.issues.map(({ path, message }) => ({
      reason: "FieldValueInvalid",
      message: `Invalid value: ${message}`,
      field: path.join("."),
    }));
  }
  const { group, names, versions } = parsed.data.spec;
  const expected = `${names.plural}.${group}`;
  return [
    ...(name === expected ? [] : [invalidValue("metadata.name", name, `must be spec.names.plural+"."+spec.group`)]),
    ...storageViolations(versions),
    ...approvalViolations(definition, group),
  ];
}

function storageViolations(versions: readonly { name: string; served: boolean; storage: boolean }[]): Cause[] {
  if (versions.filter(({ storage }) => storage).length === 1) return [];
  const shown = versions.map(({ name: Name, served: Served, storage: Storage }) => ({ Name, Served, Storage }));
  return [invalidValue("spec.versions", shown, "must have exactly one version marked as storage version")];
}

/** Kubernetes' own groups are open only to what its community has looked at. */
function approvalViolations(definition: JsonObject, group: string): Cause[] {
  const isProtected = /(^|\.)(k8s|kubernetes)\.io$/.test(group);
  const annotation = "api-approved.kubernetes.io";
  if (!isProtected || stringAt(definition, "metadata", "annotations", annotation)) return [];
  const why = `protected groups must have approval annotation ${JSON.stringify(annotation)}, see https://github.com/kubernetes/enhancements/pull/1111`;
  const field = `metadata.annotations[${annotation}]`;
  return [{ reason: "FieldValueRequired", message: `Required value: ${why}`, field }];
}

/** Established immediately: nothing else competes for the names here. */
export function definitionStatus(definition: JsonObject, time: string): JsonObject {
  const { names, versions } = Definition.parse(definition).spec;
  const condition = (type: string, reason: string, message: string): Json => ({
    type,
    status: "True",
    lastTransitionTime: time,
    reason,
    message,
  });
  const { kind, plural, shortNames } = names;
  const singular = names.singular ?? kind.toLowerCase();
  const listKind = names.listKind ?? `${kind}List`;
  return {
    acceptedNames: { kind, listKind, plural, singular, ...(shortNames.length === 0 ? {} : { shortNames }) },
    conditions: [
      condition("NamesAccepted", "NoConflicts", "no conflicts found"),
      condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    ],
    storedVersions: versions.filter(({ storage }) => storage).map((version) => version.name),
  };
}

/** In this order, other than that of built-in resources. */
const verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

const [nameText = ""] = builtInKinds.texts;
const ageText = builtInKinds.texts.find((text) => text.startsWith("CreationTimestamp is a timestamp")) ?? "";

/** The resources that a definition adds: one for each served version. */
export function definedResources(definition: KubeObject): Resource[] {
  const { group, scope, names, versions } = Definition.parse(definition).spec;
  const plain = { format: "", priority: 0 };
  const nameColumn = { ...plain, name: "Name", type: "string", format: "name", description: nameText };
  const age = {
    ...{ ...plain, name: "Age", type: "date", description: ageText },
    jsonPath: ".metadata.creationTimestamp",
  };
  return versions
    .filter(({ served }) => served)
    .map(({ name, schema: { openAPIV3Schema }, subresources, additionalPrinterColumns }) => ({
      group,
      version: name,
      kind: names.kind,
      plural: names.plural,
      singular: names.singular ?? names.kind.toLowerCase(),
      shortNames: names.shortNames,
      categories: names.categories,
      verbs,
      subresources:
        subresources?.status === undefined
          ? []
          : [
              {
                subresource: "status",
                responseKind: { group, version: name, kind: names.kind },
                verbs: ["get", "patch", "update"],
              },
            ],
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
      selectableFields: [],
    }));
}
