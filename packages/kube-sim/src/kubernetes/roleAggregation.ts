/** The controller that fills cluster roles with the rules of those that they choose (kubernetes.io "Aggregated ClusterRoles"). */
import { equal, isObject, type Json, listAt } from "azure-sim/json";
import { type Controller, mergePatch, type Parts, startController } from "./controller.ts";
import { rbacGroup } from "./rbac.ts";
import { matches } from "./validation/labelSelectors.ts";

export function startRoleAggregation(parts: Parts): Controller {
  const { store, resources } = parts;
  return startController(store, {
    concerns: ({ resource: { kind, group } }) => kind === "ClusterRole" && group === rbacGroup,
    reconcile() {
      const resource = resources.ofKind(`${rbacGroup}/v1`, "ClusterRole");
      if (resource === undefined) return;
      const all = store.list(resource);
      for (const role of all.filter((each) => isObject(each["aggregationRule"]))) {
        const { name } = role.metadata;
        const selectors = listAt(role, "aggregationRule", "clusterRoleSelectors");
        const chosen = all.filter(
          ({ metadata }) => metadata.name !== name && selectors.some((each) => matches(each, metadata.labels ?? {})),
        );
        const rules = chosen.flatMap((each) => listAt(each, "rules")).reduce<Json[]>(withRule, []);
        if (equal(rules, listAt(role, "rules"))) continue;
        mergePatch(parts, resource, role, { rules }, { manager: "clusterrole-aggregation-controller" });
      }
    },
  });
}

function withRule(rules: readonly Json[], rule: Json): Json[] {
  return rules.some((each) => equal(each, rule)) ? [...rules] : [...rules, rule];
}
