/** Roles and bindings. */
import type { Cause } from "../cause.ts";
import { ApiFailure } from "../failures.ts";
import { isObject, type Json, type JsonObject, listAt, stringAt } from "../json.ts";
import { invalidValue, subdomainProblems } from "../metadataRules.ts";
import { required, unsupported } from "./causes.ts";
import { selectorViolations } from "./labelSelectors.ts";

export function roleViolations(object: JsonObject, { isNamespaced }: { isNamespaced: boolean }): Cause[] {
  return [
    ...listAt(object, "rules").flatMap((rule, index) => ruleViolations(rule, `rules[${index}]`, isNamespaced)),
    ...aggregationViolations(object["aggregationRule"]),
  ];
}

function aggregationViolations(aggregation: Json | undefined): Cause[] {
  if (!isObject(aggregation)) return [];
  const selectors = listAt(aggregation, "clusterRoleSelectors");
  const path = "aggregationRule.clusterRoleSelectors";
  const why = "at least one clusterRoleSelector required if aggregationRule is non-nil";
  if (selectors.length === 0) return [required(path, why)];
  return selectors.flatMap((each, index) => {
    const causes = selectorViolations(each, `${path}[${index}]`);
    return causes.length === 0 ? [] : [...causes, invalidValue(`${path}[${index}]`, null, "invalid label selector.")];
  });
}

function ruleViolations(rule: Json, at: string, isNamespaced: boolean): Cause[] {
  const [verbs = [], groups = [], resources = [], urls = []] = [
    "verbs",
    "apiGroups",
    "resources",
    "nonResourceURLs",
  ].map((field) => listAt(rule, field));
  const causes = verbs.length === 0 ? [required(`${at}.verbs`, "verbs must contain at least one value")] : [];
  if (urls.length > 0) {
    const field = `${at}.nonResourceURLs`;
    if (isNamespaced) causes.push(invalidValue(field, urls, "namespaced rules cannot apply to non-resource URLs"));
    if (groups.length > 0 || resources.length > 0 || listAt(rule, "resourceNames").length > 0) {
      causes.push(invalidValue(field, urls, "rules cannot apply to both regular resources and non-resource URLs"));
    }
    return causes;
  }
  if (groups.length === 0) {
    causes.push(required(`${at}.apiGroups`, "resource rules must supply at least one api group"));
  }
  if (resources.length === 0) {
    causes.push(required(`${at}.resources`, "resource rules must supply at least one resource"));
  }
  return causes;
}

const rbac = "rbac.authorization.k8s.io";

export function bindingViolations(object: JsonObject, { isNamespaced }: { isNamespaced: boolean }): Cause[] {
  const kind = stringAt(object, "roleRef", "kind") ?? "";
  // What the role gives is looked up before anything else.
  if (!["Role", "ClusterRole"].includes(kind)) {
    throw new ApiFailure(500, "", `unsupported role reference kind: ${JSON.stringify(kind)}`);
  }
  const name = stringAt(object, "roleRef", "name") ?? "";
  const group = stringAt(object, "roleRef", "apiGroup") ?? "";
  return [
    ...(group === rbac ? [] : [unsupported("roleRef.apiGroup", group, [rbac])]),
    ...(isNamespaced || kind === "ClusterRole" ? [] : [unsupported("roleRef.kind", kind, ["ClusterRole"])]),
    ...(name === "" ? [required("roleRef.name")] : []),
    ...listAt(object, "subjects").flatMap((subject, index) =>
      subjectViolations(subject, `subjects[${index}]`, isNamespaced),
    ),
  ];
}

function subjectViolations(subject: Json, at: string, isNamespaced: boolean): Cause[] {
  const [kind = "", name = "", group = ""] = ["kind", "name", "apiGroup"].map((field) => stringAt(subject, field));
  const nameless = name === "" ? [required(`${at}.name`)] : [];
  const unnamed = name === "" ? [] : subdomainProblems(name).map((why) => invalidValue(`${at}.name`, name, why));
  if (kind === "ServiceAccount") {
    return [
      ...nameless,
      ...unnamed,
      ...(group === "" ? [] : [unsupported(`${at}.apiGroup`, group, [""])]),
      ...(isNamespaced || stringAt(subject, "namespace") ? [] : [required(`${at}.namespace`)]),
    ];
  }
  if (kind === "User" || kind === "Group") {
    return [...nameless, ...(group === rbac || group === "" ? [] : [unsupported(`${at}.apiGroup`, group, [rbac])])];
  }
  return [...nameless, unsupported(`${at}.kind`, kind, ["ServiceAccount", "User", "Group"])];
}
