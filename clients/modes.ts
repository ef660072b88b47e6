/** What both clients say of identity modes. A mode that is missing here does not compile. */
import type { ByMode } from "../src/domain/request/identityModes.ts";
import type { IdentityMode, OnboardingRequest } from "../src/domain/request/request.ts";

type Naming = Pick<OnboardingRequest, "namespace" | "serviceAccount" | "selector">;

/** The field by which pods get the identity. */
const fields: ByMode<"serviceAccount" | "selector"> = {
  podIdentity: "selector",
  workloadIdentity: "serviceAccount",
  identityBinding: "serviceAccount",
};
const titles = { serviceAccount: "Service account", selector: "Selector" } as const;

export function podsNameIn(request: Naming & Pick<OnboardingRequest, "identityMode">) {
  const field = fields[request.identityMode];
  return { field, title: titles[field], value: request[field] ?? request.namespace };
}

/** The field of a request that matters in this mode. */
export function fieldOfMode(mode: IdentityMode): "serviceAccount" | "selector" {
  return fields[mode];
}

/** What a migration to each mode leaves where its document does not say it. */
const usuallyLeft: ByMode<IdentityMode> = {
  podIdentity: "workloadIdentity",
  workloadIdentity: "podIdentity",
  identityBinding: "workloadIdentity",
};

/** In the order in which they are offered. */
export const everyMode = [
  "workloadIdentity",
  "podIdentity",
  "identityBinding",
] as const satisfies readonly IdentityMode[];

export const defaultMode: IdentityMode = "workloadIdentity";

interface Way {
  readonly to?: IdentityMode | undefined;
  readonly from?: IdentityMode | undefined;
}

/** The identity modes between which a stopped migration is. */
export function modesOf({ to = defaultMode, from = usuallyLeft[to] }: Way): {
  readonly target: IdentityMode;
  readonly left: IdentityMode;
} {
  return { target: to, left: from };
}
