/**
 * What someone with Mooring's token can and cannot write in a cluster, with all files of infra/kubernetes applied: on the simulated
 * cluster and, where one is built, on a real API server. docs/security.md says the same in words.
 */

import { usesRealApiServer } from "kube-sim";
import { sayNotRun } from "test-support/notRun";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { adopterMetadata } from "../../src/domain/naming/ownership.ts";
import {
  account,
  annotated,
  apply,
  azureTargets,
  bindingWith,
  changedJob,
  configMap,
  inside,
  inTargets,
  labelled,
  limits,
  mark,
  namespace,
  namespaceRef,
  pathOf,
  policy,
  principalId,
  quota,
  remove,
  roleWith,
  setting,
  sqlHosts,
  targetAddresses,
  targetData,
  useBinding,
  useRole,
  verificationJob,
  type Written,
} from "./support/mooringsWrites.ts";
import { type Server, startOfSandbox, startReal } from "./support/policyServers.ts";
import { findApiServer } from "./support/realApiServer.ts";

type Deeds = Readonly<Record<string, (server: Server) => Promise<{ status: number; text: string }>>>;

/** In this order: later ones find what earlier ones made. */
const admitted: Deeds = {
  "creates a namespace with its mark": (server) => apply(namespace("own", mark("own")), server),
  "sets a Pod Security label of the catalog on it": (server) => apply(labelled("baseline"), server),
  "sets another one of the catalog": (server) => apply(labelled("restricted"), server),
  "takes it back": (server) => apply(namespace("own", mark("own")), server),
  "creates a quota": (server) => apply(quota("mooring-quota"), server),
  "creates the quota that counts Secrets": (server) => apply(quota("mooring-secrets"), server),
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
  "starts it under the account that the namespace names": async (server) => apply(await jobInNamed(() => {}), server),
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
  "asks for all that it may do in a namespace": (server) =>
    server.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", {
      body: {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectRulesReview",
        spec: { namespace: "own" },
      },
    }),
  "deletes its ConfigMap": (server) => remove(inside("v1", "ConfigMap", "mooring-databases"), server),
  "deletes its namespace": (server) => remove(namespace("gone", {}), server),
  "gives up its namespace": (server) => apply(namespace("kept", {}), server),
};

function merged({ annotations }: { annotations: object }) {
  const { annotations: adopted } = adopterMetadata(namespaceRef("own"), "operation-1", { uid: undefined });
  return { annotations: { ...annotations, ...adopted } };
}

/** By which the owner of a namespace names the accounts for the Job (docs/adr/0025). */
const namedAccount = "verify.mooring.dev/accounts";

const jobInNamed = (change: Parameters<typeof changedJob>[0]) =>
  changedJob(change, { namespace: "named", ...mark("named") });

const theirNamespace = namespace("theirs", {});

const asUser = { runAsNonRoot: true, runAsUser: 65_532 };
const confined = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };

/** What the verification Job's pods run is the image as it is: each of these would make them do more, or elsewhere. */
const changes: Readonly<Record<string, Parameters<typeof changedJob>[0]>> = {
  "with another image": setting({ container: { image: "another" } }),
  "with a command": setting({ container: { command: ["sh"] } }),
  "with a start-up probe": setting({ container: { startupProbe: { exec: { command: ["sh"] } } } }),
  "with a liveness probe": setting({ container: { livenessProbe: { exec: { command: ["sh"] } } } }),
  "with a readiness probe": setting({ container: { readinessProbe: { exec: { command: ["sh"] } } } }),
  "with a command at its start": setting({ container: { lifecycle: { postStart: { exec: { command: ["sh"] } } } } }),
  "in another folder of its image": setting({ container: { workingDir: "/tmp" } }),
  "whose message hides a file of its image": setting({ container: { terminationMessagePath: "/app/main.js" } }),
  "that keeps its input open": setting({ container: { stdin: true } }),
  "with a port": setting({ container: { ports: [{ containerPort: 80 }] } }),
  "with a second container": (pod) => pod.containers.push({ ...pod.containers[0], name: "second" }),
  "with an init container": (pod) => {
    pod["initContainers"] = [{ ...pod.containers[0], name: "first" }];
  },
  "that mounts the node's files": setting({ pod: { volumes: [{ name: "host", hostPath: { path: "/" } }] } }),
  "that mounts a Secret": setting({ pod: { volumes: [{ name: "secret", secret: { secretName: "theirs" } }] } }),
  "that reads a Secret": setting({ container: { envFrom: [{ secretRef: { name: "theirs" } }] } }),
  "that puts a prefix to its variables": setting({
    container: { envFrom: [{ configMapRef: { name: "mooring-databases" }, prefix: "NODE_" }] },
  }),
  "with variables": setting({ container: { env: [{ name: "LD_PRELOAD", value: "x" }] } }),
  "in the node's network": setting({ pod: { hostNetwork: true } }),
  "among the node's processes": setting({ pod: { hostPID: true } }),
  "whose containers share their processes": setting({ pod: { shareProcessNamespace: true } }),
  "with names of hosts": setting({
    pod: { hostAliases: [{ ip: "192.0.2.1", hostnames: ["login.microsoftonline.com"] }] },
  }),
  "with a name server": setting({ pod: { dnsPolicy: "None", dnsConfig: { nameservers: ["192.0.2.1"] } } }),
  "with the node's name server": setting({ pod: { dnsPolicy: "Default" } }),
  "that displaces others": setting({ pod: { priorityClassName: "system-node-critical" } }),
  "on nodes of others": setting({ pod: { tolerations: [{ operator: "Exists" }] } }),
  "on a node of its choice": setting({ pod: { nodeSelector: { "kubernetes.io/hostname": "node-1" } } }),
  "of another scheduler": setting({ pod: { schedulerName: "theirs" } }),
  "of another runtime": setting({ pod: { runtimeClassName: "theirs" } }),
  "with a registry's Secret": setting({ pod: { imagePullSecrets: [{ name: "theirs" }] } }),
  "with all system calls": setting({ pod: { securityContext: { ...asUser, seccompProfile: { type: "Unconfined" } } } }),
  "whose container has all system calls": setting({
    container: { securityContext: { ...confined, seccompProfile: { type: "Unconfined" } } },
  }),
  "with settings of the kernel": setting({
    pod: { securityContext: { ...asUser, sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }] } },
  }),
  "in groups of others": setting({ pod: { securityContext: { ...asUser, supplementalGroups: [1000] } } }),
  privileged: setting({ container: { securityContext: { privileged: true } } }),
  "as root": setting({ pod: { securityContext: { runAsNonRoot: false, runAsUser: 0 } } }),
  "as another user": setting({ pod: { securityContext: { ...asUser, runAsUser: 1000 } } }),
  "whose container is another user": setting({ container: { securityContext: { ...confined, runAsUser: 0 } } }),
  "with a token for the API server": setting({ pod: { automountServiceAccountToken: true } }),
  // A webhook that puts containers into pods goes by these.
  "with an annotation on its pods": setting({ template: { annotations: { "sidecar.istio.io/inject": "true" } } }),
  "with a label on its pods": setting({ template: { labels: { "sidecar.istio.io/inject": "true" } } }),
  "whose pods nobody can delete": setting({ template: { finalizers: ["theirs.example/keep"] } }),
  "of many pods": setting({ job: { parallelism: 100, completions: 100 } }),
  "that takes the pods of others": setting({
    job: { manualSelector: true, selector: { matchLabels: { app: "theirs" } } },
    template: { labels: { app: "theirs" } },
  }),
  "of another controller": setting({ job: { managedBy: "theirs.example/controller" } }),
};

/** Each is allowed by the ClusterRoles, and refused by the policies. */
const refused: Deeds = {
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
  "a ClusterRole that Kubernetes adds to others": (server) =>
    apply(
      roleWith({}, { labels: { ...useRole.metadata.labels, "rbac.authorization.k8s.io/aggregate-to-admin": "true" } }),
      server,
    ),
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
  "a Job under another account than its namespace names": async (server) =>
    apply(
      await jobInNamed((pod) => {
        pod["serviceAccountName"] = "theirs";
      }),
      server,
    ),
  "a Job under no account, where its namespace names one": async (server) =>
    apply(
      await jobInNamed((pod) => {
        delete pod["serviceAccountName"];
      }),
      server,
    ),
  "the name of such an account on a namespace of Mooring's": (server) =>
    apply(
      namespace("own", { ...mark("own"), annotations: { ...mark("own").annotations, [namedAccount]: "theirs" } }),
      server,
    ),
  "another name of such an account": (server) =>
    apply(
      namespace("named", { ...mark("named"), annotations: { ...mark("named").annotations, [namedAccount]: "theirs" } }),
      server,
    ),
  ...Object.fromEntries(
    Object.entries(changes).map(([what, change]) => [
      `a Job ${what}`,
      async (server: Server) => apply(await changedJob(change), server),
    ]),
  ),
  "a Job under another name": async (server) => apply(await changedJob(() => undefined, { name: "theirs" }), server),
  "a Job without its mark": async (server) =>
    apply(await changedJob(() => undefined, { labels: {}, annotations: {} }), server),
};

/** What docs/security.md names as within reach, beside what Mooring does. */
const reachable: Deeds = {
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
  "listing Secrets": ["GET", "/api/v1/namespaces/own/secrets"],
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
  const { annotations, ...marked } = mark("named");
  await make(namespace("named", { ...marked, annotations: { ...annotations, [namedAccount]: "app" } }));
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
