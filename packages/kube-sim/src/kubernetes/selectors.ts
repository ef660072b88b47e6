/** Label and field selectors. kubernetes.io "Labels and Selectors", "Field Selectors". */
import { at, stringAt } from "azure-sim/json";
import { badRequest } from "./failures.ts";
import type { KubeObject } from "./object.ts";
import type { Resource } from "./resource.ts";
import { forms } from "./validation/forms.ts";

export type Selector = (object: KubeObject) => boolean;

export function selectorOf(resource: Resource, query: URLSearchParams): Selector {
  const labels = labelSelector(query.get("labelSelector") ?? "");
  const fields = fieldSelector(resource, query.get("fieldSelector") ?? "");
  return (object) => labels(object) && fields(object);
}

function labelSelector(text: string): Selector {
  if (/^\s*(==|!=|[=,<>()])|,\s*$/.test(text)) throw unparsable(text);
  // There are also commas inside the parentheses of `in (…)`.
  const requirements = text.trim() === "" ? [] : text.split(/,(?![^(]*\))/).map((part) => requirement(part.trim()));
  return ({ metadata }) => requirements.every((matches) => matches(metadata.labels ?? {}));
}

const unparsable = (text: string) => badRequest(`unable to parse requirement: ${JSON.stringify(text)}`);

function requirement(part: string): (labels: Readonly<Record<string, string>>) => boolean {
  const inSet = /^([^\s!=(),]+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(part);
  if (inSet !== null) {
    const [, key = "", operator, list = ""] = inSet;
    const values = list.split(",").map((value) => value.trim());
    requireLabel(key, values);
    return (labels) => values.includes(labels[key] ?? "\0") === (operator === "in");
  }
  const equality = /^([^\s!=(),]+)\s*(==|=|!=)\s*([^\s!=(),]*)$/.exec(part);
  if (equality !== null) {
    const [, key = "", operator, value = ""] = equality;
    requireLabel(key, [value]);
    return (labels) => (labels[key] === value) === (operator !== "!=");
  }
  const compared = /^([^\s!=(),<>]+)\s*([<>])\s*([^\s!=(),<>]+)$/.exec(part);
  if (compared !== null) return comparison(compared);
  const presence = /^(!?)\s*([^\s!=(),]+)$/.exec(part);
  if (presence === null) throw unparsable(part);
  const [, not, key = ""] = presence;
  requireLabel(key, []);
  return (labels) => (labels[key] !== undefined) === (not === "");
}

/** `a>1`, `a<1`. */
function comparison([, key = "", operator, value = ""]: readonly string[]): (
  labels: Readonly<Record<string, string>>,
) => boolean {
  if (!/^-?\d+$/.test(value)) {
    const why = "for 'Gt', 'Lt' operators, the value must be an integer";
    throw badRequest(`unable to parse requirement: values[0]: Invalid value: ${JSON.stringify(value)}: ${why}`);
  }
  requireLabel(key, [value]);
  return (labels) => {
    const own = labels[key];
    if (own === undefined || !/^-?\d+$/.test(own)) return false;
    return operator === ">" ? Number(own) > Number(value) : Number(own) < Number(value);
  };
}

/** Throws what a key or value that no label can have is answered with. */
function requireLabel(key: string, values: readonly string[]): void {
  const wrong = forms["key"]?.(key);
  if (wrong !== undefined) {
    throw badRequest(`unable to parse requirement: <nil>: Invalid value: ${JSON.stringify(key)}: ${wrong}`);
  }
  values.forEach((value, index) => {
    const problem = forms["labelValue"]?.(value);
    if (problem === undefined) return;
    const where = `values[${index}][${key}]`;
    throw badRequest(`unable to parse requirement: ${where}: Invalid value: ${JSON.stringify(value)}: ${problem}`);
  });
}

function fieldSelector(resource: Resource, text: string): Selector {
  const selectable = ["metadata.name", "metadata.namespace", ...resource.selectableFields];
  const requirements = text
    .split(",")
    .filter((part) => part !== "")
    .map((part) => {
      const match = /^([^!=]*)(==|=|!=)(.*)$/.exec(part);
      if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
      const [, field = "", operator, value = ""] = match;
      if (value.includes("=")) throw badRequest("invalid field selector: unescaped character in value: 61");
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
