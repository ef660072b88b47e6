/**
 * Evaluates rules as the API server's RBAC authorizer does (kubernetes.io "Using RBAC Authorization"): those of the roles that
 * bindings in the cluster give to a user, a group or a service account.
 */
import type { JsonObject } from "azure-sim/json";
import type { PolicyRule } from "azure-sim/world";
import { z } from "zod";
import type { KubeObject } from "./object.ts";
import type { Resource, Resources } from "./resource.ts";
import type { Store } from "./store.ts";

/** What an API server's authorizers get to know about a request. */
export interface AccessAttributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

/** Who is bound: a user by name and groups. */
export interface Subject {
  readonly name: string;
  readonly groups: readonly string[];
}

export function isAllowedBy(rules: readonly PolicyRule[], attributes: AccessAttributes): boolean {
  const { verb, group, resource, subresource, name } = attributes;
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  return rules.some(
    (rule) =>
      has(rule.verbs, verb) &&
      has(rule.apiGroups, group) &&
      (has(rule.resources, what) || rule.resources?.includes(`*/${subresource}`)) &&
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

const Rule = z.object({
  verbs: z.array(z.string()).default([]),
  apiGroups: z.array(z.string()).optional(),
  resources: z.array(z.string()).optional(),
  resourceNames: z.array(z.string()).optional(),
  nonResourceURLs: z.array(z.string()).optional(),
});
const Rules = z.array(Rule).nullish();
const Binding = z.object({
  roleRef: z.object({ kind: z.string(), name: z.string() }),
  subjects: z.array(z.object({ kind: z.string(), name: z.string(), namespace: z.string().optional() })).nullish(),
});

export const rbacGroup = "rbac.authorization.k8s.io";

/** What one binding gives. */
export interface Bound {
  readonly rules: readonly PolicyRule[];
  /** `ClusterRoleBinding "a" of ClusterRole "b" to User "c"`. */
  readonly why: string;
  /** The role that it names, where that is not there. */
  readonly missing?: string;
}

/** What bindings give a subject: in the whole cluster, and in one namespace if it is given. */
export type BoundRules = (subject: Subject, namespace: string | undefined) => readonly Bound[];

export function createBoundRules({ store, resources }: { store: Store; resources: Resources }): BoundRules {
  const resource = (plural: string): Resource | undefined => resources.find(rbacGroup, "v1", plural);
  const list = (plural: string, namespace?: string): readonly KubeObject[] => {
    const found = resource(plural);
    return found === undefined ? [] : store.list(found, namespace);
  };

  function rulesOf({ kind, name }: { kind: string; name: string }, namespace: string | undefined) {
    const found = resource(kind === "ClusterRole" ? "clusterroles" : "roles");
    const role = found && store.get(found, kind === "ClusterRole" ? undefined : namespace, name);
    const missing = `${kind.toLowerCase()}.${rbacGroup} ${JSON.stringify(name)} not found`;
    return { rules: readRules(role), ...(role === undefined ? { missing } : {}) };
  }

  return (subject, namespace) => {
    const bound = [
      ...list("clusterrolebindings").map((binding) => ({ binding, within: undefined })),
      ...(namespace === undefined
        ? []
        : list("rolebindings", namespace).map((binding) => ({ binding, within: namespace }))),
    ];
    return bound.flatMap(({ binding, within }) => {
      const { data } = Binding.safeParse(binding);
      const bindee = data?.subjects?.find((each) => isOf(each, subject, binding.metadata.namespace));
      if (data === undefined || bindee === undefined) return [];
      const { kind, name } = binding.metadata.namespace === undefined ? clusterWide(binding) : namespaced(binding);
      const role = `${data.roleRef.kind} ${JSON.stringify(data.roleRef.name)}`;
      const why = `${kind} ${JSON.stringify(name)} of ${role} to ${printSubject(bindee, binding.metadata.namespace)}`;
      return [{ ...rulesOf(data.roleRef, within), why }];
    });
  };
}

const clusterWide = ({ metadata }: KubeObject) => ({ kind: "ClusterRoleBinding", name: metadata.name });
const namespaced = ({ metadata }: KubeObject) => ({
  kind: "RoleBinding",
  name: `${metadata.name}/${metadata.namespace}`,
});

function printSubject(
  { kind, name, namespace }: { kind: string; name: string; namespace?: string | undefined },
  within: string | undefined,
): string {
  const full = kind === "ServiceAccount" ? `${name}/${namespace ?? within ?? ""}` : name;
  return `${kind} ${JSON.stringify(full)}`;
}

export function readRules(role: JsonObject | undefined): readonly PolicyRule[] {
  const rules = Rules.safeParse(role?.["rules"]).data ?? [];
  // A round trip drops the fields that are undefined.
  return rules.map((rule) => JSON.parse(JSON.stringify(rule)) as PolicyRule);
}

function isOf(
  { kind, name, namespace }: { kind: string; name: string; namespace?: string | undefined },
  subject: Subject,
  within: string | undefined,
): boolean {
  if (kind === "Group") return subject.groups.includes(name);
  if (kind === "User") return subject.name === name;
  return subject.name === `system:serviceaccount:${namespace ?? within ?? ""}:${name}`;
}
