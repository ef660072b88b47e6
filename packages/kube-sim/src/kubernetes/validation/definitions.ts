/** What may not stand in a CustomResourceDefinition (k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation). */
import type { Cause } from "../cause.ts";
import { at, equal, isObject, type Json, type JsonObject, listAt, objectAt, stringAt } from "../json.ts";
import { invalidValue, subdomainProblems } from "../metadataRules.ts";
import { required, unsupported } from "./causes.ts";
import { schemaViolations } from "./definitionSchemas.ts";

export function definitionViolations(definition: JsonObject): Cause[] {
  const spec = objectAt(definition, "spec");
  return [
    ...nameViolations(definition),
    ...groupViolations(stringAt(spec, "group") ?? ""),
    ...oneOf("spec.scope", stringAt(spec, "scope") ?? "", ["Cluster", "Namespaced"]),
    ...versionsViolations(spec),
    ...namesViolations(objectAt(spec, "names")),
    ...sharedViolations(spec),
    ...conversionViolations(objectAt(spec, "conversion")),
    ...storedViolations(definition),
    ...approvalViolations(definition),
    ...(spec["preserveUnknownFields"] === true ? [invalidValue("spec.preserveUnknownFields", true, keptUnknown)] : []),
  ];
}

const keptUnknown =
  "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";

/** What a definition may not change once its names are accepted. */
export function definitionUpdateViolations(before: JsonObject, after: JsonObject): Cause[] {
  const fixed = [["scope"], ["names", "kind"], ["group"], ["names", "plural"]];
  return fixed.flatMap((path) => {
    const value = at(after, "spec", ...path) ?? null;
    if (equal(at(before, "spec", ...path) ?? null, value)) return [];
    return [invalidValue(["spec", ...path].join("."), value, "field is immutable")];
  });
}

/** Of a new definition: on an update, group and plural have been compared before. */
function nameViolations(definition: JsonObject): Cause[] {
  const name = stringAt(definition, "metadata", "name") ?? "";
  const isStored = stringAt(definition, "metadata", "resourceVersion") !== undefined;
  const expected = `${stringAt(definition, "spec", "names", "plural") ?? ""}.${stringAt(definition, "spec", "group") ?? ""}`;
  if (isStored || name === "" || name === expected) return [];
  return [invalidValue("metadata.name", name, `must be spec.names.plural+"."+spec.group`)];
}

function groupViolations(group: string): Cause[] {
  if (group === "") return [required("spec.group")];
  const problems = subdomainProblems(group);
  if (problems.length > 0) return [invalidValue("spec.group", group, problems.join(","))];
  return group.includes(".") ? [] : [invalidValue("spec.group", group, "should be a domain with at least one dot")];
}

function oneOf(field: string, value: string, accepted: readonly string[]): Cause[] {
  if (value === "") return [required(field)];
  return accepted.includes(value) ? [] : [unsupported(field, value, accepted)];
}

const dnsLabel = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const dnsLabelText =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

function dnsLabelProblems(text: string): string[] {
  return [
    ...(text.length > 63 ? ["must be no more than 63 characters"] : []),
    ...(dnsLabel.test(text) ? [] : [dnsLabelText]),
  ];
}

function dnsLabelViolations(field: string, text: string, before = "", compared = text): Cause[] {
  const problems = text === "" ? [] : dnsLabelProblems(compared);
  return problems.length === 0 ? [] : [invalidValue(field, text, `${before}${problems.join(",")}`)];
}

/** What all versions have alike stands once, as it did before there were several. */
const shareable = ["schema", "subresources", "additionalPrinterColumns", "selectableFields"] as const;

function isShared(versions: readonly Json[], part: (typeof shareable)[number]): boolean {
  return versions.length > 0 && versions.every((each) => equal(at(each, part), at(versions[0], part)));
}

function versionsViolations(spec: JsonObject): Cause[] {
  const versions = listAt(spec, "versions");
  const names = versions.map((each) => stringAt(each, "name") ?? "");
  const shown = Array.isArray(spec["versions"]) ? versions.map((each) => shownVersion(each, versions)) : null;
  const [first = ""] = names;
  const stored = versions.filter((each) => isObject(each) && each["storage"] === true);
  return [
    ...versions.flatMap((each, index) =>
      isObject(at(each, "schema", "openAPIV3Schema"))
        ? []
        : [required(`spec.versions[${index}].schema.openAPIV3Schema`)],
    ),
    ...versions.flatMap((each, index) => {
      const path = `spec.versions[${index}]`;
      const problems = dnsLabelProblems(names[index] ?? "");
      return [
        ...(problems.length === 0 ? [] : [invalidValue(`${path}.name`, names[index] ?? "", problems.join(","))]),
        ...shareable.filter((part) => !isShared(versions, part)).flatMap((part) => partViolations(each, part, path)),
      ];
    }),
    ...(new Set(names).size === names.length
      ? []
      : [invalidValue("spec.versions", shown, "must contain unique version names")]),
    ...(stored.length === 1
      ? []
      : [invalidValue("spec.versions", shown, "must have exactly one version marked as storage version")]),
    ...dnsLabelViolations("spec.version", first),
  ];
}

/** As Go prints it, without what stands elsewhere. */
function shownVersion(version: Json, versions: readonly Json[]): JsonObject {
  const own = objectAt(version);
  const part = (name: (typeof shareable)[number]) => (isShared(versions, name) ? null : (own[name] ?? null));
  return {
    Name: own["name"] ?? "",
    Served: own["served"] ?? false,
    Storage: own["storage"] ?? false,
    Deprecated: own["deprecated"] ?? false,
    DeprecationWarning: own["deprecationWarning"] ?? null,
    Schema: part("schema"),
    Subresources: part("subresources"),
    AdditionalPrinterColumns: part("additionalPrinterColumns"),
    SelectableFields: part("selectableFields"),
  };
}

function sharedViolations(spec: JsonObject): Cause[] {
  const versions = listAt(spec, "versions");
  const [first] = versions;
  return shareable.flatMap((part) =>
    first !== undefined && isShared(versions, part) ? partViolations(first, part, "spec") : [],
  );
}

function partViolations(version: Json, part: (typeof shareable)[number], path: string): Cause[] {
  switch (part) {
    case "schema": {
      const schema = at(version, "schema", "openAPIV3Schema");
      const own = path === "spec" ? "spec.validation" : `${path}.schema`;
      return isObject(schema) ? schemaViolations(schema, `${own}.openAPIV3Schema`) : [];
    }
    case "subresources":
      return scaleViolations(objectAt(version, "subresources", "scale"), `${path}.subresources.scale`, version);
    case "selectableFields":
      return [];
    case "additionalPrinterColumns":
      return listAt(version, part).flatMap((column, index) => columnViolations(column, `${path}.${part}[${index}]`));
  }
}

function scaleViolations(scale: JsonObject, path: string, version: Json): Cause[] {
  if (!isObject(at(version, "subresources", "scale"))) return [];
  const [ofSpec = "", ofStatus = "", selector = ""] = [
    "specReplicasPath",
    "statusReplicasPath",
    "labelSelectorPath",
  ].map((field) => stringAt(scale, field));
  return [
    ...pathBelow(`${path}.specReplicasPath`, ofSpec, [".spec."], "should be a json path under .spec"),
    ...pathBelow(`${path}.statusReplicasPath`, ofStatus, [".status."], "should be a json path under .status"),
    ...(selector === ""
      ? []
      : pathBelow(
          `${path}.labelSelectorPath`,
          selector,
          [".spec.", ".status."],
          "should be a json path under either .spec or .status",
        )),
  ];
}

function pathBelow(field: string, path: string, roots: readonly string[], why: string): Cause[] {
  if (path === "") return [required(field)];
  if (!path.startsWith(".")) return [invalidValue(field, path, "must be a simple json path starting with .")];
  return roots.some((root) => path.startsWith(root)) ? [] : [invalidValue(field, path, why)];
}

const columnTypes = ["boolean", "date", "integer", "number", "string"];
const columnFormats = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

function columnViolations(column: Json, path: string): Cause[] {
  const [name = "", type = "", format = "", jsonPath = ""] = ["name", "type", "format", "jsonPath"].map((field) =>
    stringAt(column, field),
  );
  const types = `must be one of ${columnTypes.join(",")}`;
  return [
    ...(name === "" ? [required(`${path}.name`)] : []),
    ...(type === "" ? [required(`${path}.type`, types)] : []),
    ...(type === "" || columnTypes.includes(type) ? [] : [invalidValue(`${path}.type`, type, types)]),
    ...(format === "" || columnFormats.includes(format)
      ? []
      : [invalidValue(`${path}.format`, format, `must be one of ${columnFormats.join(",")}`)]),
    ...pathBelow(`${path}.JSONPath`, jsonPath, ["."], ""),
  ];
}

function namesViolations(names: JsonObject): Cause[] {
  const [plural = "", singular = "", kind = "", listKind = ""] = ["plural", "singular", "kind", "listKind"].map(
    (field) => stringAt(names, field),
  );
  const mixed = "may have mixed case, but should otherwise match: ";
  const field = (name: string) => `spec.names.${name}`;
  return [
    ...(plural === "" ? [required(field("plural"))] : []),
    ...(singular === "" ? [required(field("singular"))] : []),
    ...(kind === "" ? [required(field("kind"))] : []),
    ...(listKind === "" ? [required(field("listKind"))] : []),
    ...dnsLabelViolations(field("plural"), plural),
    ...dnsLabelViolations(field("singular"), singular),
    ...dnsLabelViolations(field("kind"), kind, mixed, kind.toLowerCase()),
    ...dnsLabelViolations(field("listKind"), listKind, mixed, listKind.toLowerCase()),
    ...["shortNames", "categories"].flatMap((list) =>
      listAt(names, list).flatMap((each, index) => dnsLabelViolations(`${field(list)}[${index}]`, String(each))),
    ),
    ...(kind !== "" && kind === listKind
      ? [invalidValue(field("listKind"), listKind, "kind and listKind may not be the same")]
      : []),
  ];
}

function conversionViolations(conversion: JsonObject): Cause[] {
  const strategy = stringAt(conversion, "strategy") ?? "None";
  const webhook = objectAt(conversion, "webhook");
  const versions = listAt(webhook, "conversionReviewVersions");
  const config = webhook["clientConfig"];
  const causes = oneOf("spec.conversion.strategy", strategy, ["None", "Webhook"]);
  if (strategy !== "Webhook") return causes;
  return [
    ...causes,
    ...(isObject(config)
      ? []
      : [required("spec.conversion.webhookClientConfig", "required when strategy is set to Webhook")]),
    ...(isObject(config) && (config["url"] === undefined) === (config["service"] === undefined)
      ? [required("spec.conversion.webhookClientConfig", "exactly one of url or service is required")]
      : []),
    ...(versions.length === 0 ? [required("spec.conversion.conversionReviewVersions")] : []),
    ...(versions.length > 0 && !versions.some((each) => each === "v1" || each === "v1beta1")
      ? [invalidValue("spec.conversion.conversionReviewVersions", versions, "must include at least one of v1, v1beta1")]
      : []),
  ];
}

/** Of a new definition; later, its status tells. */
function storedViolations(definition: JsonObject): Cause[] {
  const versions = listAt(definition, "spec", "versions");
  const isStored = versions.some((each) => isObject(each) && each["storage"] === true);
  const isNew = stringAt(definition, "metadata", "resourceVersion") === undefined;
  return isStored || !isNew
    ? []
    : [invalidValue("status.storedVersions", null, "must have at least one stored version")];
}

/** Kubernetes' own groups are open only to what its community has looked at. */
function approvalViolations(definition: JsonObject): Cause[] {
  const isProtected = /(^|\.)(k8s|kubernetes)\.io$/.test(stringAt(definition, "spec", "group") ?? "");
  const annotation = "api-approved.kubernetes.io";
  if (!isProtected || stringAt(definition, "metadata", "annotations", annotation)) return [];
  const why = `protected groups must have approval annotation ${JSON.stringify(annotation)}, see https://github.com/kubernetes/enhancements/pull/1111`;
  return [required(`metadata.annotations[${annotation}]`, why)];
}
