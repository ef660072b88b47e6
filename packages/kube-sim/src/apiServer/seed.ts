/** What a new cluster has before anyone uses it: its node, rights, definitions and webhooks. */
import { type Cluster, findPrincipal, type PolicyRule, type World } from "azure-sim/world";
import { z } from "zod";
import type { KubernetesApi } from "../cluster/api.ts";
import { standard, webhookDeployment } from "../kubernetes/standard.ts";

export interface SeedOptions {
  readonly world: World;
  readonly cluster: Cluster;
  readonly nodeName: string;
  readonly callbacks: { readonly url: string; readonly port: number };
  /** Of the callbacks; PEM. */
  readonly authority: string;
  /** What an operator applies for Mooring, of which the roles are the cluster's already. */
  readonly policies: readonly unknown[];
}

export async function seedCluster(
  api: KubernetesApi,
  { world, cluster, nodeName, callbacks, authority, policies }: SeedOptions,
): Promise<void> {
  const principal = (clientId: string) => findPrincipal(world, clientId)?.principalId ?? clientId;
  await addNode(api, nodeName, callbacks.port);
  for (const clientId of cluster.administrators) await bind(api, principal(clientId), "cluster-admin");
  for (const [clientId, rules] of cluster.roles ?? []) {
    await api.post(`${rbac}/clusterroles`, clusterRole(clientId, rules));
    await bind(api, principal(clientId), `sandbox:${clientId}`);
  }
  if (cluster.hasPodIdentity) {
    for (const definition of standard.podIdentity) {
      await api.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition);
    }
  }
  if (cluster.hasWorkloadIdentityWebhook) {
    const clientConfig = { url: `${callbacks.url}/workload-identity`, caBundle: encode(authority) };
    const { webhookConfiguration } = standard;
    const [webhook] = webhookConfiguration["webhooks"] as readonly object[];
    await api.post("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", {
      ...webhookConfiguration,
      webhooks: [{ ...webhook, clientConfig }],
    });
    const deployment = webhookDeployment(cluster.hasIdentityBindings === true);
    await api.post("/apis/apps/v1/namespaces/kube-system/deployments", deployment);
  }
  for (const policy of policies) await addPolicy(api, policy);
}

const admission = "admissionregistration.k8s.io/v1";
const policyPaths = {
  ValidatingAdmissionPolicy: `/apis/${admission}/validatingadmissionpolicies`,
  ValidatingAdmissionPolicyBinding: `/apis/${admission}/validatingadmissionpolicybindings`,
} as const;
const Policy = z.looseObject({
  apiVersion: z.literal(admission),
  kind: z.enum(["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"]),
});

async function addPolicy(api: KubernetesApi, document: unknown): Promise<void> {
  const policy = Policy.safeParse(document).data;
  if (policy) await api.post(policyPaths[policy.kind], policy);
}

const rbac = "/apis/rbac.authorization.k8s.io/v1";

function clusterRole(clientId: string, rules: readonly PolicyRule[]) {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: `sandbox:${clientId}` },
    rules,
  };
}

async function bind(api: KubernetesApi, user: string, role: string): Promise<void> {
  const apiGroup = "rbac.authorization.k8s.io";
  await api.post(`${rbac}/clusterrolebindings`, {
    apiVersion: `${apiGroup}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name: `sandbox:${role}:${user}` },
    roleRef: { apiGroup, kind: "ClusterRole", name: role },
    subjects: [{ apiGroup, kind: "User", name: user }],
  });
}

/** No kubelet registers it: the sandbox's runs the pods, and answers for their logs. */
async function addNode(api: KubernetesApi, name: string, kubeletPort: number): Promise<void> {
  await api.post("/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name } });
  const now = `${new Date().toISOString().slice(0, 19)}Z`;
  const ready = { type: "Ready", status: "True", reason: "KubeletReady", message: "", lastTransitionTime: now };
  const resources = { cpu: "64", memory: "256Gi", pods: "1000" };
  await api.mergePatch(`/api/v1/nodes/${name}/status`, {
    status: {
      conditions: [{ ...ready, lastHeartbeatTime: now }],
      addresses: [
        { type: "InternalIP", address: "127.0.0.1" },
        { type: "Hostname", address: "localhost" },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
      capacity: resources,
      allocatable: resources,
    },
  });
  // A new node is tainted until its status is Ready, by an admission plugin; no node controller removes that here.
  await api.mergePatch(`/api/v1/nodes/${name}`, { spec: { taints: null } });
}

export function encode(text: string): string {
  return Buffer.from(text).toString("base64");
}
