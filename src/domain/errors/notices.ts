import type { RefusalCode } from "./refusals.ts";
import type { StepErrorCode } from "./stepErrors.ts";

/** What could not be found out: told in a plan and in the status of a step, and in nobody's way. */
interface NoticeEntry {
  readonly cause: string;
  readonly fix: string;
}

export const notices = {
  PERMISSIONS_UNKNOWN: {
    cause: "Whether Mooring's identity has the permissions in Azure that it needs could not be read. Only a notice.",
    fix: "Give Mooring's identity Microsoft.Authorization/permissions/read; it may work without.",
  },
  NAMESPACE_NOT_THERE_YET: {
    cause: "The cluster answers no dry run for a namespace that is not there yet.",
    fix: "Nothing: admission and quotas are met when the operation runs. To have them asked before, make the namespace first.",
  },
  SQL_NOT_SEEN_YET: {
    cause: "The SQL server has no Microsoft Entra administrator yet, and so nobody can look into its databases.",
    fix: "Nothing: the operation sets the administrator that the catalog gives, and looks then. Mooring's identity has to be in that group, or a user of the database.",
  },
  KUBELET_ROLES_UNKNOWN: {
    cause:
      "Whether the kubelet identity has the roles that aad-pod-identity needs could not be found out. Only a notice.",
    fix: "Give Mooring's identity Microsoft.Authorization/roleAssignments/read, and the cluster podIdentity.kubeletObjectId in the catalog.",
  },
  WAITS_FOR_PODS: {
    cause: "Pods still use the way that a migration is about to take away; it waits until none does. Only a notice.",
    fix: "Deploy the pods that the message names with the new manifest fragment; the migration then goes on by itself.",
  },
  DEPENDANTS_UNKNOWN: {
    cause: "Whether somebody else depends on what would be removed could not be read. Only a notice.",
    fix: "Give Mooring's identity the permission that the message names, then look at the plan again.",
  },
} as const satisfies Record<string, NoticeEntry> & { readonly [Code in RefusalCode | StepErrorCode]?: never };

export type NoticeCode = keyof typeof notices;
