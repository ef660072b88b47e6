/** A cluster outside Azure: what the catalog says of it, and what is refused. */
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import type { Cluster } from "../../../src/domain/catalog/catalog.ts";
import { checkAgainstCatalog } from "../../../src/domain/catalog/checkRequest.ts";
import { traitsOf, userNameIn } from "../../../src/domain/catalog/clusterKinds.ts";
import { findClusterFor } from "../../../src/domain/catalog/clusters.ts";
import { readCatalog } from "../../../src/domain/catalog/readCatalog.ts";
import { IdentityMode, OnboardingRequest } from "../../../src/domain/request/request.ts";

const account = { by: "serviceAccount", namespace: "mooring", name: "mooring", tokenFile: "/var/run/mooring/token" };
const k3s = {
  kind: "oidc",
  apiServer: "https://k3s.example:6443",
  oidcIssuer: "https://issuers.example/k3s",
  subscriptionId: "00000000-0000-4000-8000-000000000003",
  identityResourceGroup: "rg-k3s",
  location: "westeurope",
  login: account,
};
const messages = { server: "sql-dev", database: "messages", roles: ["reader"] };
const { kind: _kind, login: _login, ...aks } = k3s;

function read(cluster: object) {
  return readCatalog(
    stringify({ tenantId: "00000000-0000-4000-8000-000000000001", sqlServers: {}, clusters: { here: cluster } }),
  );
}

function accepted(cluster: object): Cluster {
  const found = read(cluster);
  if (!("catalog" in found) || !found.catalog.clusters["here"]) throw new Error(JSON.stringify(found));
  return found.catalog.clusters["here"];
}

function refused(cluster: object): readonly string[] {
  const found = read(cluster);
  return "problems" in found ? found.problems.map(({ setting, detail }) => `${setting} ${detail}`) : [];
}

it("is AKS unless the entry says otherwise", () => {
  expect(traitsOf(accepted(aks))).toMatchObject({ isManagedByAzure: true, login: { by: "aks" } });
  expect(traitsOf(accepted({ ...aks, kind: "aks" }))).toEqual(traitsOf(accepted(aks)));
  expect(traitsOf(accepted(k3s))).toMatchObject({ isManagedByAzure: false, login: account });
});

const { oidcIssuer: _issuer, ...withoutIssuer } = k3s;
const { login: _unused, ...withoutLogin } = k3s;

it.each<[what: string, cluster: object, problems: readonly string[]]>([
  ["no issuer", withoutIssuer, ["clusters.here.oidcIssuer is missing"]],
  ["an issuer without TLS", { ...k3s, oidcIssuer: "http://k3s" }, ["clusters.here.oidcIssuer must be an https URL"]],
  ["no login", withoutLogin, ["clusters.here.login is missing"]],
  ["a login of AKS", { ...aks, login: account }, ["clusters.here.login is not a setting of this kind"]],
  ["another kind", { ...k3s, kind: "eks" }, ["clusters.here.kind must be one of aks, oidc"]],
  [
    "settings of aad-pod-identity",
    { ...k3s, podIdentity: { mode: "managed" } },
    ["clusters.here.podIdentity is not a setting of this kind"],
  ],
  [
    "a mode that only AKS has",
    { ...k3s, identityModes: ["workloadIdentity", "podIdentity"] },
    ["clusters.here.identityModes.1 a cluster of kind oidc cannot have podIdentity; only one of kind aks can"],
  ],
  [
    "a token file by a relative path",
    { ...k3s, login: { ...account, tokenFile: "token" } },
    ["clusters.here.login.tokenFile must be an absolute path"],
  ],
  [
    "a scope in place of an audience",
    { ...k3s, login: { by: "entra", audience: "api://k3s/.default" } },
    ["clusters.here.login.audience must be an audience, without /.default"],
  ],
  [
    "a program that logs in",
    { ...k3s, login: { by: "exec", command: "aws" } },
    [expect.stringMatching(/^clusters\.here\.login\.by .* runs no program to log in \(exec\)$/)],
  ],
  [
    "an exec beside a login",
    { ...k3s, login: { ...account, exec: { command: "aws" } } },
    [expect.stringMatching(/^clusters\.here\.login\.exec is refused: Mooring .* runs no program to log in/)],
  ],
  [
    "a kubeconfig",
    { ...withoutLogin, kubeconfig: "kubeconfig.yaml" },
    [
      "clusters.here.login is missing",
      expect.stringMatching(/^clusters\.here\.kubeconfig is refused: Mooring reads no kube/),
    ],
  ],
])("refuses %s", (_what, cluster, problems) => {
  expect(refused(cluster)).toEqual(problems);
});

it("offers the settings of its own kind in place of a wrong one", () => {
  const found = read({ ...k3s, region: "x" });

  const [problem] = "problems" in found ? found.problems : [];
  expect(problem?.next).toContain("login");
  expect(problem?.next).not.toContain("podIdentity");
});

describe("the name of Mooring in its RBAC", () => {
  const objectId = "00000000-0000-4000-8000-00000000000b";
  const byEntra = { by: "entra", audience: "api://k3s" };

  it.each<[what: string, cluster: object, name: string]>([
    ["AKS", aks, objectId],
    ["Entra", { ...k3s, login: byEntra }, objectId],
    ["Entra with a prefix", { ...k3s, login: { ...byEntra, userName: `entra:${objectId}` } }, `entra:${objectId}`],
    ["a service account", k3s, "system:serviceaccount:mooring:mooring"],
  ])("with %s", (_what, cluster, name) => {
    expect(userNameIn(accepted(cluster), objectId)).toBe(name);
  });
});

it("lets nobody onboard the namespace of Mooring's own account in the cluster", () => {
  const found = read(k3s);
  if (!("catalog" in found)) throw new Error(JSON.stringify(found));
  const request = OnboardingRequest.parse({ cluster: "here", namespace: "mooring", databases: [messages] });

  const about = (namespace: string) =>
    checkAgainstCatalog(found.catalog, { ...request, namespace }).filter(({ pointer }) => pointer === "/namespace");

  expect(about("mooring")).toMatchObject([{ code: "SYSTEM_NAMESPACE", detail: expect.stringContaining("logs in") }]);
  expect(about("team-a")).toEqual([]);
});

it("lets a request have only the modes of its kind, and says why", () => {
  const found = read(k3s);
  if (!("catalog" in found)) throw new Error(JSON.stringify(found));
  const tried = IdentityMode.options.map((mode) => {
    try {
      return [mode, findClusterFor(found.catalog, "here", mode).alias];
    } catch (error) {
      return [mode, error instanceof Error ? error.message : ""];
    }
  });

  const refusals = tried.filter(([mode]) => mode !== "workloadIdentity");
  expect(tried).toContainEqual(["workloadIdentity", "here"]);
  expect(refusals.length).toBeGreaterThan(0);
  for (const [mode, message] of refusals) {
    expect(message).toBe(
      `Cluster "here" does not offer identityMode ${mode}; it offers workloadIdentity, and a cluster of kind oidc cannot have ${mode}; only one of kind aks can.`,
    );
  }
});
