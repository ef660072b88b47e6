/** Two clusters of different kinds, with one service: AKS, and one outside Azure with an issuer of its own. */
import { readFile } from "node:fs/promises";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { createCertificate } from "azure-sim/tls";
import { createSigningKey } from "azure-sim/world";
import { ApiError, createApi, type KubernetesApi } from "kube-sim";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { names } from "../../sandbox/cloud.ts";
import { createMessageList } from "../../sandbox/messageList.ts";
import { namespaceKey } from "../../src/domain/naming/names.ts";
import { identityOf } from "../proof/support/remains.ts";
import { actsOn, verifyNamespace } from "../support/namespaceActs.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Operation, type Service, serviceOf } from "../support/service.ts";

const { cluster: aks, otherCluster: k3s } = names;
const sharedIdentity = `${aks}/orders`;
let sandbox: SuiteSandbox;
let service: Service;
/** What the operator's catalog says from the next start on. */
let change: (cluster: Record<string, unknown>) => object = (cluster) => cluster;

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "its catalog has another cluster and a shared identity",
    otherCluster: "serviceAccount",
    verificationJob: { image: "message-app", timeoutSeconds: 20 },
    retry: { authenticationTimeoutMs: 20_000 },
    catalogFor(_app, text) {
      const catalog = parse(text);
      return stringify({
        ...catalog,
        clusters: { ...catalog.clusters, [k3s]: change(catalog.clusters[k3s]) },
        sharedIdentities: { [sharedIdentity]: { clusters: [aks, k3s] } },
      });
    },
  });
  service = serviceOf(sandbox);
  await createMessageList(sandbox.cloud);
});
afterAll(() => sandbox?.close());
afterEach(() => {
  sandbox.cloud.faults.clear();
  sandbox.cloud.issuers?.published.clear();
});

const databases = [{ server: names.sqlServer, database: "messages", roles: ["reader"] }];
const wanted = (namespace: string, changes: object = {}) => ({
  ...{ cluster: k3s, namespace, databases, deletePolicy: "Delete" },
  ...changes,
});
const onboard = async (namespace: string, changes: object = {}) =>
  await service.waitFor(await service.onboard(wanted(namespace, changes)), 60_000);
const verify = async (namespace: string, cluster = k3s) =>
  (await service.call("POST", `/api/namespaces/${cluster}/${namespace}/verify`)).body["findings"];
const credentialsOf = (namespace: string, cluster: string = k3s) =>
  [...(identityOf(sandbox.cloud, namespace, cluster)?.federatedCredentials.values() ?? [])].map(
    ({ issuer, subject }) => `${subject} from ${issuer}`,
  );
const kubernetesOf = (cluster: string) => {
  const found = sandbox.cloud.clusters.get(cluster);
  if (!found) throw new Error(`no cluster ${cluster}`);
  return found;
};
const tokenFile = () => {
  const { tokenFile: file } = kubernetesOf(k3s);
  if (!file) throw new Error("Mooring has no token file");
  return file;
};

async function withToken<T>(token: string, act: (api: KubernetesApi) => Promise<T>): Promise<T> {
  const { url } = kubernetesOf(k3s).kubernetes;
  const api = createApi({ url, ca: sandbox.cloud.tls.certificate, token });
  return await act(api).finally(() => api.close());
}

const asAdministrator = <T>(act: (api: KubernetesApi) => Promise<T>) =>
  withToken(kubernetesOf(k3s).kubernetes.adminToken, act);
const isUnauthorized = (error: unknown) => error instanceof ApiError && error.status === 401;

async function preflightOf(request: object) {
  const { status, body } = await service.call("POST", "/api/onboardings?dryRun=true", request);
  if (status !== 200) throw new Error(JSON.stringify(body));
  const steps = body["steps"] as (Operation["steps"][number] & { blockers: { code: string }[] })[];
  const look = steps.find(({ name }) => name === "preflight");
  return {
    blockers: look?.blockers.map(({ code }) => code),
    notices: look?.notices?.map(({ code, message }) => `${code} ${message}`).join("\n"),
  };
}

it("onboards the same namespace in both, and the workload of each logs in to Entra by its own issuer", async () => {
  const ended = await Promise.all([onboard("twin"), onboard("twin", { cluster: names.cluster })]);

  expect(ended.map(({ status, error }) => error ?? status)).toEqual(["Succeeded", "Succeeded"]);
  const aks = sandbox.cloud.world.clusters.get(names.cluster)?.oidcIssuer;
  const subject = "system:serviceaccount:twin:app";
  expect(credentialsOf("twin")).toEqual([`${subject} from ${sandbox.cloud.issuers?.issuerOf(k3s)}`]);
  expect(credentialsOf("twin", names.cluster)).toEqual([`${subject} from ${aks}`]);
  // A Job in each: its token is exchanged for the identity's, which the database lets in.
  expect([await verify("twin"), await verify("twin", names.cluster)]).toEqual([[], []]);
});

it("says in the plan what it cannot see of the issuer, and nothing of that for AKS", async () => {
  const other = await preflightOf(wanted("planned"));
  const aks = await preflightOf(wanted("planned", { cluster: names.cluster }));

  expect(other.blockers).toEqual([]);
  expect(other.notices).toContain("ISSUER_UNSEEN");
  expect(other.notices).toContain("its name leads to a private address");
  expect(aks).toMatchObject({ blockers: [], notices: expect.not.stringContaining("ISSUER") });
});

it("is not known to Azure Resource Manager, and Mooring does not ask it", async () => {
  const owner = sandbox.cloud.credentialOf("owner");
  const { token } = (await owner.getToken("https://management.azure.com/.default")) ?? {};
  const { subscriptionId } = sandbox.cloud.world;
  const list = `${sandbox.cloud.arm.url}/subscriptions/${subscriptionId}/providers/Microsoft.ContainerService/managedClusters?api-version=2025-05-01`;
  setDefaultCACertificates([...getCACertificates("default"), sandbox.cloud.tls.certificate]);
  const answer = await fetch(list, { headers: { authorization: `Bearer ${token}` } });
  const { value } = (await answer.json()) as { value: { name: string }[] };

  expect(value.map(({ name }) => name)).toEqual([names.cluster]);
});

it("refuses pod identity before anything is written, in a request and as the aim of a migration", async () => {
  const asked = await service.call("POST", "/api/onboardings", wanted("pods", { identityMode: "podIdentity" }));
  const back = await service.call("POST", `/api/namespaces/${k3s}/twin/migrate?to=podIdentity`);

  const why = expect.stringContaining("a cluster of kind oidc cannot have podIdentity");
  expect(asked).toMatchObject({
    status: 422,
    body: { code: "MODE_NOT_ALLOWED", errors: [{ pointer: "/identityMode" }] },
  });
  expect(asked.body["errors"]).toMatchObject([{ detail: why }]);
  expect(back).toMatchObject({ status: 422, body: { code: "MODE_NOT_ALLOWED", detail: why } });
  expect(identityOf(sandbox.cloud, "pods", k3s)).toBeUndefined();
});

it("finds what somebody changed there, and repairs it", async () => {
  expect(await onboard("drifting")).toMatchObject({ status: "Succeeded" });
  identityOf(sandbox.cloud, "drifting", k3s)?.federatedCredentials.clear();

  const found = await verify("drifting");
  const { body } = await service.call("POST", `/api/namespaces/${k3s}/drifting/repair`);
  const repaired = await service.waitFor(String(body["id"]));

  expect(found).toMatchObject([{ code: "CREDENTIAL_MISSING" }]);
  expect(repaired.status).toBe("Succeeded");
  expect(await verify("drifting")).toEqual([]);
});

it("goes on when its token is replaced, and waits for one while there is none", async () => {
  // The service goes on with the one before for a while.
  const first = await readFile(tokenFile().path, "utf8");
  await tokenFile().rotate();
  expect(await onboard("rotated")).toMatchObject({ status: "Succeeded" });

  const { namespace, ...metadata } = { namespace: "mooring", name: "mooring" };
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  const second = await readFile(tokenFile().path, "utf8");
  // The cluster refuses the tokens of an account that is gone, even if another one of its name follows.
  await asAdministrator((api) => api.remove(`${accounts}/${metadata.name}`, {}));
  await tokenFile().spoil(undefined);
  // A real API server knows a token for some seconds.
  const isRefused = (token: string) =>
    withToken(token, (api) => api.getText("/apis").then(() => false, isUnauthorized));
  const refused = async () => await Promise.all([first, second].map(isRefused));
  await expect.poll(refused, { timeout: 30_000, interval: 500 }).toEqual([true, true]);
  const id = await service.onboard(wanted("waiting"));
  await expect
    .poll(async () => JSON.stringify((await service.operation(id)).steps), { timeout: 20_000 })
    .toContain("AUTHENTICATION_FAILED");
  const { body: plan } = await service.call("POST", "/api/onboardings?dryRun=true", wanted("another"));
  await asAdministrator((api) => api.post(accounts, { apiVersion: "v1", kind: "ServiceAccount", metadata }));
  await tokenFile().rotate();

  expect(await service.waitFor(id, 60_000)).toMatchObject({ status: "Succeeded" });
  expect(JSON.stringify(plan)).toContain("is not there");
  expect(JSON.stringify(plan)).not.toContain(tokenFile().path);
});

it("finds an issuer that no longer publishes the cluster's key, and plans nothing there", async () => {
  const issuer = sandbox.cloud.issuers?.issuerOf(k3s) ?? "";
  const { publicJwk } = await createSigningKey();
  sandbox.cloud.issuers?.published.set(k3s, { issuer, keys: [publicJwk] });

  expect(await preflightOf(wanted("unkeyed"))).toMatchObject({ blockers: ["OIDC_ISSUER_UNUSABLE"] });
  expect(await verify("twin")).toMatchObject([
    { code: "ISSUER_UNUSABLE", target: `Cluster ${k3s}`, found: expect.stringContaining("does not publish") },
  ]);
  sandbox.cloud.issuers?.published.set(k3s, undefined);
  expect(await verify("twin")).toMatchObject([{ code: "ISSUER_UNUSABLE", found: expect.stringContaining("404") }]);
});

it("proves with a Job what it cannot see itself: that Entra reads the issuer", async () => {
  const effect = { kind: "error", code: "", status: 404 } as const;
  // Mooring's own look passes.
  const times = Number.POSITIVE_INFINITY;
  sandbox.cloud.faults.add({ wire: "entra", operation: "issuer keys", target: k3s, skip: 1, times, effect });

  expect(await verify("twin")).toMatchObject([
    { code: "LOGIN_WITHOUT_TOKEN", found: expect.stringContaining("AADSTS90061") },
  ]);
});

/** With a Job that logs in from each. */
describe("one identity in two clusters", () => {
  const reads = { server: names.sqlServer, database: "messages", roles: ["reader"] };
  const home = {
    ...{ cluster: aks, namespace: "orders", deletePolicy: "Delete" },
    databases: [{ ...reads, roles: ["reader", "writer"] }],
  };
  const guest = {
    ...{ cluster: k3s, namespace: "orders", deletePolicy: "Delete" },
    databases: [reads],
    sharedIdentity,
  };

  const onboard = async (request: object) => await service.waitFor(await service.onboard(request), 60_000);
  const offboard = async (cluster: string) => await service.waitFor(await service.offboard(cluster, "orders"), 60_000);
  const { plan: planOf } = actsOn(() => service);
  const verify = (cluster: string) => verifyNamespace(service, `/api/namespaces/${cluster}/orders`);
  const identity = () => identityOf(sandbox.cloud, "orders", aks);
  const subjects = () =>
    [...(identity()?.federatedCredentials.values() ?? [])].map(({ issuer, subject }) => `${subject} from ${issuer}`);
  const reached = async (query: string) => {
    const { body } = await service.call("GET", `/api/access?${query}`);
    const rows = body["value"] as { cluster: string; access: string[]; through?: string }[];
    return rows.map(({ cluster, access, through }) => ({ cluster, access, through }));
  };

  it("says before anything is written what the catalog does not allow, and what a request cannot have", async () => {
    const elsewhere = await service.call("POST", "/api/onboardings", { ...guest, sharedIdentity: `${k3s}/others` });
    expect(elsewhere).toMatchObject({ status: 422, body: { code: "SHARED_IDENTITY_NOT_ALLOWED" } });
    const bad = await service.call("POST", "/api/onboardings", {
      ...{ ...guest, cluster: aks, identityMode: "podIdentity" },
      databases: [{ ...reads, expiresAfter: "P1D" }],
    });
    expect(bad).toMatchObject({ status: 422, body: { code: "INVALID_REQUEST" } });
    expect((bad.body["errors"] as { pointer: string }[]).map(({ pointer }) => pointer).toSorted()).toEqual([
      "/databases/0/expiresAfter",
      "/identityMode",
      "/sharedIdentity",
    ]);
    const { body: offered } = await service.call("GET", "/api/catalog");
    expect(offered["sharedIdentities"]).toEqual([{ name: sharedIdentity, clusters: [aks, k3s] }]);
    const early = await planOf(guest);
    expect(early).toMatchObject({ blocked: true });
    expect(JSON.stringify(early)).toContain(`${sharedIdentity} is not onboarded for the same team`);
  });

  it("lets workloads of both clusters log in as one identity, and keeps it for whoever still has it", async () => {
    expect((await onboard(home)).status).toBe("Succeeded");
    const { clientId } = identity() ?? {};
    const plan = await planOf(guest);
    expect(plan["blocked"], JSON.stringify(plan)).toBe(false);
    expect(JSON.stringify(plan)).toContain(
      `${k3s}/orders can also reach what ${sharedIdentity} has: writer on database`,
    );

    const joined = await onboard(guest);
    expect(joined.error ?? joined.status).toBe("Succeeded");
    expect(joined.result).toMatchObject({ clientId });
    expect(subjects()).toEqual([
      `system:serviceaccount:orders:app from ${sandbox.cloud.world.clusters.get(aks)?.oidcIssuer}`,
      `system:serviceaccount:orders:app from ${sandbox.cloud.issuers?.issuerOf(k3s)}`,
    ]);
    // A Job in each logs in to the database.
    expect([await verify(aks), await verify(k3s)]).toEqual([[], []]);
    expect(await reached("target=sql-dev/messages&namespace=orders")).toEqual([
      { cluster: aks, access: ["reader", "writer"], through: undefined },
      { cluster: k3s, access: ["reader", "writer"], through: sharedIdentity },
    ]);

    const narrowed = await onboard({ ...home, databases: [{ ...reads, database: "orders" }] });
    expect(narrowed.error).toMatchObject({ code: "SHARED_IDENTITY_IN_USE" });
    const left = await offboard(aks);
    expect(left.error).toMatchObject({ code: "SHARED_IDENTITY_IN_USE" });

    // What the guest did not ask for may go.
    expect((await onboard({ ...home, databases: [reads] })).status).toBe("Succeeded");
    expect([await verify(aks), await verify(k3s)]).toEqual([[], []]);
  });

  it("migrates the home to an identity binding and back, and the workload in the other kind of cluster logs in all along", async () => {
    const migrate = async (cluster: string, to: string) => {
      const { body } = await service.call("POST", `/api/namespaces/${cluster}/orders/migrate`, { to });
      return body["id"] === undefined ? body : await service.waitFor(String(body["id"]), 60_000);
    };
    const issuer = sandbox.cloud.issuers?.issuerOf(k3s);
    const ofGuest = `system:serviceaccount:orders:app from ${issuer}`;
    expect(await migrate(k3s, "identityBinding")).toMatchObject({ code: "MODE_NOT_ALLOWED" });

    expect(await migrate(aks, "identityBinding")).toMatchObject({ status: "Succeeded" });
    expect([...(identity()?.federatedCredentials.keys() ?? [])]).toContain("aks-identity-binding");
    expect(subjects()).toHaveLength(2);
    expect(subjects()).toContain(ofGuest);
    expect([await verify(aks), await verify(k3s)]).toEqual([[], []]);

    expect(await migrate(aks, "workloadIdentity")).toMatchObject({ status: "Succeeded" });
    expect([...(identity()?.federatedCredentials.keys() ?? [])]).not.toContain("aks-identity-binding");
    expect(subjects()).toContain(ofGuest);
    expect([await verify(aks), await verify(k3s)]).toEqual([[], []]);
  });

  it("leaves the home its identity when the guest goes, and nothing when the home goes", async () => {
    const gone = await offboard(k3s);
    expect(gone.error ?? gone.status).toBe("Succeeded");
    expect(subjects()).toHaveLength(1);
    expect(await verify(aks)).toEqual([]);

    const last = await offboard(aks);
    expect(last.error ?? last.status).toBe("Succeeded");
    expect(identity()).toBeUndefined();
    // The namespace's record goes after the operation's end is written.
    await expect.poll(() => reached("target=sql-dev/messages&namespace=orders")).toEqual([]);
  });
});

it("stops before the first write when the webhook is gone", async () => {
  const path =
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/azure-wi-webhook-mutating-webhook-configuration";
  await asAdministrator((api) => api.remove(path, {}));

  const operation = await onboard("unhooked");

  expect(operation).toMatchObject({ status: "Failed", error: { code: "WORKLOAD_IDENTITY_NOT_INSTALLED" } });
  expect(identityOf(sandbox.cloud, "unhooked", k3s)).toBeUndefined();
});

it("offboards, and leaves nothing in either cluster", async () => {
  const namespaceRefs = [
    { cluster: k3s, namespace: "twin" },
    { cluster: names.cluster, namespace: "twin" },
    ...["drifting", "rotated", "waiting"].map((namespace) => ({ cluster: k3s, namespace })),
  ];
  for (const { cluster, namespace } of namespaceRefs) {
    const ended = await service.waitFor(await service.offboard(cluster, namespace));
    expect(ended.status, `${namespaceKey({ cluster, namespace })} ${JSON.stringify(ended.error)}`).toBe("Succeeded");
    expect(identityOf(sandbox.cloud, namespace, cluster)).toBeUndefined();
    const left = await kubernetesOf(cluster).kubernetes.objects.get("v1", "Namespace", namespace);
    expect(left?.metadata.deletionTimestamp ?? left).toEqual(left && expect.any(String));
  }
  expect(
    sandbox.cloud.sql
      .database("messages")
      .users()
      .filter(({ name }) => name.startsWith("mooring-")),
  ).toEqual([]);
});

it("names the catalog's setting when the certificate authority is another one", async () => {
  const { certificate } = await createCertificate();
  change = (cluster) => ({ ...cluster, certificateAuthority: certificate });
  await sandbox.killHost();
  await sandbox.restartHost();

  const { body } = await service.call("POST", "/api/onboardings?dryRun=true", wanted("untrusted"));

  expect(JSON.stringify(body)).toContain(`is not signed by clusters.${k3s}.certificateAuthority of the catalog`);
});
