import { type PermanentCode, PermanentError, type RefusalCode } from "../errors.ts";
import type { FieldProblem } from "../fieldProblem.ts";
import { insteadOf } from "../lookUp.ts";
import { profileProblems } from "../profiles/profile.ts";
import type { OnboardingRequest } from "../request/request.ts";
import { problemsIn } from "../targets/rules.ts";
import type { Catalog } from "./catalog.ts";
import { traitsOf } from "./clusterKinds.ts";
import { findClusterFor } from "./clusters.ts";
import { findCrossings } from "./environments.ts";
import { networkProblems } from "./networkReach.ts";
import { sharedIdentityProblems } from "./sharedIdentities.ts";

/**
 * Everything in a request that the catalog does not know or allow, with the alternatives: only for callers who may see the whole
 * catalog or may ask for this.
 */
export function checkAgainstCatalog(catalog: Catalog, request: OnboardingRequest): readonly FieldProblem[] {
  return [
    ...clusterProblems(catalog, request),
    ...problemsIn(catalog, request),
    ...findCrossings(catalog, request),
    ...sharedIdentityProblems(catalog, request),
    ...profileProblems(catalog, request),
    ...networkProblems(catalog, request),
  ];
}

function clusterProblems(catalog: Catalog, request: OnboardingRequest): readonly FieldProblem[] {
  try {
    const { login } = traitsOf(findClusterFor(catalog, request.cluster, request.identityMode));
    if (login.by !== "serviceAccount" || login.namespace !== request.namespace) return [];
    // Whoever starts a pod there can have Mooring's rights in the cluster.
    const detail = `has the service account by which Mooring logs in to ${request.cluster}`;
    return [{ pointer: "/namespace", code: "SYSTEM_NAMESPACE", detail }];
  } catch (error) {
    if (!(error instanceof PermanentError) || !isOfCatalog(error.code)) throw error;
    const { code, message } = error;
    const detail = code === "UNKNOWN_CLUSTER" ? insteadOf(message, "it has", Object.keys(catalog.clusters)) : message;
    return [{ pointer: `/${fieldOf[code]}`, code, detail }];
  }
}

/** Why the catalog may refuse a cluster, and which field of the request is wrong. */
const fieldOf = {
  UNKNOWN_CLUSTER: "cluster",
  MODE_NOT_ALLOWED: "identityMode",
} as const satisfies Partial<Record<RefusalCode, string>>;

function isOfCatalog(code: PermanentCode): code is keyof typeof fieldOf {
  return code in fieldOf;
}
