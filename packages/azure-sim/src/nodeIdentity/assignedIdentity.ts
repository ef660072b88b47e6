/** The parts of an AzureAssignedIdentity that the node's endpoint reads (aad-pod-identity, pkg/apis/aadpodidentity/v1). */
import { z } from "zod";

export const AssignedIdentity = z.object({
  spec: z.object({
    pod: z.string(),
    podNamespace: z.string(),
    /** A complete copy of the AzureIdentity from when it was assigned. */
    azureIdentityRef: z.object({
      metadata: z
        .object({
          namespace: z.string().default("default"),
          annotations: z.record(z.string(), z.string()).default({}),
        })
        .prefault({}),
      spec: z.object({
        // Go's omitempty omits a zero.
        type: z.int().default(0),
        resourceID: z.string().default(""),
        clientID: z.string().default(""),
      }),
    }),
  }),
  status: z.object({ status: z.string().default("") }).prefault({}),
});
export type AssignedIdentity = z.infer<typeof AssignedIdentity>;

export interface Pod {
  readonly cluster: string;
  readonly namespace: string;
  readonly pod: string;
}

export type Choice =
  | { readonly outcome: "found"; readonly resourceId: string; readonly clientId: string }
  /** No identity is being assigned to this pod. */
  | { readonly outcome: "none" }
  /** The assignment exists but has not reached the node yet. */
  | { readonly outcome: "pending" };

/** Chooses the pod's identity. `clientId` is the one that the caller requested, if any; `random` returns 0 to 1. */
export function chooseIdentity(
  assigned: readonly AssignedIdentity[],
  { namespace, pod }: Pod,
  { clientId, random }: { readonly clientId: string | undefined; readonly random: () => number },
): Choice {
  const mine = assigned.filter(({ spec }) => {
    if (spec.pod !== pod || spec.podNamespace !== namespace) return false;
    const { metadata, spec: identity } = spec.azureIdentityRef;
    if (clientId !== undefined && identity.clientID.toLowerCase() !== clientId.toLowerCase()) return false;
    const isNamespaced = metadata.annotations["aadpodidentity.k8s.io/Behavior"] === "namespaced";
    return !isNamespaced || metadata.namespace === namespace;
  });
  const assignedNow = mine.filter(({ status }) => status.status === "Assigned");
  // If there are several and the request has no client id, NMI picks one at random, as the documentation says.
  const ready = assignedNow[Math.floor(random() * assignedNow.length)];
  if (ready) {
    const { resourceID, clientID } = ready.spec.azureIdentityRef.spec;
    return { outcome: "found", resourceId: resourceID, clientId: clientID };
  }
  return { outcome: mine.length > 0 ? "pending" : "none" };
}
