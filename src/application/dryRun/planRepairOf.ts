/** What a repair of a namespace would do. */
import type { NamespaceRef } from "../../domain/naming/names.ts";
import { createOperationId } from "../../domain/naming/operationId.ts";
import { besideOf } from "../../domain/operation/migration.ts";
import { planOfSame } from "../../domain/operation/plan.ts";
import { mayOperate } from "../../domain/policy/policy.ts";
import { expectOnboarded, findCurrent } from "../admission/claim.ts";
import type { ClaimContext } from "../admission/claimContext.ts";
import { mustSee } from "../admission/seeNamespace.ts";
import { estimated, type PlannedRequest } from "../plan/estimatePlan.ts";
import { planRepair } from "../plan/planRepair.ts";
import type { InBatch } from "./inBatch.ts";

export async function lookAtRepair(
  { ports, by }: Pick<ClaimContext, "ports" | "by">,
  namespaceRef: NamespaceRef,
  { expect = () => undefined, onNeed, adoptIdentity }: InBatch = {},
): Promise<PlannedRequest> {
  const kind = "repair";
  const current = await findCurrent(ports.registry, namespaceRef, mustSee(by, namespaceRef));
  if (current.state === "Repairing") return { plan: planOfSame(current), kind, request: current.request };
  expectOnboarded(current);
  expect(current);
  const { request, clientId, migration } = current;
  const operation = createOperationId(new Date());
  const modeBeside = besideOf(request, migration);
  const operator = mayOperate(by) ? { adoptIdentity } : undefined;
  const plan = await planRepair(ports, { operation, request, clientId, modeBeside, onNeed, operator });
  return { plan, kind, request };
}

export const planRepairOf = estimated(lookAtRepair);
