/** Who may do what: administrators everything that no restriction takes from them, everybody else nothing but discovery. */
import type { User } from "./authentication.ts";
import { forbidden } from "./failures.ts";
import { type Json, type JsonObject, objectAt, stringAt } from "./json.ts";
import type { ResourcePath } from "./requestPath.ts";

/** What the authorizers of an API server are told of a request. */
export interface AccessAttributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

/** True where the cluster's RBAC has no rule that would allow it. The sandbox's own components are not asked. */
export type Restriction = (attributes: AccessAttributes) => boolean;

export interface Access {
  /** Throws the 403. */
  require(user: User, attributes: AccessAttributes): void;
  /** The answer to a SelfSubjectAccessReview, which whoever is authenticated may ask. */
  review(user: User, request: Json): JsonObject;
}

export function createAccess(restrictions: readonly Restriction[]): Access {
  function isAllowed(user: User, attributes: AccessAttributes): boolean {
    if (user.isOwn) return true;
    return user.isAdministrator && !restrictions.some((restricts) => restricts(attributes));
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
