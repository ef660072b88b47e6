/** What running undos again would do: each removes what the operation created, or restores what it overwrote. */
import { type Migration, withAccountOf } from "../../domain/operation/migration.ts";
import { type Plan, toPlan } from "../../domain/operation/plan.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports.ts";
import { undoStep } from "../../resources/undoStages.ts";
import { lookAtSteps } from "./lookAtSteps.ts";

interface Compensation {
  /** The operation that runs the undos. */
  readonly operation: string;
  readonly request: OnboardingRequest;
  /** What the operation had replaced. */
  readonly earlier?: OnboardingRequest | undefined;
  readonly createdBy: string;
  /** In the order in which they run. */
  readonly undos: readonly string[];
  /** Set for a migration; `request` is then the one that it began with. */
  readonly migrating?: { readonly clientId: string; readonly migration: Migration } | undefined;
}

export async function planCompensation(ports: Ports, compensation: Compensation): Promise<Plan> {
  const { operation, earlier, createdBy, undos, migrating } = compensation;
  const request = withAccountOf(migrating?.migration, compensation.request);
  const steps = undos.map((undo) => {
    const step = undoStep(request, undo);
    if (!step) throw new Error(`nothing undoes as ${undo}`);
    return step;
  });
  const input = { kind: "compensate", operation, request, earlier, createdBy, migrating } as const;
  return toPlan(await lookAtSteps(ports, steps, input));
}
