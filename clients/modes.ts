/** What both clients say of identity modes. A mode that is missing here does not compile. */
import type { ByMode } from "../src/domain/request/identityModes.ts";
import type { IdentityMode, OnboardingRequest } from "../src/domain/request/request.ts";

type Naming = Pick<OnboardingRequest, "namespace" | "serviceAccount" | "selector">;

/** The field by which pods get the identity. */
const fields: ByMode<"serviceAccount" | "selector"> = { podIdentity: "selector", workloadIdentity: "serviceAccount" };
const titles = { serviceAccount: "Service account", selector: "Selector" } as const;

export function podsNameIn(request: Naming & Pick<OnboardingRequest, "identityMode">) {
  const field = fields[request.identityMode];
  return { field, title: titles[field], value: request[field] ?? request.namespace };
}

/** The field of a request that matters in this mode. */
export function fieldOfMode(mode: IdentityMode): "serviceAccount" | "selector" {
  return fields[mode];
}

/** Where a namespace in this mode can migrate to. */
export const migratesTo: ByMode<IdentityMode> = { podIdentity: "workloadIdentity", workloadIdentity: "podIdentity" };

export const defaultMode: IdentityMode = "workloadIdentity";
