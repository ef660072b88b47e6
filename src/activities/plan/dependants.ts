/**
 * Who else depends on what an offboarding takes away. Seen before the first removal; the caller may go on deliberately, and
 * is told then what goes. Looked at once: what somebody adds while the offboarding runs goes with the rest.
 */
import { z } from "zod";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { findCluster, identityRef } from "../../domain/catalog/targets.ts";
import { type PermanentCode, PermanentError } from "../../domain/errors.ts";
import {
  type Berth,
  berthKey,
  bindingName,
  federatedCredentialName,
  federatedSubject,
  identityName,
} from "../../domain/naming/names.ts";
import { adoptedBy, readMetadata } from "../../domain/naming/ownership.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { type StepPlan, toNotice, toOperationError } from "../../domain/operation/plan.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { FederatedCredential, KubernetesObject, ManagedIdentity, Ports } from "../../ports.ts";
import { podIdentityApi } from "../resources/podIdentity.ts";

export interface Dependants {
  readonly blockers: readonly OperationError[];
  /** What could not be looked at. */
  readonly notices: readonly OperationError[];
}

/** The plan with what stands in its way; what the caller has chosen to ignore is told all the same. */
export function withDependants(plan: StepPlan, found: readonly Dependants[], isIgnored: boolean): StepPlan {
  const dependants = found.flatMap(({ blockers }) => blockers);
  const unknown = found.flatMap(({ notices }) => notices);
  const blockers = [...plan.blockers, ...(isIgnored ? [] : dependants)];
  const notices = [...(plan.notices ?? []), ...unknown, ...(isIgnored ? dependants : [])];
  const action = blockers.length > plan.blockers.length ? "conflict" : plan.action;
  return { ...plan, action, blockers, ...(notices.length > 0 ? { notices } : {}) };
}

/** Of the identity, which takes its credentials and the roles that it was given along. */
export async function dependantsOfIdentity(
  ports: Ports,
  request: OnboardingRequest,
  identity: ManagedIdentity,
): Promise<readonly Dependants[]> {
  const cluster = findCluster(ports.catalog, request.cluster);
  return await Promise.all([
    readable(() => foreignCredentials(ports, cluster, request)),
    readable(() => rolesGiven(ports, cluster, identity)),
    readable(() => foreignAccounts(ports, cluster, { request, identity })),
  ]);
}

async function foreignCredentials(
  { identities }: Pick<Ports, "identities">,
  cluster: ClusterTarget,
  request: OnboardingRequest,
): Promise<readonly OperationError[]> {
  const current = await identities.federatedCredentials(identityRef(cluster, request));
  const foreign = current.filter((each) => !isOurs(each, { cluster, request }));
  if (foreign.length === 0) return [];
  const names = list(foreign.map(({ name, subject, issuer }) => `"${name}" (${subject} from ${issuer})`));
  const message = `Identity ${identityName(request)} has federated credentials of others: ${names}.`;
  return [toOperationError("IDENTITY_FEDERATED_BY_OTHERS", message)];
}

/** By the name that only Mooring gives, or for the very account that the request names: that is this namespace's access. */
function isOurs(
  { name, issuer, subject }: FederatedCredential,
  { cluster, request }: { cluster: ClusterTarget; request: OnboardingRequest },
): boolean {
  const account = subject.split(":").at(-1) ?? "";
  if (name === federatedCredentialName(request, account)) return true;
  return issuer === cluster.oidcIssuer && subject === federatedSubject(request.namespace, request.serviceAccount);
}

/** Mooring gives its identities no roles in Azure, so whatever they have was given by somebody else. */
async function rolesGiven(
  { roleAssignments }: Pick<Ports, "roleAssignments">,
  cluster: ClusterTarget,
  { principalId, name }: ManagedIdentity,
): Promise<readonly OperationError[]> {
  const given = await roleAssignments.givenTo(principalId, cluster);
  if (given.length === 0) return [];
  const roles = given.map(({ roleDefinitionId, scope }) => `${roleDefinitionId.split("/").at(-1)} at ${scope}`);
  const message = `Identity ${name} was given roles in Azure by somebody else: ${list(roles)}.`;
  const ids = given.map(({ id }) => id).join(" ");
  const fix = `az role assignment delete --ids ${ids}`;
  return [toOperationError("IDENTITY_HAS_ROLES", message, given.length > mostTold ? undefined : fix)];
}

const clientIdAnnotation = "azure.workload.identity/client-id";

async function foreignAccounts(
  { kubernetes }: Pick<Ports, "kubernetes">,
  cluster: ClusterTarget,
  { request, identity: { name, clientId } }: { request: OnboardingRequest; identity: ManagedIdentity },
): Promise<readonly OperationError[]> {
  const accounts = await kubernetes.list(cluster, { apiVersion: "v1", kind: "ServiceAccount" });
  const foreign = accounts.filter(({ metadata }) => {
    if (metadata.annotations?.[clientIdAnnotation]?.toLowerCase() !== clientId.toLowerCase()) return false;
    const isOwn = metadata.namespace === request.namespace && metadata.name === request.serviceAccount;
    return !isOwn && !isMarked(metadata, request);
  });
  if (foreign.length === 0) return [];
  const names = list(foreign.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
  const message = `Service accounts of others are annotated with the client id of identity ${name}: ${names}.`;
  return [toOperationError("IDENTITY_USED_BY_OTHERS", message)];
}

const Binding = z.object({ spec: z.object({ azureIdentity: z.string(), selector: z.string().default("") }) });

/** Of the AzureIdentity: aad-pod-identity looks it up in the binding's own namespace, so only that one counts. */
export async function dependantsOfPodIdentity(
  ports: Pick<Ports, "catalog" | "kubernetes">,
  request: Berth,
): Promise<Dependants> {
  const { namespace } = request;
  const cluster = findCluster(ports.catalog, request.cluster);
  return await readable(async () => {
    const kind = "AzureIdentityBinding";
    const bindings = await ports.kubernetes.list(cluster, { apiVersion: podIdentityApi, kind, namespace });
    const foreign = bindings.filter((binding) => {
      const isOther = binding.metadata.name !== bindingName(request) && !isMarked(binding.metadata, request);
      return isOther && Binding.safeParse(binding).data?.spec.azureIdentity === identityName(request);
    });
    if (foreign.length === 0) return [];
    const names = list(
      foreign.map((each) => `${each.metadata.name} (selector ${Binding.safeParse(each).data?.spec.selector})`),
    );
    const message = `AzureIdentityBindings of others in ${berthKey(request)} give identity ${identityName(request)} to pods: ${names}.`;
    return [toOperationError("IDENTITY_BOUND_BY_OTHERS", message)];
  });
}

/** What runs, and what holds data. ConfigMaps and the like that nothing runs with are nobody's loss. */
const kindsOfWork: readonly { apiVersion: string; kind: string }[] = [
  { apiVersion: "apps/v1", kind: "Deployment" },
  { apiVersion: "apps/v1", kind: "StatefulSet" },
  { apiVersion: "apps/v1", kind: "DaemonSet" },
  { apiVersion: "batch/v1", kind: "CronJob" },
  { apiVersion: "batch/v1", kind: "Job" },
  { apiVersion: "v1", kind: "PersistentVolumeClaim" },
  { apiVersion: "v1", kind: "Pod" },
];

/** Of the namespace, which takes everything in it along. */
export async function dependantsOfNamespace(ports: Ports, request: OnboardingRequest): Promise<Dependants> {
  const { namespace } = request;
  const cluster = findCluster(ports.catalog, request.cluster);
  return await readable(async () => {
    const found = await Promise.all(kindsOfWork.map((kind) => ports.kubernetes.list(cluster, { ...kind, namespace })));
    const foreign = found.flat().filter((object) => isAtWork(object) && !isMarked(object.metadata, request));
    if (foreign.length === 0) return [];
    const names = list(foreign.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
    const message = `Namespace ${berthKey(request)} would be deleted with what others have in it: ${names}.`;
    return [toOperationError("NAMESPACE_IN_USE", message)];
  });
}

const Work = z.object({
  metadata: z.object({ ownerReferences: z.array(z.object({ controller: z.boolean().optional() })).default([]) }),
  status: z.object({ phase: z.string(), completionTime: z.string(), failed: z.number() }).partial().default({}),
  spec: z.object({ backoffLimit: z.number() }).partial().default({}),
});

/** What is over, on its way out, or another object's to run is nobody's own. */
function isAtWork(object: KubernetesObject): boolean {
  if (object.metadata.deletionTimestamp !== undefined) return false;
  const { data } = Work.safeParse(object);
  if (!data) return true;
  if (data.metadata.ownerReferences.some(({ controller }) => controller)) return false;
  const { phase, completionTime, failed = 0 } = data.status;
  if (object.kind === "Pod") return phase !== "Succeeded" && phase !== "Failed";
  if (object.kind === "Job") return completionTime === undefined && failed <= (data.spec.backoffLimit ?? 6);
  return true;
}

function isMarked(metadata: KubernetesObject["metadata"], berth: Berth): boolean {
  const key = berthKey(berth);
  return readMetadata(metadata)?.berth === key || adoptedBy(metadata)?.berth === key;
}

const cannotTell: ReadonlySet<PermanentCode> = new Set(["ARM_FORBIDDEN", "KUBERNETES_FORBIDDEN"]);

/** What Mooring may not read is told, and not in the way: it could not be found out by waiting. */
async function readable(look: () => Promise<readonly OperationError[]>): Promise<Dependants> {
  try {
    return { blockers: await look(), notices: [] };
  } catch (error) {
    if (!(error instanceof PermanentError) || !cannotTell.has(error.code)) throw error;
    return { blockers: [], notices: [toNotice("DEPENDANTS_UNKNOWN", error.message)] };
  }
}

const mostTold = 10;

function list(names: readonly string[]): string {
  const more = names.length - mostTold;
  return names.slice(0, mostTold).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
