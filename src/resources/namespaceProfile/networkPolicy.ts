/** The network policy of a profile: as a NetworkPolicy, or as Cilium's, which also knows names. */
import { containsAddress, type Network } from "../../domain/profiles/network.ts";
import { type Destination, imds, type Ports } from "../../domain/targets/reach.ts";

interface Policy {
  readonly network: Network;
  readonly destinations: readonly Destination[];
}

/** Where LocalDNS answers, an agent on each node (learn.microsoft.com "LocalDNS in AKS"). */
const localDns = "169.254.10.0/24";

export const nameOfNamespace = "kubernetes.io/metadata.name";
const everyPod = { podSelector: {} };

/** Policies only ever open: one that selects every pod, and names both directions, closes all that no policy opens. */
export function networkPolicySpec({ network, destinations }: Policy) {
  const { within, from, to } = network;
  const ofNamespace = (name: string) => ({ namespaceSelector: { matchLabels: { [nameOfNamespace]: name } } });
  const callers = [...(within ? [everyPod] : []), ...from.map(ofNamespace)];
  const called = [...(within ? [everyPod] : []), ...to.map(ofNamespace)];
  const dns = {
    to: [
      {
        namespaceSelector: { matchLabels: { [nameOfNamespace]: "kube-system" } },
        podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
      },
      { ipBlock: { cidr: localDns } },
    ],
    ports: [
      { protocol: "UDP", port: 53 },
      { protocol: "TCP", port: 53 },
    ],
  };
  return {
    podSelector: {},
    policyTypes: ["Ingress", "Egress"],
    ingress: callers.length > 0 ? [{ from: callers }] : [],
    egress: [
      dns,
      ...(called.length > 0 ? [{ to: called }] : []),
      ...destinations
        .filter(({ addresses }) => addresses.length > 0)
        .map(({ addresses, ports }) => ({
          to: addresses.map((cidr) => ({ ipBlock: blockOf(cidr) })),
          ports: ports.map(portOf),
        })),
    ],
  };
}

function portOf({ from, to }: Ports) {
  return { protocol: "TCP", port: from, ...(to > from ? { endPort: to } : {}) };
}

/** Whatever block the catalog names, the metadata service is not in it. */
function blockOf(cidr: string) {
  return { cidr, ...(containsAddress(cidr, imds) ? { except: [`${imds}/32`] } : {}) };
}

export const podNamespace = "k8s:io.kubernetes.pod.namespace";

/** A rule has one kind of peer each (docs.cilium.io "Layer 3 Policies"); a rule without any closes what no other opens. */
export function ciliumPolicySpec({ network, destinations }: Policy) {
  const { within, from, to } = network;
  const ofNamespace = (name: string) => ({ matchLabels: { [podNamespace]: name } });
  const callers = [...(within ? [{}] : []), ...from.map(ofNamespace)];
  const called = [...(within ? [{}] : []), ...to.map(ofNamespace)];
  // Without rules for DNS, Cilium's proxy sees no answers, and no name has an address.
  const seenDns = [{ ports: [{ port: "53", protocol: "ANY" }], rules: { dns: [{ matchPattern: "*" }] } }];
  return {
    endpointSelector: {},
    ingress: callers.length > 0 ? [{ fromEndpoints: callers }] : [{}],
    egress: [
      {
        toEndpoints: [{ matchLabels: { [podNamespace]: "kube-system", "k8s:k8s-app": "kube-dns" } }],
        toPorts: seenDns,
      },
      { toCIDR: [localDns], toPorts: seenDns },
      { toEntities: ["host"], toPorts: seenDns },
      ...(called.length > 0 ? [{ toEndpoints: called }] : []),
      ...destinations.flatMap(({ hosts, addresses, ports }) => {
        const toPorts = [{ ports: ports.map(ciliumPortOf) }];
        return [
          ...(hosts.length > 0 ? [{ toFQDNs: hosts.map(nameOf), toPorts }] : []),
          ...(addresses.length > 0 ? [{ toCIDRSet: addresses.map(blockOf), toPorts }] : []),
        ];
      }),
    ],
    egressDeny: [{ toCIDR: [`${imds}/32`] }],
  };
}

function nameOf(host: string) {
  return host.includes("*") ? { matchPattern: host } : { matchName: host };
}

function ciliumPortOf({ from, to }: Ports) {
  return { port: String(from), ...(to > from ? { endPort: to } : {}), protocol: "TCP" };
}
