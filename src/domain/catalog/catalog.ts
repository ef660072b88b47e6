/**
 * The operator's catalog (`mooring.yaml`): the only source of hosts, URLs and resource IDs. Requests name things by the aliases
 * that are the keys here.
 */
import { z } from "zod";
import { Auth, findDanglingNames, Limits, Queue, Teams } from "../access/access.ts";
import { Duration } from "../duration.ts";
import { Severity } from "../finding.ts";
import { Environment, environmentField } from "../naming/environment.ts";
import { missing } from "../parsePlainly.ts";
import { clusterNetworkField } from "../profiles/network.ts";
import { catalogSection as profilesSection } from "../profiles/profile.ts";
import { isModeOf, usesBinding, whyNotMode } from "../request/identityModes.ts";
import { defaultMode } from "../request/modes.ts";
import { IdentityMode } from "../request/request.ts";
import { catalogSections, everyKind, policyFields } from "../targets/index.ts";
import { ClusterLogin } from "./clusterLogin.ts";
import { crossingsField } from "./environments.ts";
import { findIneffective } from "./ineffective.ts";
import { findOverlaps } from "./overlaps.ts";
import { danglingSharedIdentities, sharedIdentitiesSection } from "./sharedIdentities.ts";

const Alias = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/, "must be 1 to 40 lower-case letters, digits and hyphens")
  .meta({ description: "The name that requests use." });

const HttpsUrl = z.url({
  protocol: /^https$/,
  error: ({ input }) => (input === undefined ? missing : "must be an https URL"),
});

/** What every kind of cluster has. */
const common = {
  apiServer: HttpsUrl.meta({ description: "URL of the API server." }),
  certificateAuthority: z
    .string()
    .startsWith("-----BEGIN CERTIFICATE-----", "must be a certificate in PEM: -----BEGIN CERTIFICATE-----")
    .optional()
    .meta({
      description:
        "The authority that signs the API server's certificate, in PEM. AKS has one for each cluster: certificate-authority-data of its kubeconfig, decoded. Without it, the machine's trust store decides.",
    }),
  subscriptionId: z.guid().meta({ description: "The subscription in which identities for the cluster are created." }),
  identityResourceGroup: z.string().min(1).max(90).meta({
    description:
      "Where identities are created: for AKS the node resource group (MC_…) or one that the kubelet identity can read; for another cluster any.",
  }),
  environment: environmentField,
  location: z
    .string()
    .regex(/^[a-z0-9]+$/, "must be a region name such as westeurope")
    .meta({
      description: "The region of these identities, such as westeurope.",
    }),
  network: clusterNetworkField,
  identityModes: z.array(IdentityMode).min(1).default([defaultMode]).meta({
    description: "How workloads there can authenticate. Only AKS has all of them (docs/clusters.md).",
  }),
  verificationJob: z
    .strictObject({
      image: z.string().min(1).max(255).meta({ description: "The image of the Job, which the cluster can pull." }),
      timeoutSeconds: z.int().min(1).max(200).default(120).meta({ description: "The time limit of the Job." }),
    })
    .optional()
    .meta({
      description:
        "Lets a verification run a Job in the namespace that logs in as the workload does. samples/verify-app is such an image, and says what Mooring reads of one; an image that proves databases alone may be like samples/message-app.",
    }),
};

const issuerDescription =
  "The issuer of the cluster's service account tokens, letter by letter: for AKS oidcIssuerProfile.issuerUrl as `az aks show` prints it, trailing slash included. Another cluster needs one.";

const PodIdentitySettings = z.strictObject({
  mode: z.enum(["standard", "managed"]).default("standard").meta({
    description: "How aad-pod-identity runs; in managed mode the kubelet identity needs no roles.",
  }),
  kubeletObjectId: z.guid().optional().meta({
    description: "identityProfile.kubeletidentity.objectId of `az aks show`; without it, its roles are not checked.",
  }),
  nodeResourceGroup: z.string().min(1).max(90).optional().meta({
    description: "nodeResourceGroup of `az aks show`; identityResourceGroup by default.",
  }),
});
export type PodIdentitySettings = z.infer<typeof PodIdentitySettings>;

const ClusterId = z
  .string()
  .regex(
    /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.ContainerService\/managedClusters\/[^/]+$/i,
    "must be the resource ID of an AKS cluster: /subscriptions/…/providers/Microsoft.ContainerService/managedClusters/…",
  );

const IdentityBindingSettings = z.strictObject({
  clusterId: ClusterId.meta({
    description: "The cluster's resource ID, as `az aks show` prints it. Mooring makes the bindings there.",
  }),
});
export type IdentityBindingSettings = z.infer<typeof IdentityBindingSettings>;

const ManagedNamespaceSettings = z.strictObject({
  clusterId: ClusterId.meta({
    description: "The cluster's resource ID, as `az aks show` prints it. Azure has its managed namespaces there.",
  }),
});
export type ManagedNamespaceSettings = z.infer<typeof ManagedNamespaceSettings>;

const kindDescription =
  "`aks`, or `oidc` for any other cluster with an issuer that Microsoft Entra can read: EKS, GKE, kubeadm, k3s (docs/clusters.md). Since 0.2.0.";

const AksCluster = z.strictObject({
  // A literal that may be absent, so that an entry without a kind is found to be one of these.
  kind: z.literal("aks").optional().default("aks").meta({ description: kindDescription }),
  ...common,
  oidcIssuer: HttpsUrl.optional().meta({ description: issuerDescription }),
  podIdentity: PodIdentitySettings.optional().meta({
    description: "What preflight needs to know about aad-pod-identity in the cluster.",
  }),
  identityBinding: IdentityBindingSettings.optional().meta({
    description:
      "What identity bindings need (docs/identityModes.md). Keep it as long as a namespace of the cluster has one. Since 0.2.0.",
  }),
  managedNamespaces: ManagedNamespaceSettings.optional().meta({
    description:
      "Where Azure manages a namespace of the cluster, its profile is written there (docs/profiles.md). Keep it as long as such a namespace has a profile. Since 0.2.0.",
  }),
});

const OidcCluster = z.strictObject({
  kind: z.literal("oidc").meta({ description: kindDescription }),
  ...common,
  oidcIssuer: HttpsUrl.meta({ description: issuerDescription }),
  login: ClusterLogin.meta({
    description: "How Mooring logs in to a cluster of kind oidc (docs/clusters.md). Since 0.2.0.",
  }),
});

export const Cluster = z.discriminatedUnion("kind", [AksCluster, OidcCluster]).superRefine((cluster, context) => {
  cluster.identityModes.forEach((mode, index) => {
    if (isModeOf(cluster.kind, mode)) return;
    context.addIssue({ code: "custom", path: ["identityModes", index], message: whyNotMode(cluster.kind, mode) });
  });
  const binds = cluster.identityModes.some((identityMode) => usesBinding({ identityMode }));
  if (!binds || "identityBinding" in cluster) return;
  const message = "identityBinding among the identityModes needs the resource ID of the cluster";
  context.addIssue({ code: "custom", path: ["identityBinding"], message });
});
export type Cluster = z.infer<typeof Cluster>;

const week = 7 * 24 * 60;
const longestWait = 4 * week;

const longestAuthenticationTimeout = 24 * 60 * 60_000;
const longestLanding = 60 * 60_000;
const longestUndo = week * 60_000;

export const ApprovalPolicy = z
  .strictObject({
    ...policyFields,
    clusters: z.array(z.string()).default([]).meta({ description: "Clusters that need approval." }),
    timeoutMinutes: z.number().positive().max(longestWait).default(week).meta({
      description: "How long an operation waits before it ends with APPROVAL_TIMED_OUT.",
    }),
    reminderMinutes: z
      .number()
      .positive()
      .max(longestWait)
      .default(24 * 60)
      .meta({
        description: "How often the topic gets a reminder of a waiting operation.",
      }),
  })
  .prefault({})
  .meta({ description: "Which requests need approval." });

const CatalogFields = z.strictObject({
  tenantId: z.guid().meta({ description: "The Microsoft Entra tenant of everything in the catalog." }),
  clusters: z.record(Alias, Cluster).meta({ description: "The Kubernetes clusters, by alias." }),
  ...catalogSections(Alias),
  sharedIdentities: sharedIdentitiesSection,
  profiles: profilesSection(Alias),
  drift: z
    .strictObject({
      everyMinutes: z.number().positive().max(43_200).default(60).meta({
        description: "How often Mooring reads each namespace back.",
      }),
      repair: z
        .union(
          [z.literal("none"), z.array(Severity).min(1)],
          `must be none, or a list of ${Severity.options.join(", ")}`,
        )
        .default("none")
        .meta({
          description: "Findings of these severities start a repair: a list, or none.",
        }),
    })
    .prefault({})
    .meta({
      description: "How often Mooring reads every onboarded namespace back, and which findings start a repair.",
    }),
  approval: ApprovalPolicy,
  crossings: crossingsField,
  expiry: z
    .strictObject({
      warnBefore: Duration.default("P7D").meta({
        description:
          "How long before access ends the topic gets a warning: a duration of ISO 8601, such as P7D or PT12H.",
      }),
      confirmMinutes: z
        .number()
        .nonnegative()
        .max(24 * 60)
        .default(5)
        .meta({
          description:
            "How much later a second look has to find that access has ended, before Mooring removes it: a clock that was wrong for a moment removes nothing.",
        }),
      maxExpiry: z.record(Environment, Duration).default({}).meta({
        description:
          "By environment of cluster or target, how long access may last: requests have to say when it ends, and no later than this after they are accepted.",
      }),
    })
    .prefault({})
    .meta({ description: "Access that ends (docs/expiry.md). Since 0.2.0." }),
  batch: z
    .strictObject({
      // An onboarding makes two identity writes and takes some ten seconds under Azure's limits; ten lanes would waste turns.
      lanes: z.int().min(1).max(100).default(20).meta({
        description: "How many namespaces of one batch are processed at once.",
      }),
    })
    .prefault({})
    .meta({ description: "How batches are processed (docs/adr/0009)." }),
  migration: z
    .strictObject({
      waitForPodsMinutes: z.number().nonnegative().max(week).default(60).meta({
        description: "How long the last phase waits until no pod uses the previous mode; with 0 it checks once.",
      }),
    })
    .prefault({})
    .meta({ description: "Migrations between the identity modes." }),
  retry: z
    .strictObject({
      firstIntervalMs: z.int().min(10).default(5_000).meta({ description: "The pause before the second attempt." }),
      maxIntervalMs: z.int().min(10).default(60_000).meta({ description: "The longest pause between two attempts." }),
      attempts: z.int().min(1).max(50).default(8).meta({ description: "How many attempts a step has in total." }),
      landingMs: z.int().min(0).max(longestLanding).default(300_000).meta({
        description:
          "How long a write may still take effect after its sender died or got no answer. An undo of such a write looks again until then. The default is longer than Azure Resource Manager (60 s), an API server (--request-timeout, 60 s by default) and a load balancer of Azure (4 min) work on a request.",
      }),
      namespaceDeletionMs: z.int().min(0).max(longestUndo).default(600_000).meta({
        description:
          "How long an offboarding, an undo or an onboarding waits for a namespace that is being deleted, before it fails and names what holds it; with 0 nothing waits.",
      }),
      undoTimeoutMs: z.int().min(0).max(longestUndo).default(86_400_000).meta({
        description:
          "How long undos are retried, at growing intervals, while a service is unreachable, throttles or refuses temporarily. With 0 they stop after the usual attempts.",
      }),
      authenticationTimeoutMs: z.int().min(0).max(longestAuthenticationTimeout).default(600_000).meta({
        description:
          "How long a step, or all undos of an operation together, are retried while authentication fails; these attempts do not count.",
      }),
    })
    .prefault({})
    .meta({ description: "How a step is retried after a transient fault: with exponential backoff, doubling." }),
  auth: Auth.optional().meta({
    description: "How callers authenticate; without it, MOORING_ALLOW_ANONYMOUS has to be true (docs/callers.md).",
  }),
  teams: Teams.default({}).meta({ description: "The teams, by name, and what each may ask for (docs/callers.md)." }),
  queue: Queue.optional().meta({ description: "The queue onboarding-requests." }),
  limits: Limits,
});

/** A policy about something that does not exist protects nothing, so a typing mistake must not go unnoticed. */
export const Catalog = CatalogFields.superRefine((catalog, context) => {
  const { approval, clusters } = catalog;
  approval.clusters.forEach((alias, index) => {
    if (Object.hasOwn(clusters, alias)) return;
    context.addIssue({
      code: "custom",
      path: ["approval", "clusters", index],
      message: `the catalog has no cluster "${alias}"`,
    });
  });
  for (const { path, message } of everyKind.flatMap((kind) => kind.danglingInPolicy(approval, catalog))) {
    context.addIssue({ code: "custom", path: ["approval", ...path], message });
  }
  for (const { path, message } of [
    ...findDanglingNames(catalog),
    ...danglingSharedIdentities(catalog),
    ...findOverlaps(catalog),
    ...findIneffective(catalog),
  ])
    context.addIssue({ code: "custom", path: [...path], message });
});
export type Catalog = z.infer<typeof Catalog>;

export type ClusterTarget = Cluster & { readonly alias: string };
