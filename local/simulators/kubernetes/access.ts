/**
 * Who may do what: administrators everything, others what the rules that are bound to them say, and everybody discovery.
 * A restriction takes from either.
 */
import type { User } from "./authentication.ts";
import { ApiFailure, forbidden } from "./failures.ts";
import { type Json, type JsonObject, objectAt, stringAt } from "./json.ts";
import { type AccessAttributes, isAllowedBy, isPathAllowedBy } from "./rbac.ts";
import type { ResourcePath } from "./requestPath.ts";

/** True where it is not allowed after all. The sandbox's own components are not asked. */
export type Restriction = (attributes: AccessAttributes) => boolean;

export interface Access {
  /** Throws the 403. */
  require(user: User, attributes: AccessAttributes): void;
  /** The same for a path that is no resource. Discovery is everybody's (the ClusterRole system:discovery) and not asked for here. */
  requirePath(user: User, path: string): void;
  /** The answer to a SelfSubjectAccessReview, which whoever is authenticated may ask. */
  review(user: User, request: Json): JsonObject;
}

export function createAccess(restrictions: readonly Restriction[]): Access {
  function isAllowed(user: User, attributes: AccessAttributes): boolean {
    if (user.isOwn) return true;
    const isGiven = user.isAdministrator || isAllowedBy(user.rules, attributes);
    return isGiven && !restrictions.some((restricts) => restricts(attributes));
  }
  return {
    require(user, attributes) {
      if (isAllowed(user, attributes)) return;
      const { verb, group, resource, subresource, namespace, name } = attributes;
      const what = subresource === undefined ? resource : `${resource}/${subresource}`;
      const scope = namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`;
      const why = `User "${user.name}" cannot ${verb} resource "${what}" in API group "${group}" ${scope}`;
      throw forbidden({ plural: resource, group }, name, why);
    },
    requirePath(user, path) {
      // The issuer's documents are bound to every service account (the ClusterRole system:service-account-issuer-discovery).
      const isAccount = user.name.startsWith("system:serviceaccount:");
      if (user.isAdministrator || isAccount || isPathAllowedBy(user.rules, "get", path)) return;
      throw new ApiFailure(403, "Forbidden", `forbidden: User "${user.name}" cannot get path "${path}"`);
    },
    review(user, request) {
      const asked = objectAt(request, "spec", "resourceAttributes");
      const allowed = isAllowed(user, {
        verb: stringAt(asked, "verb") ?? "",
        group: stringAt(asked, "group") ?? "",
        resource: stringAt(asked, "resource") ?? "",
        subresource: stringAt(asked, "subresource"),
        namespace: stringAt(asked, "namespace"),
        name: stringAt(asked, "name"),
      });
      return {
        kind: "SelfSubjectAccessReview",
        apiVersion: "authorization.k8s.io/v1",
        metadata: {},
        spec: objectAt(request, "spec"),
        status: allowed ? { allowed } : { allowed, reason: "no RBAC policy matched" },
      };
    },
  };
}

export function attributesOf(verb: string, path: ResourcePath): AccessAttributes {
  const { group, plural, namespace, name, subresource } = path;
  return { verb, group, resource: plural, subresource, namespace, name };
}
