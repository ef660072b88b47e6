/** Evaluates the rules of a ClusterRole as the API server's RBAC authorizer does (kubernetes.io "Using RBAC Authorization"). */
import type { PolicyRule } from "../world.ts";

/** What an API server's authorizers get to know about a request. */
export interface AccessAttributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

export function isAllowedBy(rules: readonly PolicyRule[], attributes: AccessAttributes): boolean {
  const { verb, group, resource, subresource, name } = attributes;
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  return rules.some(
    (rule) =>
      has(rule.verbs, verb) &&
      has(rule.apiGroups, group) &&
      has(rule.resources, what) &&
      // A rule with names does not cover a request without one, such as a list.
      (rule.resourceNames === undefined || (name !== undefined && rule.resourceNames.includes(name))),
  );
}

export function isPathAllowedBy(rules: readonly PolicyRule[], verb: string, path: string): boolean {
  return rules.some(
    ({ verbs, nonResourceURLs = [] }) =>
      has(verbs, verb) &&
      nonResourceURLs.some((url) => (url.endsWith("*") ? path.startsWith(url.slice(0, -1)) : url === path)),
  );
}

function has(allowed: readonly string[] | undefined, value: string): boolean {
  return allowed !== undefined && (allowed.includes("*") || allowed.includes(value));
}
