/** What differs between the identity modes. Each decision is a table of all modes: another mode does not compile before it is in them. */
import { type IdentityMode, type OnboardingRequest, selectorOf } from "./request.ts";

export type ByMode<T> = { readonly [Mode in IdentityMode]: T };

export const modeWords: ByMode<string> = { podIdentity: "pod identity", workloadIdentity: "workload identity" };

/** The kinds of cluster (catalog/catalog.ts) that can have the mode. */
const clusterKinds: ByMode<readonly ClusterKind[]> = { podIdentity: ["aks"], workloadIdentity: ["aks", "oidc"] };
export type ClusterKind = "aks" | "oidc";

export function isModeOf(kind: ClusterKind, mode: IdentityMode): boolean {
  return clusterKinds[mode].includes(kind);
}

export function whyNotMode(kind: ClusterKind, mode: IdentityMode): string {
  return `a cluster of kind ${kind} cannot have ${mode}; only one of kind ${clusterKinds[mode].join(" or ")} can`;
}

/** What a pod names to get the identity. */
const podsName: ByMode<"serviceAccount" | "selector"> = { podIdentity: "selector", workloadIdentity: "serviceAccount" };

type Request = Pick<OnboardingRequest, "identityMode">;

export function usesServiceAccount({ identityMode }: Request): boolean {
  return podsName[identityMode] === "serviceAccount";
}

export function usesSelector({ identityMode }: Request): boolean {
  return podsName[identityMode] === "selector";
}

/** The label by which the mode's webhook or controller recognizes a pod (azure-workload-identity; aad-pod-identity). */
const podLabels: ByMode<(selector: string) => readonly [name: string, value: string]> = {
  podIdentity: (selector) => ["aadpodidbinding", selector],
  workloadIdentity: () => ["azure.workload.identity/use", "true"],
};

export function podLabel(mode: IdentityMode, selector: string): readonly [name: string, value: string] {
  return podLabels[mode](selector);
}

/** What the template of a pod needs to get the identity of the request. */
export function podParts(request: OnboardingRequest): {
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: { readonly serviceAccountName?: string };
} {
  const [name, value] = podLabel(request.identityMode, selectorOf(request));
  return {
    labels: { [name]: value },
    spec: usesServiceAccount(request) ? { serviceAccountName: request.serviceAccount } : {},
  };
}
