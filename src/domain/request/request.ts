/** What a team sends. It uses only aliases of the catalog: no host, URL or resource ID ever comes from a request. */
import { z } from "zod";
import type { RefusalCode } from "../errors.ts";
import { checkExpiry, expiryFields } from "../expiry.ts";
import { alias } from "../naming/alias.ts";
import { type NamespaceRef, namespaceKey } from "../naming/names.ts";
import { requestField as profileField } from "../profiles/profile.ts";
import { requestFields, someTarget, type Targets } from "../targets/index.ts";
import { wantedIn } from "../targets/wanted.ts";
import { type ByMode, defaultMode, identityModes } from "./modes.ts";

export const IdentityMode = z.enum(identityModes);
export type IdentityMode = z.infer<typeof IdentityMode>;

export const AdoptionPolicy = z.enum(["Never", "IfIdentical", "Always"]);
export type AdoptionPolicy = z.infer<typeof AdoptionPolicy>;

export const DeletePolicy = z.enum(["Keep", "Delete"]);
export type DeletePolicy = z.infer<typeof DeletePolicy>;

/** RFC 1123 label: Kubernetes requires it for namespaces, and this project for service accounts. */
const Dns1123Label = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    "must be a DNS-1123 label: 1 to 63 lower-case letters, digits and hyphens",
  );

export const Namespace = Dns1123Label.refine(
  (name) =>
    !/^(default|kube-.*|azure-.*|gatekeeper-system|calico-system|tigera-operator|aks-.*|dapr-system|flux-system)$/.test(
      name,
    ),
  {
    error: "is a system namespace; onboard a namespace of your own",
    params: { code: "SYSTEM_NAMESPACE" satisfies RefusalCode },
  },
);

export const ServiceAccountName = Dns1123Label;

export const NamespaceKey = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?\/[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "must be <cluster>/<namespace>");

/** Everything that a request says, except its namespace. */
const settings = {
  cluster: alias("a cluster").meta({ description: "Alias of the cluster in the catalog." }),
  identityMode: IdentityMode.default(defaultMode).meta({
    description:
      "workloadIdentity: federated service account. identityBinding: the same service account by an identity binding of AKS, without a federated credential for each account (docs/identityModes.md). podIdentity: aad-pod-identity, deprecated since 2022.",
  }),
  ...requestFields,
  serviceAccount: Dns1123Label.default("app").meta({
    description: "The service account of the workload (workload identity and identity bindings).",
  }),
  selector: Dns1123Label.optional().meta({
    description: "The value of the pod label aadpodidbinding (pod identity); the namespace's name by default.",
  }),
  adoptionPolicy: AdoptionPolicy.default("IfIdentical").meta({
    description: "What happens to something that already exists and is not Mooring's.",
  }),
  deletePolicy: DeletePolicy.default("Delete").meta({
    description:
      "What offboarding does with the namespace itself if Mooring created it. One in which others have anything is kept in any case.",
  }),
  namespaceProfile: profileField,
  sharedIdentity: NamespaceKey.exactOptional().meta({
    description:
      "Use the identity of this namespace, `<cluster>/<namespace>`, in place of one of its own: what that namespace may do, this one may do, too (docs/sharedIdentities.md). Since 0.2.0.",
  }),
  team: alias("a team").exactOptional().meta({
    description: "The team; required when more than one of the caller's teams may ask for this.",
  }),
  ...expiryFields,
};

function checkTargets(request: Targets, context: z.RefinementCtx): void {
  if (wantedIn(request).length > 0) return;
  context.addIssue({ code: "custom", path: ["databases"], message: someTarget });
}

type Shared = Pick<
  z.infer<z.ZodObject<typeof settings>>,
  "sharedIdentity" | "identityMode" | keyof typeof requestFields
>;

/** Whether a guest can have the mode. */
const mayShare: ByMode<boolean> = {
  podIdentity: false,
  workloadIdentity: true,
  identityBinding: true,
};

/** What a guest cannot have, whoever asks: access that ends on a target goes from the identity, and so from all that use it. */
function checkShared(request: Shared, context: z.RefinementCtx): void {
  if (request.sharedIdentity === undefined) return;
  const refuse = (path: readonly PropertyKey[], message: string) =>
    context.addIssue({ code: "custom", path: [...path], message });
  const { identityMode } = request;
  if (!mayShare[identityMode]) refuse(["identityMode"], `cannot be ${identityMode} with sharedIdentity`);
  for (const field of ["databases", "targets"] as const) {
    for (const [index, { expiresAt, expiresAfter }] of (request[field] ?? []).entries()) {
      if (expiresAt === undefined && expiresAfter === undefined) continue;
      const message = "cannot end by itself with sharedIdentity: give the whole request an end";
      refuse([field, index, expiresAt === undefined ? "expiresAfter" : "expiresAt"], message);
    }
  }
}

/** Nobody is a guest of itself. */
function checkOthersIdentity(request: NamespaceRef & Shared, context: z.RefinementCtx): void {
  if (request.sharedIdentity !== namespaceKey(request)) return;
  context.addIssue({ code: "custom", path: ["sharedIdentity"], message: "must be another namespace" });
}

const { cluster, ...otherSettings } = settings;

export const OnboardingRequest = z
  .strictObject({
    cluster,
    namespace: Namespace.meta({ description: "The Kubernetes namespace; Mooring creates it if it does not exist." }),
    ...otherSettings,
  })
  .superRefine(checkTargets)
  .superRefine(checkExpiry)
  .superRefine(checkShared)
  .superRefine(checkOthersIdentity)
  .meta({ id: "OnboardingRequest" });
export type OnboardingRequest = z.infer<typeof OnboardingRequest>;

/** The same for a namespace that is named elsewhere. */
export const OnboardingSpec = z
  .strictObject(settings)
  .superRefine(checkTargets)
  .superRefine(checkExpiry)
  .superRefine(checkShared);

/** The value of the pod label `aadpodidbinding`. */
export function selectorOf({ selector, namespace }: Pick<OnboardingRequest, "selector" | "namespace">): string {
  return selector ?? namespace;
}
