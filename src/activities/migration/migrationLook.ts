/** What a migration finds and would do: answers a dry run, and is the inventory that comes first. */
import { z } from "zod";
import { findCluster, findClusterFor } from "../../domain/catalog/clusters.ts";
import { describeFinding, isError } from "../../domain/finding.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import { isPast, type Migration, migrated } from "../../domain/operation/migration.ts";
import { type Conflict, type Plan, type StepPlan, toPlan, toStepPlan } from "../../domain/operation/plan.ts";
import { plannedSteps } from "../../domain/operation/steps.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports.ts";
import { inspectNamespace } from "../inspection/inspection.ts";
import { expectSameNamespace } from "../operation/sameNamespace.ts";
import { dependantsOfPodIdentity, withDependants } from "../plan/dependants.ts";
import { explain } from "../plan/looks.ts";
import { checkWorkloadIdentity } from "../plan/preflightLook.ts";
import { planCredential } from "../resources/federatedCredential.ts";
import { planObjectRemoval } from "../resources/objectPlan.ts";
import { podIdentityRefs } from "../resources/podIdentity.ts";
import { planServiceAccount } from "../resources/serviceAccount.ts";

export interface MigrationLook {
  readonly operation: string;
  readonly request: OnboardingRequest;
  readonly migration: Migration;
  readonly clientId: string;
}

export async function lookAtMigration(
  ports: Ports,
  look: MigrationLook,
): Promise<{ plan: Plan; pods: readonly string[] }> {
  const { request, migration, operation, clientId } = look;
  const target = migrated(request, migration);
  const pods = await podsOfSelector(ports, { ...request, ...migration });
  const looks: Record<string, () => Promise<StepPlan> | StepPlan> = {
    takeInventory: () => lookAtNamespace(ports, look, pods),
    applyServiceAccount: () => planServiceAccount(ports, { ...target, operation, identity: { clientId } }),
    federateIdentity: async () => (await planCredential(ports, target)).plan,
    cutOver: () => planCutOver(request),
    checkPods: async () => {
      const conflict = podsInTheWay(request, pods);
      const plan = toStepPlan({ name: "checkPods", target: berthKey(request) }, { action: "none", conflict });
      return withDependants(plan, [await dependantsOfPodIdentity(ports, request)], false);
    },
    removePodIdentity: () => planRetirement(ports, request),
  };
  const steps = await Promise.all(
    plannedSteps("migrate", request, { migration }).map((step) =>
      explain(step, async () => (await looks[step.name]?.()) ?? toStepPlan(step, { action: "none" })),
    ),
  );
  return { plan: toPlan(steps), pods };
}

/** The old way has to be whole, and the cluster ready for the new one. */
async function lookAtNamespace(
  ports: Ports,
  { request, migration, clientId }: MigrationLook,
  pods: readonly string[],
): Promise<StepPlan> {
  const cluster = findClusterFor(ports.catalog, request.cluster, "workloadIdentity");
  const [findings] = await Promise.all([
    inspectNamespace(ports, { request, clientId, isMigrating: true }),
    checkWorkloadIdentity(ports.kubernetes, cluster),
    expectSameNamespace(ports, request),
  ]);
  const errors = findings.filter(isError);
  const conflict: Conflict | undefined =
    errors.length === 0
      ? undefined
      : {
          code: "VERIFICATION_FAILED",
          message: `Repair the namespace before it migrates. ${errors.map(describeFinding).join(" ")}`,
        };
  const how = isPast(migration.completed, "cutOver") ? "to be deployed anew by now" : "to be deployed anew";
  const differences = pods.map((pod) => ({ field: `pod ${pod}`, current: "uses pod identity", desired: how }));
  return toStepPlan(
    { name: "takeInventory", target: berthKey(request) },
    { action: "none", differences, ...(conflict ? { conflict } : {}) },
  );
}

export function planCutOver(request: OnboardingRequest): StepPlan {
  const step = { name: "cutOver", target: berthKey(request) };
  if (request.identityMode === "workloadIdentity") return toStepPlan(step, { action: "none" });
  const difference = { field: "identityMode", current: "podIdentity", desired: "workloadIdentity" };
  return toStepPlan(step, { action: "update", differences: [difference] });
}

async function planRetirement(
  { catalog, kubernetes }: Ports,
  { cluster, namespace }: OnboardingRequest,
): Promise<StepPlan> {
  const berth = { cluster, namespace };
  const step = { name: "removePodIdentity", target: berthKey(berth) };
  const refs = podIdentityRefs(berth);
  return await planObjectRemoval(kubernetes, findCluster(catalog, cluster), refs, { ...berth, step });
}

const PodPhase = z.object({ status: z.object({ phase: z.string().default("Pending") }).prefault({}) });

/** Names of pods that have, or are about to get, the identity by their label. A pod that has ended needs none. */
export async function podsOfSelector(
  { catalog, kubernetes }: Pick<Ports, "catalog" | "kubernetes">,
  { cluster, namespace, selector }: Berth & { selector: string },
): Promise<readonly string[]> {
  const labelSelector = `aadpodidbinding=${selector}`;
  const query = { apiVersion: "v1", kind: "Pod", namespace, labelSelector };
  const pods = await kubernetes.list(findCluster(catalog, cluster), query);
  return pods
    .filter((pod) => !["Succeeded", "Failed"].includes(PodPhase.safeParse(pod).data?.status.phase ?? ""))
    .map(({ metadata }) => metadata.name)
    .toSorted();
}

const mostNamed = 10;

export function podsInTheWay(berth: Berth, pods: readonly string[]): Conflict | undefined {
  if (pods.length === 0) return undefined;
  const more = pods.length > mostNamed ? ` and ${pods.length - mostNamed} more` : "";
  const message = `${pods.length} pod(s) of ${berthKey(berth)} still use pod identity: ${pods.slice(0, mostNamed).join(", ")}${more}.`;
  return { code: "PODS_STILL_USE_POD_IDENTITY", message };
}
