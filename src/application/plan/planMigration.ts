/** What a migration finds and would do. */

import type { ClientId } from "../../domain/naming/identityPair.ts";
import type { Migration } from "../../domain/operation/migration.ts";
import { type Plan, toPlan, toStepPlan } from "../../domain/operation/plan.ts";
import { isSameStep } from "../../domain/operation/stepName.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import type { Planning } from "../../resources/definitions/step.ts";
import { readOnce } from "../answers.ts";
import { podsOnPreviousMode } from "../migration/podsOnPreviousMode.ts";
import { plannedSteps } from "../process/programs.ts";
import { lookAtSteps } from "./lookAtSteps.ts";

interface Migrating {
  readonly operation: string;
  readonly request: OnboardingRequest;
  readonly migration: Migration;
  readonly clientId: ClientId;
  /** Listed before, by the step that asks. */
  readonly pods?: readonly string[] | undefined;
  readonly onNeed?: Planning["onNeed"];
}

export async function planMigration(given: Ports, { operation, ...migrating }: Migrating): Promise<Plan> {
  const ports = readOnce(given);
  const { request, migration } = migrating;
  const pods = migrating.pods ?? (await podsOnPreviousMode(ports, request, migration));
  const planned = plannedSteps({ kind: "migrate", request, migration });
  const found = await lookAtSteps(ports, planned, { kind: "migrate", id: operation, ...migrating, pods });
  // Every phase is shown, proofs, too: the person decides how far to go.
  return toPlan(
    planned.map((step) => found.find((each) => isSameStep(each, step)) ?? toStepPlan(step, { action: "none" })),
  );
}
