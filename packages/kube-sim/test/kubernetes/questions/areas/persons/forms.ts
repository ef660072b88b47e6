/** Roles, bindings and reviews. */
import { cluster, object, paths } from "../area.ts";

const { rbac, of } = paths("persons");
export const { core, apps, batch } = paths("persons");
export const maps = core("configmaps");
export const roles = rbac("roles");
export const bindings = rbac("rolebindings");
export const clusterRoles = cluster("apis/rbac.authorization.k8s.io/v1")("clusterroles");
export const group = "rbac.authorization.k8s.io";
export const role = (name: string, ...rules: object[]) => object(`${group}/v1`, "Role", name, { rules });
export const rule = (resources: string[], verbs: string[], rest: object = {}) => ({
  apiGroups: [""],
  resources,
  verbs,
  ...rest,
});
export const binding = (name: string, roleName: string, subjects: object[], kind = "Role") =>
  object(`${group}/v1`, "RoleBinding", name, { roleRef: { apiGroup: group, kind, name: roleName }, subjects });
export const account = (name: string) => ({ kind: "ServiceAccount", name, namespace: "area-persons" });
export const user = (name: string) => ({ kind: "User", name, apiGroup: group });
export const asUser = (name: string, ...groups: string[]) => ({
  headers: { "impersonate-user": name, ...(groups.length > 0 ? { "impersonate-group": groups.join(",") } : {}) },
});
export const asAccount = (name: string) => asUser(`system:serviceaccount:area-persons:${name}`);
export const review = (kind: string, spec: object) => ({ apiVersion: "authorization.k8s.io/v1", kind, spec });
export const authorization = "/apis/authorization.k8s.io/v1";
export const authentication = "/apis/authentication.k8s.io/v1";
export const local = of("apis/authorization.k8s.io/v1")("localsubjectaccessreviews");
export const attributes = (verb: string, resource: string, rest: object = {}) => ({
  resourceAttributes: { namespace: "area-persons", verb, resource, ...rest },
});
export const token = (name: string) => `${core("serviceaccounts")}/${name}/token`;
