/** What a repair would do: the looks of its own steps, without writing. */
import type { ClientId } from "../../domain/naming/identityPair.ts";
import { type Plan, toPlan } from "../../domain/operation/plan.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import { administeredServers } from "../../domain/targets/sqlDatabase.ts";
import type { Ports } from "../../ports/index.ts";
import type { OperationFacts } from "../../resources/definitions/operationFacts.ts";
import type { Planning } from "../../resources/definitions/step.ts";
import { readOnce } from "../answers.ts";
import { lookAtIdentity } from "../inspection/lookAtIdentity.ts";
import { plannedSteps } from "../process/programs.ts";
import { isNeeded } from "../process/removeLeftovers.ts";
import { lookAtSteps } from "./lookAtSteps.ts";
import { isShown } from "./planOnboarding.ts";

export interface RepairInput {
  readonly operation: string;
  readonly request: OnboardingRequest;
  readonly clientId: ClientId | undefined;
  readonly modeBeside?: OperationFacts["modeBeside"];
  readonly onNeed?: Planning["onNeed"];
  readonly operator?: Planning["operator"];
}

export async function planRepair(given: Ports, input: RepairInput): Promise<Plan> {
  const ports = readOnce(given);
  const { operation, ...repairing } = input;
  const { request, clientId, modeBeside, operator } = repairing;
  const { identityLook, found } = lookAtIdentity(ports, { ...request, operation, clientId, operator });
  const planned = plannedSteps(
    { kind: "repair", request, modeBeside },
    { admins: administeredServers(ports.catalog, request), hasLeftovers: true },
  );
  // No approval: what was onboarded was approved then.
  const identity = await found;
  const looking = { kind: "repair", id: operation, ...repairing, identityLook, identity } as const;
  const steps = await lookAtSteps(ports, planned, looking);
  return toPlan(steps.filter((step) => isShown(step) && (!modeBeside || isNeeded(step))));
}
