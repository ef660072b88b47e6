/** What a migration finds and would do: the answer to a dry run, and the inventory that a migration begins with. */
import { findClusterFor } from "../../domain/catalog/clusters.ts";
import { describeFinding, isError } from "../../domain/finding.ts";
import { isPast, type Migration, migrated, targetOf, withAccountOf } from "../../domain/operation/migration.ts";
import {
  type Conflict,
  type Notice,
  type Plan,
  type StepPlan,
  toPlan,
  toStepPlan,
} from "../../domain/operation/plan.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports.ts";
import { withDependants } from "../../resources/definitions/dependants.ts";
import { plannedSteps, resourcesOfMode } from "../../resources/plannedSteps.ts";
import { dependantsOfPodIdentity } from "../../resources/podIdentity/bindings.ts";
import { inspectNamespace } from "../inspection/inspection.ts";
import { expectSameNamespace } from "../operation/sameNamespace.ts";
import { lookAtIdentity } from "../plan/lookAtIdentity.ts";
import { explain, lookAtStep } from "../plan/lookAtSteps.ts";
import { findObstaclesFor } from "../plan/preflightLook.ts";
import { describeBlockingPods, podsOnPreviousMode } from "./podsOnPreviousMode.ts";

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
  const pods = await podsOnPreviousMode(ports, request, migration);
  const added = resourcesOfMode(targetOf(migration)).flatMap((resource) => resource.ensure(request));
  const plan = async (step: StepKey): Promise<StepPlan> => {
    if (step.name === "takeInventory") return await lookAtNamespace(ports, look, { step, pods });
    if (step.name === "checkPods") return await lookAtPods(ports, look, { step, pods });
    const isAdded = added.some(({ name }) => name === step.name);
    const identity = { id: "", principalId: "", clientId };
    const account = withAccountOf(migration, request);
    const input = {
      kind: "migrate",
      operation,
      request: isAdded ? target : account,
      identity,
      migrating: look,
      step,
    } as const;
    return (await lookAtStep(ports, input)) ?? toStepPlan(step, { action: "none" });
  };
  const planned = plannedSteps("migrate", request, { migration });
  const steps = await Promise.all(planned.map((step) => explain(step, () => plan(step))));
  return { plan: toPlan(steps), pods };
}

/** The migration waits for pods that use the previous mode, or is blocked by them if the catalog says not to wait. */
async function lookAtPods(
  ports: Ports,
  { request, migration }: MigrationLook,
  { step, pods }: { step: StepKey; pods: readonly string[] },
): Promise<StepPlan> {
  const conflict = describeBlockingPods(request, migration, pods);
  const { waitForPodsMinutes } = ports.catalog.migration;
  const notice = conflict && waitForPodsMinutes > 0 && waitsForPods(conflict, waitForPodsMinutes);
  const found = toStepPlan(step, { action: "none", ...(notice ? { notices: [notice] } : { conflict }) });
  if (targetOf(migration) === "podIdentity") return found;
  return withDependants(found, [await dependantsOfPodIdentity(ports, request)], false);
}

function waitsForPods({ message }: Conflict, minutes: number): Notice {
  return {
    code: "WAITS_FOR_PODS",
    message: `${message} The migration waits for them, for up to ${minutes} minute(s).`,
  };
}

/** The mode that the migration leaves has to be intact, and the cluster ready for the new one. */
async function lookAtNamespace(
  ports: Ports,
  { operation, request, migration, clientId }: MigrationLook,
  { step, pods }: { step: StepKey; pods: readonly string[] },
): Promise<StepPlan> {
  const mode = targetOf(migration);
  const cluster = findClusterFor(ports.catalog, request.cluster, mode);
  const obstacles = async () => {
    const identity =
      mode === "podIdentity" ? await lookAtIdentity(ports, { ...request, operation, clientId }).found : undefined;
    return await findObstaclesFor(ports, mode, { request, cluster, identity, takeOver: false });
  };
  const [findings, { blockers = [], notices = [] }] = await Promise.all([
    // Broken workload identity is a reason to migrate back and must not prevent it; the proof comes later.
    inspectNamespace(
      ports,
      { request, clientId, isMigrating: true },
      { isMeant: (resource) => mode !== "podIdentity" || resource.mode === undefined },
    ),
    obstacles(),
    expectSameNamespace(ports, request),
  ]);
  // Once the namespace has migrated, it no longer matters that others share its selector.
  const errors = findings.filter((each) => isError(each) && each.code !== "SELECTOR_SHARED");
  const conflict: Conflict | undefined =
    errors.length === 0
      ? undefined
      : {
          code: "VERIFICATION_FAILED",
          message: `Repair the namespace before it migrates. ${errors.map(describeFinding).join(" ")}`,
        };
  const how = isPast(migration.completed, "cutOver") ? "should have been redeployed by now" : "to be redeployed";
  const current = mode === "podIdentity" ? "uses workload identity" : "uses pod identity";
  const differences = pods.map((pod) => ({ field: `pod ${pod}`, current, desired: how }));
  const plan = toStepPlan(step, { action: "none", differences, ...(conflict ? { conflict } : {}) });
  return {
    ...plan,
    ...(blockers.length > 0 ? { action: "conflict", blockers: [...plan.blockers, ...blockers] } : {}),
    ...(notices.length > 0 ? { notices: [...notices] } : {}),
  };
}
