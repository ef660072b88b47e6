/**
 * Authorization: administrators may do everything, others what the rules bound to them allow, in the world or by objects of this
 * cluster. A restriction limits administrators and others alike.
 */
import type { PolicyRule } from "../world.ts";
import type { User } from "./authentication.ts";
import { ApiFailure, forbidden } from "./failures.ts";
import { type AccessAttributes, type BoundRules, isAllowedBy, isPathAllowedBy } from "./rbac.ts";
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
  isAllowed(user: User, attributes: AccessAttributes): boolean;
  isPathAllowed(user: User, verb: string, path: string): boolean;
  /** All rules that apply to a user in a namespace. */
  rulesFor(user: User, namespace: string | undefined): readonly PolicyRule[];
}

/** What an administrator's rules would say. */
const everything: readonly PolicyRule[] = [
  { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
  { verbs: ["*"], nonResourceURLs: ["*"] },
];

export function createAccess(restrictions: readonly Restriction[], boundRules: BoundRules): Access {
  function rulesFor(user: User, namespace: string | undefined): readonly PolicyRule[] {
    const hasEverything = user.isAdministrator || user.groups.includes("system:masters");
    return [...(hasEverything ? everything : []), ...user.rules, ...boundRules(user, namespace)];
  }

  function isAllowed(user: User, attributes: AccessAttributes): boolean {
    if (user.isOwn) return true;
    if (restrictions.some((restricts) => restricts(attributes))) return false;
    return user.isAdministrator || isAllowedBy(rulesFor(user, attributes.namespace), attributes);
  }

  const isPathAllowed = (user: User, verb: string, path: string) =>
    user.isAdministrator || isPathAllowedBy(rulesFor(user, undefined), verb, path);

  function requirePath(user: User, path: string) {
    if (isPathAllowed(user, "get", path)) return;
    throw new ApiFailure(403, "Forbidden", `forbidden: User "${user.name}" cannot get path "${path}"`, {});
  }

  return {
    isAllowed,
    isPathAllowed,
    rulesFor,
    require(user, attributes) {
      if (isAllowed(user, attributes)) return;
      const { verb, group, resource, subresource, namespace, name } = attributes;
      const what = subresource === undefined ? resource : `${resource}/${subresource}`;
      const scope = namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`;
      const why = `User "${user.name}" cannot ${verb} resource "${what}" in API group "${group}" ${scope}`;
      throw forbidden({ plural: resource, group }, name, why);
    },
    requirePath,
    requireDiscovery: requirePath,
  };
}

export function attributesOf(verb: string, path: ResourcePath): AccessAttributes {
  const { group, plural, namespace, name, subresource } = path;
  return { verb, group, resource: plural, subresource, namespace, name };
}
