/** Configurations of webhooks. */
import type { Cause } from "../cause.ts";
import { isObject, type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "../json.ts";
import { invalidValue, subdomainProblems } from "../metadataRules.ts";
import { isPort, oneOf, portRange, required } from "./causes.ts";
import { selectorViolations } from "./labelSelectors.ts";

export function webhookViolations(object: JsonObject): Cause[] {
  return listAt(object, "webhooks").flatMap((webhook, index) => oneViolations(objectAt(webhook), `webhooks[${index}]`));
}

function oneViolations(webhook: JsonObject, at: string): Cause[] {
  const seconds = numberAt(webhook, "timeoutSeconds");
  const versions = listAt(webhook, "admissionReviewVersions");
  const isKnown = versions.some((each) => each === "v1" || each === "v1beta1");
  return [
    ...nameViolations(stringAt(webhook, "name") ?? "", `${at}.name`),
    ...listAt(webhook, "rules").flatMap((rule, index) => ruleViolations(rule, `${at}.rules[${index}]`)),
    ...oneOf(`${at}.failurePolicy`, webhook["failurePolicy"], ["Fail", "Ignore"]),
    ...oneOf(`${at}.matchPolicy`, webhook["matchPolicy"], ["Equivalent", "Exact"]),
    ...(!webhook["sideEffects"]
      ? [required(`${at}.sideEffects`, "must specify one of None, NoneOnDryRun")]
      : oneOf(`${at}.sideEffects`, webhook["sideEffects"], ["None", "NoneOnDryRun"])),
    ...(seconds !== undefined && (seconds < 1 || seconds > 30)
      ? [invalidValue(`${at}.timeoutSeconds`, seconds, "the timeout value must be between 1 and 30 seconds")]
      : []),
    ...selectorViolations(webhook["namespaceSelector"], `${at}.namespaceSelector`),
    ...selectorViolations(webhook["objectSelector"], `${at}.objectSelector`),
    ...clientViolations(objectAt(webhook, "clientConfig"), `${at}.clientConfig`),
    ...(versions.length === 0
      ? [required(`${at}.admissionReviewVersions`, "must specify one of v1, v1beta1")]
      : isKnown
        ? []
        : [invalidValue(`${at}.admissionReviewVersions`, versions, "must include at least one of v1, v1beta1")]),
  ];
}

function nameViolations(name: string, field: string): Cause[] {
  if (name === "") return [required(field)];
  const problems = subdomainProblems(name);
  if (problems.length > 0) return [invalidValue(field, name, problems.join(","))];
  const why = "should be a domain with at least three segments separated by dots";
  return name.split(".").length < 3 ? [invalidValue(field, name, why)] : [];
}

const operations = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];

function ruleViolations(rule: Json, at: string): Cause[] {
  const resources = listAt(rule, "resources").map(String);
  const given = listAt(rule, "operations");
  const isMixed = resources.includes("*") && resources.some((each) => each !== "*" && !each.includes("/"));
  const why = "if '*' is present, must not specify other resources without subresources";
  return [
    ...(given.length === 0 ? [required(`${at}.operations`)] : []),
    ...given.flatMap((each, index) => oneOf(`${at}.operations[${index}]`, each, operations)),
    ...["apiGroups", "apiVersions", "resources"]
      .filter((field) => listAt(rule, field).length === 0)
      .map((field) => required(`${at}.${field}`)),
    ...(isMixed ? [invalidValue(`${at}.resources`, resources, why)] : []),
    ...oneOf(`${at}.scope`, objectAt(rule)["scope"], ["*", "Cluster", "Namespaced"]),
  ];
}

function clientViolations(config: JsonObject, at: string): Cause[] {
  const url = stringAt(config, "url");
  const service = config["service"];
  if ((url === undefined) !== isObject(service)) return [required(at, "exactly one of url or service is required")];
  if (url !== undefined) return urlViolations(url, `${at}.url`);
  const port = numberAt(service, "port") ?? 443;
  const path = stringAt(service, "path");
  return [
    ...["name", "namespace"]
      .filter((field) => !stringAt(service, field))
      .map((field) => required(`${at}.service.${field}`)),
    ...(isPort(port) ? [] : [invalidValue(`${at}.service.port`, port, `port is not valid: ${portRange}`)]),
    ...(path === undefined ? [] : pathViolations(path, `${at}.service.path`)),
  ];
}

function pathViolations(path: string, field: string): Cause[] {
  if (path === "" || path === "/") return [];
  const segments = path.slice(1).split("/");
  const shown = path.endsWith("/") ? segments.slice(0, -1) : segments;
  return [
    ...(path.startsWith("/") ? [] : [invalidValue(field, path, "must start with a '/'")]),
    ...shown.flatMap((segment, index) =>
      segment === "" ? [invalidValue(field, path, `segment[${index}] may not be empty`)] : [],
    ),
  ];
}

function urlViolations(url: string, field: string): Cause[] {
  if (url.startsWith("https:")) return [];
  const scheme = url.split(":")[0] ?? "";
  const why = "'https' is the only allowed URL scheme; desired format: https://host[/path]";
  return [invalidValue(field, scheme, why)];
}

/** What a policy's binding does. */
export function policyBindingViolations(object: JsonObject): Cause[] {
  const actions = listAt(object, "spec", "validationActions");
  const field = "spec.validationActions";
  const both =
    "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)";
  return [
    ...(stringAt(object, "spec", "policyName") ? [] : [required("spec.policyName")]),
    ...(actions.length === 0 ? [required(field, "at least one validation action is required")] : []),
    ...actions.flatMap((action, index) => oneOf(`${field}[${index}]`, action, ["Audit", "Deny", "Warn"])),
    ...(actions.includes("Deny") && actions.includes("Warn") ? [invalidValue(field, actions, both)] : []),
  ];
}
