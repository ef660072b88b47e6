/** What an offboarding would remove, and what stays. */

import type { Migration } from "../../domain/operation/migration.ts";
import { withAccountOf } from "../../domain/operation/migration.ts";
import { type Plan, toPlan } from "../../domain/operation/plan.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports, RoleAssignment } from "../../ports.ts";
import { isGiven } from "../../resources/effects.ts";
import { plannedSteps } from "../../resources/plannedSteps.ts";
import { lookAtSteps } from "./lookAtSteps.ts";

/** What is onboarded, according to the namespace's record. */
interface Onboarded {
  readonly request: OnboardingRequest;
  readonly earlier?: OnboardingRequest | undefined;
  readonly migration?: Migration | undefined;
}

export async function planOffboarding(
  ports: Ports,
  { earlier, migration, ...record }: Onboarded,
  { ignoreDependants = false }: { ignoreDependants?: boolean } = {},
): Promise<Plan> {
  const request = withAccountOf(migration, record.request);
  const gaveRole = (role: RoleAssignment) =>
    [request, earlier].some((each) => each && isGiven(ports.catalog, each, role));
  const input = { kind: "offboard", operation: "", request, earlier, ignoreDependants, gaveRole } as const;
  return toPlan(await lookAtSteps(ports, plannedSteps("offboard", request, { earlier, migration }), input));
}
