/** What differs between the identity modes. */
import { namesOf } from "../lookUp.ts";
import { type ByMode, fieldOfMode, type IdentityMode } from "./modes.ts";
import { type OnboardingRequest, selectorOf } from "./request.ts";

export const modeWords: ByMode<string> = {
  podIdentity: "pod identity",
  workloadIdentity: "workload identity",
  identityBinding: "identity binding",
};

/** Whether a cluster of the kind (catalog/catalog.ts) can have the mode. */
const clusterKinds: ByMode<{ readonly [Kind in ClusterKind]: boolean }> = {
  podIdentity: { aks: true, oidc: false },
  workloadIdentity: { aks: true, oidc: true },
  identityBinding: { aks: true, oidc: false },
};
export type ClusterKind = "aks" | "oidc";

export function isModeOf(kind: ClusterKind, mode: IdentityMode): boolean {
  return clusterKinds[mode][kind];
}

export function whyNotMode(kind: ClusterKind, mode: IdentityMode): string {
  const others = namesOf(clusterKinds[mode]).filter((each) => isModeOf(each, mode));
  return `a cluster of kind ${kind} cannot have ${mode}; only one of kind ${others.join(" or ")} can`;
}

type Request = Pick<OnboardingRequest, "identityMode">;

export function usesServiceAccount({ identityMode }: Request): boolean {
  return fieldOfMode[identityMode] === "serviceAccount";
}

export function usesSelector({ identityMode }: Request): boolean {
  return fieldOfMode[identityMode] === "selector";
}

/** By what Entra lets a workload become the identity. */
const letIn: ByMode<"node" | "credential" | "binding"> = {
  podIdentity: "node",
  workloadIdentity: "credential",
  identityBinding: "binding",
};

/** Whether the identity has a federated credential for the service account. */
export function usesCredential({ identityMode }: Request): boolean {
  return letIn[identityMode] === "credential";
}

/** Whether the identity is bound to the cluster, and the service account may use it there. */
export function usesBinding({ identityMode }: Request): boolean {
  return letIn[identityMode] === "binding";
}

/** The label by which the mode's webhook or controller recognizes a pod (azure-workload-identity; aad-pod-identity). */
const podLabels: ByMode<(selector: string) => readonly [name: string, value: string]> = {
  podIdentity: (selector) => ["aadpodidbinding", selector],
  workloadIdentity: () => ["azure.workload.identity/use", "true"],
  identityBinding: () => ["azure.workload.identity/use", "true"],
};

export function podLabel(mode: IdentityMode, selector: string): readonly [name: string, value: string] {
  return podLabels[mode](selector);
}

/** Without it, the webhook gives a pod with the label what workload identity needs. */
const bindingAnnotation = "azure.workload.identity/use-identity-binding";

const podAnnotations: ByMode<Readonly<Record<string, string>>> = {
  podIdentity: {},
  workloadIdentity: {},
  identityBinding: { [bindingAnnotation]: "true" },
};

/** Whether a pod that has the mode's label also gets the identity in this mode, by its annotations: the webhook ignores case. */
export function isInMode(mode: IdentityMode, annotations: Readonly<Record<string, string>>): boolean {
  if (!usesServiceAccount({ identityMode: mode })) return true;
  return (annotations[bindingAnnotation]?.toLowerCase() === "true") === usesBinding({ identityMode: mode });
}

/** What the template of a pod needs to get the identity of the request. */
export function podParts(request: OnboardingRequest): {
  readonly metadata: {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly serviceAccountName?: string };
} {
  const [name, value] = podLabel(request.identityMode, selectorOf(request));
  const annotations = podAnnotations[request.identityMode];
  return {
    metadata: { labels: { [name]: value }, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
    spec: usesServiceAccount(request) ? { serviceAccountName: request.serviceAccount } : {},
  };
}
