/** A cluster outside Azure: what has to be true of its issuer before the first write, and which modes it cannot have. */
import { beforeEach, expect, it } from "vitest";
import { providePorts } from "../../src/activities/host.ts";
import { inspectNamespace } from "../../src/application/inspection/inspection.ts";
import { planOnboarding } from "../../src/application/plan/planOnboarding.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { IdentityMode, OnboardingRequest } from "../../src/domain/request/request.ts";
import type { PublishedIssuer } from "../../src/ports/issuers.ts";
import type { Kubernetes } from "../../src/ports/kubernetes.ts";
import { createFakeCloud, type FakeCloud, issuer, catalog as plain } from "../support/fakeCloud.ts";
import { clusterKey } from "../support/models/kubernetes.ts";
import { operate } from "../support/operations.ts";

const k3s = {
  kind: "oidc",
  apiServer: "https://k3s.example",
  oidcIssuer: issuer,
  subscriptionId: "22222222-2222-4222-8222-222222222222",
  identityResourceGroup: "rg-k3s",
  location: "westeurope",
  login: { by: "serviceAccount", namespace: "mooring", name: "mooring", tokenFile: "/var/run/token" },
};
const catalog = Catalog.parse({ ...plain, clusters: { ...plain.clusters, k3s } });
const request = OnboardingRequest.parse({
  cluster: "k3s",
  namespace: "team-a",
  databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
});
const published: PublishedIssuer = { issuer, keys: [clusterKey], isPrivate: false };

let cloud: FakeCloud;
let writes: string[];

beforeEach(() => {
  cloud = createFakeCloud(catalog);
  writes = [];
  cloud.onWrite = ({ what, when }) => {
    if (when === "before") writes.push(what);
  };
  providePorts(cloud.ports);
});

function arrange({
  read = async () => published,
  ...kubernetes
}: { read?: () => Promise<PublishedIssuer> } & Partial<Kubernetes>): void {
  const ports = {
    ...cloud.ports,
    issuers: { read },
    kubernetes: Object.assign({}, cloud.ports.kubernetes, kubernetes),
  };
  Object.assign(cloud, { ports });
  providePorts(ports);
}

async function plan(wanted = request) {
  const { blocked, steps } = await planOnboarding(cloud.ports, { operation: "planned", request: wanted });
  const look = steps.find(({ name }) => name === "preflight");
  const said = (all: readonly { code: string; message: string }[] = []) =>
    all.map(({ code, message }) => `${code} ${message}`);
  return { blocked, blockers: said(look?.blockers), notices: said(look?.notices) };
}

it("onboards, and says that it cannot see what Entra sees", async () => {
  const planned = await plan();
  const { operation } = await operate(cloud, "onboard", request);

  expect(planned).toMatchObject({ blocked: false, blockers: [] });
  expect(planned.notices).toContain(
    `ISSUER_UNSEEN Mooring read the issuer of cluster "k3s" over its own network; whether Microsoft Entra reads ${issuer} over the internet cannot be seen from there.`,
  );
  expect(operation.status).toBe("Succeeded");
});

it("makes no such calls for AKS, whose issuers Azure publishes", async () => {
  arrange({
    read: () => Promise.reject(new Error("read the issuer of AKS")),
    signingKeys: () => Promise.reject(new Error("read the keys of AKS")),
  });

  expect(await plan({ ...request, cluster: "aks-dev" })).toMatchObject({ blocked: false });
});

it("says so when the issuer's name leads to a private address, which need not be so elsewhere", async () => {
  arrange({ read: async () => ({ ...published, isPrivate: true }) });

  const { blocked, notices } = await plan();

  expect(blocked).toBe(false);
  expect(notices.join()).toContain("its name leads to a private address. Microsoft Entra reads it over the internet");
});

it.each<[what: string, cloud: Parameters<typeof arrange>[0], code: string, says: string]>([
  [
    "the cluster has another issuer than the catalog",
    { issuer: async () => "https://kubernetes.default.svc.cluster.local" },
    "OIDC_ISSUER_MISMATCH",
    'Cluster "k3s" says that its issuer is https://kubernetes.default.svc.cluster.local',
  ],
  [
    "the published document names another issuer",
    { read: async () => ({ ...published, issuer: `${issuer}/` }) },
    "OIDC_ISSUER_MISMATCH",
    `The discovery document at the issuer of cluster "k3s" says that the issuer is ${issuer}/, the catalog says ${issuer}.`,
  ],
  [
    "nothing is published",
    { read: () => Promise.reject(new PermanentError("OIDC_ISSUER_UNUSABLE", "answers 404.")) },
    "OIDC_ISSUER_UNUSABLE",
    "answers 404.",
  ],
  [
    "no key is one that Entra can use",
    { read: async () => ({ ...published, keys: [{ id: "key-1", type: "EC" }] }) },
    "OIDC_ISSUER_UNUSABLE",
    "publishes no RSA key",
  ],
  [
    "the cluster signs with a key that nobody has published",
    { signingKeys: async () => [{ id: "key-2", type: "RSA" }] },
    "OIDC_ISSUER_UNUSABLE",
    'Cluster "k3s" has keys that its issuer does not publish: key-2. Microsoft Entra can verify none of its tokens.',
  ],
  [
    "the webhook is missing",
    { get: async () => undefined },
    "WORKLOAD_IDENTITY_NOT_INSTALLED",
    'Cluster "k3s" has no workload identity webhook.',
  ],
])("names it in the plan, and writes nothing, when %s", async (_what, arranged, code, says) => {
  arrange(arranged);

  const { blocked, blockers } = await plan();
  const { operation } = await operate(cloud, "onboard", request);

  expect(blocked).toBe(true);
  expect(blockers).toEqual([expect.stringContaining(`${code} `)]);
  expect(blockers[0]).toContain(says);
  expect(operation).toMatchObject({ status: "Failed", error: { code } });
  expect(writes).toEqual([]);
});

it("waits for an issuer that does not answer for a moment, and does not ask it again for its proof", async () => {
  let reads = 0;
  arrange({
    read: async () => {
      reads += 1;
      if (reads === 1) throw new TransientError("OIDC_ISSUER_UNREACHABLE", "answers 503.");
      return published;
    },
  });

  const { operation } = await operate(cloud, "onboard", request);

  expect([operation.status, reads]).toEqual(["Succeeded", 2]);
});

it.each<[what: string, cloud: Parameters<typeof arrange>[0], says: string]>([
  [
    "only some of the cluster's keys are published",
    { signingKeys: async () => [clusterKey, { id: "key-2", type: "RSA" }] },
    "does not publish: key-2. Which key it signs with cannot be seen.",
  ],
  [
    "Mooring may not read the cluster's keys",
    { signingKeys: () => Promise.reject(new PermanentError("KUBERNETES_FORBIDDEN", "refused")) },
    "could not be compared with the cluster's: refused",
  ],
])("goes on with a notice when %s", async (_what, arranged, says) => {
  arrange(arranged);

  const { blocked, notices } = await plan();

  expect(blocked).toBe(false);
  expect(notices.join()).toContain(says);
});

it("finds that the catalog has a new issuer, and a repair moves the credential there", async () => {
  await operate(cloud, "onboard", request);
  const moved = "https://issuers.example/k3s-2";
  const { k3s: cluster } = catalog.clusters;
  if (!cluster) throw new Error("no cluster");
  const restarted = { ...catalog, clusters: { ...catalog.clusters, k3s: { ...cluster, oidcIssuer: moved } } };
  Object.assign(cloud, { ports: { ...cloud.ports, catalog: restarted } });
  arrange({ issuer: async () => moved, read: async () => ({ ...published, issuer: moved }) });
  const issuersOf = () => [...cloud.credentials.values()].flat().map((each) => each.issuer);
  const clientId = cloud.identities.get(identityName(request))?.clientId;
  const look = async () => (await inspectNamespace(cloud.ports, { request, clientId })).map(({ code }) => code);

  expect([issuersOf(), await look()]).toEqual([[issuer], ["CREDENTIAL_CHANGED"]]);
  const { operation } = await operate(cloud, "repair", request);

  expect(operation.status).toBe("Succeeded");
  expect([issuersOf(), await look()]).toEqual([[moved], []]);
});

it("offboards although the issuer is gone: nothing there has to be read", async () => {
  await operate(cloud, "onboard", request);
  arrange({ read: () => Promise.reject(new PermanentError("OIDC_ISSUER_UNUSABLE", "answers 404.")) });

  const { operation } = await operate(cloud, "offboard", request);

  expect(operation.status).toBe("Succeeded");
  expect([...cloud.credentials.values()].flat()).toEqual([]);
});

const otherModes = IdentityMode.options.filter((mode) => mode !== "workloadIdentity");
it.each(otherModes)("refuses %s before anything is written, whatever the catalog's entry says", async (mode) => {
  const wanted = OnboardingRequest.parse({ ...request, identityMode: mode });

  expect(await plan(wanted)).toMatchObject({
    blocked: true,
    blockers: [expect.stringMatching(/^MODE_NOT_ALLOWED .*a cluster of kind oidc cannot have/)],
  });
  expect(writes).toEqual([]);
});
