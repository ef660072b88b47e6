/**
 * A Kubernetes API server for one cluster of the world, as far as Mooring and its workloads need one: the wire protocol
 * and its rules, but no scheduler and no kubelet (a kubelet that runs pods patches their status over the wire).
 *
 * The behaviour follows the public documentation, and a real API server where one was asked the same. Known simplifications
 * are noted where they occur.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { managedNamespaceWebhook, serveManagedNamespaces, type TokenProxyAddress } from "azure-sim/aks";
import { isObject, type JsonObject, stringAt } from "azure-sim/json";
import type { Simulator, SimulatorContext } from "azure-sim/simulator";
import type { Cluster, World } from "azure-sim/world";
import { printKubeconfig } from "../kubeconfig.ts";
import { createAccess, type Restriction } from "./access.ts";
import { createAdmission } from "./admission.ts";
import { createPolicyAdmission } from "./admissionPolicies.ts";
import type { Answer } from "./answer.ts";
import { createApi } from "./api.ts";
import { createAuthentication } from "./authentication.ts";
import { builtInKinds } from "./builtIn/kinds.ts";
import { builtInResources } from "./builtIn/resources.ts";
import { startClaimProtection } from "./claimProtection.ts";
import type { Controller, Parts } from "./controller.ts";
import { createControllerManager } from "./controllerManager.ts";
import { startDeploymentController } from "./deployments.ts";
import { startGarbageCollector } from "./garbageCollector.ts";
import { impersonated } from "./impersonation.ts";
import { startJobController } from "./jobs.ts";
import { startNamespaceController } from "./namespaces.ts";
import { nodeObject } from "./node.ts";
import { createObjects } from "./objects.ts";
import { createPodSecurity } from "./podSecurity.ts";
import { startQuotaController } from "./quotaController.ts";
import { createBoundRules, rbacGroup } from "./rbac.ts";
import type { ApiRequest } from "./request.ts";
import { parseResourcePath } from "./requestPath.ts";
import { createResources } from "./resource.ts";
import { createReviews } from "./reviews.ts";
import { startRoleAggregation } from "./roleAggregation.ts";
import { serveDefinitions } from "./servedDefinitions.ts";
import { createListener, createSettle } from "./server.ts";
import { answerTokenRequest, openIdConfiguration, signingKeys } from "./serviceAccountTokens.ts";
import { standard, webhookDeployment } from "./standard.ts";
import { createStore } from "./store.ts";
import { startTokenSecrets } from "./tokenSecrets.ts";
import type { LookUp, User } from "./users.ts";
import { type AdmissionWebhook, createWebhookAdmission, type Webhooks } from "./webhooks.ts";

export type { Restriction } from "./access.ts";

export interface KubernetesSimulator extends Simulator {
  /** The key in world.clusters. */
  readonly cluster: string;
  readonly webhooks: Webhooks;
  /** What the cluster forbids even if its roles allow it. */
  readonly restrictions: Restriction[];
  /** Accounts, as `namespace/name`, that the webhook of workload identity does not find in its cache yet. */
  readonly unseenAccounts: Set<string>;
  /** Kills kube-controller-manager, or starts it again: nothing of what it does happens meanwhile. */
  readonly controllers: { stop(): Promise<void>; start(): Promise<void> };
  /** The programs of a real server, to be killed and started again; the simulated one has none. */
  readonly programs?: Programs;
  /** A bearer token with all rights, for the sandbox's own components; its requests meet no faults. */
  readonly adminToken: string;
  /** A kubeconfig with the admin token, for kubectl. JSON, which is YAML. */
  kubeconfig(): string;
}

export interface Programs {
  kill(program: "etcd" | "kube-apiserver"): Promise<void>;
  /** Settles when it listens; it may not be ready yet. */
  start(program: "etcd" | "kube-apiserver"): Promise<void>;
}

export interface KubernetesOptions {
  /** A key in world.clusters. */
  readonly cluster: string;
  readonly port?: number;
  /** ValidatingAdmissionPolicies and their bindings. */
  readonly policies?: readonly unknown[];
  /** The AZURE_AUTHORITY_HOST that the workload identity webhook injects. */
  readonly authorityHost?: string | (() => string);
  /** Where that webhook sends pods with an identity binding; undefined where it does not know them. */
  readonly tokenProxy?: () => TokenProxyAddress | undefined;
  /** A pod's output, for `kubectl logs`; undefined until its container has started. */
  readonly podLog?: (pod: { namespace: string; name: string }) => string | undefined;
  /** The minimum time that a namespace stays in Terminating. */
  readonly terminationMs?: number;
  readonly bookmarkMs?: number;
  /** How many changes a watch can catch up on; older resourceVersions get 410. */
  readonly keptChanges?: number;
}

export function clusterIn(world: World, name: string): Cluster {
  const cluster = world.clusters.get(name);
  if (cluster === undefined) throw new Error(`The world has no cluster "${name}"; add it to world.clusters.`);
  return cluster;
}

export function authorityOf({ authorityHost = "https://login.microsoftonline.com/" }: KubernetesOptions): () => string {
  return () => (typeof authorityHost === "string" ? authorityHost : authorityHost());
}

const rbacVersion = `${rbacGroup}/v1`;

export async function startKubernetes(
  { world, faults, tls }: SimulatorContext,
  options: KubernetesOptions,
): Promise<KubernetesSimulator> {
  const cluster = clusterIn(world, options.cluster);

  const adminToken = randomBytes(32).toString("base64url");
  const store = createStore({ keptChanges: options.keptChanges ?? 10_000 });
  const resources = createResources(builtInResources);
  const unseenAccounts = new Set<string>();
  const admit = createAdmission({
    unseenAccounts,
    store,
    resources,
    tenantId: world.tenantId,
    hasWorkloadIdentityWebhook: cluster.hasWorkloadIdentityWebhook,
    authorityHost: authorityOf(options),
    tokenProxy: options.tokenProxy ?? (() => undefined),
  });
  // Of the cloud; none that an operator may remove.
  const own = cluster.isOutsideAzure ? [] : [managedNamespaceWebhook];
  const webhooks: AdmissionWebhook[] = [...own];
  const restrictions: Restriction[] = [];
  const policies = createPolicyAdmission(options.policies ?? []);
  const podSecurity = createPodSecurity({ store, resources });
  const admission = { admit, webhooks: createWebhookAdmission(webhooks), policies, podSecurity };
  const objects = createObjects({ store, resources, now: world.now, ...admission });
  const parts = { store, objects, resources, now: world.now };
  const stopServing = serveDefinitions(parts);
  const ofCloud = objectsOf(parts, "aks-namespace-manager");
  const stopManaging = serveManagedNamespaces(world.managedNamespaces, options.cluster, ofCloud);
  const manager = createControllerManager(store);
  const watched = { ...parts, store: manager.store };
  const lookUp = (kind: string, namespace: string, name: string) => {
    const resource = resources.ofKind("v1", kind);
    return resource && store.get(resource, resource.namespaced ? namespace : undefined, name);
  };
  const controllers = startControllers(watched, {
    ...{ cluster, lookUp, authority: tls.certificate, terminationMs: options.terminationMs ?? 50 },
  });
  seedCluster(parts, cluster);

  const authentication = createAuthentication({ world, cluster, adminToken, lookUp });
  const access = createAccess(restrictions, createBoundRules(parts));
  let address = "";
  const settle = createSettle({
    authenticate: async ({ headers }) => {
      const user = await authentication.ofRequest(headers["authorization"]);
      return impersonated(user, headers, { access, authentication });
    },
    answer: afterWebhooks(
      webhooks,
      createApi({
        ...parts,
        access,
        reviews: createReviews({ access, authentication, audience: cluster.oidcIssuer, now: world.now }),
        address: () => address,
        bookmarkMs: options.bookmarkMs ?? 10_000,
        documents: {
          "/.well-known/openid-configuration": openIdConfiguration(cluster),
          "/openid/v1/jwks": signingKeys(cluster),
        },
        podLog: options.podLog ?? (() => undefined),
        answerToken: (request, target) => answerTokenRequest({ world, cluster, lookUp }, request, target),
      }),
    ),
  });
  const { listen, close } = createListener({ cluster: options.cluster, tls, faults, adminToken, settle });
  const port = await listen(options.port ?? 0);
  address = `127.0.0.1:${port}`;
  const url = `https://${address}`;

  return {
    cluster: options.cluster,
    url,
    port,
    adminToken,
    restrictions,
    unseenAccounts,
    controllers: { stop: manager.stop, start: manager.start },
    webhooks: {
      async install(webhook) {
        webhooks.push(webhook);
      },
      async clear() {
        webhooks.length = own.length;
      },
    },
    kubeconfig: () => printKubeconfig({ name: options.cluster, server: url, ca: tls.certificate, token: adminToken }),
    async close() {
      for (const controller of controllers) controller.close();
      stopServing();
      stopManaging();
      await close();
    },
  };
}

/** All that kube-controller-manager runs here. */
function startControllers(
  parts: Parts,
  { terminationMs, ...account }: { cluster: Cluster; lookUp: LookUp; authority: string; terminationMs: number },
): readonly Controller[] {
  return [
    startNamespaceController(parts, { terminationMs, authority: account.authority }),
    startGarbageCollector(parts),
    startJobController(parts),
    startQuotaController(parts),
    startDeploymentController(parts),
    startClaimProtection(parts),
    startRoleAggregation(parts),
    startTokenSecrets(parts, account),
  ];
}

/** What a new cluster has before anyone uses it. */
function seedCluster({ resources, objects }: Parts, cluster: Cluster): void {
  const own = { manager: "kube-apiserver" };
  const seed = (apiVersion: string, kind: string, body: JsonObject) => {
    const resource = resources.ofKind(apiVersion, kind);
    if (resource === undefined) return;
    const namespace = stringAt(body, "metadata", "namespace");
    const { name } = objects.create({ resource, namespace }, body, own).metadata;
    const target = { resource, namespace: undefined, name };
    if (isObject(body["status"])) objects.replace(target, body, { ...own, subresource: "status" });
  };
  seed("v1", "Node", nodeObject("sandbox"));
  for (const [apiVersion, kind, object] of standard.objects) seed(apiVersion, kind, object);
  for (const role of builtInKinds.roles) seed(rbacVersion, "ClusterRole", role);
  for (const binding of builtInKinds.bindings) seed(rbacVersion, "ClusterRoleBinding", binding);
  for (const definition of cluster.hasPodIdentity ? standard.podIdentity : []) {
    seed("apiextensions.k8s.io/v1", "CustomResourceDefinition", definition);
  }
  if (cluster.hasWorkloadIdentityWebhook) {
    seed("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", standard.webhookConfiguration);
    seed("apps/v1", "Deployment", webhookDeployment(cluster.hasIdentityBindings === true));
  }
}

/** The server waits for its webhooks: for all of them, and for reviews too, which a real one does not. */
function afterWebhooks(
  webhooks: readonly AdmissionWebhook[],
  answer: (request: ApiRequest, user: User) => Promise<Answer>,
): typeof answer {
  return async (request, user) => {
    const namespace = parseResourcePath(request.url.pathname)?.namespace;
    const delays = request.method === "GET" ? [] : webhooks.map(({ delayMs }) => delayMs?.({ namespace }) ?? 0);
    if (delays.some((ms) => ms > 0)) await sleep(Math.max(...delays));
    return await answer(request, user);
  };
}

/** The cluster's objects to a part of it that is of the cloud. */
function objectsOf({ store, resources, objects }: Parts, manager: string) {
  const resourceOf = ([apiVersion, kind]: readonly [apiVersion: string, kind: string]) => {
    const resource = resources.ofKind(apiVersion, kind);
    if (resource === undefined) throw new Error(`The simulated cluster serves no ${kind}.`);
    return resource;
  };
  type Kind = Parameters<typeof resourceOf>[0];
  return {
    find: (kind: Kind, namespace: string | undefined, name: string) => store.get(resourceOf(kind), namespace, name),
    put(kind: Kind, namespace: string | undefined, name: string, body: JsonObject) {
      const resource = resourceOf(kind);
      const live = store.get(resource, namespace, name);
      if (live === undefined) objects.create({ resource, namespace }, body, { manager });
      else objects.replace({ resource, namespace, name }, { ...live, ...body }, { manager });
    },
    remove(kind: Kind, namespace: string | undefined, name: string) {
      objects.remove({ resource: resourceOf(kind), namespace, name }, {});
    },
  };
}
