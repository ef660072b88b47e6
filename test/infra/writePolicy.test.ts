/**
 * What someone with Mooring's token can and cannot write in a cluster, with all files of infra/kubernetes applied: on the simulated
 * cluster and, where one is built, on a real API server. docs/security.md says the same in words.
 */

import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { usesRealApiServer } from "../../local/cluster/index.ts";
import { addressesOf } from "../../local/clusterRights.ts";
import { readClusterRights } from "../../local/rights.ts";
import { podIdentityDefinitions } from "../../local/simulators/kubernetes/podIdentityDefinitions.ts";
import { tryLogin } from "../../src/application/inspection/verificationJob.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { PermanentError } from "../../src/domain/errors.ts";
import { adopterMetadata, ownerMetadata } from "../../src/domain/naming/ownership.ts";
import { type IdentityMode, OnboardingRequest } from "../../src/domain/request/request.ts";
import { azureRoleKindNames, azureRoleKinds } from "../../src/domain/targets/azureRoles.ts";
import { useObjects } from "../../src/resources/identityUse/objects.ts";
import { configMap as configMapOf } from "../../src/resources/namespacedObjects/configMap.ts";
import { serviceAccountObject } from "../../src/resources/serviceAccount/serviceAccount.ts";
import { objectOf, startCluster } from "../local/simulators/kubernetes/cluster.ts";
import { catalog, createFakeCloud } from "../support/fakeCloud.ts";
import { clientIdOf } from "../support/ids.ts";
import { sayNotRun } from "../support/notRun.ts";
import { findApiServer, startRealApiServer } from "./support/realApiServer.ts";

/** Mooring's user in both clusters. */
const appId = "99999999-2222-4333-8444-555555555555";
const principalId = objectOf(appId);
const image = "registry.example/mooring-verify@sha256:1";
const sqlHosts = ["sql-dev.database.windows.net", "sql-prod.database.windows.net"];
/** A target of each kind, with all of its parts, and one in another cloud. */
const providers = "/subscriptions/s/resourceGroups/rg-data/providers";
const azureTargets = azureRoleKindNames.map((kind) => {
  const { resourceType, parts, roles } = azureRoleKinds[kind];
  const outer = Object.entries(parts).find(([, { inside }]) => inside === undefined)?.[0];
  const entry = { kind, resourceId: `${providers}/${resourceType}/res-dev`, access: Object.keys(roles) };
  return [kind.toLowerCase(), { ...entry, ...(outer === undefined ? {} : { [outer]: "part1" }) }] as const;
});
const storage = {
  kind: "storageBlob",
  resourceId: `${providers}/Microsoft.Storage/storageAccounts/st`,
  access: ["read"],
};
const bus = { kind: "serviceBus", resourceId: `${providers}/Microsoft.ServiceBus/namespaces/sb`, access: ["receive"] };
const postgres = {
  ...{ kind: "postgresql", host: "pg-dev.postgres.database.azure.com", login: "mooring", database: "ledger" },
  ...{ resourceId: `${providers}/Microsoft.DBforPostgreSQL/flexibleServers/pg-dev`, access: ["read"] },
};
const withTargets = Catalog.parse({
  ...catalog,
  targets: {
    ...Object.fromEntries(azureTargets),
    government: { ...storage, endpoint: "https://st.blob.core.usgovcloudapi.net" },
    invoices: { ...bus, topic: "invoices", subscription: "all" },
    ledger: postgres,
  },
});
const { targetAddresses } = addressesOf(withTargets);
const enforce = "pod-security.kubernetes.io/enforce";
const features = {
  identityModes: ["workloadIdentity", "podIdentity", "identityBinding"],
  hasBindings: true,
  verificationJob: { image },
  sqlHosts,
  targetAddresses,
  isManagedByAzure: true,
  hasProfiles: true,
  podSecurity: [`${enforce}=baseline`, `${enforce}=restricted`],
};

/** What Mooring itself writes there for these targets. */
function targetData(...aliases: string[]) {
  const targets = aliases.map((target) => ({ target, access: ["read" as const] }));
  const { data } = configMapOf.fields(withTargets, { ...berth("own"), databases: [], targets });
  return data as Readonly<Record<string, string>>;
}

interface Server {
  /** As Mooring, unless as an administrator. */
  request(
    method: string,
    path: string,
    asked?: { body?: object; headers?: Record<string, string>; asAdministrator?: boolean },
  ): Promise<{ status: number; text: string }>;
  close(): Promise<void>;
}

/** The sandbox's cluster, with what the sandbox applies to it: simulated, or with MOORING_API_SERVER=real a real API server. */
async function startOfSandbox(): Promise<Server> {
  const { rules, documents } = await readClusterRights(features, principalId);
  const cluster = await startCluster({
    traits: { roles: new Map([[appId, rules]]) },
    simulator: { policies: documents },
  });
  const token = await cluster.entraToken({ appid: appId });
  const server: Server = {
    request(method, path, { asAdministrator = false, body, headers } = {}) {
      const sent = body === undefined ? undefined : JSON.stringify(body);
      // Node.js does not tell the length of a DELETE's body by itself.
      const length = sent === undefined ? {} : { "content-length": String(Buffer.byteLength(sent)) };
      const asked = { headers: { ...length, ...headers }, ...(sent === undefined ? {} : { body: sent }) };
      return cluster.request(method, path, {
        ...asked,
        token: asAdministrator ? cluster.simulator.adminToken : token,
      });
    },
    close: () => cluster.simulator.close(),
  };
  await untilInForce(server.request);
  return server;
}

async function startReal(programs: string): Promise<Server> {
  const tokens = [
    { token: "administrator", user: "administrator", group: "system:masters" },
    { token: "mooring", user: principalId },
  ];
  const server = await startRealApiServer(programs, tokens);
  const request: Server["request"] = (method, path, { asAdministrator = false, ...asked } = {}) =>
    server.request(method, path, { ...asked, token: asAdministrator ? "administrator" : "mooring" });
  try {
    await grant(request);
  } catch (error) {
    await server.close();
    throw error;
  }
  return { request, close: server.close };
}

/** Applies what an operator applies, and waits until it is in force. */
async function grant(request: Server["request"]): Promise<void> {
  const { documents } = await readClusterRights(features, principalId);
  for (const document of [...documents, ...podIdentityDefinitions]) {
    const { kind, apiVersion } = document as { kind: string; apiVersion: string };
    const plural = kind.endsWith("Policy") ? kind.replace(/y$/, "ies") : `${kind}s`;
    const path = `/apis/${apiVersion}/${plural.toLowerCase()}`;
    const made = await request("POST", path, { body: document as object, asAdministrator: true });
    if (made.status !== 201) throw new Error(`${kind}: ${made.text}`);
  }
  await untilInForce(request);
}

/** A real API server reads each new policy some time after it was made. */
async function untilInForce(request: Server["request"]): Promise<void> {
  await request("POST", "/api/v1/namespaces", { body: namespace("trial", {}), asAdministrator: true });
  const isInForce = async () => {
    const inTrial = { ...mark("trial"), namespace: "trial" };
    const foreign = await changedJob((_, container) => {
      container["image"] = "another";
    }, inTrial);
    const limited = await request("POST", "/apis/batch/v1/namespaces/trial/jobs?dryRun=All", { body: foreign });
    expect(limited.text).toContain("mooring-verification-job");
    const job = await changedJob(() => undefined, { name: "theirs", namespace: "default" });
    const [unmarked, started, served] = await Promise.all([
      request("POST", "/api/v1/namespaces?dryRun=All", { body: namespace("unmarked", {}) }),
      request("POST", "/apis/batch/v1/namespaces/default/jobs?dryRun=All", { body: job }),
      request("GET", "/apis/aadpodidentity.k8s.io/v1/azureidentities?limit=1", { asAdministrator: true }),
    ]);
    expect(unmarked.text).toContain("mooring-writes");
    expect(started.text).toContain("mooring-writes");
    expect(served.status).toBe(200);
  };
  await vi.waitFor(isInForce, { timeout: 60_000, interval: 200 });
}

const berth = (name: string) => ({ cluster: "aks-dev", namespace: name });
const mark = (name: string) => ownerMetadata(berth(name), "operation-1");
const namespace = (name: string, metadata: object) => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, ...metadata },
});
const inside = (apiVersion: string, kind: string, name: string, fields: { metadata?: object } & object = {}) => ({
  apiVersion,
  kind,
  ...fields,
  metadata: { name, namespace: "own", ...fields.metadata },
});
const account = (name: string, fields: object = {}) =>
  inside("v1", "ServiceAccount", name, { metadata: mark("own"), ...fields });
const configMap = (data: object) =>
  inside("v1", "ConfigMap", "mooring-databases", { metadata: mark("own"), data } as object);
const inTargets = (fields: string) => `{"uploads":{${fields}}}`;
const labelled = (level: string) =>
  namespace("own", { ...mark("own"), labels: { ...mark("own").labels, [enforce]: level } });
const quota = (name: string) =>
  inside("v1", "ResourceQuota", name, { metadata: mark("own"), spec: { hard: { pods: "100" } } } as object);
const policy = (name: string) =>
  inside("networking.k8s.io/v1", "NetworkPolicy", name, {
    metadata: mark("own"),
    spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
  } as object);
const limits = (name: string) =>
  inside("v1", "LimitRange", name, {
    metadata: mark("own"),
    spec: { limits: [{ type: "Container", max: { cpu: "64" } }] },
  } as object);
const clientId = clientIdOf("77777777-2222-4333-8444-555555555555");
const annotated = serviceAccountObject(
  { namespace: "own" },
  { serviceAccount: "theirs", clientId, tenantId: clientId },
);

const paths: Readonly<Record<string, string>> = {
  Namespace: "/api/v1/namespaces",
  ConfigMap: "/api/v1/namespaces/{}/configmaps",
  ServiceAccount: "/api/v1/namespaces/{}/serviceaccounts",
  ResourceQuota: "/api/v1/namespaces/{}/resourcequotas",
  LimitRange: "/api/v1/namespaces/{}/limitranges",
  NetworkPolicy: "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
  Job: "/apis/batch/v1/namespaces/{}/jobs",
  AzureIdentity: "/apis/aadpodidentity.k8s.io/v1/namespaces/{}/azureidentities",
  ClusterRole: "/apis/rbac.authorization.k8s.io/v1/clusterroles",
  ClusterRoleBinding: "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
  AzureIdentityBinding: "/apis/aadpodidentity.k8s.io/v1/namespaces/{}/azureidentitybindings",
};

interface Written {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

function pathOf({ kind, metadata }: Written): string {
  const path = paths[kind];
  if (path === undefined) throw new Error(`no path for ${kind}`);
  return `${path.replace("{}", metadata.namespace ?? "")}/${metadata.name}`;
}

/** Server-side apply, as Mooring writes. */
const apply = (object: Written, server: Server) =>
  server.request("PATCH", `${pathOf(object)}?fieldManager=mooring&force=true`, {
    body: object,
    headers: { "content-type": "application/apply-patch+yaml" },
  });
const remove = (object: Written, server: Server) =>
  server.request("DELETE", pathOf(object), { body: { propagationPolicy: "Background" } });

/** The ClusterRole and its binding as the service applies them. */
const [role, binding] = useObjects(berth("own"), { serviceAccount: "app", clientId });
const useRole = { ...role, metadata: { ...role.metadata, ...withMark(role.metadata.labels) } };
const useBinding = { ...binding, metadata: { ...binding.metadata, ...withMark(binding.metadata.labels) } };

function withMark(labels: object) {
  const own = mark("own");
  return { ...own, labels: { ...labels, ...own.labels } };
}

function roleWith(rule: object, metadata: object = {}) {
  return { ...useRole, metadata: { ...useRole.metadata, ...metadata }, rules: [{ ...useRole.rules[0], ...rule }] };
}

function bindingWith({ subject = {}, roleRef = {} }: { subject?: object; roleRef?: object }) {
  const { subjects, roleRef: ref, metadata } = useBinding;
  const name = `${metadata.name}-x`;
  return {
    ...useBinding,
    metadata: { ...metadata, name },
    roleRef: { ...ref, ...roleRef },
    subjects: [{ ...subjects[0], ...subject }],
  };
}

/** The verification Job as the service applies it. */
async function verificationJob(mode: IdentityMode): Promise<Written & { spec: Spec }> {
  const cloud = createFakeCloud();
  const [cluster] = Object.values(cloud.ports.catalog.clusters);
  if (!cluster) throw new Error("the catalog has no cluster");
  const applied: object[] = [];
  const apply = async (_: unknown, object: object) => {
    applied.push(object);
    throw new PermanentError("KUBERNETES_FORBIDDEN", "only looking");
  };
  const job = { ...features.verificationJob, timeoutSeconds: 10 };
  const clusters = { ...cloud.ports.catalog.clusters, "aks-dev": { ...cluster, verificationJob: job } };
  const request = OnboardingRequest.parse({
    ...berth("own"),
    identityMode: mode,
    databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
  });
  const kubernetes = { ...cloud.ports.kubernetes, apply };
  const ports = { ...cloud.ports, catalog: { ...cloud.ports.catalog, clusters }, kubernetes };
  await tryLogin(ports, request, `run of ${mode}`);
  return applied[0] as Written & { spec: Spec };
}

interface Spec {
  template: { metadata: object; spec: { containers: object[]; securityContext?: object } & Record<string, unknown> };
}

type Change = (pod: Spec["template"]["spec"], container: Record<string, unknown>) => void;

async function changedJob(change: Change, metadata: object = {}) {
  const job = structuredClone(await verificationJob("workloadIdentity"));
  const pod = job.spec.template.spec;
  change(pod, pod.containers[0] as Record<string, unknown>);
  return { ...job, metadata: { ...job.metadata, name: "mooring-verify-other", ...metadata } };
}

/** In this order: later ones find what earlier ones made. */
const admitted: Readonly<Record<string, (server: Server) => Promise<{ status: number; text: string }>>> = {
  "creates a namespace with its mark": (server) => apply(namespace("own", mark("own")), server),
  "sets a Pod Security label of the catalog on it": (server) => apply(labelled("baseline"), server),
  "sets another one of the catalog": (server) => apply(labelled("restricted"), server),
  "takes it back": (server) => apply(namespace("own", mark("own")), server),
  "creates a quota": (server) => apply(quota("mooring-quota"), server),
  "creates limits": (server) => apply(limits("mooring-limits"), server),
  "creates a network policy": (server) => apply(policy("mooring-network"), server),
  "deletes its quota": (server) => remove(quota("mooring-quota"), server),
  "creates its ConfigMap": (server) =>
    apply(inside("v1", "ConfigMap", "mooring-databases", { metadata: mark("own") }), server),
  "changes its ConfigMap": (server) =>
    apply(
      configMap({
        SERVER_NAME: `${sqlHosts[1]},11433`,
        DATABASE_NAME: "messages",
        DATABASES: JSON.stringify([
          { server: `${sqlHosts[1]},11433`, database: "messages" },
          { server: sqlHosts[0], database: "orders_2.x-y" },
        ]),
      }),
      server,
    ),
  "names a target of each kind in its ConfigMap": (server) =>
    apply(configMap(targetData(...azureTargets.map(([alias]) => alias), "ledger")), server),
  "names a topic, and a target in another cloud": (server) =>
    apply(configMap(targetData("invoices", "government")), server),
  "empties its ConfigMap": (server) =>
    apply(configMap({ SERVER_NAME: "", DATABASE_NAME: "", DATABASES: "[]" }), server),
  "creates a service account": (server) => apply(account("app"), server),
  "annotates a service account of the team": (server) =>
    apply({ ...annotated, metadata: { ...annotated.metadata, ...merged(annotated.metadata) } }, server),
  "gives it up again": (server) => apply(inside("v1", "ServiceAccount", "theirs"), server),
  "deletes its service account": (server) => remove(account("app"), server),
  "creates an AzureIdentity": (server) =>
    apply(
      inside("aadpodidentity.k8s.io/v1", "AzureIdentity", "mooring-aks-dev-own", { metadata: mark("own") }),
      server,
    ),
  "deletes it": (server) => remove(inside("aadpodidentity.k8s.io/v1", "AzureIdentity", "mooring-aks-dev-own"), server),
  "starts the verification Job (workload identity)": async (server) =>
    apply(await verificationJob("workloadIdentity"), server),
  "starts the verification Job (pod identity)": async (server) => apply(await verificationJob("podIdentity"), server),
  "starts the verification Job (identity binding)": async (server) =>
    apply(await verificationJob("identityBinding"), server),
  "lets an account use its identity": (server) => apply(useRole, server),
  "gives that to the account": (server) => apply(useBinding, server),
  "corrects it": (server) => apply(roleWith({ resources: [principalId] }), server),
  "takes it from the account": (server) => remove(useBinding, server),
  "lets nobody use it any more": (server) => remove(useRole, server),
  "asks what an account may do": (server) =>
    server.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
      body: {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: { user: "system:serviceaccount:own:app", resourceAttributes: { verb: "get", resource: "pods" } },
      },
    }),
  "deletes the verification Job": async (server) => remove(await verificationJob("workloadIdentity"), server),
  "asks what it may do": (server) =>
    server.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
      body: {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectAccessReview",
        spec: { resourceAttributes: { verb: "patch", resource: "namespaces" } },
      },
    }),
  "deletes its ConfigMap": (server) => remove(inside("v1", "ConfigMap", "mooring-databases"), server),
  "deletes its namespace": (server) => remove(namespace("gone", {}), server),
  "gives up its namespace": (server) => apply(namespace("kept", {}), server),
};

function merged({ annotations }: { annotations: object }) {
  const { annotations: adopted } = adopterMetadata(berth("own"), "operation-1", { uid: undefined });
  return { annotations: { ...annotations, ...adopted } };
}

const theirNamespace = namespace("theirs", {});

/** Each is allowed by the ClusterRoles, and refused by the policies. */
const refused: Readonly<Record<string, (server: Server) => Promise<{ status: number; text: string }>>> = {
  "a namespace without its mark": (server) => apply(namespace("unmarked", {}), server),
  "a namespace with the mark of another": (server) => apply(namespace("unmarked", mark("other")), server),
  "its mark on a namespace of others": (server) => apply(namespace("theirs", mark("theirs")), server),
  "the deletion of a namespace of others": (server) => remove(theirNamespace, server),
  "the deletion of the cluster's own namespace": (server) => remove(namespace("kube-node-lease", {}), server),
  "a Pod Security label that the catalog does not have": (server) => apply(labelled("privileged"), server),
  "a label on its namespace": (server) =>
    apply(namespace("own", { ...mark("own"), labels: { ...mark("own").labels, team: "x" } }), server),
  "another quota": (server) =>
    server.request("POST", "/api/v1/namespaces/own/resourcequotas", { body: quota("theirs") }),
  "another network policy": (server) =>
    server.request("POST", "/apis/networking.k8s.io/v1/namespaces/own/networkpolicies", { body: policy("theirs") }),
  "other limits": (server) => server.request("POST", "/api/v1/namespaces/own/limitranges", { body: limits("theirs") }),
  "its ConfigMap in the cluster's own namespace": (server) =>
    apply(inside("v1", "ConfigMap", "mooring-databases", { metadata: { namespace: "kube-system" } }), server),
  "another ConfigMap": (server) =>
    server.request("POST", "/api/v1/namespaces/own/configmaps", { body: inside("v1", "ConfigMap", "settings") }),
  // The verification Job has its variables from it, and sends a token to the servers that it names.
  "another variable in its ConfigMap": (server) =>
    apply(configMap({ AZURE_AUTHORITY_HOST: "https://x.example" }), server),
  "another server in its ConfigMap": (server) => apply(configMap({ SERVER_NAME: "x.example" }), server),
  "a server that begins like one of the catalog": (server) =>
    apply(configMap({ SERVER_NAME: `${sqlHosts[0]}.x.example` }), server),
  "another server in the list of its ConfigMap": (server) =>
    apply(
      configMap({
        DATABASES: JSON.stringify([
          { server: sqlHosts[0], database: "orders" },
          { server: "x.example", database: "orders" },
        ]),
      }),
      server,
    ),
  "a server in other words": (server) =>
    apply(configMap({ DATABASES: `[{ "server" : "x.example", "database": "orders" }]` }), server),
  "a server in escapes": (server) =>
    apply(configMap({ DATABASES: `[{"\\u0073erver":"x.example","database":"orders"}]` }), server),
  // The same for the targets besides databases.
  "another endpoint in its ConfigMap": (server) =>
    apply(configMap({ ...targetData("government"), STORAGE_BLOB_ENDPOINT: "https://x.example" }), server),
  "an endpoint of another account": (server) =>
    apply(configMap({ KEY_VAULT_ENDPOINT: "https://thief.vault.azure.net" }), server),
  "an endpoint that begins like one of the catalog": (server) =>
    apply(configMap({ STORAGE_BLOB_ENDPOINT: `${targetAddresses[0]}.x.example` }), server),
  "another PostgreSQL server in its ConfigMap": (server) => apply(configMap({ PGHOST: "x.example" }), server),
  "another Service Bus namespace in its ConfigMap": (server) =>
    apply(configMap({ SERVICE_BUS_HOST: "x.servicebus.windows.net" }), server),
  "another variable of PostgreSQL's": (server) => apply(configMap({ PGHOSTADDR: "192.0.2.1" }), server),
  "another endpoint in the list of its targets": (server) =>
    apply(configMap({ TARGETS: inTargets('"kind":"storageBlob","endpoint":"https://x.example"') }), server),
  "another endpoint after one of the catalog's": (server) =>
    apply(
      configMap({
        TARGETS: inTargets(`"kind":"storageBlob","endpoint":"${targetAddresses[0]}","endpoint":"https://x.example"`),
      }),
      server,
    ),
  "another host in the list of its targets": (server) =>
    apply(configMap({ TARGETS: inTargets('"kind":"postgresql","host":"x.example","port":"5432"') }), server),
  "an endpoint in other letters": (server) =>
    apply(configMap({ TARGETS: inTargets('"kind":"storageBlob","Endpoint":"https://x.example"') }), server),
  "an endpoint in escapes": (server) =>
    apply(configMap({ TARGETS: inTargets('"kind":"storageBlob","\\u0065ndpoint":"https://x.example"') }), server),
  "an endpoint with spaces around": (server) =>
    apply(configMap({ TARGETS: inTargets('"kind":"storageBlob","endpoint" : "https://x.example"') }), server),
  "a target in a target": (server) =>
    apply(
      configMap({ TARGETS: inTargets('"kind":"storageBlob","container":{"endpoint":"https://x.example"}') }),
      server,
    ),
  "something after the targets": (server) => apply(configMap({ TARGETS: "{}\n{}" }), server),
  "a service account without its mark": (server) => apply(inside("v1", "ServiceAccount", "unmarked"), server),
  "a service account with pull secrets": (server) =>
    apply(account("puller", { imagePullSecrets: [{ name: "registry" }] }), server),
  "pull secrets on an account of others": (server) =>
    apply({ ...annotated, imagePullSecrets: [{ name: "registry" }] } as Written, server),
  "a label on an account of others": (server) =>
    apply({ ...annotated, metadata: { ...annotated.metadata, labels: { team: "x" } } } as Written, server),
  "an annotation of others": (server) =>
    apply(inside("v1", "ServiceAccount", "theirs", { metadata: { annotations: { note: "ours" } } }), server),
  "the deletion of the default account": (server) => remove(inside("v1", "ServiceAccount", "default"), server),
  "an account in the cluster's own namespace": (server) =>
    apply(
      inside("v1", "ServiceAccount", "app", { metadata: { ...mark("kube-system"), namespace: "kube-system" } }),
      server,
    ),
  "an AzureIdentity under another name": (server) =>
    apply(inside("aadpodidentity.k8s.io/v1", "AzureIdentity", "theirs", { metadata: mark("own") }), server),
  "a ClusterRole without its mark": (server) => apply(roleWith({}, { labels: {}, annotations: {} }), server),
  "a ClusterRole under another name": (server) => apply(roleWith({}, { name: "theirs" }), server),
  "a ClusterRole for every identity": (server) => apply(roleWith({ resources: ["*"] }), server),
  "its mark on Mooring's own ClusterRole": (server) =>
    apply(roleWith({}, { name: "mooring-identity-binding" }), server),
  "the deletion of Mooring's own ClusterRole": (server) =>
    remove({ ...useRole, metadata: { name: "mooring-verification-job" } }, server),
  "a ClusterRoleBinding to a person": (server) =>
    apply(
      bindingWith({
        roleRef: { name: "mooring-identity-binding" },
        subject: { kind: "User", apiGroup: "rbac.authorization.k8s.io", namespace: undefined },
      }),
      server,
    ),
  "a ClusterRoleBinding to Mooring's own ClusterRole": (server) =>
    apply(bindingWith({ roleRef: { name: "mooring-identity-binding" } }), server),
  "a Job with another image": async (server) =>
    apply(
      await changedJob((_, container) => {
        container["image"] = "another";
      }),
      server,
    ),
  "a Job with a command": async (server) =>
    apply(
      await changedJob((_, container) => {
        container["command"] = ["sh"];
      }),
      server,
    ),
  "a Job with a second container": async (server) =>
    apply(
      await changedJob((pod) => {
        pod.containers.push({ ...pod.containers[0], name: "second" });
      }),
      server,
    ),
  "a Job with an init container": async (server) =>
    apply(
      await changedJob((pod) => {
        pod["initContainers"] = [{ ...pod.containers[0], name: "first" }];
      }),
      server,
    ),
  "a Job that mounts the node's files": async (server) =>
    apply(
      await changedJob((pod) => {
        pod["volumes"] = [{ name: "host", hostPath: { path: "/" } }];
      }),
      server,
    ),
  "a Job that mounts a Secret": async (server) =>
    apply(
      await changedJob((pod) => {
        pod["volumes"] = [{ name: "secret", secret: { secretName: "theirs" } }];
      }),
      server,
    ),
  "a Job that reads a Secret": async (server) =>
    apply(
      await changedJob((_, container) => {
        container["envFrom"] = [{ secretRef: { name: "theirs" } }];
      }),
      server,
    ),
  "a Job with variables": async (server) =>
    apply(
      await changedJob((_, container) => {
        container["env"] = [{ name: "LD_PRELOAD", value: "x" }];
      }),
      server,
    ),
  "a Job in the node's network": async (server) =>
    apply(
      await changedJob((pod) => {
        pod["hostNetwork"] = true;
      }),
      server,
    ),
  "a Job among the node's processes": async (server) =>
    apply(
      await changedJob((pod) => {
        pod["hostPID"] = true;
      }),
      server,
    ),
  "a privileged Job": async (server) =>
    apply(
      await changedJob((_, container) => {
        container["securityContext"] = { privileged: true };
      }),
      server,
    ),
  "a Job as root": async (server) =>
    apply(
      await changedJob((pod) => {
        pod.securityContext = { runAsNonRoot: false, runAsUser: 0 };
      }),
      server,
    ),
  "a Job with a token for the API server": async (server) =>
    apply(
      await changedJob((pod) => {
        pod["automountServiceAccountToken"] = true;
      }),
      server,
    ),
  "a Job under another name": async (server) => apply(await changedJob(() => undefined, { name: "theirs" }), server),
  "a Job without its mark": async (server) =>
    apply(await changedJob(() => undefined, { labels: {}, annotations: {} }), server),
};

/** What docs/security.md names as within reach, beside what Mooring does. */
const reachable: Readonly<Record<string, (server: Server) => Promise<{ status: number; text: string }>>> = {
  "start its Job under any account of the namespace": async (server) =>
    apply(
      await changedJob((pod) => {
        pod["serviceAccountName"] = "theirs";
      }),
      server,
    ),
  "annotate an account of others with any identity": (server) => apply(annotated, server),
  "delete an account of others": (server) => remove(annotated, server),
  "bind any identity to pods": (server) =>
    apply(
      inside("aadpodidentity.k8s.io/v1", "AzureIdentityBinding", "mooring-x", {
        metadata: mark("own"),
        spec: { azureIdentity: "any", selector: "any" },
      } as object),
      server,
    ),
};

/** The ClusterRoles do not allow these. */
const forbidden: Readonly<Record<string, readonly [method: string, path: string, body?: object]>> = {
  "reading a Secret by its name": ["GET", "/api/v1/namespaces/own/secrets/theirs"],
  "starting a pod": ["POST", "/api/v1/namespaces/own/pods"],
  "running a command in a pod": ["POST", "/api/v1/namespaces/own/pods/theirs/exec"],
  "a token of a service account": ["POST", "/api/v1/namespaces/own/serviceaccounts/theirs/token"],
  // The API server lets nobody give what they do not have.
  "a role with any other right": [
    "POST",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    roleWith({ verbs: ["get"], apiGroups: [""], resources: ["secrets"] }),
  ],
  "a binding of any other role": [
    "POST",
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    bindingWith({ roleRef: { name: "cluster-admin" } }),
  ],
  "removing its own policy": [
    "DELETE",
    "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/mooring-writes",
  ],
};

async function furnish(server: Server): Promise<void> {
  const make = async (object: Written) => {
    const path = pathOf(object).replace(/\/[^/]*$/, "");
    const { status, text } = await server.request("POST", path, { body: object, asAdministrator: true });
    if (status !== 201 && status !== 409) throw new Error(text);
  };
  for (const name of ["kube-system", "kube-node-lease", "theirs"]) await make(namespace(name, {}));
  for (const name of ["gone", "kept"]) await make(namespace(name, mark(name)));
  for (const name of ["mooring-identity-binding", "mooring-verification-job"]) {
    await make({ ...useRole, metadata: { name } });
  }
}

function prove(start: () => Promise<Server>): void {
  let server: Server;
  beforeAll(async () => {
    server = await start();
    await furnish(server);
  }, 180_000);
  afterAll(() => server?.close());

  it.each(Object.keys(admitted).slice(0, 1))("Mooring %s", async (what) => {
    const answer = await admitted[what]?.(server);
    expect(answer?.status, answer?.text).toBeLessThan(300);
    for (const name of ["theirs", "default"]) {
      const body = inside("v1", "ServiceAccount", name);
      await server.request("POST", "/api/v1/namespaces/own/serviceaccounts", { body, asAdministrator: true });
    }
  });

  it.each(Object.keys(refused))("refuses %s", async (what) => {
    const answer = await refused[what]?.(server);
    expect(answer?.status, answer?.text).toBe(422);
    expect(answer?.text).toMatch(/ValidatingAdmissionPolicy 'mooring-[a-z-]+' with binding .* denied request/);
    expect(answer?.text).not.toContain("resulted in error");
  });

  it.each(Object.keys(admitted).slice(1))("Mooring %s", async (what) => {
    const answer = await admitted[what]?.(server);
    expect(answer?.status, answer?.text).toBeLessThan(300);
  });

  it.each(Object.keys(reachable))("lets whoever has the token %s, as docs/security.md says", async (what) => {
    const answer = await reachable[what]?.(server);
    expect(answer?.status, answer?.text).toBeLessThan(300);
  });

  it.each(Object.entries(forbidden))("does not give the right for %s", async (_what, [method, path, body = {}]) => {
    const answer = await server.request(method, path, { ...(method === "POST" ? { body } : {}) });
    expect(answer.status, answer.text).toBe(403);
  });

  it("lets whoever has the token list Secrets with their contents, as docs/security.md says", async () => {
    const body = { ...inside("v1", "Secret", "theirs"), stringData: { password: "content" } };
    await server.request("POST", "/api/v1/namespaces/own/secrets", { body, asAdministrator: true });
    const answer = await server.request("GET", "/api/v1/namespaces/own/secrets");
    expect(answer.text).toContain(btoa("content"));
  });

  it("leaves everybody else alone", async () => {
    const body = namespace("by-others", {});
    const answer = await server.request("POST", "/api/v1/namespaces", { body, asAdministrator: true });
    expect(answer.status, answer.text).toBe(201);
  });
}

describe(`the sandbox's cluster${usesRealApiServer ? " with a real API server" : ""}`, () => prove(startOfSandbox));

const programs = findApiServer();
if (programs === undefined) sayNotRun("the write policy on a real API server (npm run apiServer builds one)");
else describe("a real API server", () => prove(() => startReal(programs)));
