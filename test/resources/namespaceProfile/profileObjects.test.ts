/**
 * The objects of every kind of profile on an API server, simulated or real: admitted, filled in, compared. What Mooring wrote shows no
 * difference; what somebody changes does, field by field, and is put right.
 */
import { existsSync, readFileSync } from "node:fs";
import { testPrograms } from "kube-sim/programs";
import { sayNotRun } from "test-support/notRun";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { checkAgainstCatalog } from "../../../src/domain/catalog/checkRequest.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import type { Kubernetes, KubernetesObject } from "../../../src/ports/kubernetes.ts";
import { bringObjects, refOf } from "../../../src/resources/kubernetesObject/ensureObjects.ts";
import { inspectObject } from "../../../src/resources/kubernetesObject/inspectObjects.ts";
import { profileObjects } from "../../../src/resources/namespaceProfile/objects.ts";
import { openedBy } from "../../../src/resources/namespaceProfile/policyInForce.ts";
import { kubernetesOf, startCluster, type TestCluster } from "../../support/cluster.ts";

const id = "00000000-0000-4000-8000-000000000001";
const providers = `/subscriptions/${id}/resourceGroups/rg-data/providers`;
const sql = (name: string, network?: object) => ({
  resourceId: `${providers}/Microsoft.Sql/servers/${name}`,
  host: `${name}.database.windows.net`,
  ...(network ? { network } : {}),
  databases: { messages: { roles: ["reader"] }, orders: { roles: ["reader"] } },
});
const clusterOf = (network: object) => ({
  apiServer: "https://aks-dev.example",
  subscriptionId: id,
  identityResourceGroup: "MC_dev",
  location: "westeurope",
  identityModes: ["workloadIdentity", "podIdentity"],
  network,
});

const profiles = {
  counted: { quota: { "requests.cpu": "1000m", "limits.memory": "1.5Gi", pods: 20, "count/jobs.batch": "5" } },
  limited: {
    limits: {
      container: { max: { cpu: 2, memory: "1024Mi" }, min: { cpu: "0.05" }, default: { "ephemeral-storage": "1G" } },
      pod: { max: { cpu: "4000m" }, min: { memory: "16Mi" } },
    },
  },
  closed: { network: { within: false } },
  open: {
    network: {
      from: ["ingress-nginx", "monitoring"],
      to: ["queues"],
      destinations: [
        { addresses: ["169.254.0.0/16", "fd00::/8"], ports: [443, "8000-8999"] },
        { addresses: ["10.9.0.0/24"], hosts: ["*.example.com"] },
      ],
    },
  },
};

const catalog = Catalog.parse({
  tenantId: id,
  clusters: {
    plain: clusterOf({ login: { addresses: ["20.190.128.0/18", "40.126.0.0/18"] } }),
    cilium: clusterOf({ policies: "cilium" }),
    unnamed: clusterOf({}),
  },
  sqlServers: {
    "sql-public": sql("sql-public", { addresses: ["20.61.99.192/27"] }),
    "sql-private": sql("sql-private", { addresses: ["10.1.0.4/32"], privateEndpoint: "redirect" }),
    "sql-proxy": sql("sql-proxy", { addresses: ["10.1.0.5/32"], privateEndpoint: "proxy" }),
    "sql-unnamed": sql("sql-unnamed"),
  },
  targets: {
    ledger: {
      kind: "postgresql",
      resourceId: `${providers}/Microsoft.DBforPostgreSQL/flexibleServers/pg-dev`,
      host: "pg-dev.postgres.database.azure.com",
      login: "mooring",
      database: "ledger",
      network: { addresses: ["10.2.0.4/32"] },
      access: ["read"],
    },
    uploads: {
      kind: "storageBlob",
      resourceId: `${providers}/Microsoft.Storage/storageAccounts/stDev`,
      network: { addresses: ["10.3.0.0/28"] },
      access: ["read"],
    },
    clicks: {
      kind: "eventHubs",
      resourceId: `${providers}/Microsoft.EventHub/namespaces/eh-dev`,
      network: { addresses: ["10.4.0.0/28"] },
      access: ["send"],
    },
  },
  profiles,
});

const namespace = "profiled";

function requestOf(changes: object = {}) {
  const request = OnboardingRequest.parse({
    cluster: "plain",
    namespace,
    databases: [
      { server: "sql-public", database: "messages", roles: ["reader"] },
      { server: "sql-public", database: "orders", roles: ["reader"] },
    ],
    namespaceProfile: "closed",
    ...changes,
  });
  return { ...request, namespaceProfile: request.namespaceProfile ?? "" };
}

function policyOf(changes: object = {}) {
  const [policy] = profileObjects(catalog, requestOf(changes));
  return Policy.parse(policy);
}

const Rule = z.record(z.string(), z.unknown());
const Policy = z.looseObject({
  kind: z.string(),
  spec: z.looseObject({ ingress: z.array(Rule), egress: z.array(Rule) }),
});

/** Where its egress rules lead after DNS: blocks, and ports. */
function ways(changes: object = {}): readonly string[] {
  return policyOf(changes)
    .spec.egress.slice(1)
    .map((rule) => JSON.stringify(Object.values(rule)));
}

const tcp = (port: number, endPort?: number) => ({
  protocol: "TCP",
  port,
  ...(endPort === undefined ? {} : { endPort }),
});
const block = (...cidrs: string[]) => cidrs.map((cidr) => ({ ipBlock: { cidr } }));
const way = (to: object[], ...ports: object[]) => JSON.stringify([to, ports]);
const login = way(block("20.190.128.0/18", "40.126.0.0/18"), tcp(443));

describe("the network policy", () => {
  it("opens DNS, Microsoft Entra and each server of the request once, with the ports of its endpoint", () => {
    expect(policyOf()).toMatchObject({
      kind: "NetworkPolicy",
      spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"], ingress: [] },
    });
    const [dns] = policyOf().spec.egress;
    expect(dns).toEqual({
      to: [
        {
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
          podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
        },
        { ipBlock: { cidr: "169.254.10.0/24" } },
      ],
      ports: [
        { protocol: "UDP", port: 53 },
        { protocol: "TCP", port: 53 },
      ],
    });
    expect(ways()).toEqual([login, way(block("20.61.99.192/27"), tcp(1433), tcp(11_000, 11_999))]);

    const databases = ["sql-private", "sql-proxy"].map((server) => ({ server, database: "orders", roles: ["reader"] }));
    expect(ways({ databases })).toEqual([
      login,
      way(block("10.1.0.4/32"), tcp(1433, 65_535)),
      way(block("10.1.0.5/32"), tcp(1433)),
    ]);
    expect(ways({ databases: databases.toReversed() })).toEqual(ways({ databases }));
  });

  it("opens other targets by their kind", () => {
    const targets = [
      { target: "ledger", access: ["read"] },
      { target: "uploads", access: ["read"] },
      { target: "clicks", access: ["send"] },
    ];
    expect(ways({ databases: [], targets })).toEqual([
      login,
      way(block("10.4.0.0/28"), tcp(443), tcp(5671)),
      way(block("10.2.0.4/32"), tcp(5432)),
      way(block("10.3.0.0/28"), tcp(443)),
    ]);
  });

  it("opens what the profile says, and the metadata service never", () => {
    const { ingress, egress } = policyOf({ namespaceProfile: "open" }).spec;
    const ofNamespace = (name: string) => ({
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } },
    });
    expect(ingress).toEqual([{ from: [{ podSelector: {} }, ofNamespace("ingress-nginx"), ofNamespace("monitoring")] }]);
    expect(egress[1]).toEqual({ to: [{ podSelector: {} }, ofNamespace("queues")] });
    expect(egress.at(-2)).toEqual({
      to: [{ ipBlock: { cidr: "169.254.0.0/16", except: ["169.254.169.254/32"] } }, { ipBlock: { cidr: "fd00::/8" } }],
      ports: [tcp(443), tcp(8000, 8999)],
    });
  });

  it("is Cilium's, with names, where the catalog says that the cluster has it", () => {
    const { kind, spec } = policyOf({ cluster: "cilium" });
    const dns = [{ ports: [{ port: "53", protocol: "ANY" }], rules: { dns: [{ matchPattern: "*" }] } }];
    const ports = [
      { port: "1433", protocol: "TCP" },
      { port: "11000", endPort: 11_999, protocol: "TCP" },
    ];
    expect(kind).toBe("CiliumNetworkPolicy");
    expect(spec).toEqual({
      endpointSelector: {},
      ingress: [{}],
      egress: [
        {
          toEndpoints: [
            { matchLabels: { "k8s:io.kubernetes.pod.namespace": "kube-system", "k8s:k8s-app": "kube-dns" } },
          ],
          toPorts: dns,
        },
        { toCIDR: ["169.254.10.0/24"], toPorts: dns },
        { toEntities: ["host"], toPorts: dns },
        {
          toFQDNs: [{ matchName: "login.microsoftonline.com" }],
          toPorts: [{ ports: [{ port: "443", protocol: "TCP" }] }],
        },
        {
          toFQDNs: [
            { matchName: "sql-public.database.windows.net" },
            { matchPattern: "*.*.*.worker.database.windows.net" },
          ],
          toPorts: [{ ports }],
        },
        { toCIDRSet: [{ cidr: "20.61.99.192/27" }], toPorts: [{ ports }] },
      ],
      egressDeny: [{ toCIDR: ["169.254.169.254/32"] }],
    });
    const storage = policyOf({ cluster: "cilium", databases: [], targets: [{ target: "uploads", access: ["read"] }] });
    expect(JSON.stringify(storage)).toContain('{"matchName":"stdev.blob.core.windows.net"}');
  });
});

it.each([
  ["plain", ["to 10.9.0.0/24 443", "to 169.254.0.0/16 8000-8999"]],
  ["cilium", ["to *.example.com 443", "to login.microsoftonline.com 443"]],
])("is read back on %s: whom it lets in, and what it opens", (name, some) => {
  const [open, closed] = ["open", "closed"].map((namespaceProfile) => {
    const [policy] = profileObjects(catalog, requestOf({ cluster: name, namespaceProfile }));
    return policy && openedBy(policy);
  });

  expect(open?.words).toEqual(expect.arrayContaining(some));
  expect(open?.from).toEqual(["ingress-nginx", "monitoring"]);
  expect(open?.addresses).toContain("10.9.0.0/24");
  const ofPods = ["from its own pods", "from ingress-nginx", "from monitoring", "to its own pods", "to queues"];
  expect(open?.words.filter((each) => !closed?.words.includes(each))).toEqual(expect.arrayContaining(ofPods));
  expect(closed?.from).toEqual([]);
});

describe("a request that the policy would cut off", () => {
  const problems = (changes: object) =>
    checkAgainstCatalog(catalog, requestOf(changes)).map(
      ({ pointer, code, detail }) => `${pointer} ${code}: ${detail}`,
    );

  it.each([
    [{}, []],
    [{ cluster: "cilium", databases: [{ server: "sql-unnamed", database: "orders", roles: ["reader"] }] }, []],
    [{ namespaceProfile: "counted", identityMode: "podIdentity" }, []],
    [
      { databases: [{ server: "sql-unnamed", database: "orders", roles: ["reader"] }] },
      ["/databases/0/server PROFILE_CUTS_OFF: …the catalog has no addresses of SQL server sql-unnamed"],
    ],
    [{ cluster: "unnamed" }, ["/namespaceProfile PROFILE_CUTS_OFF: …the catalog has no addresses of Microsoft Entra"]],
    [
      { identityMode: "podIdentity" },
      ["/namespaceProfile PROFILE_CUTS_OFF: …which denies 169.254.169.254: pods get no tokens with pod identity"],
    ],
  ])("is told which field is wrong: %j", (changes, expected) => {
    const told = problems(changes).map((each) => each.replace(/profile "\w+" has a network policy, (and )?/, "…"));
    expect(told).toEqual(expected);
  });
});

describe("on an API server", () => {
  const definition = ciliumDefinition();
  let cluster: TestCluster;
  let kubernetes: Kubernetes;
  beforeAll(async () => {
    cluster = await startCluster();
    kubernetes = kubernetesOf(cluster);
    await cluster.createNamespace(namespace);
    await cluster.create(definition);
    await vi.waitFor(async () => {
      expect(await kubernetes.kinds(cluster.target, "cilium.io/v2")).toContain("CiliumNetworkPolicy");
    }, 30_000);
  }, 120_000);
  afterAll(() => cluster?.simulator.close());

  const recordedMark = async () => undefined;
  const bring = async (desired: readonly KubernetesObject[]) => {
    const input = { cluster: "plain", namespace, operation: "now", adoptionPolicy: "Never", recordedMark } as const;
    const willDo = async () => undefined;
    return (await bringObjects(kubernetes, cluster.target, desired, { ...input, step: { willDo } })).action;
  };
  const differences = async (object: KubernetesObject) =>
    (await inspectObject(kubernetes, cluster.target, object, () => undefined)).map(
      ({ field, found, expected }) => `${field}: ${found}, not ${expected}`,
    );

  /** Without what the cluster's own controllers keep in it: a quota's status comes some time after the quota. */
  const asWritten = (found: KubernetesObject | undefined) => {
    const { status: _, metadata, ...rest } = JSON.parse(JSON.stringify(found ?? {}));
    const { resourceVersion: __, managedFields = [], ...kept } = metadata;
    const own = managedFields.filter((each: { subresource?: string }) => each.subresource !== "status");
    return { ...rest, metadata: { ...kept, managedFields: own } };
  };

  const cases = Object.keys(profiles).flatMap((namespaceProfile) =>
    ["plain", "cilium"].map((name) => ({ namespaceProfile, cluster: name })),
  );
  it.each(cases)("every object of $namespaceProfile on $cluster is as it was written", async (changes) => {
    const desired = profileObjects(catalog, requestOf(changes));
    expect(desired.length).toBeGreaterThan(0);
    await bring(desired);
    for (const object of desired) expect(await differences(object)).toEqual([]);
    const before = await Promise.all(desired.map((each) => kubernetes.get(cluster.target, refOf(each))));
    expect(await bring(desired)).toBe("create");
    const after = await Promise.all(desired.map((each) => kubernetes.get(cluster.target, refOf(each))));
    expect(after.map(asWritten)).toEqual(before.map(asWritten));
  });

  const edits: readonly (readonly [string, object, object, readonly string[]])[] = [
    ["a rule that lets everybody in", {}, { spec: { ingress: [{}] } }, ["spec.ingress: [{}], not []"]],
    [
      "a selector that leaves pods out",
      {},
      { spec: { podSelector: { matchLabels: { app: "web" } } } },
      ['spec.podSelector: {"matchLabels":{"app":"web"}}, not {}'],
    ],
    [
      "one direction only",
      {},
      { spec: { policyTypes: ["Ingress"] } },
      ['spec.policyTypes: ["Ingress"], not ["Ingress","Egress"]'],
    ],
    [
      "names that Cilium opens",
      { cluster: "cilium" },
      { spec: { egressDeny: [] } },
      ['spec.egressDeny: [], not [{"toCIDR":["169.254.169.254/32"]}]'],
    ],
    [
      "a rule of Cilium's that lets everybody in",
      { cluster: "cilium" },
      { spec: { ingress: [{ fromEntities: ["all"] }] } },
      ['spec.ingress[0].fromEntities: ["all"], not null'],
    ],
  ];
  it.each(edits)("finds and puts right %s", async (_what, changes, patch, expected) => {
    const [policy] = profileObjects(catalog, requestOf(changes));
    if (!policy) throw new Error("no policy");
    await bring([policy]);
    const path = policy.kind === "NetworkPolicy" ? "networking.k8s.io/v1" : "cilium.io/v2";
    const plural = policy.kind === "NetworkPolicy" ? "networkpolicies" : "ciliumnetworkpolicies";
    const edited = await cluster.request("PATCH", `/apis/${path}/namespaces/${namespace}/${plural}/mooring-network`, {
      body: patch,
      headers: { "content-type": "application/merge-patch+json" },
    });
    expect(edited.status, edited.text).toBe(200);

    expect(await differences(policy)).toEqual(expected);
    expect(await bring([policy])).toBe("update");
    expect(await differences(policy)).toEqual([]);
  });

  it("rewrites the policy when the request names something else", async () => {
    await bring(profileObjects(catalog, requestOf()));
    const other = requestOf({ databases: [{ server: "sql-proxy", database: "orders", roles: ["reader"] }] });
    const [policy] = profileObjects(catalog, other);
    if (!policy) throw new Error("no policy");
    expect(await bring([policy])).toBe("update");
    expect(JSON.stringify(await kubernetes.get(cluster.target, refOf(policy)))).not.toContain("20.61.99.192/27");
  });
});

const anything = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
const rules = { type: "array", items: anything };

/** As far as an API server sees it, for machines without Cilium's own. */
const shortDefinition = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "ciliumnetworkpolicies.cilium.io" },
  spec: {
    group: "cilium.io",
    scope: "Namespaced",
    names: {
      kind: "CiliumNetworkPolicy",
      listKind: "CiliumNetworkPolicyList",
      plural: "ciliumnetworkpolicies",
      singular: "ciliumnetworkpolicy",
    },
    versions: [
      {
        name: "v2",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: {
              spec: {
                type: "object",
                properties: {
                  endpointSelector: { ...anything, "x-kubernetes-map-type": "atomic" },
                  ...Object.fromEntries(["ingress", "egress", "egressDeny"].map((name) => [name, rules])),
                },
              },
            },
          },
        },
      },
    ],
  },
};

function ciliumDefinition(): object {
  const { path, build } = testPrograms.ciliumDefinition;
  if (existsSync(path())) return parse(readFileSync(path(), "utf8"));
  sayNotRun(`policies against Cilium's own definition: it is not on this machine (${build})`);
  return shortDefinition;
}
