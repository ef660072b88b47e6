import { input } from "durable-functions";
import { expectOnboarded, findSettled } from "../../application/admission/claim.ts";
import { mustSee } from "../../application/admission/seeNamespace.ts";
import { type PlannedRequest, withEstimate } from "../../application/plan/estimatePlan.ts";
import { planRepair } from "../../application/plan/planRepair.ts";
import type { Berth } from "../../domain/naming/names.ts";
import { createOperationId } from "../../domain/naming/operationId.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { type Plan, planOfSame } from "../../domain/operation/plan.ts";
import type { Ports } from "../../ports.ts";
import { logLine } from "../../telemetry/logLine.ts";
import type { AcceptanceContext } from "../acceptance/acceptance.ts";
import { acceptanceContextOf } from "../acceptance/acceptanceContext.ts";
import { acceptUpkeep } from "../acceptance/acceptUpkeep.ts";
import { readBerth } from "../acceptance/readBerth.ts";
import { acceptAfterRecovery, type RequestRecovery } from "../acceptance/recoverOnRequest.ts";
import { expectMatch } from "../http/conditions.ts";
import { answerOnce } from "../http/idempotency.ts";
import { readFlag } from "../http/readBody.ts";
import { accepted, json } from "../http/respond.ts";
import type { Routes } from "../http/route.ts";
import { currentNamespace } from "./namespaceDocument.ts";

export function registerRepairs(ports: Ports, routes: Routes, requestRecovery: RequestRecovery): void {
  routes.add("repairNamespaceRoute", {
    route: "api/namespaces/{cluster}/{namespace}/repair",
    method: "POST",
    query: ["dryRun"],
    extraInputs: [input.durableClient()],
    handler: routes.forRoles(["Onboarding.Request"], async (httpRequest, { context, traceparent, by }) => {
      const berth = readBerth(httpRequest.params);
      const prepare = (record: NamespaceRecord) => {
        expectMatch(httpRequest, currentNamespace(record));
        return {};
      };
      if (readFlag(httpRequest, "dryRun")) return json(200, await planRepairOf({ ports, by }, berth, prepare));
      const acceptance = acceptanceContextOf(ports, { context, by, traceparent });
      return await answerOnce(
        ports.idempotencyKeys,
        { request: httpRequest, by, body: null, context },
        async (attempt) => {
          const accept = () => acceptUpkeep({ ...acceptance, ...attempt }, "Repairing", { berth, prepare });
          const { operation, kind, isNew } = await acceptAfterRecovery(requestRecovery, acceptance, { berth, accept });
          context.log(logLine("repair accepted", { operation, isNew, ...berth }));
          return accepted(httpRequest, operation, { id: operation, kind, isNew });
        },
      );
    }),
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
