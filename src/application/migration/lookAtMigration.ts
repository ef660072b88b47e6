/** What a migration finds and would do: answers a dry run, and is the inventory that comes first. */
import { findClusterFor } from "../../domain/catalog/clusters.ts";
import { describeFinding, isError } from "../../domain/finding.ts";
import { isPast, type Migration, migrated } from "../../domain/operation/migration.ts";
import { type Conflict, type Plan, type StepPlan, toPlan, toStepPlan } from "../../domain/operation/plan.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports.ts";
import { withDependants } from "../../resources/definitions/dependants.ts";
import { plannedSteps, roomsOfMode } from "../../resources/plannedSteps.ts";
import { dependantsOfPodIdentity } from "../../resources/podIdentity/bindings.ts";
import { inspectNamespace } from "../inspection/inspection.ts";
import { expectSameNamespace } from "../operation/sameNamespace.ts";
import { explain, lookAtStep } from "../plan/looks.ts";
import { expectReadyFor } from "../plan/preflightLook.ts";
import { podsInTheWay, podsOfSelector } from "./podsOfSelector.ts";

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
  const added = roomsOfMode("workloadIdentity").flatMap((room) => room.ensure(request));
  const plan = async (step: StepKey): Promise<StepPlan> => {
    if (step.name === "takeInventory") return await lookAtNamespace(ports, look, { step, pods });
    if (step.name === "checkPods") {
      const conflict = podsInTheWay(request, pods);
      const found = toStepPlan(step, { action: "none", conflict });
      return withDependants(found, [await dependantsOfPodIdentity(ports, request)], false);
    }
    const isAdded = added.some(({ name }) => name === step.name);
    const identity = { id: "", principalId: "", clientId };
    const input = { kind: "migrate", operation, request: isAdded ? target : request, identity, step } as const;
    return (await lookAtStep(ports, input)) ?? toStepPlan(step, { action: "none" });
  };
  const planned = plannedSteps("migrate", request, { migration });
  const steps = await Promise.all(planned.map((step) => explain(step, () => plan(step))));
  return { plan: toPlan(steps), pods };
}

/** The old way has to be whole, and the cluster ready for the new one. */
async function lookAtNamespace(
  ports: Ports,
  { request, migration, clientId }: MigrationLook,
  { step, pods }: { step: StepKey; pods: readonly string[] },
): Promise<StepPlan> {
  const cluster = findClusterFor(ports.catalog, request.cluster, "workloadIdentity");
  const [findings] = await Promise.all([
    inspectNamespace(ports, { request, clientId, isMigrating: true }),
    expectReadyFor(ports, "workloadIdentity", { request, cluster, identity: undefined, takeOver: false }),
    expectSameNamespace(ports, request),
  ]);
  // A selector that others have, too, is no longer asked for when the namespace has migrated.
  const errors = findings.filter((each) => isError(each) && each.code !== "SELECTOR_SHARED");
  const conflict: Conflict | undefined =
    errors.length === 0
      ? undefined
      : {
          code: "VERIFICATION_FAILED",
          message: `Repair the namespace before it migrates. ${errors.map(describeFinding).join(" ")}`,
        };
  const how = isPast(migration.completed, "cutOver") ? "to be deployed anew by now" : "to be deployed anew";
  const differences = pods.map((pod) => ({ field: `pod ${pod}`, current: "uses pod identity", desired: how }));
  return toStepPlan(step, { action: "none", differences, ...(conflict ? { conflict } : {}) });
}
