/** What running undos again would do: each removes what the operation created, or restores what it overwrote. */
import { type Plan, toPlan } from "../../domain/operation/plan.ts";
import type { Ports } from "../../ports/index.ts";
import type { OperationFacts } from "../../resources/definitions/operationFacts.ts";
import { undoStep } from "../process/undoStages.ts";
import { lookAtSteps } from "./lookAtSteps.ts";

/** For a migration, `request` is the one that it began with. */
interface Compensation extends Pick<OperationFacts, "request" | "earlier" | "clientId" | "migration"> {
  /** The operation that runs the undos. */
  readonly operation: string;
  readonly createdBy: string;
  /** In the order in which they run. */
  readonly undos: readonly string[];
}

export async function planCompensation(ports: Ports, { operation, undos, ...undone }: Compensation): Promise<Plan> {
  const steps = undos.map((undo) => {
    const step = undoStep(undone.request, undo);
    if (!step) throw new Error(`nothing undoes as ${undo}`);
    return step;
  });
  return toPlan(await lookAtSteps(ports, steps, { kind: "compensate", id: operation, ...undone }));
}
