/** Label and field selectors. kubernetes.io "Labels and Selectors", "Field Selectors". */
import { badRequest } from "./failures.ts";
import { at, stringAt } from "./json.ts";
import type { KubeObject } from "./object.ts";
import type { Resource } from "./resource.ts";

export type Selector = (object: KubeObject) => boolean;

export function selectorOf(resource: Resource, query: URLSearchParams): Selector {
  const labels = labelSelector(query.get("labelSelector") ?? "");
  const fields = fieldSelector(resource, query.get("fieldSelector") ?? "");
  return (object) => labels(object) && fields(object);
}

function labelSelector(text: string): Selector {
  // There are also commas inside the parentheses of `in (…)`.
  const requirements = text.trim() === "" ? [] : text.split(/,(?![^(]*\))/).map((part) => requirement(part.trim()));
  return ({ metadata }) => requirements.every((matches) => matches(metadata.labels ?? {}));
}

/** What Go's parser has found, and what it has expected. */
function unparsed(part: string): string {
  const [, name = "", rest = ""] = /^([^\s!=(),<>]*)\s*(?:==|!=|=)?(.*)$/.exec(part) ?? [];
  const found = /^\s*(==|!=|[=!(),<>]|\S+)/.exec(rest)?.[1] ?? "";
  if (name === "") return `found '${/^(==|!=|\S)/.exec(part)?.[1] ?? ""}', expected: !, identifier, or 'end of string'`;
  return `found '${found}', expected: identifier`;
}

function requirement(part: string): (labels: Readonly<Record<string, string>>) => boolean {
  const inSet = /^([^\s!=(),]+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(part);
  if (inSet !== null) {
    const [, key = "", operator, list = ""] = inSet;
    const values = list.split(",").map((value) => value.trim());
    return (labels) => values.includes(labels[key] ?? "\0") === (operator === "in");
  }
  const equality = /^([^\s!=(),]+)\s*(==|=|!=)\s*([^\s!=(),]*)$/.exec(part);
  if (equality !== null) {
    const [, key = "", operator, value] = equality;
    return (labels) => (labels[key] === value) === (operator !== "!=");
  }
  const presence = /^(!?)\s*([^\s!=(),]+)$/.exec(part);
  if (presence === null) throw badRequest(`unable to parse requirement: ${unparsed(part)}`);
  const [, not, key = ""] = presence;
  return (labels) => (labels[key] !== undefined) === (not === "");
}

function fieldSelector(resource: Resource, text: string): Selector {
  const selectable = ["metadata.name", "metadata.namespace", ...resource.selectableFields];
  const requirements = text
    .split(",")
    .filter((part) => part !== "")
    .map((part) => {
      const match = /^([^!=]+)(==|=|!=)(.*)$/.exec(part);
      if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
      const [, field = "", operator, value] = match;
      if (!selectable.includes(field)) throw badRequest(notSelectable(resource, field));
      return { path: field.split("."), value, isEqual: operator !== "!=" };
    });
  return (object) => requirements.every(({ path, value, isEqual }) => (textAt(object, path) === value) === isEqual);
}

/** What a missing field is compared as, where it is no text. */
const zeros: Readonly<Record<string, string>> = {
  ...{ "spec.unschedulable": "false", "spec.hostNetwork": "false" },
  ...{ "status.replicas": "0", "status.successful": "0" },
};

function textAt(object: KubeObject, path: readonly string[]): string {
  const field = path.join(".");
  // Two names of older clients.
  if (field === "name") return object.metadata.name;
  if (object.kind === "Event" && field === "source") {
    return stringAt(object, "source", "component") || (stringAt(object, "reportingComponent") ?? "");
  }
  if (object.kind === "Job" && field === "status.successful") return String(at(object, "status", "succeeded") ?? 0);
  return String(at(object, ...path) ?? zeros[field] ?? "");
}

/** Kinds with fields of their own say it otherwise than those without. */
function notSelectable({ selectableFields, isCustom }: Resource, field: string): string {
  if (selectableFields.length > 0 || isCustom) return `field label not supported: ${field}`;
  return `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`;
}
