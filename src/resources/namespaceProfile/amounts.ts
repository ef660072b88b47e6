/**
 * Whether a profile's quota and limits leave room for what the namespace has today, and for Mooring's verification Job. A cluster
 * admits a quota below that, and then no pod that starts again.
 */
import { z } from "zod";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { PermanentError } from "../../domain/errors.ts";
import { berthKey } from "../../domain/naming/names.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { toNotice, toOperationError } from "../../domain/operation/plan.ts";
import { limitItems } from "../../domain/profiles/limits.ts";
import type { Profile } from "../../domain/profiles/profile.ts";
import { canonicalQuantity, milliOf, printMilli } from "../../domain/profiles/quantity.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import type { NamespacedKind } from "../../ports/kubernetes.ts";
import type { Obstacles } from "../definitions/preflight.ts";
import { verificationPod } from "../definitions/verificationPod.ts";

type Looking = Pick<Ports, "kubernetes">;

interface Checked {
  readonly request: OnboardingRequest & { readonly namespaceProfile: string };
  readonly cluster: ClusterTarget;
}

const Amounts = z.record(z.string(), z.union([z.string(), z.number()])).default({});
const Container = z.object({
  name: z.string().default(""),
  resources: z.object({ requests: Amounts, limits: Amounts }).partial().default({}),
});
const Pod = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({ containers: z.array(Container).default([]) }),
  status: z.object({ phase: z.string().default("") }).prefault({}),
});
type Pod = z.infer<typeof Pod>;

export async function checkAmounts(
  { kubernetes }: Looking,
  { request, cluster }: Checked,
  profile: Profile,
): Promise<Obstacles> {
  const { namespace, namespaceProfile } = request;
  const name = `Profile "${namespaceProfile}"`;
  const needsJob = cluster.verificationJob !== undefined && request.databases.length > 0;
  const tooStrict = needsJob ? limitsForJob(profile) : [];
  const blockers = tooStrict.map((what) =>
    toOperationError("PROFILE_TOO_SMALL", `${name} leaves no room for the verification Job: ${what}.`),
  );
  const { quota } = profile;
  if (!quota) return { blockers };
  const listed = await kubernetes.list(cluster, { apiVersion: "v1", kind: "Pod", namespace });
  const pods = listed
    .flatMap((each) => Pod.safeParse(each).data ?? [])
    .filter(({ status }) => !["Succeeded", "Failed"].includes(status.phase));
  const notices: OperationError[] = [];
  const exceeded: string[] = [];
  const full: string[] = [];
  for (const [counted, hard] of Object.entries(quota)) {
    const used = await usedOf({ kubernetes }, { cluster, namespace, pods }, counted);
    if (used === undefined) {
      const unseen = `Mooring cannot see how much of ${counted} namespace ${berthKey(request)} has.`;
      notices.push(toNotice("QUOTA_UNSEEN", unseen));
      continue;
    }
    const most = milliOf(hard) ?? 0n;
    const figures = (amount: bigint) => `${counted} ${canonicalQuantity(hard)}, and ${printMilli(amount, hard)}`;
    if (used > most) exceeded.push(`${figures(used)} is used today`);
    else if (needsJob && used + jobUses(counted) > most) full.push(`${figures(used)} is used without it`);
  }
  if (exceeded.length > 0) {
    const text = `${name} gives namespace ${berthKey(request)} less than it uses: ${exceeded.join("; ")}.`;
    blockers.push(toOperationError("PROFILE_TOO_SMALL", text));
  }
  if (full.length > 0) {
    const text = `${name} leaves no room for the verification Job: ${full.join("; ")}.`;
    blockers.push(toOperationError("PROFILE_TOO_SMALL", text));
  }
  return { blockers, notices };
}

/** In thousandths; undefined if Mooring cannot see it. */
async function usedOf(
  { kubernetes }: Looking,
  {
    cluster,
    namespace,
    pods,
  }: { readonly cluster: ClusterTarget; readonly namespace: string; readonly pods: readonly Pod[] },
  counted: string,
): Promise<bigint | undefined> {
  if (["pods", "count/pods"].includes(counted)) return BigInt(pods.length) * 1000n;
  const computed = computedBy(counted);
  if (computed) return pods.reduce((sum, pod) => sum + askedBy(pod.spec.containers, computed), 0n);
  try {
    const kind = await kindOf({ kubernetes }, cluster, counted);
    if (!kind) return undefined;
    return BigInt((await kubernetes.listMetadata(cluster, { ...kind, namespace })).length) * 1000n;
  } catch (error) {
    if (error instanceof PermanentError && error.code === "KUBERNETES_FORBIDDEN") return undefined;
    throw error;
  }
}

interface Computed {
  readonly from: "requests" | "limits";
  readonly resource: string;
}

/** `cpu` is another word for `requests.cpu`. Storage is asked for by claims, and not by pods. */
function computedBy(counted: string): Computed | undefined {
  const [, from = "requests", resource = ""] =
    /^(?:(requests|limits)\.)?(cpu|memory|ephemeral-storage|[^/]+\/.+)$/.exec(counted) ?? [];
  if (resource === "" || counted.startsWith("count/")) return undefined;
  return { from: from === "limits" ? "limits" : "requests", resource };
}

/** Whoever says only a limit asks for as much. */
function askedBy(containers: Pod["spec"]["containers"], { from, resource }: Computed): bigint {
  return containers.reduce((sum, { resources: { requests = {}, limits = {} } }) => {
    const amount = from === "limits" ? limits[resource] : (requests[resource] ?? limits[resource]);
    return sum + (amount === undefined ? 0n : (milliOf(amount) ?? 0n));
  }, 0n);
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
  return computed ? askedBy([{ name: "verify", resources: verificationPod.resources }], computed) : 0n;
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
