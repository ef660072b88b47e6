/** Whether the cluster can have identity bindings, and Mooring may make one. */
import { z } from "zod";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { toNotice, toOperationError } from "../../domain/operation/plan.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import { checkPermissions } from "../definitions/ownPermissions.ts";
import type { Obstacles } from "../definitions/preflight.ts";
import { noticeIfForbidden } from "../definitions/unlessForbidden.ts";
import { bindingRef } from "./plan.ts";

type Looking = Pick<Ports, "azureResources" | "identityBindings" | "kubernetes" | "roleAssignments">;

const provider = "Microsoft.ContainerService/managedClusters";
const needed = ["read", "write", "delete"].map((verb) => `${provider}/identityBindings/${verb}`);
const apiVersion = "2026-04-01";

export function preflightBinding(
  ports: Looking,
  { cluster, request }: { readonly cluster: ClusterTarget; readonly request: OnboardingRequest },
): readonly (() => Promise<Obstacles>)[] {
  return [
    () => noticeIfForbidden("BINDINGS_UNSEEN", () => clusterCanBind(ports, cluster, request)),
    () => noticeIfForbidden("BINDINGS_UNSEEN", () => apiAnswers(ports, cluster, request)),
    () => noticeIfForbidden("BINDINGS_UNSEEN", () => webhookKnowsBindings(ports, cluster)),
    () => mayBind(ports, cluster, request),
  ];
}

const Properties = z.object({
  apiServerAccessProfile: z.object({ enableVnetIntegration: z.boolean().nullish() }).nullish(),
  oidcIssuerProfile: z.object({ enabled: z.boolean().nullish() }).nullish(),
  securityProfile: z.object({ workloadIdentity: z.object({ enabled: z.boolean().nullish() }).nullish() }).nullish(),
});

async function clusterCanBind(
  { azureResources }: Looking,
  cluster: ClusterTarget,
  request: OnboardingRequest,
): Promise<Obstacles> {
  const { clusterId } = bindingRef(cluster, request);
  const resource = await azureResources.find(clusterId, apiVersion);
  if (!resource) return blocked(`Azure has no cluster ${clusterId} (cluster "${cluster.alias}").`);
  const { apiServerAccessProfile, oidcIssuerProfile, securityProfile } =
    Properties.safeParse(resource.properties).data ?? {};
  // Azure leaves out what was never turned on.
  const missing = [
    ...(apiServerAccessProfile?.enableVnetIntegration === true
      ? ["API-server VNet integration is on, with which AKS has no identity bindings"]
      : []),
    ...(oidcIssuerProfile?.enabled !== true ? ["its OIDC issuer is off"] : []),
    ...(securityProfile?.workloadIdentity?.enabled !== true ? ["workload identity is off"] : []),
  ];
  return missing.length === 0 ? {} : blocked(`Cluster "${cluster.alias}": ${missing.join("; ")}.`);
}

/** Fails with IDENTITY_BINDING_UNAVAILABLE where the API version or the provider is not registered. */
async function apiAnswers(
  { identityBindings }: Looking,
  cluster: ClusterTarget,
  request: OnboardingRequest,
): Promise<Obstacles> {
  await identityBindings.get(bindingRef(cluster, request));
  return {};
}

const controller = { namespace: "kube-system", name: "azure-wi-webhook-controller-manager" } as const;
const suffix = "--custom-token-endpoint-annotation-suffix";

const Deployed = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        containers: z.array(z.object({ args: z.array(z.string()).default([]) })),
      }),
    }),
  }),
});

/** Without its flag, the webhook gives a pod plain workload identity, and says nothing (azure-workload-identity, 1.6). */
async function webhookKnowsBindings({ kubernetes }: Looking, cluster: ClusterTarget): Promise<Obstacles> {
  const found = await kubernetes.get(cluster, { apiVersion: "apps/v1", kind: "Deployment", ...controller });
  const name = `${controller.namespace}/${controller.name}`;
  const containers = Deployed.safeParse(found).data?.spec.template.spec.containers;
  if (!containers) {
    const message = `Cluster "${cluster.alias}" has no Deployment ${name}, so its webhook cannot be asked about bindings.`;
    return { notices: [toNotice("BINDINGS_UNSEEN", message)] };
  }
  const isOn = containers.some(({ args }) => args.includes(`${suffix}=identity-binding`));
  if (isOn) return {};
  return blocked(
    `The workload identity webhook of cluster "${cluster.alias}" does not know identity bindings: Deployment ${name} has no argument ${suffix}=identity-binding.`,
  );
}

async function mayBind(ports: Looking, cluster: ClusterTarget, request: OnboardingRequest): Promise<Obstacles> {
  const { clusterId: scope } = bindingRef(cluster, request);
  const where = `where cluster "${cluster.alias}" has its bindings`;
  const { conflict, notice } = await checkPermissions(ports, { needed, scope, where });
  return {
    blockers: conflict ? [toOperationError(conflict.code, conflict.message)] : [],
    notices: notice ? [toNotice(notice.code, notice.message)] : [],
  };
}

function blocked(message: string): Obstacles {
  return { blockers: [toOperationError("IDENTITY_BINDING_UNAVAILABLE", message)] };
}
