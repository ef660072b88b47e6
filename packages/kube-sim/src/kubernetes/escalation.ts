/**
 * Nobody makes or gives a role that allows more than they may do themselves (kubernetes.io "Privilege escalation prevention and
 * bootstrapping"), unless they have the verbs `escalate` or `bind` for it.
 */

import { equal, type JsonObject } from "azure-sim/json";
import type { PolicyRule } from "azure-sim/world";
import { z } from "zod";
import type { Access } from "./access.ts";
import { forbidden, notFound } from "./failures.ts";
import { rbacGroup, readRules } from "./rbac.ts";
import type { Resource, Resources } from "./resource.ts";
import type { Store } from "./store.ts";
import type { User } from "./users.ts";

/** Throws when the user may not grant what the object grants. */
export type GrantCheck = (resource: Resource, object: JsonObject, oldObject: JsonObject | null) => void;

const Bound = z.object({
  metadata: z.object({ name: z.string().optional(), namespace: z.string().optional() }),
  roleRef: z.object({ kind: z.string(), name: z.string() }),
});
const Role = z.object({ metadata: z.object({ name: z.string().optional(), namespace: z.string().optional() }) });

export function createGrantChecks({
  access,
  store,
  resources,
}: {
  access: Access;
  store: Store;
  resources: Resources;
}): (user: User) => GrantCheck {
  return (user) => (resource, object, oldObject) => {
    if (resource.group !== rbacGroup || user.isAdministrator || user.groups.includes("system:masters")) return;
    const { name, namespace } = Role.parse(object).metadata;
    const attributes = { group: rbacGroup, resource: resource.plural, subresource: undefined, namespace, name };
    const held = access.rulesFor(user, namespace);
    const require = (rules: readonly PolicyRule[]) => {
      const missing = rules.flatMap(singles).filter((single) => !held.some((rule) => covers(rule, single)));
      if (missing.length === 0) return;
      const what = missing.map((single) => JSON.stringify(single)).join("\n");
      const why = `user "${user.name}" is attempting to grant RBAC permissions not currently held:\n${what}`;
      throw forbidden(resource, name, why);
    };
    if (resource.plural === "roles" || resource.plural === "clusterroles") {
      if (oldObject && equal(oldObject["rules"] ?? null, object["rules"] ?? null)) return;
      if (!access.isAllowed(user, { ...attributes, verb: "escalate" })) require(readRules(object));
      return;
    }
    const { roleRef } = Bound.parse(object);
    const plural = roleRef.kind === "ClusterRole" ? "clusterroles" : "roles";
    if (access.isAllowed(user, { ...attributes, verb: "bind", resource: plural, name: roleRef.name })) return;
    const roles = resources.find(rbacGroup, "v1", plural);
    if (!roles) return;
    const role = store.get(roles, roleRef.kind === "ClusterRole" ? undefined : namespace, roleRef.name);
    if (!role) throw notFound(resource, roleRef.name);
    require(readRules(role));
  };
}

/** One rule for each thing that it allows. */
function singles(rule: PolicyRule): readonly PolicyRule[] {
  const { verbs, apiGroups = [], resources = [], resourceNames, nonResourceURLs = [] } = rule;
  const names = resourceNames?.map((name) => [name]) ?? [undefined];
  return verbs.flatMap((verb) => [
    ...nonResourceURLs.map((url) => ({ verbs: [verb], nonResourceURLs: [url] })),
    ...apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        names.map((one) => ({
          ...{ verbs: [verb], apiGroups: [group], resources: [resource] },
          ...(one ? { resourceNames: one } : {}),
        })),
      ),
    ),
  ]);
}

function covers(
  rule: PolicyRule,
  { verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule,
): boolean {
  const has = (allowed: readonly string[] = [], wanted: readonly string[] = []) =>
    allowed.includes("*") || wanted.every((each) => allowed.includes(each));
  if (!has(rule.verbs, verbs)) return false;
  if (nonResourceURLs) return rule.nonResourceURLs !== undefined && has(rule.nonResourceURLs, nonResourceURLs);
  if (!rule.resources || !has(rule.apiGroups, apiGroups) || !has(rule.resources, resources)) return false;
  return rule.resourceNames === undefined || (resourceNames !== undefined && has(rule.resourceNames, resourceNames));
}
