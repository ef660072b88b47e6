import type { RefusalCode } from "./refusals.ts";
import type { StepErrorCode } from "./stepErrors.ts";

/** What could not be found out: shown in a plan and in the status of a step, and never a blocker. */
interface NoticeEntry {
  readonly cause: string;
  readonly fix: string;
}

export const notices = {
  PERMISSIONS_UNKNOWN: {
    cause: "Mooring could not read whether its identity has the permissions in Azure that it needs. Only a notice.",
    fix: "Give Mooring's identity Microsoft.Authorization/permissions/read; the operation may succeed without it.",
  },
  NAMESPACE_NOT_THERE_YET: {
    cause: "The cluster cannot dry-run objects in a namespace that does not exist yet.",
    fix: "Nothing: admission and quotas apply when the operation runs. To check them earlier, create the namespace first.",
  },
  MAIN_DATABASE_CHANGED: {
    cause:
      "The change takes the database away to which SERVER_NAME and DATABASE_NAME lead, so that they lead to the next one. Only a notice.",
    fix: "Nothing, if the application is meant to use that one: restart its pods once the change is done. Otherwise leave the first database in the request.",
  },
  ROLE_NOT_THERE_YET: {
    cause: "The cluster cannot dry-run a ClusterRoleBinding to a ClusterRole that does not exist yet.",
    fix: "Nothing: the operation makes the ClusterRole first.",
  },
  SQL_NOT_SEEN_YET: {
    cause: "The SQL server has no Microsoft Entra administrator yet, so nobody can read its databases.",
    fix: "Nothing: the operation sets the administrator that the catalog names, then reads them. Mooring's identity has to be in that group, or a user of the database.",
  },
  TARGET_UNSEEN: {
    cause: "Mooring could not read whether a target exists, is locked, or has room for another role. Only a notice.",
    fix: "Give Mooring's identity the permission that the message names; the operation may succeed without it.",
  },
  TARGET_PARTLY_GIVEN: {
    cause:
      "Something in a PostgreSQL schema belongs to a role for which Mooring's own role may not act, or that one may make tables there: access leaves it out. Only a notice.",
    fix: 'If the namespace needs it, run `GRANT "<owner>" TO "<login>"` for the roles that the message names, or give the tables to the database\'s owner, then repair the namespace.',
  },
  TARGET_KEPT_BY_LOCK: {
    cause:
      "A lock against deletion (CanNotDelete) is on the target or above it: Azure lets Mooring give access there, and not take it back. Only a notice.",
    fix: "Ask the owner of the lock to remove it, or to replace it with a narrower one, before the access has to go. Until then a change, a repair and an offboarding stop there (ARM_LOCKED), and the undo of a failed operation waits.",
  },
  KUBELET_ROLES_UNKNOWN: {
    cause:
      "Mooring could not find out whether the kubelet identity has the roles that aad-pod-identity needs. Only a notice.",
    fix: "Give Mooring's identity Microsoft.Authorization/roleAssignments/read, and the cluster podIdentity.kubeletObjectId in the catalog.",
  },
  ISSUER_UNSEEN: {
    cause:
      "Mooring cannot see how Microsoft Entra reads the issuer of a cluster outside Azure, or which key the cluster signs with. Only a notice.",
    fix: "Nothing, if the issuer is public: a verification with a Job proves the login (verificationJob in the catalog). Otherwise read the issuer from outside your network; docs/clusters.md has the command.",
  },
  SHARED_IDENTITY_REACH: {
    cause:
      "Namespaces that share an identity can reach everything that it can, whatever each of them has asked for. Only a notice.",
    fix: "Nothing, if it is intended; otherwise give the namespace an identity of its own: leave out `sharedIdentity`.",
  },
  CREDENTIALS_NEARLY_FULL: {
    cause: "The identity has nearly as many federated credentials as Azure allows. Only a notice.",
    fix: "Remove those that nobody uses, or in AKS migrate to identityMode identityBinding, which needs one for any number of clusters and service accounts (docs/identityModes.md).",
  },
  BINDINGS_UNSEEN: {
    cause:
      "Mooring could not read whether the cluster can have identity bindings: the cluster in Azure, its bindings, or its webhook. Only a notice.",
    fix: "Give Mooring's identity the permission that the message names (infra/azure/identity-binding-role.json, infra/kubernetes/identity-binding.yaml); the operation may succeed without it.",
  },
  SECRETS_UNCOUNTED: {
    cause:
      "Mooring may read no Secret. Right before it deletes a namespace it has the cluster count them by a quota of its own, and keeps the namespace if there are any, or if it may make no quota. Only a notice.",
    fix: "Nothing. To know before, look: `kubectl get secrets --namespace <namespace>`.",
  },
  QUOTA_UNSEEN: {
    cause:
      "Mooring could not see how much of something that the profile's quota counts the namespace has. Only a notice.",
    fix: "Nothing, if the quota is large enough; otherwise compare it with the namespace yourself. To let Mooring count, apply infra/kubernetes/namespace-deletion.yaml.",
  },
  NETWORK_CUT_OFF: {
    cause: "The profile's network policy would close something that the namespace's pods use today. Only a notice.",
    fix: "If it is needed, open it in the profile (`from`, `to`, `destinations`), name it in the request, or keep a policy of your own that opens it.",
  },
  NETWORK_OPEN: {
    cause:
      "Somebody else's network policy opens every destination for pods of the namespace. Policies add up, so the profile's closes nothing for these. Only a notice.",
    fix: "Remove that policy if the profile's should count, or leave it.",
  },
  NETWORK_CLOSED: {
    cause:
      "The default network policy of a managed namespace lets pods reach nothing outside, and the request has no profile with a network policy: pods get no tokens and reach no target, and a verification Job fails. Only a notice.",
    fix: "Choose a profile with a network policy, which opens what the request names (docs/profiles.md), or open the default in Azure: `az aks namespace update --resource-group <group> --cluster-name <cluster> --name <namespace> --egress-policy AllowAll`.",
  },
  NETWORK_UNSEEN: {
    cause: "Pods run in the namespace, and a cluster does not tell which connections they have. Only a notice.",
    fix: "Ask their owners what they reach and who calls them, or look at flow logs, before the policy closes it.",
  },
  POD_SECURITY_LEFT: {
    cause:
      "The profile has Pod Security labels, and the namespace is not Mooring's: it leaves labels on others' namespaces alone, since they concern everybody's pods. Only a notice.",
    fix: "The namespace's owner sets the labels that the notice names (`kubectl label namespace`; in Azure, if it is managed there), or nobody: the rest of the profile counts all the same.",
  },
  NAMESPACE_MANAGED: {
    cause:
      "Azure Resource Manager manages the namespace: AKS refuses other changes to its labels, annotations, default quota and default network policy, and its deletion. Mooring leaves all of these alone. Only a notice.",
    fix: "Nothing. The people who manage the namespace change and delete it in Azure (`az aks namespace update`, `az aks namespace delete`).",
  },
  WAITS_FOR_PODS: {
    cause:
      "Pods still use the identity mode that a migration is about to remove. It waits until no pod does. Only a notice.",
    fix: "Deploy the pods that the message names with the new manifest fragment; the migration then continues on its own.",
  },
  WRITE_UNANSWERED: {
    cause:
      "A write got no answer, because the process that sent it died or waited in vain. It may still take effect, so its undo looks again. Only a notice.",
    fix: "Nothing: the operation ends when nothing more can take effect (retry.landingMs in the catalog).",
  },
  LEFT_IN_PLACE: {
    cause:
      "The catalog no longer has the cluster, server, database or other target where something should be removed or repaired: Mooring cannot reach it. Or it has moved the target, or its rules now forbid it, so that nothing is given there. Or a later release gave access in a place of which this one knows nothing. The rest is done; the operation's `leftInPlace` names what stays.",
    fix: "Remove by hand what the step names, or put the name back into the catalog before the next operation; a database or target can also be left out of the request. Once the identity is deleted, its users and roles open nothing.",
  },
  LEFT_TO_TIDY: {
    cause:
      "What Mooring gave is revoked. Something that opens none of it could not be tidied up, because it is in use, belongs to somebody else, or a service did not answer. The rest is done; the operation's `leftInPlace` names what stays.",
    fix: "Nothing, if it may stay: Mooring tries again as often as it looks for drift (drift.everyMinutes in the catalog), and forgets what is gone. To be rid of it sooner, remove what the notice names. A PostgreSQL role that ends in `-heir` owns code that the workload made: read it before you give it to anybody (docs/targets.md).",
  },
  NAMESPACE_KEPT: {
    cause:
      "Mooring created the namespace, and others have something in it, or may have: a kind of object could not be seen. It stays with all of that, without Mooring's mark.",
    fix: "Nothing, if it is needed. Otherwise delete it yourself (`kubectl delete namespace`); the next offboarding deletes everything in it with {ignoreDependants}. If Mooring may not list a kind, apply infra/kubernetes/namespace-deletion.yaml.",
  },
  NAMESPACE_GOING: {
    cause: "The namespace, or what Mooring put into one that stays, is being deleted, and something is not gone yet.",
    fix: "Nothing, if its controller removes it. Otherwise remove what the notice names, or its finalizer; the operation waits as long as the catalog says (retry.namespaceDeletionMs).",
  },
  LOOK_UNCONFIRMED: {
    cause:
      "Azure does not find a thing that Mooring's records know. It answers so now and then for what is there, so the step looks again. Only a notice.",
    fix: "Nothing: the step believes it when it finds nothing a second time, half a minute later.",
  },
  DEPENDANTS_UNKNOWN: {
    cause: "Mooring could not read whether someone else depends on what would be removed. Only a notice.",
    fix: "Give Mooring's identity the permission that the message names, then request the plan again.",
  },
} as const satisfies Record<string, NoticeEntry> & { readonly [Code in RefusalCode | StepErrorCode]?: never };

export type NoticeCode = keyof typeof notices;
