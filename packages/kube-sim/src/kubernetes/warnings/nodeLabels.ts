/** Labels of nodes that have other names now (pkg/api/node/util.go). */
import { type Json, listAt, stringAt } from "../json.ts";
import { labelValueProblems } from "../metadataRules.ts";

const deprecated: Readonly<Record<string, string>> = {
  "beta.kubernetes.io/arch": `deprecated since v1.14; use "kubernetes.io/arch" instead`,
  "beta.kubernetes.io/os": `deprecated since v1.14; use "kubernetes.io/os" instead`,
  "failure-domain.beta.kubernetes.io/region": `deprecated since v1.17; use "topology.kubernetes.io/region" instead`,
  "failure-domain.beta.kubernetes.io/zone": `deprecated since v1.17; use "topology.kubernetes.io/zone" instead`,
  "beta.kubernetes.io/instance-type": `deprecated since v1.17; use "node.kubernetes.io/instance-type" instead`,
  "app.kubernetes.io/created-by": "deprecated since v1.9",
  "scheduler.alpha.kubernetes.io/preferAvoidPods": "deprecated since v1.22; use Taints and Tolerations instead",
  "node-role.kubernetes.io/master": `use "node-role.kubernetes.io/control-plane" instead`,
};

export function labelWarning(label: string, prefix: string): string[] {
  const text = deprecated[label];
  return text === undefined ? [] : [`${prefix}${text}`];
}

export function expressionWarnings(term: Json, at: string, { readsValues }: { readsValues: boolean }): string[] {
  return listAt(term, "matchExpressions").flatMap((each, index) => {
    const key = stringAt(each, "key") ?? "";
    const path = `${at}.matchExpressions[${index}]`;
    const values = readsValues ? listAt(each, "values").map(String) : [];
    return [
      ...labelWarning(key, `${path}.key: ${key} is `),
      ...values.flatMap((value, place) =>
        labelValueProblems(value).map((problem) => `${path}.values[${place}]: ${value} is invalid, ${problem}`),
      ),
    ];
  });
}
