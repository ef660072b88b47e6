/** What a network policy of a profile opens, read from the object: that of today may be of an earlier request, or of another catalog. */
import { z } from "zod";
import { containsAddress, matchesHost } from "../../domain/profiles/network.ts";
import type { KubernetesObject } from "../../ports/kubernetes.ts";
import { nameOfNamespace, podNamespace } from "./networkPolicy.ts";

const Selector = z.object({ matchLabels: z.record(z.string(), z.string()).default({}) });
const Peer = z.object({ namespaceSelector: Selector.optional(), ipBlock: z.object({ cidr: z.string() }).optional() });
const Peers = z.array(Peer).default([]);
const Endpoints = z.array(Selector).default([]);
const Ports = z.array(z.object({ port: z.union([z.string(), z.int()]), endPort: z.int().optional() })).default([]);

/** Of both kinds: each has its own fields. */
const Rule = z.object({
  from: Peers,
  fromEndpoints: Endpoints,
  to: Peers,
  toEndpoints: Endpoints,
  toCIDRSet: z.array(z.object({ cidr: z.string() })).default([]),
  toFQDNs: z.array(z.object({ matchName: z.string(), matchPattern: z.string() }).partial()).default([]),
  ports: Ports,
  toPorts: z.array(z.object({ ports: Ports })).default([]),
});
type Rule = z.infer<typeof Rule>;

const Policy = z.object({
  spec: z.object({ ingress: z.array(Rule).default([]), egress: z.array(Rule).default([]) }),
});

export interface Opened {
  /** Namespaces whose pods may call. */
  readonly from: readonly string[];
  readonly addresses: readonly string[];
  readonly hosts: readonly string[];
  /** All of it in words, each with its ports. */
  readonly words: readonly string[];
}

/** Undefined for what has another form. */
export function openedBy(policy: KubernetesObject): Opened | undefined {
  const spec = Policy.safeParse(policy).data?.spec;
  if (!spec) return undefined;
  const from = spec.ingress.flatMap((rule) => podsIn(rule.from, rule.fromEndpoints));
  return {
    from: from.filter((name) => name !== ownPods),
    addresses: spec.egress.flatMap(addressesIn),
    hosts: spec.egress.flatMap(hostsIn),
    words: [...from.map((name) => `from ${name}`), ...spec.egress.flatMap(wordsOf)],
  };
}

export function opensAddress({ addresses }: Pick<Opened, "addresses">, address: string): boolean {
  return addresses.some((block) => containsAddress(block, address));
}

export function opensHost({ hosts }: Pick<Opened, "hosts">, host: string): boolean {
  return hosts.some((pattern) => matchesHost(pattern, host));
}

function wordsOf(rule: Rule): readonly string[] {
  const ports = [...rule.ports, ...rule.toPorts.flatMap((each) => each.ports)].map(({ port, endPort }) =>
    endPort === undefined ? String(port) : `${port}-${endPort}`,
  );
  const places = [...podsIn(rule.to, rule.toEndpoints), ...addressesIn(rule), ...hostsIn(rule)];
  return places.flatMap((place) => (ports.length === 0 ? [`to ${place}`] : ports.map((port) => `to ${place} ${port}`)));
}

const ownPods = "its own pods";

/** Whose pods, by namespace. */
function podsIn(peers: Rule["to"], endpoints: Rule["toEndpoints"]): readonly string[] {
  const pods = peers.filter(({ ipBlock }) => ipBlock === undefined);
  return [
    ...pods.map(({ namespaceSelector }) => namespaceSelector?.matchLabels[nameOfNamespace] ?? ownPods),
    ...endpoints.map(({ matchLabels }) => matchLabels[podNamespace] ?? ownPods),
  ];
}

function addressesIn({ to, toCIDRSet }: Rule): readonly string[] {
  return [...to.flatMap(({ ipBlock }) => ipBlock?.cidr ?? []), ...toCIDRSet.map(({ cidr }) => cidr)];
}

function hostsIn({ toFQDNs }: Rule): readonly string[] {
  return toFQDNs.flatMap(({ matchName, matchPattern }) => matchName ?? matchPattern ?? []);
}
