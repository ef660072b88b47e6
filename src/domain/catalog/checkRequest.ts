import { PermanentError } from "../errors.ts";
import type { FieldProblem } from "../fieldProblem.ts";
import type { OnboardingRequest } from "../request/request.ts";
import { everyKind } from "../targets/index.ts";
import type { Catalog } from "./catalog.ts";
import { findClusterFor } from "./clusters.ts";

/** Everything in a request that the catalog does not know or allow. */
export function checkAgainstCatalog(catalog: Catalog, request: OnboardingRequest): readonly FieldProblem[] {
  return [...clusterProblems(catalog, request), ...everyKind.flatMap((kind) => kind.problems(catalog, request))];
}

function clusterProblems(catalog: Catalog, request: OnboardingRequest): readonly FieldProblem[] {
  try {
    findClusterFor(catalog, request.cluster, request.identityMode);
    return [];
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    const { code, message: detail } = error;
    return [{ pointer: code === "MODE_NOT_ALLOWED" ? "/identityMode" : "/cluster", code, detail }];
  }
}
