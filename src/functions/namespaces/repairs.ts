import { expectOnboarded, findSettled } from "../../application/admission/claim.ts";
import { mustSee } from "../../application/admission/seeNamespace.ts";
import { type PlannedRequest, withEstimate } from "../../application/plan/estimatePlan.ts";
import { planRepair } from "../../application/plan/planRepair.ts";
import type { Berth } from "../../domain/naming/names.ts";
import { createOperationId } from "../../domain/naming/operationId.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { type Plan, planOfSame } from "../../domain/operation/plan.ts";
import type { Ports } from "../../ports.ts";
import type { AcceptanceContext } from "../acceptance/acceptance.ts";
import { acceptUpkeep } from "../acceptance/acceptUpkeep.ts";
import { answerChange } from "../acceptance/answerChange.ts";
import type { RequestRecovery } from "../acceptance/recoverOnRequest.ts";
import { acceptedResponse, isHeld, planned } from "../docs/answers.ts";
import { repairPlan } from "../docs/examples.ts";
import { declareRoute } from "../http/declaration.ts";
import { atNamespace } from "../http/place.ts";
import type { Routes } from "../http/route.ts";
import { change } from "../parameters/change.ts";
import { currentNamespace } from "./namespaceDocument.ts";

export const repairNamespace = declareRoute({
  operationId: "repairNamespace",
  functionName: "repairNamespaceRoute",
  method: "POST",
  at: atNamespace("/repair"),
  access: ["Onboarding.Request"],
  hasClient: true,
  tag: "Namespaces",
  summary: "Repair drift, or plan it with dryRun=true",
  description: "An operation restores what a verification finds missing or changed, if it belongs to Mooring.",
  reads: [change],
  answers: { 200: planned({ repairPlan }), 202: acceptedResponse, 409: isHeld },
});

export function registerRepairs(ports: Ports, routes: Routes, requestRecovery: RequestRecovery): void {
  routes.serve(repairNamespace, async (call, asked) => {
    const { by, place: berth } = call;
    const prepare = (record: NamespaceRecord) => {
      asked.condition.match(currentNamespace(record));
      return {};
    };
    return await answerChange(ports, call, asked, {
      sent: null,
      event: "repair accepted",
      facts: berth,
      plan: () => planRepairOf({ ports, by }, berth, prepare),
      recovery: { requestRecovery, berth },
      accept: (acceptance) => acceptUpkeep(acceptance, "Repairing", { berth, prepare }),
    });
  });
}

export async function planRepairOf(
  claimContext: Pick<AcceptanceContext, "ports" | "by">,
  berth: Berth,
  expect?: (record: NamespaceRecord) => void,
): Promise<Plan> {
  const { plan, ...planned } = await lookAtRepair(claimContext, berth, expect);
  return await withEstimate(claimContext.ports, plan, planned);
}

export async function lookAtRepair(
  { ports, by }: Pick<AcceptanceContext, "ports" | "by">,
  berth: Berth,
  expect: (record: NamespaceRecord) => void = () => undefined,
): Promise<PlannedRequest> {
  const kind = "repair";
  const current = await findSettled(ports.registry, berth, mustSee(by, berth));
  if (current.state === "Repairing") return { plan: planOfSame(current), kind, request: current.request };
  expectOnboarded(current);
  expect(current);
  const { request, clientId, migration } = current;
  const operation = createOperationId(new Date());
  const plan = await planRepair(ports, { operation, request, clientId, isMigrating: migration !== undefined });
  return { plan, kind, request };
}
