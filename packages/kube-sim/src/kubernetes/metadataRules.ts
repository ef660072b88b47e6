/** The syntax of names, labels and annotations. kubernetes.io "Object Names and IDs", "Labels and Selectors". */
import { randomInt } from "node:crypto";
import { isObject, type Json, type JsonObject, stringAt } from "azure-sim/json";
import type { Cause } from "./cause.ts";
import type { Resource } from "./resource.ts";
import { invalidValue } from "./validation/causes.ts";
import { forms } from "./validation/forms.ts";
import { violationsBy } from "./validation/rules.ts";

export function metadataViolations(resource: Resource, metadata: JsonObject): Cause[] {
  const whole = { root: metadata, old: undefined };
  return [
    ...nameViolations(resource, stringAt(metadata, "name") ?? "", stringAt(metadata, "generateName") ?? ""),
    ...violationsBy("ObjectMeta", metadata, "metadata", whole),
    // Kinds of the oldest groups want a domain for all finalizers but the API server's own.
    ...(!resource.isCustom && ["", "apps", "batch"].includes(resource.group)
      ? violationsBy("OldMeta", metadata, "metadata", whole)
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
  if (name.length > longest) return [invalidValue(field, name, `must be no more than ${longest} characters`)];
  return formViolations(name, isDotless);
}

function formViolations(name: string, isDotless: boolean): Cause[] {
  const problem = forms[isDotless ? "dotless" : "subdomain"]?.(name);
  return problem === undefined ? [] : [invalidValue("metadata.name", name, problem)];
}

/** The names of roles and bindings only have to fit into a path. */
function segmentViolations(name: string): Cause[] {
  if (name === "." || name === "..") return [invalidValue("metadata.name", name, `may not be '${name}'`)];
  return ["/", "%"]
    .filter((character) => name.includes(character))
    .map((character) => invalidValue("metadata.name", name, `may not contain '${character}'`));
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
