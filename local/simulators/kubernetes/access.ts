/**
 * Authorization: administrators may do everything, others what the rules bound to them allow; discovery is open to
 * everyone. A restriction limits administrators and others alike.
 */
import type { User } from "./authentication.ts";
import { ApiFailure, forbidden } from "./failures.ts";
import { type Json, type JsonObject, objectAt, stringAt } from "./json.ts";
import { type AccessAttributes, isAllowedBy, isPathAllowedBy } from "./rbac.ts";
import type { ResourcePath } from "./requestPath.ts";

/** True forbids what the rules allow. Not applied to the sandbox's own components. */
export type Restriction = (attributes: AccessAttributes) => boolean;

export interface Access {
  /** Throws the 403. */
  require(user: User, attributes: AccessAttributes): void;
  /** The same for a path that is not a resource. */
  requirePath(user: User, path: string): void;
  /** Discovery is open to everyone who has logged in (the ClusterRole system:discovery). */
  requireDiscovery(user: User, path: string): void;
  /** The answer to a SelfSubjectAccessReview, which any authenticated caller may request. */
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
      if (user.isAnonymous) throw pathForbidden(user, path);
      // Every service account may read the issuer's documents (the ClusterRole system:service-account-issuer-discovery).
      const isAccount = user.name.startsWith("system:serviceaccount:");
      if (user.isAdministrator || isAccount || isPathAllowedBy(user.rules, "get", path)) return;
      throw pathForbidden(user, path);
    },
    requireDiscovery(user, path) {
      if (user.isAnonymous) throw pathForbidden(user, path);
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

function pathForbidden(user: User, path: string): ApiFailure {
  return new ApiFailure(403, "Forbidden", `forbidden: User "${user.name}" cannot get path "${path}"`, {});
}

export function attributesOf(verb: string, path: ResourcePath): AccessAttributes {
  const { group, plural, namespace, name, subresource } = path;
  return { verb, group, resource: plural, subresource, namespace, name };
}
