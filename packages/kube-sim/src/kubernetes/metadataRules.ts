/** The syntax of names, labels and annotations. kubernetes.io "Object Names and IDs", "Labels and Selectors". */
import { randomInt } from "node:crypto";
import type { Cause } from "./cause.ts";
import { isObject, type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "./json.ts";
import type { Resource } from "./resource.ts";

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const qualifiedName = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const labelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

export function metadataViolations(resource: Resource, metadata: JsonObject): Cause[] {
  return [
    ...nameViolations(resource, stringAt(metadata, "name") ?? "", stringAt(metadata, "generateName") ?? ""),
    ...stringMapViolations(metadata, "labels", (key, value) => [
      ...keyViolations("metadata.labels", key),
      ...labelValueProblems(value).map((problem) => invalidValue("metadata.labels", value, problem)),
    ]),
    ...stringMapViolations(metadata, "annotations", (key) => keyViolations("metadata.annotations", key.toLowerCase())),
    ...annotationsTooLong(metadata),
    ...listAt(metadata, "finalizers").flatMap((finalizer, index) => finalizerViolations(resource, finalizer, index)),
    ...policyViolations(listAt(metadata, "finalizers")),
    ...ownerViolations(listAt(metadata, "ownerReferences")),
    ...((numberAt(metadata, "generation") ?? 0) < 0
      ? [invalidValue("metadata.generation", metadata["generation"] ?? null, "must be greater than or equal to 0")]
      : []),
  ];
}

/** Dependents go first, or not at all. */
function policyViolations(finalizers: readonly Json[]): Cause[] {
  if (!["orphan", "foregroundDeletion"].every((each) => finalizers.includes(each))) return [];
  const why = "finalizer orphan and foregroundDeletion cannot be both set";
  return [invalidValue("metadata.finalizers", [...finalizers], why)];
}

function ownerViolations(owners: readonly Json[]): Cause[] {
  const causes = owners.flatMap((owner) => {
    const [apiVersion, kind] = [stringAt(owner, "apiVersion") ?? "", stringAt(owner, "kind")];
    const field = "metadata.ownerReferences";
    const isVersion = /^([^/]+\/)?[^/]+$/.test(apiVersion);
    const isEvent = kind === "Event" && ["v1", "events.k8s.io/v1"].includes(apiVersion);
    const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
    const disallowed = `${group}/${version}, Kind=${kind} is disallowed from being an owner`;
    return [
      ...(isVersion ? [] : [invalidValue(`${field}.apiVersion`, apiVersion, "version must not be empty")]),
      ...["kind", "name", "uid"]
        .filter((each) => !stringAt(owner, each))
        .map((each) => invalidValue(`${field}.${each}`, "", "must not be empty")),
      ...(isEvent ? [invalidValue(field, owner, disallowed)] : []),
    ];
  });
  const controllers = owners.filter((owner) => isObject(owner) && owner["controller"] === true);
  if (controllers.length < 2) return causes;
  const [one, other] = controllers.map((owner) => `${stringAt(owner, "kind")}/${stringAt(owner, "name")}`);
  const why = `Only one reference can have Controller set to true. Found "true" in references for ${one} and ${other}`;
  return [...causes, invalidValue("metadata.ownerReferences", [...owners], why)];
}

/** Kinds of the oldest groups want a domain for all finalizers but the API server's own. */
function finalizerViolations({ group, isCustom }: Resource, finalizer: Json, index: number): Cause[] {
  const text = typeof finalizer === "string" ? finalizer : "";
  const wantsDomain = !isCustom && ["", "apps", "batch"].includes(group);
  const isStandard = ["foregroundDeletion", "kubernetes", "orphan"].includes(text);
  const why = "name is neither a standard finalizer name nor is it fully qualified";
  return [
    ...keyViolations("metadata.finalizers", text),
    ...(wantsDomain && !text.includes("/") && !isStandard
      ? [invalidValue(`metadata.finalizers[${index}]`, finalizer, why)]
      : []),
  ];
}

/** Of a generated name, the prefix is looked at, too: as it would be with some letters after it. */
function nameViolations(resource: Resource, name: string, prefix = ""): Cause[] {
  if (prefix !== "") {
    const given = prefix.replace(/-$/, "a");
    const ofPrefix = nameViolations(resource, given).map((cause) => ({
      ...cause,
      field: "metadata.generateName",
      message: cause.message.replace(JSON.stringify(given), JSON.stringify(prefix)),
    }));
    return [...ofPrefix, ...nameViolations(resource, name)];
  }
  const field = "metadata.name";
  if (name === "") {
    return [{ reason: "FieldValueRequired", message: "Required value: name or generateName is required", field }];
  }
  if (resource.group === "rbac.authorization.k8s.io") return segmentViolations(name);
  const isDotless = !resource.isCustom && ["Namespace", "Service"].includes(resource.kind);
  const longest = isDotless || resource.kind === "Job" ? 63 : 253;
  return [
    ...(name.length > longest ? [invalidValue(field, name, `must be no more than ${longest} characters`)] : []),
    ...formViolations(name, isDotless),
  ];
}

const labelText =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

function formViolations(name: string, isDotless: boolean): Cause[] {
  const field = "metadata.name";
  if (isDotless && name.includes(".")) return [invalidValue(field, name, "must not contain dots")];
  if (isDotless) return label.test(name) ? [] : [invalidValue(field, name, labelText)];
  return subdomain.test(name) ? [] : [invalidValue(field, name, subdomainText)];
}

/** The names of roles and bindings only have to fit into a path. */
function segmentViolations(name: string): Cause[] {
  if (name === "." || name === "..") return [invalidValue("metadata.name", name, `may not be '${name}'`)];
  return ["/", "%"]
    .filter((character) => name.includes(character))
    .map((character) => invalidValue("metadata.name", name, `may not contain '${character}'`));
}

function stringMapViolations(
  metadata: JsonObject,
  field: string,
  check: (key: string, value: string) => Cause[],
): Cause[] {
  return Object.entries(objectAt(metadata, field)).flatMap(([key, value]) =>
    typeof value === "string"
      ? check(key, value)
      : [invalidValue(`metadata.${field}`, value, `value of "${key}" must be a string`)],
  );
}

/** Of a namespace, which says nothing of the place in the list. */
export function finalizerNameViolations(field: string, finalizer: string): Cause[] {
  const isStandard = ["foregroundDeletion", "kubernetes", "orphan"].includes(finalizer);
  const why = "name is neither a standard finalizer name nor is it fully qualified";
  return [
    ...keyViolations(field, finalizer),
    ...(finalizer.includes("/") || isStandard ? [] : [invalidValue(field, finalizer, why)]),
  ];
}

/** The names of annotations, which may be in capitals. */
export function metadataKeyViolations(field: string, annotations: JsonObject): Cause[] {
  return Object.keys(annotations).flatMap((key) => keyViolations(field, key.toLowerCase()));
}

function keyViolations(field: string, key: string): Cause[] {
  return labelKeyProblems(key).map((why) => invalidValue(field, key, why));
}

/** `[prefix/]name`: the prefix is a DNS subdomain, the name has at most 63 bytes. All that is wrong with it. */
export function labelKeyProblems(key: string): string[] {
  const parts = key.split("/");
  const [prefix, name] = parts.length === 2 ? parts : [undefined, key];
  const form =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
  if (parts.length > 2 || name === undefined) {
    return [`a valid label key ${form} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  return [
    ...(prefix === undefined ? [] : prefixProblems(prefix)),
    ...(name === "" ? ["name part must be non-empty"] : []),
    ...(name.length > 63 ? ["name part must be no more than 63 bytes"] : []),
    ...(qualifiedName.test(name) ? [] : [`name part ${form}`]),
  ];
}

function prefixProblems(prefix: string): string[] {
  if (prefix === "") return ["prefix part must be non-empty"];
  return subdomainProblems(prefix).map((problem) => `prefix part ${problem}`);
}

/** What is wrong with a DNS subdomain, in the API server's words. */
export function subdomainProblems(text: string): string[] {
  return [
    ...(text.length > 253 ? ["must be no more than 253 characters"] : []),
    ...(subdomain.test(text) ? [] : [subdomainText]),
  ];
}

const subdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

export function labelValueProblems(value: string): string[] {
  const form =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
  return [...(value.length > 63 ? ["must be no more than 63 bytes"] : []), ...(labelValue.test(value) ? [] : [form])];
}

function annotationsTooLong(metadata: JsonObject): Cause[] {
  const size = Object.entries(objectAt(metadata, "annotations")).reduce(
    (sum, [key, value]) => sum + key.length + String(value).length,
    0,
  );
  if (size <= 256 * 1024) return [];
  const message = `Too long: may not be more than ${256 * 1024} bytes`;
  return [{ reason: "FieldValueTooLong", message, field: "metadata.annotations" }];
}

export function invalidValue(field: string, value: Json, why: string): Cause {
  return { reason: "FieldValueInvalid", message: `Invalid value: ${JSON.stringify(value)}: ${why}`, field };
}

const suffixLength = 5;
/** Of a prefix, which is then cut. */
const longestPrefix = 58;

/** No vowels, so that names contain no words; the same letters as the API server uses. */
const letters = "bcdfghjklmnpqrstvwxz2456789";

/** The metadata with a name, generated from generateName if it has none. */
export function withName(metadata: Json | undefined): JsonObject {
  const fields = isObject(metadata) ? metadata : {};
  const prefix = stringAt(fields, "generateName");
  if (stringAt(fields, "name") || prefix === undefined || prefix === "") return fields;
  return { ...fields, name: `${prefix.slice(0, longestPrefix)}${generatedSuffix()}` };
}

export function generatedSuffix(): string {
  return Array.from({ length: suffixLength }, () => letters[randomInt(letters.length)]).join("");
}
