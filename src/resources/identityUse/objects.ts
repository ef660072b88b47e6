/**
 * The objects by which a cluster lets a service account use an identity that is bound to it (learn.microsoft.com "Set up identity
 * bindings"). One ClusterRole for the identity, and a ClusterRoleBinding for each account, so that an undo removes exactly what
 * its operation gave.
 */
import type { ClientId } from "../../domain/naming/identityPair.ts";
import {
  homeOf,
  type IdentityUser,
  isGuest,
  type NamespaceRef,
  useBindingName,
  useLabel,
  useRoleName,
} from "../../domain/naming/names.ts";
import type { ObjectRef } from "../../ports/kubernetes.ts";

const group = "rbac.authorization.k8s.io";
const apiVersion = `${group}/v1`;

/** What the proxy of the cluster asks its authorization; the resource is the client ID. */
export function useOf(clientId: ClientId) {
  return { verb: "use-managed-identity", group: "cid.wi.aks.azure.com", resource: clientId };
}

/** By which those of a namespace are listed. */
const identityLabel = "mooring.dev/identity";

export function useSelector(namespaceRef: NamespaceRef): string {
  return `${identityLabel}=${useLabel(namespaceRef)}`;
}

/** By which a home finds those of its guests, whatever became of them (leftByGuests.ts). */
const homeLabel = "mooring.dev/identity-home";

export function guestSelector(home: NamespaceRef): string {
  return `${homeLabel}=${useLabel(home)}`;
}

interface Using {
  readonly serviceAccount: string;
  readonly clientId: ClientId;
}

/** Their fields are in the order in which an API server prints them. */
export function useObjects(user: IdentityUser, { serviceAccount, clientId }: Using) {
  const { cluster, namespace } = user;
  const namespaceRef = { cluster, namespace };
  const ofHome = isGuest(user) ? { [homeLabel]: useLabel(homeOf(user)) } : {};
  const labels = { [identityLabel]: useLabel(namespaceRef), ...ofHome };
  const { verb, group: apiGroup, resource } = useOf(clientId);
  return [
    {
      apiVersion,
      kind: "ClusterRole",
      metadata: { name: useRoleName(namespaceRef), labels },
      rules: [{ verbs: [verb], apiGroups: [apiGroup], resources: [resource] }],
    },
    {
      apiVersion,
      kind: "ClusterRoleBinding",
      metadata: { name: useBindingName(namespaceRef, serviceAccount), labels },
      roleRef: { apiGroup: group, kind: "ClusterRole", name: useRoleName(namespaceRef) },
      subjects: [{ kind: "ServiceAccount", name: serviceAccount, namespace }],
    },
  ] as const;
}

export const useBindings = { apiVersion, kind: "ClusterRoleBinding" } as const;
export const useRoles = { apiVersion, kind: "ClusterRole" } as const;

export function useBindingRef(namespaceRef: NamespaceRef, serviceAccount: string): ObjectRef {
  return { ...useBindings, name: useBindingName(namespaceRef, serviceAccount) };
}

export function useRoleRef(namespaceRef: NamespaceRef): ObjectRef {
  return { ...useRoles, name: useRoleName(namespaceRef) };
}
