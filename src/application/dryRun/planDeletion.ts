/** What offboarding a namespace would do. */
import type { NamespaceRef } from "../../domain/naming/names.ts";
import { planOfSame } from "../../domain/operation/plan.ts";
import { expectFree, findCurrent } from "../admission/claim.ts";
import type { ClaimContext } from "../admission/claimContext.ts";
import type { OffboardingOptions } from "../admission/claimExisting.ts";
import { mustSee } from "../admission/seeNamespace.ts";
import { estimated, type PlannedRequest } from "../plan/estimatePlan.ts";
import { planOffboarding } from "../plan/planOffboarding.ts";
import { besideOffboarding } from "../process/inTheWay.ts";

export async function lookAtDeletion(
  { ports, by }: Pick<ClaimContext, "ports" | "by">,
  namespaceRef: NamespaceRef,
  { expect = () => undefined, ignoreDependants = false }: OffboardingOptions = {},
): Promise<PlannedRequest> {
  const kind = "offboard";
  const current = await findCurrent(ports.registry, namespaceRef, mustSee(by, namespaceRef));
  const { request } = current;
  if (current.state === "Offboarding") return { plan: planOfSame(current), kind, request };
  expect(current);
  expectFree(current);
  const plan = besideOffboarding(await planOffboarding(ports, current, { ignoreDependants }), {});
  return { plan, kind, request };
}

export const planDeletion = estimated(lookAtDeletion);
