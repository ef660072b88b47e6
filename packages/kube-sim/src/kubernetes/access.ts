/**
 * Authorization: administrators may do everything, others what the rules bound to them allow, in the world or by objects of this
 * cluster. A restriction limits administrators and others alike.
 */

import type { PolicyRule } from "azure-sim/world";
import { ApiFailure, forbidden } from "./failures.ts";
import { type AccessAttributes, type BoundRules, isAllowedBy, isPathAllowedBy } from "./rbac.ts";
import type { ResourcePath } from "./requestPath.ts";
import type { User } from "./users.ts";

/** True forbids what the rules allow. Not applied to the sandbox's own components. */
export type Restriction = (attributes: AccessAttributes) => boolean;

export interface Access {
  /** Throws the 403. */
  require(user: User, attributes: AccessAttributes): void;
  /** The same for a path that is not a resource. Discovery is open to everyone who has logged in (the ClusterRole system:discovery). */
  requirePath(user: User, path: string, method: string): void;
  isAllowed(user: User, attributes: AccessAttributes): boolean;
  isPathAllowed(user: User, verb: string, path: string): boolean;
  /** Why, in the words of RBAC; empty where nothing says it. */
  reasonFor(user: User, attributes: AccessAttributes): string;
  /** The same for a path that is allowed. */
  reasonForPath(user: User, verb: string, path: string): string;
  /** All rules that apply to a user in a namespace. */
  rulesFor(user: User, namespace: string | undefined): readonly PolicyRule[];
  /** Whether they are all that decides; no rule says what a restriction forbids. */
  hasAllRules(): boolean;
}

/** What an administrator's rules would say. */
const everything: readonly PolicyRule[] = [
  { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
  { verbs: ["*"], nonResourceURLs: ["*"] },
];

export function createAccess(restrictions: readonly Restriction[], boundRules: BoundRules): Access {
  function rulesFor(user: User, namespace: string | undefined): readonly PolicyRule[] {
    const hasEverything = user.isAdministrator || user.groups.includes("system:masters");
    return [
      ...(hasEverything ? everything : []),
      ...user.rules,
      ...boundRules(user, namespace).flatMap(({ rules }) => rules),
    ];
  }

  function reasonFor(user: User, attributes: AccessAttributes): string {
    const to = `to User ${JSON.stringify(user.name)}`;
    if (user.groups.includes("system:masters")) return "";
    if (!isAllowed(user, attributes)) {
      const missing = boundRules(user, attributes.namespace).flatMap(({ missing: role }) => role ?? []);
      return missing.length === 0 ? "" : `RBAC: ${missing.join(", ")}`;
    }
    const bound = boundRules(user, attributes.namespace).find(({ rules }) => isAllowedBy(rules, attributes));
    if (bound) return `RBAC: allowed by ${bound.why}`;
    // As the sandbox gives a principal its rights on a real API server.
    const role = user.isAdministrator ? "cluster-admin" : `sandbox:${user.clientId ?? ""}`;
    const binding = `sandbox:${role}:${user.name}`;
    return `RBAC: allowed by ClusterRoleBinding ${JSON.stringify(binding)} of ClusterRole ${JSON.stringify(role)} ${to}`;
  }

  function isAllowed(user: User, attributes: AccessAttributes): boolean {
    if (user.isOwn) return true;
    if (restrictions.some((restricts) => restricts(attributes))) return false;
    return user.isAdministrator || isAllowedBy(rulesFor(user, attributes.namespace), attributes);
  }

  const isPathAllowed = (user: User, verb: string, path: string) =>
    user.isAdministrator || user.isOwn === true || isPathAllowedBy(rulesFor(user, undefined), verb, path);

  function requirePath(user: User, path: string, method: string) {
    const verb = method.toLowerCase();
    if (isPathAllowed(user, verb, path)) return;
    throw new ApiFailure(403, "Forbidden", `forbidden: User "${user.name}" cannot ${verb} path "${path}"`, {});
  }

  return {
    isAllowed,
    isPathAllowed,
    rulesFor,
    hasAllRules: () => restrictions.length === 0,
    reasonFor,
    reasonForPath(user, verb, path) {
      if (user.groups.includes("system:masters")) return "";
      const bound = boundRules(user, undefined).find(({ rules }) => isPathAllowedBy(rules, verb, path));
      return bound ? `RBAC: allowed by ${bound.why}` : "";
    },
    require(user, attributes) {
      if (isAllowed(user, attributes)) return;
      throw refusal(user, attributes);
    },
    requirePath,
  };
}

function refusal(user: User, { verb, group, resource, subresource, namespace, name }: AccessAttributes): ApiFailure {
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  const scope = namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const why = `User "${user.name}" cannot ${verb} resource "${what}" in API group "${group}" ${scope}`;
  return forbidden({ plural: resource, group }, name, why);
}

/** Whoever selects one object by its name asks for that one. */
function selectedName(query: URLSearchParams | undefined): string | undefined {
  const selector = query?.get("fieldSelector") ?? "";
  return /(?:^|,)metadata\.name==?([^,=]+)(?:,|$)/.exec(selector)?.[1];
}

export function attributesOf(verb: string, path: ResourcePath, query?: URLSearchParams): AccessAttributes {
  const { group, plural, namespace, subresource } = path;
  const isSelecting = ["list", "watch", "deletecollection"].includes(verb);
  const name = path.name ?? (isSelecting ? selectedName(query) : undefined);
  // Of a namespace, rights are those in it.
  const within = group === "" && plural === "namespaces" ? name : namespace;
  return { verb, group, resource: plural, subresource, namespace: within, name };
}
