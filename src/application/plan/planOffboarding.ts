/** What an offboarding would remove, and what stays. */

import { besideOf, type Migration, withAccountOf } from "../../domain/operation/migration.ts";
import { type Plan, toPlan } from "../../domain/operation/plan.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import type { Ports } from "../../ports/index.ts";
import type { RoleAssignment } from "../../ports/roleAssignments.ts";
import type { OperationFacts } from "../../resources/definitions/operationFacts.ts";
import { isGiven } from "../../resources/index.ts";
import { readOnce } from "../answers.ts";
import { rights } from "../process/inTheWay.ts";
import { plannedSteps } from "../process/programs.ts";
import { isNeeded } from "../process/removeLeftovers.ts";
import { lookAtSteps } from "./lookAtSteps.ts";

/** What is onboarded, according to the namespace's record. */
interface Onboarded extends Pick<OperationFacts, "request" | "earlier" | "modeBeside"> {
  readonly migration?: Pick<Migration, "to" | "from" | "serviceAccount"> | undefined;
}

export async function planOffboarding(
  given: Ports,
  { request: recorded, earlier, migration, modeBeside = besideOf(recorded, migration) }: Onboarded,
  { operation, ignoreDependants }: { operation?: string } & Pick<OperationFacts, "ignoreDependants"> = {},
): Promise<Plan> {
  const ports = readOnce(given);
  const request = withAccountOf(migration, recorded);
  const gaveRole = (role: RoleAssignment) => [request, earlier].some((each) => each && isGiven(each, role));
  const facts = { kind: "offboard", request, earlier, modeBeside, ignoreDependants } as const;
  const planned = plannedSteps(facts, { hasLeftovers: true });
  // What others gave on a target keeps nothing of Mooring's from being revoked.
  const own = ({ name }: StepKey) => (rights.has(name) ? { ignoreDependants: true } : {});
  const operating = { id: operation ?? "", hasBegun: operation !== undefined };
  const steps = await lookAtSteps(ports, planned, { ...facts, ...operating, gaveRole }, own);
  return toPlan(steps.filter(isNeeded));
}
