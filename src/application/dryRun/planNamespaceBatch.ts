/** The plan of a batch over onboarded namespaces: for each one, what its own dry run would say and its item will do. */
import { namespaceKey } from "../../domain/naming/names.ts";
import type { BatchPlan } from "../../domain/operation/batch.ts";
import type { Chosen, NamespaceWork } from "../../domain/operation/namespaceBatch.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { planOfSame, toPlan, toStepPlan } from "../../domain/operation/plan.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import type { Planning } from "../../resources/definitions/step.ts";
import { expectFree, findCurrent, freeAnd, withOnboardingOperation } from "../admission/claim.ts";
import type { ClaimContext } from "../admission/claimContext.ts";
import { mustSee } from "../admission/seeNamespace.ts";
import { expectSeen } from "../batch/chooseNamespaces.ts";
import { explainHolder } from "../batch/claimWork.ts";
import type { PlannedRequest } from "../plan/estimatePlan.ts";

import { planItems } from "./planBatch.ts";
import { lookAtDeletion } from "./planDeletion.ts";
import { lookAtMigrationOf } from "./planMigration.ts";
import { lookAtRepair } from "./planRepairOf.ts";

type Planner = Pick<ClaimContext, "ports" | "by">;

export async function planNamespaceBatch(
  claimContext: Planner,
  work: NamespaceWork,
  chosen: readonly Chosen[],
): Promise<BatchPlan> {
  const items = chosen.map(({ cluster, namespace, ...seen }) => ({
    cluster,
    namespace,
    async look(onNeed: Planning["onNeed"]) {
      try {
        return await lookAt(claimContext, work, { cluster, namespace, ...seen }, onNeed);
      } catch (error) {
        throw await explainHolder(claimContext.ports, error);
      }
    },
  }));
  return await planItems(claimContext.ports, items);
}

async function lookAt(
  claimContext: Planner,
  work: NamespaceWork,
  chosen: Chosen,
  onNeed: Planning["onNeed"],
): Promise<PlannedRequest> {
  const expect = (record: NamespaceRecord) => expectSeen(chosen, record);
  switch (work.action) {
    case "verify":
      return await lookAtVerification(claimContext, chosen, expect);
    case "repair":
      return await lookAtRepair(claimContext, chosen, { expect, onNeed, adoptIdentity: work.adoptIdentity });
    case "migrate":
      return await whereItIs(claimContext, chosen, () =>
        lookAtMigrationOf(claimContext, chosen, { wanted: work, expect, onNeed }),
      );
    case "offboard": {
      const { ignoreDependants } = work;
      return await lookAtDeletion(claimContext, chosen, { expect: freeAnd(expect), ignoreDependants });
    }
  }
}

/** A verification changes nothing that was onboarded, but takes time: its plan has one step. */
async function lookAtVerification(
  { ports, by }: Planner,
  chosen: Chosen,
  expect: (record: NamespaceRecord) => void,
): Promise<PlannedRequest> {
  const record = await findCurrent(ports.registry, chosen, mustSee(by, chosen));
  expectFree(record);
  expect(record);
  const step = toStepPlan({ name: "verify", target: namespaceKey(chosen) }, { action: "none" });
  return { plan: toPlan([step]), kind: undefined, request: record.request };
}

/** Among many namespaces, some already have the identity mode to which the others migrate. */
async function whereItIs(
  { ports }: Planner,
  chosen: Chosen,
  look: () => Promise<PlannedRequest>,
): Promise<PlannedRequest> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "NOTHING_TO_MIGRATE") throw error;
    const record = await ports.registry.getNamespace(chosen);
    if (!record) throw error;
    return { plan: planOfSame(withOnboardingOperation(record)), kind: "migrate", request: record.request };
  }
}
