/**
 * Which network policies of others open everything for pods of the namespace, and which kinds of policies Mooring may not list.
 * Kubernetes' own count in every cluster, Cilium's where the catalog says that the cluster has them.
 */
import { z } from "zod";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { managingClusterIdOf } from "../../domain/catalog/clusters.ts";
import { namespaceKey } from "../../domain/naming/names.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Kubernetes, KubernetesObject } from "../../ports/kubernetes.ts";
import { isMarked } from "../definitions/dependants.ts";
import { unlessForbidden } from "../definitions/unlessForbidden.ts";
import { isManagedByArm } from "../kubernetesObject/managedByArm.ts";

interface Asked {
  readonly cluster: ClusterTarget;
  readonly request: OnboardingRequest;
}

export interface OpenedByOthers {
  /** One sentence for each policy, without its full stop. */
  readonly opened: readonly string[];
  readonly unseen: readonly string[];
}

export async function findOpenedByOthers(
  kubernetes: Pick<Kubernetes, "list">,
  { cluster, request }: Asked,
): Promise<OpenedByOthers> {
  const kinds = [ofKubernetes, ...(cluster.network.policies === "cilium" ? [ofCilium, ofWholeCluster] : [])];
  const found = await Promise.all(kinds.map((kind) => readOpening(kubernetes, { cluster, request }, kind)));
  return {
    opened: found.flatMap((opened) => opened ?? []),
    unseen: kinds.flatMap(({ kind }, index) => (found[index] ? [] : [kind])),
  };
}

interface PolicyKind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly isOfCluster?: boolean;
  /** What the policy opens for pods of the namespace, in words; undefined if it leaves something closed. */
  opens(policy: KubernetesObject, namespace: string): string | undefined;
}

/** Undefined if Mooring may not list them. */
async function readOpening(
  kubernetes: Pick<Kubernetes, "list">,
  { cluster, request }: Asked,
  { apiVersion, kind, isOfCluster = false, opens }: PolicyKind,
): Promise<readonly string[] | undefined> {
  const within = isOfCluster ? {} : { namespace: request.namespace };
  const found = await unlessForbidden(() => kubernetes.list(cluster, { apiVersion, kind, ...within }));
  // What Azure opens by default, the profile closes there (domain/profiles/managed.ts).
  const isReplaced = (each: KubernetesObject) => managingClusterIdOf(cluster) !== undefined && isManagedByArm(each);
  const where = isOfCluster ? `of cluster ${cluster.alias}` : `in namespace ${namespaceKey(request)}`;
  return found
    ?.filter((each) => !isMarked(each.metadata, request) && !isReplaced(each))
    .flatMap((policy) => {
      const what = opens(policy, request.namespace);
      return what === undefined ? [] : [`${kind} ${policy.metadata.name} ${where} opens ${what}`];
    });
}

const everything = "every destination";
const everyBlock = /^(0\.0\.0\.0|::)\/0$/;

const Block = z.object({ cidr: z.string(), except: z.array(z.string()).default([]) });
const isEveryAddress = ({ cidr, except }: z.infer<typeof Block>) => everyBlock.test(cidr) && except.length === 0;

const KubernetesPolicy = z.object({
  spec: z.object({
    egress: z.array(z.object({ to: z.array(z.object({ ipBlock: Block.optional() })).default([]) })).default([]),
  }),
});

const ofKubernetes: PolicyKind = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  opens(policy) {
    const rules = KubernetesPolicy.safeParse(policy).data?.spec.egress ?? [];
    if (rules.some(({ to }) => to.length === 0)) return everything;
    const blocks = rules.flatMap(({ to }) => to.flatMap(({ ipBlock }) => ipBlock ?? []));
    return blocks.some(isEveryAddress) ? "every address" : undefined;
  },
};

const CiliumRule = z.looseObject({
  toEntities: z.array(z.string()).default([]),
  toCIDR: z.array(z.string()).default([]),
  toCIDRSet: z.array(z.object({ cidr: z.string().default(""), except: z.array(z.string()).default([]) })).default([]),
  toFQDNs: z.array(z.object({ matchPattern: z.string().optional() })).default([]),
  toPorts: z.array(z.unknown()).default([]),
});
const CiliumSpec = z.object({
  endpointSelector: z.object({ matchLabels: z.record(z.string(), z.string()).default({}) }).optional(),
  egress: z.array(CiliumRule).default([]),
});
const CiliumPolicy = z.object({ spec: CiliumSpec.optional(), specs: z.array(CiliumSpec).default([]) });

const ofCilium: PolicyKind = {
  apiVersion: "cilium.io/v2",
  kind: "CiliumNetworkPolicy",
  opens: (policy) => openedByRules(specsOf(policy).flatMap(({ egress }) => egress)),
};

const ofWholeCluster: PolicyKind = {
  apiVersion: "cilium.io/v2",
  kind: "CiliumClusterwideNetworkPolicy",
  isOfCluster: true,
  opens: (policy, namespace) =>
    openedByRules(
      specsOf(policy)
        .filter((spec) => maySelect(spec, namespace))
        .flatMap(({ egress }) => egress),
    ),
};

function specsOf(policy: KubernetesObject): readonly z.infer<typeof CiliumSpec>[] {
  const { spec, specs = [] } = CiliumPolicy.safeParse(policy).data ?? {};
  return spec ? [spec, ...specs] : specs;
}

/** Without an endpoint selector it selects nodes. Other labels than the namespace may be those of its pods. */
function maySelect({ endpointSelector }: z.infer<typeof CiliumSpec>, namespace: string): boolean {
  const asked = Object.entries(endpointSelector?.matchLabels ?? {}).filter(([label]) =>
    /^((k8s|any)[:.])?io\.kubernetes\.pod\.namespace$/.test(label),
  );
  return endpointSelector !== undefined && asked.every(([, value]) => value === namespace);
}

function openedByRules(rules: readonly z.infer<typeof CiliumRule>[]): string | undefined {
  const entities = rules.flatMap(({ toEntities }) => toEntities);
  if (entities.includes("all") || rules.some(opensPortsEverywhere)) return everything;
  const opensBlock = rules.some(
    ({ toCIDR, toCIDRSet }) => toCIDR.some((cidr) => everyBlock.test(cidr)) || toCIDRSet.some(isEveryAddress),
  );
  if (entities.includes("world") || opensBlock) return "every address outside the cluster";
  return rules.some(({ toFQDNs }) => toFQDNs.some(({ matchPattern }) => matchPattern === "*"))
    ? "every name"
    : undefined;
}

/** Unlike Kubernetes' own, a rule that says nothing opens nothing: one of ports alone opens these everywhere. */
function opensPortsEverywhere({ toPorts, ...rule }: z.infer<typeof CiliumRule>): boolean {
  const places = Object.entries(rule).filter(([field]) => field.startsWith("to"));
  return toPorts.length > 0 && places.every(([, value]) => Array.isArray(value) && value.length === 0);
}
