/**
 * Whether a profile's quota and limits leave room for what the namespace has today, and for Mooring's verification Job. A cluster
 * admits a quota below that, and then no pod that starts again.
 */
import { z } from "zod";
import type { Catalog, ClusterTarget } from "../../domain/catalog/catalog.ts";
import { namespaceKey } from "../../domain/naming/names.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { toNotice, toOperationError } from "../../domain/operation/plan.ts";
import { limitItems } from "../../domain/profiles/limits.ts";
import type { Profile } from "../../domain/profiles/profile.ts";
import { canonicalQuantity, milliOf, printMilli } from "../../domain/profiles/quantity.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import type { NamespacedKind } from "../../ports/kubernetes.ts";
import type { Obstacles } from "../definitions/preflight.ts";
import { unlessForbidden } from "../definitions/unlessForbidden.ts";
import { verificationPod } from "../definitions/verificationPod.ts";
import { provableTargets } from "../target/provable.ts";
import { askedByContainer, askedByPod, type Computed, isRunning, type Pod, readPods } from "./podAmounts.ts";

type Looking = Pick<Ports, "kubernetes">;

export interface Checked {
  readonly request: OnboardingRequest & { readonly namespaceProfile: string };
  readonly cluster: ClusterTarget;
}

export async function checkAmounts(
  { catalog, kubernetes }: Pick<Ports, "catalog" | "kubernetes">,
  { request, cluster }: Checked,
  profile: Profile,
): Promise<Obstacles> {
  const { namespace, namespaceProfile } = request;
  const name = `Profile "${namespaceProfile}"`;
  const needsJob = hasJob(catalog, { request, cluster });
  const tooStrict = needsJob ? limitsForJob(profile) : [];
  const blockers = tooStrict.map((what) =>
    toOperationError("PROFILE_TOO_SMALL", `${name} leaves no room for the verification Job: ${what}.`),
  );
  const { quota } = profile;
  if (!quota) return { blockers };
  const pods = readPods(await kubernetes.list(cluster, { apiVersion: "v1", kind: "Pod", namespace }));
  const notices: OperationError[] = [];
  const exceeded: string[] = [];
  const full: string[] = [];
  for (const [counted, hard] of Object.entries(quota)) {
    const used = await usedOf({ kubernetes }, { cluster, namespace, pods }, counted);
    if (used === undefined) {
      const unseen = `Mooring cannot see how much of ${counted} namespace ${namespaceKey(request)} has.`;
      notices.push(toNotice("QUOTA_UNSEEN", unseen));
      continue;
    }
    const most = milliOf(hard) ?? 0n;
    const figures = (amount: bigint) => `${counted} ${canonicalQuantity(hard)}, and ${printMilli(amount, hard)}`;
    if (used > most) exceeded.push(`${figures(used)} is used today`);
    else if (needsJob && used + jobUses(counted) > most) full.push(`${figures(used)} is used without it`);
  }
  if (exceeded.length > 0) {
    const text = `${name} gives namespace ${namespaceKey(request)} less than it uses: ${exceeded.join("; ")}.`;
    blockers.push(toOperationError("PROFILE_TOO_SMALL", text));
  }
  if (full.length > 0) {
    const text = `${name} leaves no room for the verification Job: ${full.join("; ")}.`;
    blockers.push(toOperationError("PROFILE_TOO_SMALL", text));
  }
  return { blockers, notices };
}

/** The Job tries what the request names (application/inspection/verificationJob.ts). */
function hasJob(catalog: Catalog, { request, cluster }: Checked): boolean {
  const { verificationJob } = cluster;
  return verificationJob !== undefined && request.databases.length + provableTargets(catalog, request).length > 0;
}

interface Counting {
  readonly cluster: ClusterTarget;
  readonly namespace: string;
  readonly pods: readonly Pod[];
}

/** In thousandths; undefined if Mooring cannot see it. */
async function usedOf(
  { kubernetes }: Looking,
  { cluster, namespace, pods }: Counting,
  counted: string,
): Promise<bigint | undefined> {
  // Of objects those that have ended count, too; of pods they do not (k8s.io/kubernetes pkg/quota/v1/evaluator/core).
  if (counted === "count/pods") return thousandths(pods.length);
  const running = pods.filter(isRunning);
  if (counted === "pods") return thousandths(running.length);
  const computed = computedBy(counted);
  if (computed) return running.reduce((sum, pod) => sum + askedByPod(pod, computed), 0n);
  return await unlessForbidden(async () => {
    const door = doors[counted];
    if (door) {
      const services = await kubernetes.list(cluster, { apiVersion: "v1", kind: "Service", namespace });
      return thousandths(services.reduce((sum, service) => sum + door(Service.parse(service)), 0));
    }
    const kind = await kindOf({ kubernetes }, cluster, counted);
    return kind && thousandths((await kubernetes.listMetadata(cluster, { ...kind, namespace })).length);
  });
}

function thousandths(count: number): bigint {
  return BigInt(count) * 1000n;
}

const Service = z.object({
  spec: z.object({
    type: z.string().default("ClusterIP"),
    ports: z.array(z.object({ nodePort: z.int().default(0) })).default([]),
  }),
});
type Service = z.infer<typeof Service>;

/** What a quota counts of Services besides themselves. */
const doors: Readonly<Record<string, (service: Service) => number>> = {
  "services.loadbalancers": ({ spec }) => (spec.type === "LoadBalancer" ? 1 : 0),
  "services.nodeports": ({ spec }) => spec.ports.filter(({ nodePort }) => nodePort > 0).length,
};

/** `cpu` is another word for `requests.cpu`. Storage is asked for by claims, and not by pods. */
function computedBy(counted: string): Computed | undefined {
  const [, from = "requests", resource = ""] =
    /^(?:(requests|limits)\.)?(cpu|memory|ephemeral-storage|[^/]+\/.+)$/.exec(counted) ?? [];
  if (resource === "" || counted.startsWith("count/")) return undefined;
  return { from: from === "limits" ? "limits" : "requests", resource };
}

const plain: Readonly<Record<string, NamespacedKind>> = {
  services: { apiVersion: "v1", kind: "Service" },
  secrets: { apiVersion: "v1", kind: "Secret" },
  configmaps: { apiVersion: "v1", kind: "ConfigMap" },
  persistentvolumeclaims: { apiVersion: "v1", kind: "PersistentVolumeClaim" },
  replicationcontrollers: { apiVersion: "v1", kind: "ReplicationController" },
};

/** `count/jobs.batch` is the kind Job of the group batch. Undefined for what is not counted by its objects alone. */
async function kindOf(
  { kubernetes }: Looking,
  cluster: ClusterTarget,
  counted: string,
): Promise<NamespacedKind | undefined> {
  const [, plural = "", group = ""] = /^count\/([a-z0-9-]+)(?:\.(.+))?$/.exec(counted) ?? ["", counted];
  if (group === "" && plain[plural]) return plain[plural];
  if (!counted.startsWith("count/")) return undefined;
  const { kinds } = await kubernetes.namespacedKinds(cluster);
  return kinds.find(({ apiVersion, kind }) => {
    const own = apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
    return own === group && pluralsOf(kind.toLowerCase()).includes(plural);
  });
}

/** As Kubernetes forms them (apimachinery meta.UnsafeGuessKindToResource). */
function pluralsOf(singular: string): readonly string[] {
  return [`${singular}s`, `${singular}es`, singular.replace(/y$/, "ies")];
}

const jobCounts = new Set(["pods", "count/pods", "count/jobs.batch"]);

function jobUses(counted: string): bigint {
  if (jobCounts.has(counted)) return 1000n;
  const computed = computedBy(counted);
  return computed ? askedByContainer(verificationPod, computed) : 0n;
}

/** What of the Job's container the limits refuse. */
function limitsForJob({ limits }: Profile): readonly string[] {
  const { requests, limits: own } = verificationPod.resources;
  return limitItems(limits ?? {}).flatMap((item) => {
    const { type, max = {}, min = {} } = item;
    const over = Object.entries(own).filter(([name, amount]) => isMore(amount, max[name]));
    const under = Object.entries(requests).filter(([name, amount]) => isMore(min[name], amount));
    return [
      ...over.map(([name, amount]) => `it has a limit of ${name} ${amount}, and a ${type} has at most ${max[name]}`),
      ...under.map(([name, amount]) => `it asks for ${name} ${amount}, and a ${type} has to ask for ${min[name]}`),
    ];
  });
}

function isMore(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  return (milliOf(one) ?? 0n) > (milliOf(other) ?? 0n);
}
