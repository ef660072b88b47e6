import { acceptUpkeep } from "../../application/acceptance/acceptance.ts";
import { currentNamespace } from "../../application/documents/namespaceDocument.ts";
import { planRepairOf } from "../../application/dryRun/planRepairOf.ts";
import type { RequestRecovery } from "../../application/recovery/recoverOnRequest.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { answerChange } from "../../http/changes/answerChange.ts";
import { declareRoute } from "../../http/declaration.ts";
import { acceptedResponse, isHeld, planned } from "../../http/docs/answers.ts";
import { repairPlan } from "../../http/docs/examples.ts";
import { change } from "../../http/parameters/change.ts";
import { atNamespace } from "../../http/place.ts";
import type { Routes } from "../../http/route.ts";
import type { Ports } from "../../ports/index.ts";

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
      plan: () => planRepairOf({ ports, by }, berth, { expect: prepare }),
      recovery: { requestRecovery, berth },
      accept: (acceptance) => acceptUpkeep(acceptance, "Repairing", { berth, prepare }),
    });
  });
}
