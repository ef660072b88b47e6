/** Label and field selectors. kubernetes.io "Labels and Selectors", "Field Selectors". */
import { badRequest } from "./failures.ts";
import { at } from "./json.ts";
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
  const requirements =
    text.trim() === "" ? [] : text.split(/,(?![^(]*\))/).map((part) => requirement(part.trim(), text));
  return ({ metadata }) => requirements.every((matches) => matches(metadata.labels ?? {}));
}

function requirement(part: string, whole: string): (labels: Readonly<Record<string, string>>) => boolean {
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
  if (presence === null) throw badRequest(`unable to parse requirement: "${part}" in the label selector "${whole}"`);
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
  return (object) =>
    requirements.every(({ path, value, isEqual }) => (String(at(object, ...path) ?? "") === value) === isEqual);
}

/** Kinds with fields of their own say it otherwise than those without. */
function notSelectable({ selectableFields }: Resource, field: string): string {
  if (selectableFields.length > 0) return `field label not supported: ${field}`;
  return `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`;
}
