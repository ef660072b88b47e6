import { type AdmissionOptions, admit, ownerAfter } from "../activities/admission.ts";
import { refuseWhileMigrating } from "../activities/claim.ts";
import type { Clerk } from "../activities/clerk.ts";
import { planOnboarding } from "../activities/planOnboarding.ts";
import { findEarlier } from "../domain/change.ts";
import { createOperationId } from "../domain/operationId.ts";
import type { Plan } from "../domain/plan.ts";
import type { OnboardingRequest } from "../domain/request.ts";

/** What the request would do, or the refusal that it would meet. Writes nothing. */
export async function planRequest(
  { ports, by }: Pick<Clerk, "ports" | "by">,
  request: OnboardingRequest,
  { takeOver = false }: AdmissionOptions = {},
): Promise<Plan> {
  const current = await ports.registry.getNamespace(request);
  const team = ownerAfter({ by }, admit({ ports, by }, request, { takeOver }), current);
  const earlier = current && findEarlier(request, current);
  if (current && earlier) refuseWhileMigrating(current);
  const operation = createOperationId(new Date());
  return await planOnboarding(ports, { operation, request, earlier, team, takeOver });
}
