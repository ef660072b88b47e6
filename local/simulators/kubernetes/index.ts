/**
 * A Kubernetes API server for one cluster of the world, as far as Mooring and its workloads need one: the wire protocol
 * and its rules, but no scheduler and no kubelet (a kubelet that runs pods patches their status over the wire).
 *
 * The behaviour follows the public documentation, and a real API server where one was asked the same. Known simplifications
 * are noted where they occur.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Simulator, SimulatorContext } from "../simulator.ts";
import { createAccess, type Restriction } from "./access.ts";
import { createAdmission } from "./admission.ts";
import { createPolicyAdmission } from "./admissionPolicies.ts";
import { createApi } from "./api.ts";
import { createAuthentication } from "./authentication.ts";
import { builtInResources } from "./builtInResources.ts";
import { definedResources } from "./customResources.ts";
import { startGarbageCollector } from "./garbageCollector.ts";
import { startJobController } from "./jobs.ts";
import type { JsonObject } from "./json.ts";
import { startNamespaceController } from "./namespaces.ts";
import { createObjects } from "./objects.ts";
import { podIdentityDefinitions } from "./podIdentityDefinitions.ts";
import { createResources, type Resources } from "./resource.ts";
import { createListener, createSettle } from "./server.ts";
import { openIdConfiguration, requestToken, signingKeys } from "./serviceAccountTokens.ts";
import { createStore, type Store } from "./store.ts";
import { type AdmissionWebhook, createWebhookAdmission, type Webhooks } from "./webhooks.ts";
import { webhookConfiguration } from "./workloadIdentityWebhook.ts";

export type { Restriction } from "./access.ts";

export interface KubernetesSimulator extends Simulator {
  /** The key in world.clusters. */
  readonly cluster: string;
  readonly webhooks: Webhooks;
  /** What the cluster forbids even if its roles allow it. */
  readonly restrictions: Restriction[];
  /** A bearer token with all rights, for the sandbox's own components; its requests meet no faults. */
  readonly adminToken: string;
  /** A kubeconfig with the admin token, for kubectl. JSON, which is YAML. */
  kubeconfig(): string;
}

export interface KubernetesOptions {
  /** A key in world.clusters. */
  readonly cluster: string;
  readonly port?: number;
  /** ValidatingAdmissionPolicies and their bindings. */
  readonly policies?: readonly unknown[];
  /** The AZURE_AUTHORITY_HOST that the workload identity webhook injects. */
  readonly authorityHost?: string | (() => string);
  /** A pod's output, for `kubectl logs`; undefined until its container has started. */
  readonly podLog?: (pod: { namespace: string; name: string }) => string | undefined;
  /** The minimum time that a namespace stays in Terminating. */
  readonly terminationMs?: number;
  readonly bookmarkMs?: number;
  /** How many changes a watch can catch up on; older resourceVersions get 410. */
  readonly keptChanges?: number;
}

export async function startKubernetes(
  { world, faults, tls }: SimulatorContext,
  options: KubernetesOptions,
): Promise<KubernetesSimulator> {
  const { port = 0, authorityHost = "https://login.microsoftonline.com/" } = options;
  const cluster = world.clusters.get(options.cluster);
  if (cluster === undefined)
    throw new Error(`The world has no cluster "${options.cluster}"; add it to world.clusters.`);

  const adminToken = randomBytes(32).toString("base64url");
  const store = createStore({ keptChanges: options.keptChanges ?? 10_000 });
  const resources = createResources(builtInResources);
  const admit = createAdmission({
    store,
    resources,
    tenantId: world.tenantId,
    hasWorkloadIdentityWebhook: cluster.hasWorkloadIdentityWebhook,
    authorityHost: () => (typeof authorityHost === "string" ? authorityHost : authorityHost()),
  });
  const webhooks: AdmissionWebhook[] = [];
  const restrictions: Restriction[] = [];
  const policies = createPolicyAdmission(options.policies ?? []);
  const admission = { admit, webhooks: createWebhookAdmission(webhooks), policies };
  const objects = createObjects({ store, resources, now: world.now, ...admission });
  const parts = { store, objects, resources, now: world.now };
  const stopServing = serveDefinitions(store, resources);
  const controllers = [
    startNamespaceController(parts, { terminationMs: options.terminationMs ?? 50, authority: tls.certificate }),
    startGarbageCollector(parts),
    startJobController(parts),
  ];

  const seed = (apiVersion: string, kind: string, body: JsonObject) => {
    const resource = resources.ofKind(apiVersion, kind);
    if (resource !== undefined) objects.create({ resource, namespace: undefined }, body, { manager: "kube-apiserver" });
  };
  for (const name of ["default", "kube-node-lease", "kube-public", "kube-system"])
    seed("v1", "Namespace", { metadata: { name } });
  if (cluster.hasPodIdentity) {
    for (const definition of podIdentityDefinitions) {
      seed("apiextensions.k8s.io/v1", "CustomResourceDefinition", definition);
    }
  }
  if (cluster.hasWorkloadIdentityWebhook) {
    seed("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", webhookConfiguration);
  }

  const accounts = resources.ofKind("v1", "ServiceAccount");
  const settle = createSettle({
    authenticate: createAuthentication({
      world,
      cluster,
      adminToken,
      serviceAccount: (namespace, name) => (accounts === undefined ? undefined : store.get(accounts, namespace, name)),
    }),
    answer: createApi({
      ...parts,
      access: createAccess(restrictions),
      bookmarkMs: options.bookmarkMs ?? 10_000,
      documents: {
        "/.well-known/openid-configuration": openIdConfiguration(cluster),
        "/openid/v1/jwks": signingKeys(cluster),
      },
      podLog: options.podLog ?? (() => undefined),
      requestToken: (account, request) => requestToken({ world, cluster }, account, request),
    }),
  });
  const { server, close } = createListener({ cluster: options.cluster, tls, faults, adminToken, settle });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The Kubernetes simulator has no TCP port.");
  const url = `https://127.0.0.1:${address.port}`;

  return {
    cluster: options.cluster,
    url,
    port: address.port,
    adminToken,
    restrictions,
    webhooks: {
      async install(webhook) {
        webhooks.push(webhook);
      },
      async clear() {
        webhooks.length = 0;
      },
    },
    kubeconfig: () => printKubeconfig({ name: options.cluster, server: url, ca: tls.certificate, token: adminToken }),
    async close() {
      for (const controller of controllers) controller.close();
      stopServing();
      await close();
    },
  };
}

/** Serves the resources of a definition as soon as it is stored; deleting it also deletes all its objects. */
function serveDefinitions(store: Store, resources: Resources): () => void {
  return store.subscribe(({ type, resource, object }) => {
    if (resource.kind !== "CustomResourceDefinition") return;
    for (const defined of definedResources(object)) {
      if (type === "DELETED") {
        for (const instance of store.list(defined)) store.remove(defined, instance);
        resources.remove(defined);
      } else resources.add(defined);
    }
  });
}

export function printKubeconfig({
  name,
  server,
  ca,
  token,
}: {
  name: string;
  server: string;
  ca: string;
  token: string;
}): string {
  const authority = Buffer.from(ca).toString("base64");
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server, "certificate-authority-data": authority } }],
    // Different in every cluster: among several files, kubectl takes the first user with a given name.
    users: [{ name: `${name}-admin`, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: `${name}-admin` } }],
    "current-context": name,
  });
}
