/** What differs between the kinds of cluster, in one place: nothing else asks for the kind. Another one does not compile before it is here. */
import type { Cluster, IdentityBindingSettings, ManagedNamespaceSettings, PodIdentitySettings } from "./catalog.ts";
import { type ClusterLogin, userNameOf } from "./clusterLogin.ts";

/** Tokens for the API servers of all AKS clusters have one audience, which belongs to the cloud and not to the catalog. */
export type Login = ClusterLogin | { readonly by: "aks" };

export interface ClusterTraits {
  /** In messages. */
  readonly noun: string;
  readonly login: Login;
  /** What preflight needs to know about aad-pod-identity in it. */
  readonly podIdentity: PodIdentitySettings | undefined;
  /** What identity bindings need of it. */
  readonly identityBinding: IdentityBindingSettings | undefined;
  /** Where Azure has the namespaces of the cluster that it manages, if profiles are written there. */
  readonly managedNamespaces: ManagedNamespaceSettings | undefined;
  /** Azure Resource Manager knows the cluster, and Azure publishes the documents of its issuer. Otherwise its operator does. */
  readonly isManagedByAzure: boolean;
}

export function traitsOf(cluster: Cluster): ClusterTraits {
  switch (cluster.kind) {
    case "aks":
      return {
        noun: "AKS cluster",
        login: { by: "aks" },
        podIdentity: cluster.podIdentity,
        identityBinding: cluster.identityBinding,
        managedNamespaces: cluster.managedNamespaces,
        isManagedByAzure: true,
      };
    case "oidc":
      return {
        noun: "cluster outside Azure",
        login: cluster.login,
        podIdentity: undefined,
        identityBinding: undefined,
        managedNamespaces: undefined,
        isManagedByAzure: false,
      };
  }
}

/** The name by which the cluster's RBAC knows Mooring, whose identity has this object ID. */
export function userNameIn(cluster: Cluster, objectId: string): string {
  const { login } = traitsOf(cluster);
  switch (login.by) {
    case "aks":
      return objectId;
    case "entra":
      return login.userName ?? objectId;
    case "serviceAccount":
      return userNameOf(login);
  }
}
