/** Roles and bindings, and what they let one do. */
import { type Area, apply, as, cluster, merge, object, paths, table } from "./area.ts";

const { rbac, core } = paths("grants");
const group = "rbac.authorization.k8s.io/v1";
const clusterWide = cluster(`apis/${group}`);
const role = (name: string, rules: unknown, rest: object = {}) => object(group, "Role", name, { rules, ...rest });
const clusterRole = (name: string, rest: object) => object(group, "ClusterRole", name, rest);
const binding = (
  name: string,
  subjects: unknown,
  roleRef: object = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "r" },
) => object(group, "RoleBinding", name, { subjects, roleRef });
const subject = { kind: "ServiceAccount", name: "default", namespace: "area-grants" };
const readMaps = [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list"] }];
const asDefault = { headers: { "impersonate-user": "system:serviceaccount:area-grants:default" } };

export const grants: Area = {
  name: "grants",
  asked: [
    ["a role", "POST", rbac("roles"), role("r", readMaps)],
    ["a role without rules", "POST", rbac("roles"), role("r0", undefined)],
    ["a role of null", "POST", `${rbac("roles")}?dryRun=All`, role("r0", null)],
    ["a role without verbs", "POST", rbac("roles"), role("r1", [{ apiGroups: [""], resources: ["pods"] }])],
    ["a role without groups", "POST", rbac("roles"), role("r1", [{ resources: ["pods"], verbs: ["get"] }])],
    ["a role without resources", "POST", rbac("roles"), role("r1", [{ apiGroups: [""], verbs: ["get"] }])],
    ["a role of paths", "POST", rbac("roles"), role("r1", [{ nonResourceURLs: ["/x"], verbs: ["get"] }])],
    [
      "a role of two rules, both wrong",
      "POST",
      rbac("roles"),
      role("r1", [{}, { nonResourceURLs: ["/x"], apiGroups: [""], resources: ["a"], verbs: [] }]),
    ],
    [
      "a cluster's role of paths and things",
      "POST",
      clusterWide("clusterroles"),
      clusterRole("area-grants", { rules: [{ nonResourceURLs: ["/x"], resources: ["a"], verbs: ["get"] }] }),
    ],
    [
      "a cluster's role of a path in the middle",
      "POST",
      `${clusterWide("clusterroles")}?dryRun=All`,
      clusterRole("area-grants", { rules: [{ nonResourceURLs: ["/x*y"], verbs: ["get"] }] }),
    ],
    [
      "a cluster's role by others",
      "POST",
      `${clusterWide("clusterroles")}?dryRun=All`,
      clusterRole("area-grants", {
        aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: "b" } }] },
        rules: [],
      }),
    ],
    [
      "a cluster's role by bad others",
      "POST",
      clusterWide("clusterroles"),
      clusterRole("area-grants", {
        aggregationRule: { clusterRoleSelectors: [{ matchExpressions: [{ key: "a", operator: "Like" }] }] },
      }),
    ],
    [
      "a cluster's role by no others",
      "POST",
      clusterWide("clusterroles"),
      clusterRole("area-grants", { aggregationRule: {} }),
    ],
    ["a role with a colon", "POST", `${rbac("roles")}?dryRun=All`, role("a:b", readMaps)],
    ["a role with a slash", "POST", rbac("roles"), role("a/b", readMaps)],
    ["a role with a percent", "POST", rbac("roles"), role("a%b", readMaps)],
    ["a binding", "POST", rbac("rolebindings"), binding("b", [subject])],
    ["a binding of nobody", "POST", `${rbac("rolebindings")}?dryRun=All`, binding("b0", [])],
    ["a binding to nothing", "POST", rbac("rolebindings"), object(group, "RoleBinding", "b1", { subjects: [subject] })],
    [
      "a binding to a role that is not there",
      "POST",
      `${rbac("rolebindings")}?dryRun=All`,
      binding("b2", [subject], { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "none" }),
    ],
    [
      "a binding to another kind",
      "POST",
      rbac("rolebindings"),
      binding("b1", [subject], { apiGroup: "rbac.authorization.k8s.io", kind: "Pod", name: "r" }),
    ],
    [
      "a binding to another group",
      "POST",
      rbac("rolebindings"),
      binding("b1", [subject], { apiGroup: "apps", kind: "Role", name: "r" }),
    ],
    [
      "a binding without a group",
      "POST",
      `${rbac("rolebindings")}?dryRun=All`,
      binding("b3", [subject], { kind: "Role", name: "r" }),
    ],
    [
      "a binding of an account without a namespace",
      "POST",
      rbac("rolebindings"),
      binding("b1", [{ kind: "ServiceAccount", name: "x" }]),
    ],
    [
      "a binding of an account of a bad name",
      "POST",
      rbac("rolebindings"),
      binding("b1", [{ kind: "ServiceAccount", name: "X_", namespace: "n" }]),
    ],
    [
      "a binding of a user",
      "POST",
      `${rbac("rolebindings")}?dryRun=All`,
      binding("b4", [
        { kind: "User", name: "jane" },
        { kind: "Group", name: "devs", apiGroup: "rbac.authorization.k8s.io" },
      ]),
    ],
    [
      "a binding of a user of another group",
      "POST",
      rbac("rolebindings"),
      binding("b1", [{ kind: "User", name: "jane", apiGroup: "x" }]),
    ],
    ["a binding of a robot", "POST", rbac("rolebindings"), binding("b1", [{ kind: "Robot", name: "" }])],
    ["a binding's role changed", "PATCH", `${rbac("rolebindings")}/b`, { roleRef: { name: "other" } }, merge],
    [
      "a binding's subjects changed",
      "PATCH",
      `${rbac("rolebindings")}/b`,
      { subjects: [subject, { kind: "Group", name: "g", apiGroup: "rbac.authorization.k8s.io" }] },
      merge,
    ],
    [
      "a cluster's binding to a role",
      "POST",
      clusterWide("clusterrolebindings"),
      object(group, "ClusterRoleBinding", "area-grants", {
        subjects: [subject],
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "r" },
      }),
    ],
    ["applied", "PATCH", `${rbac("roles")}/applied?fieldManager=m`, role("applied", readMaps), apply],
    ["bindings as a table", "GET", rbac("rolebindings"), undefined, table],
    ["roles as a table", "GET", rbac("roles"), undefined, table],
    ["maps, by the account", "GET", `${core("configmaps")}?fieldSelector=metadata.name%3Dnone`, undefined, asDefault],
    ["secrets, by the account", "GET", core("secrets"), undefined, asDefault],
    ["a map of the system, by the account", "GET", "/api/v1/namespaces/kube-system/configmaps/x", undefined, asDefault],
    ["a map, written by the account", "POST", core("configmaps"), object("v1", "ConfigMap", "by-account"), asDefault],
    [
      "a map, patched by the account",
      "PATCH",
      `${core("configmaps")}/kube-root-ca.crt`,
      { data: {} },
      { headers: { ...asDefault.headers, "content-type": "application/merge-patch+json" } },
    ],
    ["nodes, by the account", "GET", "/api/v1/nodes", undefined, asDefault],
    ["a pod's log, by the account", "GET", `${core("pods")}/none/log`, undefined, asDefault],
    ["a path, by the account", "GET", "/metrics", undefined, asDefault],
    ["the version, by the account", "GET", "/apis/apps", undefined, asDefault],
    [
      "a role with more, by a granter",
      "POST",
      rbac("roles"),
      role("more", [{ apiGroups: [""], resources: ["secrets"], verbs: ["get"] }]),
      as("granter"),
    ],
    [
      "a binding to an administrator's, by a granter",
      "POST",
      rbac("rolebindings"),
      binding("admin", [subject], {
        apiGroup: "rbac.authorization.k8s.io",
        kind: "ClusterRole",
        name: "cluster-admin",
      }),
      as("granter"),
    ],
    ["a role of the cluster", "GET", `${clusterWide("clusterroles")}/view?pretty=false`, undefined, as("stranger")],
    ["all bindings deleted, by a stranger", "DELETE", rbac("rolebindings"), undefined, as("stranger")],
    [
      "impersonating, by a reader",
      "GET",
      core("configmaps"),
      undefined,
      { caller: "reader", headers: { "impersonate-user": "jane" } },
    ],
    ["impersonating an account, by a reader", "GET", core("configmaps"), undefined, { caller: "reader", ...asDefault }],
    ["an old version", "GET", "/apis/rbac.authorization.k8s.io/v1beta1/roles"],
  ],
};
