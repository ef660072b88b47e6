import type { Plan } from "../../domain/operation/plan.ts";
import type { Ports } from "../../ports/index.ts";
import { migratingOf, type OperationFacts } from "../../resources/definitions/operationFacts.ts";
import { planMigration } from "./planMigration.ts";
import { planOffboarding } from "./planOffboarding.ts";
import { planOnboarding } from "./planOnboarding.ts";
import { planRepair } from "./planRepair.ts";

/** What the steps of an operation that has begun find now and would do. */
export async function planOperation(ports: Ports, operation: string, facts: OperationFacts): Promise<Plan> {
  const { kind, request, earlier, moved, program, clientId, modeBeside, ignoreDependants } = facts;
  switch (kind) {
    case "onboard":
    case "change":
      return await planOnboarding(ports, { operation, request, earlier, moved, program });
    case "repair":
      return await planRepair(ports, { operation, request, clientId, modeBeside });
    case "offboard":
      return await planOffboarding(ports, { request, earlier, modeBeside }, { operation, ignoreDependants });
    case "migrate":
      return await planMigration(ports, { operation, ...migratingOf(facts), pods: facts.pods });
    case "compensate":
      throw new Error("a compensation runs the undos that it is asked for, without a plan of its own");
  }
}
