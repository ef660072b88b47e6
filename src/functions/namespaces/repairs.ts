import { z } from "zod";
import { acceptUpkeep } from "../../application/acceptance/acceptance.ts";
import { expectOperator } from "../../application/admission/admission.ts";
import { currentNamespace } from "../../application/documents/namespaceDocument.ts";
import { planRepairOf } from "../../application/dryRun/planRepairOf.ts";
import type { RequestRecovery } from "../../application/recovery/recoverOnRequest.ts";
import { defined } from "../../domain/defined.ts";
import { AdoptIdentity } from "../../domain/naming/identityPair.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { answerChange } from "../../http/changes/answerChange.ts";
import { declareRoute } from "../../http/declaration.ts";
import { acceptedResponse, isHeld, planned } from "../../http/docs/answers.ts";
import { repairPlan } from "../../http/docs/examples.ts";
import { change } from "../../http/parameters/change.ts";
import { queryOf } from "../../http/parameters/query.ts";
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
  reads: [
    change,
    queryOf(
      z.object({
        adoptIdentity: AdoptIdentity.optional().meta({
          description:
            "Operators only: the client or principal ID of an identity that no record knows (`GRANT_UNRECORDED`, `IDENTITY_UNRECORDED`), or `any`. What has the namespace's mark and is its counts as the namespace's. The plan lists it.",
        }),
      }),
    ),
  ],
  answers: { 200: planned({ repairPlan }), 202: acceptedResponse, 409: isHeld },
});

export function registerRepairs(ports: Ports, routes: Routes, requestRecovery: RequestRecovery): void {
  routes.serve(repairNamespace, async (call, asked, { adoptIdentity }) => {
    const { by, place: namespaceRef } = call;
    if (adoptIdentity !== undefined) expectOperator(by, "adoptIdentity", namespaceRef);
    const prepare = (record: NamespaceRecord) => {
      asked.condition.match(currentNamespace(record));
      return defined({ adoptIdentity });
    };
    const isAsked = (running: NamespaceRecord) =>
      adoptIdentity === undefined || running.adoptIdentity === adoptIdentity;
    return await answerChange(ports, call, asked, {
      sent: null,
      event: "repair accepted",
      facts: namespaceRef,
      plan: () => planRepairOf({ ports, by }, namespaceRef, { expect: prepare, adoptIdentity }),
      recovery: { requestRecovery, namespaceRef },
      accept: (acceptance) => acceptUpkeep(acceptance, "Repairing", { namespaceRef, prepare, isAsked }),
    });
  });
}
