/** What a plan says of a profile before anything is written, on an API server, simulated or real. */
import { PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { kubernetesOf, startCluster, type TestCluster } from "../../../packages/kube-sim/test/kubernetes/cluster.ts";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { findCluster } from "../../../src/domain/catalog/clusters.ts";
import { PermanentError } from "../../../src/domain/errors.ts";
import { toOperationError } from "../../../src/domain/operation/plan.ts";
import { OnboardingRequest } from "../../../src/domain/request/request.ts";
import type { Ports } from "../../../src/ports/index.ts";
import type { Kubernetes } from "../../../src/ports/kubernetes.ts";
import type { Obstacles, PreflightCheck } from "../../../src/resources/definitions/preflight.ts";
import { bringObjects } from "../../../src/resources/kubernetesObject/ensureObjects.ts";
import { profileObjects } from "../../../src/resources/namespaceProfile/objects.ts";
import { checkProfile } from "../../../src/resources/namespaceProfile/preflight.ts";

const id = "00000000-0000-4000-8000-000000000001";
const profiles = {
  cores: { quota: { "requests.cpu": 1, "limits.memory": "1Gi" } },
  crowd: { quota: { pods: 1, configmaps: 1, "count/jobs.batch": 0, "count/widgets.example.com": 5 } },
  rows: { quota: { "count/pods": 1, pods: 1 } },
  doors: { quota: { "services.loadbalancers": 0, "services.nodeports": 1 } },
  small: {
    limits: { container: { max: { cpu: "250m" }, min: { memory: "128Mi" } }, pod: { max: { memory: "128Mi" } } },
  },
  large: {
    quota: { "requests.cpu": 8, "requests.memory": "8Gi", pods: 20 },
    limits: { container: { max: { cpu: 4 } } },
  },
  closed: { network: { destinations: [{ addresses: ["10.8.0.0/24"], hosts: ["*.example.com"] }] } },
};
const inForce = { network: { from: ["web"], destinations: [{ addresses: ["10.8.0.0/24"], ports: [443, 1521] }] } };
Object.assign(profiles, {
  "in-force": inForce,
  wider: { network: { ...inForce.network, from: ["web", "jobs"] } },
  narrower: { network: { destinations: [{ addresses: ["10.8.0.0/24"], ports: [1521] }] } },
});
const job = { verificationJob: { image: "verify", timeoutSeconds: 10 } };

function catalogOf(changes: object) {
  return Catalog.parse({
    tenantId: id,
    clusters: {
      "aks-dev": {
        apiServer: "https://aks-dev.example",
        subscriptionId: id,
        identityResourceGroup: "MC_dev",
        location: "westeurope",
        network: { login: { addresses: ["20.190.128.0/18"] } },
        ...changes,
      },
    },
    sqlServers: {
      "sql-dev": {
        resourceId: `/subscriptions/${id}/resourceGroups/rg/providers/Microsoft.Sql/servers/sql-dev`,
        host: "sql-dev.database.windows.net",
        network: { addresses: ["10.1.0.4/32"] },
        databases: { messages: { roles: ["reader"] } },
      },
    },
    targets: {
      uploads: {
        kind: "storageBlob",
        resourceId: `/subscriptions/${id}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/stdev`,
        access: ["read"],
      },
    },
    profiles,
  });
}

let cluster: TestCluster;
let kubernetes: Kubernetes;
let namespace = "";
let count = 0;
beforeAll(async () => {
  cluster = await startCluster();
  kubernetes = kubernetesOf(cluster);
}, 120_000);
afterAll(() => cluster?.simulator.close());
beforeEach(async () => {
  count += 1;
  namespace = `checked-${count}`;
  await cluster.createNamespace(namespace);
});

/** `code: message`, blockers before notices, as the preflight reports them. */
async function told(
  namespaceProfile: string,
  changes: object = {},
  wanted: object = { databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }] },
): Promise<readonly string[]> {
  const catalog = catalogOf(changes);
  const request = OnboardingRequest.parse({ cluster: "aks-dev", namespace, ...wanted, namespaceProfile });
  const { apiServer, certificateAuthority } = cluster.target;
  const target = { ...findCluster(catalog, "aks-dev"), apiServer, certificateAuthority };
  const ports = { catalog, kubernetes } as Pick<Ports, "catalog" | "kubernetes"> as Ports;
  const checks = checkProfile(ports, { request: { ...request, namespaceProfile }, cluster: target });
  const found = await Promise.all(checks.map(explain));
  const all = [...found.flatMap(({ blockers = [] }) => blockers), ...found.flatMap(({ notices = [] }) => notices)];
  return all.map(({ code, message }) => `${code}: ${message.replaceAll(`aks-dev/${namespace}`, "<namespace>")}`);
}

async function explain({ look }: PreflightCheck): Promise<Obstacles> {
  try {
    return (await look()) ?? {};
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    return { blockers: [toOperationError(error.code, error.message)] };
  }
}

/** As soon as the namespace has its service account. */
async function runPod(name: string, resources: object = {}, spec: object = {}) {
  const container = { name: "app", image: "registry.example/app:1", resources };
  await vi.waitFor(
    () =>
      cluster.core.createNamespacedPod({
        namespace,
        body: { metadata: { name }, spec: { containers: [container], ...spec } },
      }),
    { timeout: 10_000 },
  );
}

describe("a quota", () => {
  it("below what pods ask for today blocks, with figures", async () => {
    await runPod("web-1", { requests: { cpu: "700m" }, limits: { memory: "768Mi" } });
    await runPod("web-2", { limits: { cpu: "0.5", memory: "512Mi" } });

    expect(await told("cores")).toEqual([
      'PROFILE_TOO_SMALL: Profile "cores" gives namespace <namespace> less than it uses: requests.cpu 1, and 1200m is used today; limits.memory 1Gi, and 1280Mi is used today.',
    ]);
    expect(await told("large", job)).toEqual([]);
  });

  it("that counts objects blocks, and says what it cannot count", async () => {
    await runPod("web-1");
    await runPod("web-2");
    await cluster.core.createNamespacedConfigMap({ namespace, body: { metadata: { name: "settings" } } });

    const [blocker, ...notices] = await told("crowd");
    expect(blocker).toContain("pods 1, and 2 is used today");
    expect(blocker).toContain("configmaps 1, and 2 is used today");
    expect(notices).toEqual([
      "QUOTA_UNSEEN: Mooring cannot see how much of count/widgets.example.com namespace <namespace> has.",
    ]);
  });

  it("counts what a pod needs to start: containers that run before the others, and those that go on beside them", async () => {
    const container = (name: string, cpu: string, more: object = {}) => ({
      ...{ name, image: "registry.example/app:1", resources: { requests: { cpu } } },
      ...more,
    });
    await runPod("migrating", { requests: { cpu: "200m" } }, { initContainers: [container("migrate", "900m")] });
    await runPod(
      "meshed",
      { requests: { cpu: "100m" } },
      { initContainers: [container("proxy", "150m", { restartPolicy: "Always" })] },
    );

    expect((await told("cores"))[0]).toContain("requests.cpu 1, and 1150m is used today");
  });

  it("of pods counts those that run, and of objects also those that have ended", async () => {
    await runPod("done");
    await runPod("web-1");
    await cluster.core.patchNamespacedPodStatus(
      { namespace, name: "done", body: { status: { phase: "Succeeded" } } },
      setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
    );

    expect(await told("rows")).toEqual([
      'PROFILE_TOO_SMALL: Profile "rows" gives namespace <namespace> less than it uses: count/pods 1, and 2 is used today.',
    ]);
  });

  it("of load balancers and node ports counts those of the Services", async () => {
    const service = (name: string, type: string, count: number) =>
      cluster.core.createNamespacedService({
        namespace,
        body: {
          metadata: { name },
          spec: { type, ports: Array.from({ length: count }, (_, index) => ({ name: `p${index}`, port: 80 + index })) },
        },
      });
    await service("inside", "ClusterIP", 1);
    await service("node", "NodePort", 2);
    await service("shop", "LoadBalancer", 1);

    expect(await told("doors")).toEqual([
      'PROFILE_TOO_SMALL: Profile "doors" gives namespace <namespace> less than it uses: services.loadbalancers 0, and 1 is used today; services.nodeports 1, and 3 is used today.',
    ]);
  });

  it("that is as full as can be leaves no room for the verification Job", async () => {
    await runPod("web-1", { requests: { cpu: "995m", memory: "32Mi" }, limits: { memory: "900Mi" } });

    expect(await told("cores")).toEqual([]);
    expect(await told("cores", job, { targets: [{ target: "uploads", access: ["read"] }] })).toEqual(
      await told("cores", job),
    );
    expect(await told("cores", job)).toEqual([
      'PROFILE_TOO_SMALL: Profile "cores" leaves no room for the verification Job: requests.cpu 1, and 995m is used without it; limits.memory 1Gi, and 900Mi is used without it.',
    ]);
  });
});

it("limits that refuse the verification Job block", async () => {
  expect(await told("small")).toEqual([]);
  expect(await told("small", job)).toEqual([
    'PROFILE_TOO_SMALL: Profile "small" leaves no room for the verification Job: it has a limit of cpu 500m, and a Container has at most 250m.',
    'PROFILE_TOO_SMALL: Profile "small" leaves no room for the verification Job: it asks for memory 64Mi, and a Container has to ask for 128Mi.',
    'PROFILE_TOO_SMALL: Profile "small" leaves no room for the verification Job: it has a limit of memory 256Mi, and a Pod has at most 128Mi.',
  ]);
});

it("Cilium's policies on a cluster that does not serve them block, and a profile that left the catalog does", async () => {
  expect(await told("closed", { network: { policies: "cilium" } })).toEqual([
    'CILIUM_NOT_INSTALLED: Cluster "aks-dev" has no CiliumNetworkPolicy.',
  ]);
  expect((await told("gone"))[0]).toBe('UNKNOWN_PROFILE: The catalog has no profile "gone".');
});

describe("a network policy", () => {
  it("says nothing of a namespace in which nothing runs", async () => {
    expect(await told("closed")).toEqual([]);
  });

  it("names what running pods do today that it would cut off, and what nobody can see", async () => {
    await runPod("web-1");
    await runPod("agent", {}, { hostNetwork: true });
    const service = (name: string, spec: object) =>
      cluster.core.createNamespacedService({
        namespace,
        body: { metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } },
      });
    await service("inside", { selector: { app: "web" } });
    await service("shop", { type: "LoadBalancer", selector: { app: "web" } });
    await service("known", { type: "ExternalName", externalName: "api.example.com", ports: [] });
    await service("mail", { type: "ExternalName", externalName: "smtp.example.org", ports: [] });
    for (const [name, address] of [
      ["ledger", "192.168.4.7"],
      ["open", "10.8.0.9"],
    ] as const) {
      await cluster.create({
        apiVersion: "discovery.k8s.io/v1",
        kind: "EndpointSlice",
        metadata: { name: `${name}-1`, namespace, labels: { "kubernetes.io/service-name": name } },
        addressType: "IPv4",
        ports: [{ port: 1521 }],
        endpoints: [{ addresses: [address] }],
      } as never);
    }
    await cluster.create({
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name: "shop", namespace },
      spec: { defaultBackend: { service: { name: "inside", port: { number: 80 } } } },
    } as never);
    await cluster.create({
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "allow-all", namespace },
      spec: { podSelector: {}, policyTypes: ["Egress"], egress: [{}] },
    } as never);

    expect((await told("closed")).toSorted()).toEqual(
      [
        "NETWORK_CUT_OFF: In namespace <namespace>: Service shop is called from outside the cluster (LoadBalancer), which the policy does not let in.",
        "NETWORK_CUT_OFF: In namespace <namespace>: Service mail stands for smtp.example.org, which the policy does not open.",
        "NETWORK_CUT_OFF: In namespace <namespace>: Ingress shop lets requests in from outside, and no namespace may call.",
        "NETWORK_CUT_OFF: In namespace <namespace>: Service ledger has endpoints that the policy does not open (192.168.4.7).",
        "NETWORK_OPEN: NetworkPolicy allow-all in namespace <namespace> opens every destination: policies add up.",
        "NETWORK_UNSEEN: Of namespace <namespace>, not seen: what 2 running pods (agent, web-1) reach beyond that, and which pods of other namespaces call them; pods on their node's network, to which no policy applies (agent).",
      ].toSorted(),
    );
  });

  it("in force says nothing, until the request takes away what it opens", async () => {
    await runPod("web-1");
    await cluster.core.createNamespacedService({
      namespace,
      body: { metadata: { name: "shop" }, spec: { type: "LoadBalancer", ports: [{ port: 80 }] } },
    });
    await cluster.create({
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name: "shop", namespace },
      spec: { defaultBackend: { service: { name: "shop", port: { number: 80 } } } },
    } as never);
    const catalog = catalogOf({});
    const request = OnboardingRequest.parse({
      ...{ cluster: "aks-dev", namespace, namespaceProfile: "in-force" },
      databases: [{ server: "sql-dev", database: "messages", roles: ["reader"] }],
    });
    const how = { cluster: "aks-dev", namespace, operation: "earlier", adoptionPolicy: "Never" } as const;
    await bringObjects(
      kubernetes,
      { ...findCluster(catalog, "aks-dev"), ...cluster.target },
      profileObjects(catalog, { ...request, namespaceProfile: "in-force" }),
      { ...how, recordedMark: async () => undefined, step: { willDo: async () => undefined } },
    );

    expect(await told("in-force")).toEqual([]);
    expect(await told("wider")).toEqual([]);
    expect((await told("narrower")).toSorted()).toEqual(
      [
        "NETWORK_CUT_OFF: In namespace <namespace>: Ingress shop lets requests in from outside, and no namespace may call.",
        "NETWORK_UNSEEN: Of namespace <namespace>, not seen: whether running pods (web-1) need what the policy opens today and then no more (from web, to 10.8.0.0/24 443).",
      ].toSorted(),
    );
  });
});

describe("network policies of others", () => {
  it("count where they open every address, and not where they leave some out", async () => {
    await runPod("web-1");
    const policy = (name: string, ipBlock: object) =>
      cluster.create({
        apiVersion: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata: { name, namespace },
        spec: { podSelector: {}, policyTypes: ["Egress"], egress: [{ to: [{ ipBlock }] }] },
      } as never);
    await policy("everywhere", { cidr: "0.0.0.0/0" });
    await policy("not-inside", { cidr: "0.0.0.0/0", except: ["10.0.0.0/8"] });
    await policy("narrow", { cidr: "10.9.0.0/16" });

    expect(await opened("closed")).toEqual([
      "NetworkPolicy everywhere in namespace <namespace> opens every address: policies add up.",
    ]);
  });

  describe("of Cilium's kinds", () => {
    const onCilium = { network: { policies: "cilium" } };
    beforeAll(async () => {
      await cluster.create(definitionOf("CiliumNetworkPolicy", "ciliumnetworkpolicies", "Namespaced"));
      await cluster.create(
        definitionOf("CiliumClusterwideNetworkPolicy", "ciliumclusterwidenetworkpolicies", "Cluster"),
      );
      await vi.waitFor(async () => {
        expect(await kubernetes.kinds(cluster.target, "cilium.io/v2")).toHaveLength(2);
      }, 30_000);
    });

    it("count where they open everything, also those of the whole cluster that may select the namespace", async () => {
      await runPod("web-1");
      const policy = (name: string, egress: readonly object[]) =>
        cluster.create(ciliumPolicy({ name, namespace }, { endpointSelector: {}, egress }));
      await policy("all", [{ toEntities: ["all"] }]);
      await policy("world", [{ toEntities: ["cluster"] }, { toEntities: ["world"] }]);
      await policy("addresses", [{ toCIDR: ["0.0.0.0/0"] }]);
      await policy("blocks", [{ toCIDRSet: [{ cidr: "::/0" }] }]);
      await policy("names", [{ toFQDNs: [{ matchPattern: "*" }] }]);
      await policy("ports", [{ toPorts: [{ ports: [{ port: "443", protocol: "TCP" }] }] }]);
      // Nothing of Cilium's opens anything by an empty rule.
      await policy("closed", [{}]);
      await policy("narrow", [
        { toEndpoints: [{}], toPorts: [{ ports: [{ port: "443" }] }] },
        { toCIDRSet: [{ cidr: "0.0.0.0/0", except: ["10.0.0.0/8"] }] },
        { toFQDNs: [{ matchPattern: "*.example.com" }, { matchName: "example.org" }] },
      ]);
      const specs = [[{}], [{ toEntities: ["all"] }]].map((egress) => ({ endpointSelector: {}, egress }));
      await cluster.create({ ...ciliumPolicy({ name: "several", namespace }, {}), specs } as object);
      const everywhere = (name: string, selector: object) =>
        cluster.create(ciliumPolicy({ name }, { ...selector, egress: [{ toEntities: ["all"] }] }));
      const inNamespace = (name: string) => ({
        endpointSelector: { matchLabels: { "k8s:io.kubernetes.pod.namespace": name } },
      });
      await everywhere("of-all", { endpointSelector: {} });
      await everywhere("of-this", inNamespace(namespace));
      await everywhere("of-another", inNamespace("another"));
      await everywhere("of-nodes", { nodeSelector: {} });

      const own = ([name, what]: readonly [string, string]) =>
        `CiliumNetworkPolicy ${name} in namespace <namespace> opens ${what}: policies add up.`;
      const ofCluster = (name: string) =>
        `CiliumClusterwideNetworkPolicy ${name} of cluster aks-dev opens every destination: policies add up.`;
      expect((await opened("closed", onCilium)).toSorted()).toEqual(
        [
          ...(
            [
              ["all", "every destination"],
              ["world", "every address outside the cluster"],
              ["addresses", "every address outside the cluster"],
              ["blocks", "every address outside the cluster"],
              ["names", "every name"],
              ["ports", "every destination"],
              ["several", "every destination"],
            ] as const
          ).map(own),
          ...["of-all", "of-this"].map(ofCluster),
        ].toSorted(),
      );
      // Where the catalog says nothing of Cilium, they mean nothing.
      expect(await opened("closed")).toEqual([]);
    });

    it("are named as not seen where Mooring may not list them", async () => {
      await runPod("web-1");
      cluster.simulator.restrictions.push(({ group, verb }) => group === "cilium.io" && verb === "list");
      try {
        const [unseen] = (await told("closed", onCilium)).filter((each) => each.startsWith("NETWORK_UNSEEN"));

        expect(unseen).toContain("CiliumNetworkPolicy (Mooring may not list it)");
        expect(unseen).toContain("CiliumClusterwideNetworkPolicy (Mooring may not list it)");
      } finally {
        cluster.simulator.restrictions.pop();
      }
    });
  });
});

async function opened(...asked: Parameters<typeof told>): Promise<readonly string[]> {
  return (await told(...asked)).flatMap((each) => each.split("NETWORK_OPEN: ").slice(1));
}

function ciliumPolicy(metadata: { name: string; namespace?: string }, spec: object) {
  const kind = metadata.namespace === undefined ? "CiliumClusterwideNetworkPolicy" : "CiliumNetworkPolicy";
  return { apiVersion: "cilium.io/v2", kind, metadata, spec };
}

function definitionOf(kind: string, plural: string, scope: "Namespaced" | "Cluster"): object {
  const anything = { type: "object", x_kubernetes_preserve_unknown_fields: true };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.cilium.io` },
    spec: {
      ...{ group: "cilium.io", scope },
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [{ name: "v2", served: true, storage: true, schema: { openAPIV3Schema: anything } }],
    },
  };
}
