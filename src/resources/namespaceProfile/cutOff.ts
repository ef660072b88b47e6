/**
 * What pods of the namespace do today that the profile's network policy would cut off, as far as a cluster shows it: it knows of no
 * connection, but Services, Ingresses and endpoints say some of it. A plan reports that, and what nobody can see; it stops nothing.
 */
import { z } from "zod";
import type { Catalog, ClusterTarget } from "../../domain/catalog/catalog.ts";
import { destinationsOf } from "../../domain/catalog/networkReach.ts";
import { namespaceKey } from "../../domain/naming/names.ts";
import { toNotice } from "../../domain/operation/plan.ts";
import type { Profile } from "../../domain/profiles/profile.ts";
import type { Ports } from "../../ports/index.ts";
import type { Kubernetes } from "../../ports/kubernetes.ts";
import { isMarked, list } from "../definitions/dependants.ts";
import type { Obstacles } from "../definitions/preflight.ts";
import { unlessForbidden } from "../definitions/unlessForbidden.ts";
import { refOf } from "../kubernetesObject/ensureObjects.ts";
import type { Checked } from "./amounts.ts";
import { policiesInAnyMode } from "./objects.ts";
import { findOpenedByOthers } from "./openedByOthers.ts";
import { type Opened, openedBy, opensAddress, opensHost } from "./policyInForce.ts";

const Pod = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({ hostNetwork: z.boolean().default(false) }),
  status: z.object({ phase: z.string().default("") }).prefault({}),
});
const Service = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({ type: z.string().default("ClusterIP"), externalName: z.string().optional() }),
});
const Slice = z.object({
  metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()).default({}) }),
  endpoints: z
    .array(z.object({ addresses: z.array(z.string()).default([]) }))
    .nullish()
    .transform((endpoints) => endpoints ?? []),
});
export async function findCutOff(
  { catalog, kubernetes }: Pick<Ports, "catalog" | "kubernetes">,
  { request, cluster }: Checked,
  { network }: Profile,
): Promise<Obstacles | undefined> {
  if (!network) return undefined;
  const unseen: string[] = [];
  const read = reader(kubernetes, { cluster, namespace: request.namespace, unseen });
  const [pods, byOthers, inForce] = await Promise.all([
    read("v1", "Pod", Pod),
    findOpenedByOthers(kubernetes, { cluster, request }),
    readInForce({ catalog, kubernetes }, { cluster, request }),
  ]);
  const running = pods.filter(({ status }) => !["Succeeded", "Failed"].includes(status.phase));
  if (running.length === 0 || inForce?.closing.length === 0) return undefined;
  const [services, ingresses, slices] = await Promise.all([
    read("v1", "Service", Service),
    read("networking.k8s.io/v1", "Ingress", z.object({ metadata: z.object({ name: z.string() }) })),
    read("discovery.k8s.io/v1", "EndpointSlice", Slice),
  ]);
  const destinations = destinationsOf(catalog, request, network);
  const then = {
    isCalledFromOutside: false,
    isCalled: network.from.length > 0,
    reachesHost: (host: string) => destinations.some((each) => opensHost(each, host)),
    reachesAddress: (address: string) => destinations.some((each) => opensAddress(each, address)),
  };
  const lost = lostBetween(inForce ? reachBy(inForce.opened) : unlimited, then);
  const cut = [
    ...services.flatMap((service) => cutService(service, lost)),
    ...ingresses.flatMap(({ metadata: { name } }) =>
      lost.isCalled ? [`Ingress ${name} lets requests in from outside, and no namespace may call`] : [],
    ),
    ...slices.flatMap((slice) => cutSlice(slice, lost)),
  ];
  const inHost = running.filter(({ spec }) => spec.hostNetwork).map(({ metadata }) => metadata.name);
  const key = namespaceKey(request);
  const notices = [
    ...cut.map((what) => toNotice("NETWORK_CUT_OFF", `In namespace ${key}: ${what}.`)),
    ...byOthers.opened.map((what) => toNotice("NETWORK_OPEN", `${what}: policies add up.`)),
  ];
  const names = list(running.map(({ metadata }) => metadata.name));
  const blind = [
    inForce
      ? `whether running pods (${names}) need what the policy opens today and then no more (${inForce.closing.join(", ")})`
      : `what ${running.length} running pods (${names}) reach beyond that, and which pods of other namespaces call them`,
    ...(inHost.length > 0 ? [`pods on their node's network, to which no policy applies (${list(inHost)})`] : []),
    ...[...unseen, ...byOthers.unseen].map((kind) => `${kind} (Mooring may not list it)`),
  ];
  return { notices: [...notices, toNotice("NETWORK_UNSEEN", `Of namespace ${key}, not seen: ${blind.join("; ")}.`)] };
}

interface Read {
  readonly cluster: ClusterTarget;
  readonly namespace: string;
  readonly unseen: string[];
}

function reader(kubernetes: Pick<Kubernetes, "list">, { cluster, namespace, unseen }: Read) {
  return async <T>(apiVersion: string, kind: string, shape: z.ZodType<T>): Promise<readonly T[]> => {
    const found = await unlessForbidden(() => kubernetes.list(cluster, { apiVersion, kind, namespace }));
    if (!found) unseen.push(kind);
    return (found ?? []).flatMap((each) => shape.safeParse(each).data ?? []);
  };
}

interface InForce {
  readonly opened: Opened;
  /** What it opens and that of the request does not. */
  readonly closing: readonly string[];
}

/** The policy of the namespace's profile of today, if it has one. */
async function readInForce(
  { catalog, kubernetes }: { readonly catalog: Catalog; readonly kubernetes: Pick<Kubernetes, "get"> },
  { cluster, request }: Checked,
): Promise<InForce | undefined> {
  const wanted = policiesInAnyMode(catalog, request);
  const [policy] = wanted;
  const current = policy && (await kubernetes.get(cluster, refOf(policy)));
  const opened = current && isMarked(current.metadata, request) ? openedBy(current) : undefined;
  if (!opened) return undefined;
  const stay = new Set(wanted.flatMap((each) => openedBy(each)?.words ?? []));
  return { opened, closing: opened.words.filter((each) => !stay.has(each)) };
}

/** Who calls the pods, and what they reach. */
interface Reach {
  readonly isCalledFromOutside: boolean;
  readonly isCalled: boolean;
  readonly reachesHost: (host: string) => boolean;
  readonly reachesAddress: (address: string) => boolean;
}

/** Without a policy of a profile. */
const unlimited: Reach = {
  isCalledFromOutside: true,
  isCalled: true,
  reachesHost: () => true,
  reachesAddress: () => true,
};

function reachBy(opened: Opened): Reach {
  return {
    isCalledFromOutside: false,
    isCalled: opened.from.length > 0,
    reachesHost: (host) => opensHost(opened, host),
    reachesAddress: (address) => opensAddress(opened, address),
  };
}

function lostBetween(today: Reach, then: Reach): Reach {
  return {
    isCalledFromOutside: today.isCalledFromOutside && !then.isCalledFromOutside,
    isCalled: today.isCalled && !then.isCalled,
    reachesHost: (host) => today.reachesHost(host) && !then.reachesHost(host),
    reachesAddress: (address) => today.reachesAddress(address) && !then.reachesAddress(address),
  };
}

function cutService({ metadata: { name }, spec }: z.infer<typeof Service>, lost: Reach): readonly string[] {
  const { type, externalName } = spec;
  if (type === "LoadBalancer" || type === "NodePort") {
    if (!lost.isCalledFromOutside) return [];
    return [`Service ${name} is called from outside the cluster (${type}), which the policy does not let in`];
  }
  if (externalName === undefined || !lost.reachesHost(externalName)) return [];
  return [`Service ${name} stands for ${externalName}, which the policy does not open`];
}

/** Those of a Service without a selector: somebody wrote where pods find it. */
function cutSlice({ metadata: { name, labels }, endpoints }: z.infer<typeof Slice>, lost: Reach): readonly string[] {
  if (labels["endpointslice.kubernetes.io/managed-by"] === "endpointslice-controller.k8s.io") return [];
  const closed = endpoints.flatMap(({ addresses }) => addresses).filter(lost.reachesAddress);
  const service = labels["kubernetes.io/service-name"] ?? name;
  return closed.length === 0
    ? []
    : [`Service ${service} has endpoints that the policy does not open (${list(closed)})`];
}
