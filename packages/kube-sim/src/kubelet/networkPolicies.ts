/**
 * What a pod may connect to by the NetworkPolicies of its namespace. Policies add up; a pod that none selects for egress may connect to
 * everything. Peers that are pods count for nothing, since pods have no addresses of their own here.
 */
import { z } from "zod";
import type { KubernetesApi } from "../cluster/api.ts";
import type { Pod } from "./pod.ts";

/** To addresses, on ports; without either, to all. */
export interface Opening {
  readonly blocks?: readonly { readonly cidr: string; readonly except: readonly string[] }[];
  readonly ports?: readonly { readonly from: number; readonly to: number }[];
}

const Labels = z.record(z.string(), z.string()).default({});
const Selector = z.object({ matchLabels: Labels, matchExpressions: z.array(z.unknown()).default([]) });
const Peer = z.object({
  ipBlock: z.object({ cidr: z.string(), except: z.array(z.string()).default([]) }).optional(),
});
const Port = z.object({ protocol: z.string().default("TCP"), port: z.int().optional(), endPort: z.int().optional() });
const Policies = z.object({
  items: z.array(
    z.object({
      spec: z.object({
        podSelector: Selector.prefault({}),
        policyTypes: z.array(z.string()).default([]),
        egress: z.array(z.object({ to: z.array(Peer).default([]), ports: z.array(Port).default([]) })).default([]),
      }),
    }),
  ),
});

/** Undefined where nothing limits the pod. */
export async function egressOf(api: KubernetesApi, pod: Pod): Promise<readonly Opening[] | undefined> {
  const { namespace, labels } = pod.metadata;
  const found = await api.get(`/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`);
  const policies = Policies.parse(found ?? { items: [] }).items.filter(
    ({ spec }) => spec.policyTypes.includes("Egress") && selects(spec.podSelector, labels),
  );
  if (policies.length === 0) return undefined;
  return policies.flatMap(({ spec }) =>
    spec.egress.flatMap(({ to, ports }): readonly Opening[] => {
      const blocks = to.flatMap(({ ipBlock }) => ipBlock ?? []);
      const tcp = ports.filter(({ protocol }) => protocol === "TCP");
      if ((to.length > 0 && blocks.length === 0) || (ports.length > 0 && tcp.length === 0)) return [];
      const ranges = tcp.flatMap(({ port, endPort }) =>
        port === undefined ? [] : [{ from: port, to: endPort ?? port }],
      );
      return [{ ...(to.length > 0 ? { blocks } : {}), ...(ports.length > 0 ? { ports: ranges } : {}) }];
    }),
  );
}

/** A selector with expressions counts as one that selects: to hold too much shows, to hold too little does not. */
function selects({ matchLabels }: z.infer<typeof Selector>, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(matchLabels).every(([name, value]) => labels[name] === value);
}
