/** What a decision would lead to: refuses what the decision would be refused for, plans from looks, and writes nothing. */
import { createOperationId } from "../../domain/naming/operationId.ts";
import { type Plan, planOfSame, toPlan } from "../../domain/operation/plan.ts";
import { approvalsNeeded } from "../../domain/policy/approval.ts";
import type { AcceptanceContext } from "../acceptance/acceptance.ts";
import { foreseeBatchCancel } from "../decisions/cancelBatch.ts";
import { type Compensating, findCompensation } from "../decisions/compensation.ts";
import { type ApprovalDecision, type Decision, foreseeApproval, foreseeCancel } from "../decisions/decide.ts";
import { withEstimate } from "../plan/estimatePlan.ts";
import { planBatchCancel, planCancel } from "../plan/planCancel.ts";
import { planCompensation } from "../plan/planCompensation.ts";
import { planOnboarding } from "../plan/planOnboarding.ts";

type Planner = Pick<AcceptanceContext, "ports">;

/** The plan of the waiting operation, made like its preflight, from the current state. */
export async function planApproval({ ports }: Planner, id: string, decision: ApprovalDecision): Promise<Plan> {
  const { record, isMade } = await foreseeApproval(ports.registry, id, decision);
  if (isMade) return planOfSame({ operation: id });
  if (decision.kind === "rejected") {
    return { ...toPlan([]), notices: ["The operation has written nothing, and ends."] };
  }
  const { request, earlier, team, approval } = record;
  const plan = await planOnboarding(ports, { operation: id, request, earlier, team });
  const isLast = (approval?.given ?? []).length + 1 >= (approval?.needed ?? approvalsNeeded(record));
  // The last missing approval is the one being given.
  const needsApproval = isLast ? [] : ["Nobody knows who sent the request: another person has to approve it, too."];
  return await withEstimate(ports, { ...plan, needsApproval }, { kind: "onboard", request, operation: id });
}

export async function planCancelOf({ ports }: Planner, id: string, decision: Decision): Promise<Plan> {
  const { registry } = ports;
  if (await registry.getBatch(id)) {
    const { isMade } = await foreseeBatchCancel(ports, id, decision);
    return isMade ? planOfSame({ operation: id }) : planBatchCancel(await registry.listBatchItems(id));
  }
  const { record, isMade } = await foreseeCancel(registry, id, decision);
  if (isMade) return planOfSame({ operation: id });
  const { request } = record;
  return await withEstimate(ports, await planCancel(ports, record), { kind: "compensate", request, operation: id });
}

export async function planCompensationOf(
  { ports, by }: Pick<AcceptanceContext, "ports" | "by">,
  id: string,
  { expect }: Pick<Compensating, "expect"> = {},
): Promise<Plan> {
  const { current, compensates, isSame } = await findCompensation(ports.registry, id, { by, expect });
  if (isSame) return planOfSame(current);
  const { earlier } = current;
  const { migrating, createdBy, undos } = compensates;
  const request = migrating?.request ?? current.request;
  const operation = createOperationId(new Date());
  const plan = await planCompensation(ports, { ...migrating, operation, request, earlier, createdBy, undos });
  return await withEstimate(ports, plan, { kind: "compensate", request });
}
